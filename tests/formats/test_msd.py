"""MSD syntax as the games read it, and every character kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartstudio.formats.msd import escape, parameter, parse


def values(text: str) -> list[tuple[str, ...]]:
    return [p.values for p in parse(text)[0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#A:b;", [("A", "b")]),
        ("#A:b:c:;", [("A", "b", "c", "")]),
        ("#A;#B:x;", [("A",), ("B", "x")]),
        ("stray #A:b; stray\n#C:d;", [("A", "b"), ("C", "d")]),
        # A missing semicolon: the next # that is first on its line starts a new tag.
        ("#A:b\n#C:d;", [("A", "b"), ("C", "d")]),
        ("#A:b  \r\n  \t#C:d;", [("A", "b"), ("C", "d")]),
        ("#A:b // c\n#C:d;", [("A", "b"), ("C", "d")]),
        ("#A:b #C:d;", [("A", "b #C", "d")]),
        # The games take a # right after a colon for a new tag, too.
        ("#A:#C:d;", [("A", ""), ("C", "d")]),
        ("#A:x\\\n\\##C;", [("A", "x\n##C")]),
        ("#A:b // to the end; of the line\nc;", [("A", "b \nc")]),
        ("// #A:b;\n#C:d;", [("C", "d")]),
        (r"#A:\:\;\#\\\/\/;", [("A", r":;#\//")]),
        ("#A:not ended\n", [("A", "not ended")]),
        ("#A:ends in\\", [("A", "ends in")]),
        ("\\", []),
        ("\ufeff#A:b;", [("A", "b")]),
        ("", []),
    ],
)
def test_parameters(text: str, expected: list[tuple[str, ...]]) -> None:
    assert values(text) == expected


def test_keys_are_in_upper_case_and_values_may_be_missing() -> None:
    (p,) = parse("# title ;")[0]
    assert (p.key, p.value) == ("TITLE", "")


@given(st.text(alphabet="#:;\\/ \n\rab\ufeff", max_size=60))
def test_no_character_is_lost(text: str) -> None:
    parameters, rest = parse(text)
    assert "".join(p.text for p in parameters) + rest == text


@given(st.text(alphabet="#:;\\/ \nab", max_size=30))
def test_each_parameter_reads_the_same_alone(text: str) -> None:
    for p in parse(text)[0]:
        alone, rest = parse(p.text)
        assert [q.values for q in alone] == [p.values]
        assert rest == ""


@given(st.text(alphabet="#:;\\/ \n\tab=,.", max_size=30).map(str.rstrip))
def test_a_written_value_reads_back(value: str) -> None:
    assert values(parameter("TAG", value).text) == [("TAG", value)]


def test_escapes_are_those_of_the_games() -> None:
    assert escape(r"a:b;c\d//e#f/g") == r"a\:b\;c\\d\/\/e#f/g"
    assert escape("#first") == r"\#first"


def test_literal_components() -> None:
    (p,) = parse("#NOTES:a:b\n")[0]
    changed = p.with_part(2, "c // d\n")
    assert changed.raw == "#NOTES:a:c // d\n;"
