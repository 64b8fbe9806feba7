"""``draft --style``: a way of charting by its name, habits one by one, or a file of them."""

from pathlib import Path

import pytest

from chartstudio.cli.draft import style_of
from chartstudio.core.errors import EngineError, FormatError
from chartstudio.engine.requests import ModelCard

LABELS = (("Ann Lee", (("jacks", 0.3), ("stairs", 0.1))), ("jumps", (("accents", 0.35),)))
CARDS = (
    ModelCard("base", False, "", (), labels=(("other", ()),)),
    ModelCard("mine", True, "", (), labels=LABELS),
)


@pytest.mark.parametrize(
    ("text", "habits"),
    [
        ("Ann Lee", LABELS[0][1]),
        ("JUMPS", LABELS[1][1]),
        ("holds=0.5", (("holds", 0.5),)),
        ("holds=0.5, jacks=0", (("holds", 0.5), ("jacks", 0.0))),
    ],
)
def test_a_style_is_a_name_or_habits(text: str, habits: tuple[tuple[str, float], ...]) -> None:
    assert style_of(text, CARDS) == habits


def test_a_style_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "habits"
    file.write_text('{"holds": 0.5}')
    assert style_of(str(file), CARDS) == (("holds", 0.5),)
    with pytest.raises(FormatError, match="cannot be read"):
        style_of(str(tmp_path / "none.json"), CARDS)


@pytest.mark.parametrize("odd", ["other", "holds", "holds=much", "holds=1=2", "jumps,jacks=0.1"])
def test_what_is_none_of_these_is_told_what_there_is(odd: str) -> None:
    with pytest.raises(EngineError, match="knows Ann Lee, jumps; name one"):
        style_of(odd, CARDS)
    with pytest.raises(EngineError, match="was tuned on none"):
        style_of("Ann Lee", CARDS[:1])
