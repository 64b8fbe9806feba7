import pytest

from chartstudio.core.song import Effect
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.formats.stepmania_effects import EFFECT_TAGS, effects_text, read_effects

TAGS = {t.tag: t for t in EFFECT_TAGS}


def read(tag: str, text: str) -> list[tuple[float, tuple]]:
    return [(e.tick / BEAT, e.values) for e in read_effects(TAGS[tag], text)[0]]


@pytest.mark.parametrize(
    ("tag", "text", "values", "n_bad"),
    [
        ("SCROLLS", "0=1,4=0.5,4=-2,-1=3,8", [(4, (-2.0,))], 2),
        ("SCROLLS", "0=2", [(0, (2.0,))], 0),
        (
            "SPEEDS",
            "0=1=0=0,4=2=1,8=2,9=1=-1,10=2=1=1",
            [(4, (2.0, 1.0, 0)), (10, (2.0, 1.0, 1))],
            2,
        ),
        ("FAKES", "4=0.5,8=0,9=-1,10=1=1", [(4, (BEAT // 2,))], 3),
        ("TICKCOUNTS", "0=4,4=2,5=99,6=-1,7=1=1", [(4, (2,)), (5, (48,)), (6, (0,))], 1),
        ("COMBOS", "0=1,4=2=3,5=2", [(4, (2, 3)), (5, (2, 2))], 0),
        ("COMBOS", "0", [], 1),
        ("LABELS", "0=Song Start,4=Verse  ,5=a=b,=x", [(4, ("Verse",))], 2),
    ],
)
def test_reading(tag: str, text: str, values: list, n_bad: int) -> None:
    assert read(tag, text) == values
    assert read_effects(TAGS[tag], text)[1] == n_bad
    again = effects_text(TAGS[tag], read_effects(TAGS[tag], text)[0])
    assert read(tag, again) == values


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("SCROLLS", "0=1"),
        ("SPEEDS", "0=1=0=0"),
        ("FAKES", ""),
        ("TICKCOUNTS", "0=4"),
        ("COMBOS", "0=1"),
        ("LABELS", "0=Song Start"),
    ],
)
def test_what_holds_from_the_start_is_always_said(tag: str, text: str) -> None:
    assert effects_text(TAGS[tag], ()) == text
    assert read(tag, text) == []


def test_labels_cannot_break_the_list() -> None:
    text = effects_text(TAGS["LABELS"], [Effect(BEAT, "label", ("a=b, c",))])
    assert text == "0=Song Start,\n1=a b  c"
