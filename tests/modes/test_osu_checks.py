"""Known-bad osu! charts that each check must flag, and known-good ones that it must not."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from chartstudio.core.errors import ModeError
from chartstudio.core.note import LaneNote, Note, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.modes.osu import MODE
from chartstudio.modes.osu.checks import preempt_s, spinner_limits_s
from chartstudio.modes.osu.notes import Circle, Slider, Spinner

TIMING = TimingMap.constant(120, 1.0)
MS = BEAT / 500


def ticks(beat: float) -> int:
    return round(beat * BEAT)


def circle(beat: float, x: float = 256, y: float = 192) -> Circle:
    return Circle(ticks(beat), ticks(beat), x, y)


def slider(beat: float, end: float, x: float = 100, y: float = 192, tip: float = 240) -> Slider:
    return Slider(ticks(beat), ticks(end), x, y, "L", (("", tip, y),), abs(tip - x))


def spinner(beat: float, end: float) -> Spinner:
    return Spinner(ticks(beat), ticks(end))


def beside(beat: float, ms: float) -> Circle:
    return circle(beat + ms * MS / BEAT)


def easy(*notes: Note) -> Chart:
    return Chart("osu", level=1.5, notes=sort_notes(notes))


def hard(*notes: Note) -> Chart:
    return Chart("osu", level=5.0, notes=sort_notes(notes))


BAD = [
    ("overlap", "error", hard(circle(1), circle(1))),
    ("overlap", "error", hard(circle(1), beside(1, 1.5))),
    ("overlap", "error", hard(slider(1, 3), circle(2))),
    ("overlap", "error", hard(slider(1, 3), circle(3))),
    ("overlap", "error", hard(spinner(0, 8), circle(1), slider(2, 3))),
    ("overlap", "error", hard(spinner(0, 8), circle(1), circle(7))),
    ("almost-at-once", "warning", hard(circle(1), beside(1, 6))),
    ("almost-at-once", "warning", hard(slider(0, 1), beside(1, 4))),
    ("off-screen", "error", hard(circle(1, -90, 192))),
    ("off-screen", "warning", hard(circle(1, 200, 410))),
    ("off-screen", "warning", hard(slider(0, 2, x=100, tip=-45))),
    ("off-screen", "error", hard(slider(0, 2, x=400, tip=640))),
    ("off-screen", "warning", hard(slider(0, 2, x=560, tip=300))),
    ("off-screen", "warning", hard(circle(1, -20)).with_setting("cs", 0.0)),
    ("zero-length", "error", hard(slider(1, 1))),
    ("zero-length", "error", hard(spinner(1, 1))),
    ("zero-length", "error", hard(slider(1, 2, x=100, tip=100))),
    ("spinner-too-short", "error", hard(spinner(0, 0.75))),
    ("spinner-too-short", "hint", hard(spinner(0, 0.95))),
    ("spinner-too-short", "error", hard(spinner(0, 1)).with_setting("od", 10.0)),
    ("slider-velocity", "warning", hard(slider(0, 16, x=100, tip=110))),
    ("slider-velocity", "warning", hard(slider(0, 1 / 16, x=100, tip=400))),
    ("off-grid", "warning", hard(beside(2, 9))),
    ("off-grid", "hint", hard(beside(2, 1.4))),
    ("off-grid", "warning", hard(replace(slider(0, 2), end=ticks(2) + round(9 * MS)))),
    ("off-grid", "warning", hard(replace(slider(0, 2 / 11), n_spans=2))),
    ("before-start", "warning", hard(circle(-4))),
    ("slider-too-short", "warning", easy(slider(0, 0.2, tip=130), circle(4))),
    ("slider-too-short", "hint", easy(slider(0, 0.28, tip=130), circle(4))),
    ("misleading-overlap", "warning", easy(circle(0), circle(1, 262, 200))),
    ("missing-overlap", "warning", easy(circle(0), circle(0.25, 400), circle(9))),
    ("missing-overlap", "hint", easy(circle(0), circle(1 / 3, 400), circle(9))),
    (
        "uneven-spacing",
        "warning",
        easy(circle(0, 50), circle(1, 150), circle(2, 250), circle(3, 480)),
    ),
    ("uneven-spacing", "hint", easy(circle(0, 50), circle(1, 150), circle(2, 250), circle(3, 380))),
]


@pytest.mark.parametrize(("issue_id", "severity", "chart"), BAD)
def test_known_bad_charts_are_flagged(issue_id: str, severity: str, chart: Chart) -> None:
    found = MODE.check(chart, TIMING)
    assert (issue_id, severity) in {(i.id, i.severity) for i in found}
    for _ in range(len(found)):
        fixes = [i.fix for i in MODE.check(chart, TIMING) if i.fix is not None]
        chart = fixes[0](chart) if fixes else chart
    assert not [i for i in MODE.check(chart, TIMING) if i.fix is not None]


GOOD = [
    hard(*(circle(i / 4, 40 + i * 37 % 430, 40 + i * 53 % 300) for i in range(64))),
    hard(slider(0, 1), slider(1.5, 2.5, x=400, tip=300), circle(3), spinner(4, 8), circle(8.5)),
    hard(*(circle(i / d) for d in (5, 7, 9) for i in range(1, 2))),
    hard(*(circle(i, 256, 192) for i in range(8))),
    hard(circle(0, -30, -20), circle(1, 540, 390)),
    hard(replace(slider(0, 3), n_spans=3)),
    easy(*(circle(i, 60 + 90 * i, 192) for i in range(5))),
    easy(circle(0, 60), circle(1, 150), circle(2, 150, 190), circle(5, 300)),
    easy(slider(0, 1), slider(2, 3, x=330, tip=430), spinner(4, 8), circle(12)),
]


@pytest.mark.parametrize("chart", GOOD)
def test_known_good_charts_are_not(chart: Chart) -> None:
    problems = [i for i in MODE.check(chart, TIMING) if i.id != "misleading-overlap"]
    assert problems == []


def test_one_issue_for_each_object_that_is_hidden_under_a_long_one() -> None:
    found = MODE.check(hard(spinner(0, 8), circle(1), circle(2), circle(3)), TIMING)
    assert Counter(i.id for i in found) == {"overlap": 3}
    assert found[0].text == "A circle while a spinner goes on"


def test_only_the_path_itself_can_leave_the_screen() -> None:
    def curved(curve: str, length_px: float, *places: tuple[float, float]) -> Slider:
        points = tuple(("", *place) for place in places)
        return Slider(0, BEAT, 300, 300, curve, points, length_px)

    def found(note: Slider) -> set[str]:
        return {i.id for i in MODE.check(hard(note), TIMING)}

    # The control point is outside, the curve is not; stretched, its tip is.
    assert found(curved("B", 200, (400, 470), (500, 300))) == set()
    assert found(curved("B", 900, (400, 320), (500, 300))) == {"off-screen"}
    assert found(curved("P", 280, (400, 390), (500, 300))) == set()
    assert found(curved("P", 480, (400, 440), (500, 300))) == {"off-screen"}
    assert found(curved("L", 150, (300, 800))) == {"off-screen"}


def test_beginners_rules_are_for_beginners_charts() -> None:
    notes = (circle(0), circle(1, 262, 200), circle(8))
    assert [i.id for i in MODE.check(easy(*notes), TIMING)] == ["misleading-overlap"]
    assert MODE.check(hard(*notes), TIMING) == ()
    unrated = Chart("osu", notes=notes)
    assert [i.id for i in MODE.check(unrated, TIMING)] == ["misleading-overlap"]
    dense = Chart("osu", level=1.0, notes=tuple(circle(i / 8) for i in range(64)))
    assert "missing-overlap" not in {i.id for i in MODE.check(dense, TIMING)}


def test_a_note_just_before_a_tempo_change_is_on_its_grid() -> None:
    timing = TimingMap((Anchor(0, 0, 120), Anchor(ticks(3.3), 1.65, 150, bar=True)))
    assert MODE.check(hard(circle(3.3)), timing) == ()
    assert [i.id for i in MODE.check(hard(circle(3.28)), timing)] == ["off-grid"]
    just_before = hard(Circle(ticks(3.3) - 10, ticks(3.3) - 10, 100, 100))
    assert MODE.check(just_before, timing) == ()


def test_fixes_keep_what_they_need_not_touch() -> None:
    flat = replace(slider(1, 1), new_combo=True, sound="osu:2,4|0")
    (issue,) = [i for i in MODE.check(hard(flat), TIMING) if i.fix]
    assert issue.fix is not None
    assert issue.fix(hard(flat)).notes == (
        Circle(BEAT, BEAT, 100, 192, new_combo=True, sound="osu:2"),
    )
    assert issue.fix(hard(circle(3))).notes == (circle(3),)
    slow = hard(slider(0, 16, x=100, tip=110))
    (issue,) = [i for i in MODE.check(slow, TIMING) if i.fix]
    assert issue.fix is not None
    assert issue.fix(slow).notes[0].length_px == pytest.approx(16 * 14)  # type: ignore[attr-defined]


def test_limits_of_the_game() -> None:
    assert spinner_limits_s(5) == (0.45, 0.5)
    assert spinner_limits_s(10) == pytest.approx((0.535, 0.6))
    assert spinner_limits_s(0) == pytest.approx((0.365, 0.391))
    chart = Chart("osu")
    rates = [preempt_s(chart.with_setting("ar", r)) for r in (0.0, 5.0, 9.0, 10.0, 99.0)]
    assert rates == pytest.approx([1.8, 1.2, 0.6, 0.45, 0.45])
    assert preempt_s(chart.with_setting("ar", "quick")) == preempt_s(chart) == 1.2


def test_foreign_notes_are_refused() -> None:
    with pytest.raises(ModeError, match="no note of osu!"):
        MODE.check(Chart("osu", notes=(LaneNote(0, 0, 1),)), TIMING)


def test_human_charts_have_at_most_one_error_a_minute(shared: Path) -> None:
    from chartstudio.formats import read_song
    from chartstudio.formats.bundle import Bundle

    song, _ = read_song(Bundle.open(shared / "fixtures/osu"))
    charts = [c for c in song.charts if c.mode == "osu"]
    if not charts:
        pytest.skip("osu!standard is not read yet")
    for chart in charts:
        timing = song.timing_of(chart)
        minutes = max(1.0, timing.seconds_at(chart.notes[-1].tick) / 60)
        errors = [i.text for i in MODE.check(chart, timing) if i.severity == "error"]
        assert len(errors) <= minutes, (chart.name, errors[:3])
