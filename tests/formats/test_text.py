import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartstudio.core.errors import FormatError
from chartstudio.formats import text as t


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"plain", "plain", "utf-8"),
        ("é題".encode(), "é題", "utf-8"),
        (b"\xef\xbb\xbfx", "\ufeffx", "utf-8"),
        ("é".encode("cp1252"), "é", "cp1252"),
        (b"\x81\xff", "\x81ÿ", "latin-1"),
        ("\ufeffx".encode("utf-16-le"), "\ufeffx", "utf-16-le"),
        ("\ufeffx".encode("utf-16-be"), "\ufeffx", "utf-16-be"),
        (b"\xff\xfeabc", "ÿþabc", "cp1252"),
    ],
)
def test_decoding(data: bytes, text: str, encoding: str) -> None:
    assert t.decode(data, "f") == (text, encoding)
    assert t.encode(text, encoding, unchanged=True) == data
    assert t.encode(text, encoding, unchanged=False) == text.encode()


@given(st.binary(max_size=40))
def test_any_bytes_come_back(data: bytes) -> None:
    text, encoding = t.decode(data, "f")
    assert t.encode(text, encoding, unchanged=True) == data


def test_a_huge_file_is_no_chart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(t, "MAX_CHART_BYTES", 3)
    with pytest.raises(FormatError, match="too large"):
        t.decode(b"1234", "f")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a/b\\c:d", "a_b_c_d"),
        ("con", "_con"),
        ("CON.txt", "_CON.txt"),
        (" .x. ", "x"),
        ("", "song"),
        ("...", "song"),
        ("é" * 200, "é" * 100),
        ("a\x00\x1fb", "a__b"),
    ],
)
def test_file_names(name: str, safe: str) -> None:
    assert t.file_name(name, "song") == safe


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (1e22, "1" + "0" * 22),
        (120, "120"),
    ],
)
def test_plain_decimals(value: float, text: str) -> None:
    assert t.plain(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_plain_decimals_read_back(value: float) -> None:
    assert float(t.plain(value)) == value


def test_shortest() -> None:
    assert t.shortest(1 / 3, lambda v: abs(v - 1 / 3) < 0.01) == "0.33"
    assert t.shortest(1 / 3, lambda v: v == 1 / 3) == "0.3333333333333333"


def test_opt_out() -> None:
    assert t.opts_out("x\nROBOTS:Disallow")
    assert not t.opts_out("robots allow")
    assert t.without_opt_out("one robots: disallow two") == "one two"


def test_names_fit_file_systems_that_count_bytes_and_hide_nothing() -> None:
    assert len(t.file_name("漢" * 150, "x").encode()) <= 200
    assert t.file_name("a\u202ebc", "x") == "a_bc"
