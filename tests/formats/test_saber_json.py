"""JSON files changed in place."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chartstudio.core.errors import FormatError
from chartstudio.formats.beatsaber.json_text import JsonText, New, Style, pack, unpack

LAYOUTS = (
    '{"a":1.0,"l":[1, 2.50 ,3],"z":{"q":[]}}',
    '{"a": 1.0, "l": [1, 2.50, 3], "z": {"q": []}}',
    '{\n  "a": 1.0,\n  "l": [\n    1,\n    2.50,\n    3\n  ],\n  "z": {\n    "q": []\n  }\n}\n',
    '\ufeff{\r\n\t"a": 1.0,\r\n\t"l": [\r\n\t\t1,\r\n\t\t2.50,\r\n\t\t3\r\n\t],\r\n\t"z": {}\r\n}',
)
LAYOUT = pytest.mark.parametrize("text", LAYOUTS)


def value_of(text: str) -> object:
    return json.loads(text.removeprefix("\ufeff"))


@LAYOUT
def test_nothing_changed_is_the_same_text(text: str) -> None:
    file = JsonText.of(text, "x")
    assert file.edited({}, {}) == text
    assert file.edited({"l": [0, 1, 2]}) == text


@pytest.mark.parametrize("padding", ["\0\0", "\n\0", " \0 \r\n", "\v\f"])
@LAYOUT
def test_padding_behind_the_end_stays(text: str, padding: str) -> None:
    file = JsonText.of(text + padding, "x")
    assert file.value == value_of(text)
    assert file.n_repairs == 0
    assert file.edited({}, {}) == text + padding
    edited = file.edited({"l": [0, New(4)]}, {"a": 2})
    assert edited.endswith("}" + text.rpartition("}")[2] + padding)
    assert JsonText.of(edited, "x").value == {**file.value, "a": 2, "l": [1, 4]}


@pytest.mark.parametrize("text", ["\0", "{}\0x", '{"a":\0}', " \n", "{}\0{}"])
def test_other_padding_is_damage(text: str) -> None:
    with pytest.raises(FormatError, match="damaged"):
        JsonText.of(text, "x")


@LAYOUT
def test_elements_come_and_go(text: str) -> None:
    file = JsonText.of(text, "x")
    edited = file.edited({"l": [0, New({"n": [1, 2]}), 1]})
    assert value_of(edited) == {**file.value, "l": [1, {"n": [1, 2]}, 2.5]}
    assert "2.50" in edited
    assert "1.0" in edited
    assert value_of(file.edited({"l": []})) == {**file.value, "l": []}
    again = JsonText.of(file.edited({"l": []}), "x")
    refilled = again.edited({"l": [New(1), New(2)], "new": [New(3)]})
    assert value_of(refilled) == {**file.value, "l": [1, 2], "new": [3]}


@LAYOUT
@pytest.mark.parametrize("key", ["a", "l", "z"])
def test_members_come_and_go(text: str, key: str) -> None:
    file = JsonText.of(text, "x")
    rest = {k: v for k, v in file.value.items() if k != key}
    assert value_of(file.edited({}, {key: None})) == rest
    assert value_of(file.edited({}, {key: "é\ud83d\ude00"})) == {**rest, key: "é😀"}
    assert value_of(file.edited({}, {"new": 1, "more": {"x": 2}})) == {
        **file.value,
        "new": 1,
        "more": {"x": 2},
    }
    assert file.edited({}, {"none": None}) == text


def test_the_layout_is_kept() -> None:
    file = JsonText.of(LAYOUTS[2], "x")
    assert file.edited({"l": [0, New(9), 2]}) == LAYOUTS[2].replace("2.50", "9")
    assert file.edited({}, {"a": {"b": 1}}).startswith('{\n  "a": {\n    "b": 1\n  },\n')
    tabs = JsonText.of(LAYOUTS[3], "x").edited({}, {"z": {"b": 1}})
    assert tabs.endswith('"z": {\r\n\t\t"b": 1\r\n\t}\r\n}')
    assert (
        JsonText.of(LAYOUTS[0], "x").edited({}, {"z": {"b": [1, 2]}}).endswith('"z":{"b":[1,2]}}')
    )
    assert Style.of("{}") == Style(None)
    assert JsonText.of("{}", "x").edited({}, {"a": 1, "b": 2}) == '{"a":1,"b":2}'
    assert value_of(JsonText.of('{"a":1}', "x").edited({}, {"a": None})) == {}


def test_half_characters_are_kept_as_escapes() -> None:
    file = JsonText.of('{"a":"\\ud800","b":1}', "x")
    edited = file.edited({}, {"b": file.value["a"]})
    assert edited == '{"a":"\\ud800","b":"\\ud800"}'
    assert pack(edited, "utf-8") == edited.encode()


@pytest.mark.parametrize(
    ("text", "value", "n"),
    [
        ('{"a":[1,2,],}', {"a": [1, 2]}, 2),
        ('{"a":[]\n "b":1}', {"a": [], "b": 1}, 1),
        ('{"a":{"x":1} "b":[{"y":1}{"y":2}]}', {"a": {"x": 1}, "b": [{"y": 1}, {"y": 2}]}, 2),
    ],
)
def test_commas_are_put_right(text: str, value: object, n: int) -> None:
    file = JsonText.of(text, "x")
    assert (file.value, file.n_repairs) == (value, n)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", '{"a":}', '{"a" 1}', "{1:2}", "[" * 100_000, '{"a":1}x']
)
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match=r"^x"):
        JsonText.of(text, "x")


def test_damaged_packing_is_refused() -> None:
    with pytest.raises(FormatError, match="is damaged"):
        unpack(b"\x1f\x8bnot really", "x")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(
    value=st.dictionaries(st.text(max_size=3), _VALUES, max_size=4),
    new=st.dictionaries(st.text(max_size=3), _VALUES, max_size=3),
    indent=st.sampled_from([None, 0, 2]),
)
@settings(max_examples=150, deadline=None)
def test_any_members_change(
    value: dict[str, object], new: dict[str, object], indent: int | None
) -> None:
    file = JsonText.of(json.dumps(value, indent=indent), "x")
    new = {k: v for k, v in new.items() if v is not None}
    assert value_of(file.edited({}, new)) == {**value, **new}
    for key in value:
        rest = {k: v for k, v in value.items() if k != key}
        assert value_of(file.edited({}, {key: None})) == rest
