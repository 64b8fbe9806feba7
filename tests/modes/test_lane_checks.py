"""Known-bad charts that each check must flag, and known-good ones that it must not."""

import pytest

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import RowContext
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.modes import MODES
from chartstudio.modes.lanes import kind_of, nearest_length, strain_nps

TIMING = TimingMap.constant(120, 1.0)


def tap(beat: float, lane: int, kind: str = "tap") -> LaneNote:
    return LaneNote(round(beat * BEAT), round(beat * BEAT), lane, kind)


def hold(beat: float, end: float, lane: int, kind: str = "hold") -> LaneNote:
    return LaneNote(round(beat * BEAT), round(end * BEAT), lane, kind)


BAD = [
    ("overlap", "error", "dance-single", [tap(1, 0), tap(1, 0)]),
    ("overlap", "error", "mania-7k", [tap(1, 6), hold(1, 2, 6)]),
    ("inside-hold", "error", "dance-single", [hold(1, 3, 2), tap(2, 2)]),
    ("inside-hold", "warning", "dance-single", [hold(1, 3, 2), tap(3, 2)]),
    ("inside-hold", "error", "pump-single", [hold(0, 8, 2, "roll"), tap(2, 1), tap(4, 2)]),
    ("jack-too-fast", "error", "dance-single", [tap(1, 0), tap(1 + 1 / 16, 0)]),
    ("jack-too-fast", "error", "mania-4k", [tap(1, 3), tap(1 + 1 / 16, 3)]),
    ("impossible-chord", "error", "dance-double", [tap(1, i) for i in range(5)]),
    ("impossible-chord", "error", "pump-single", [*(hold(0, 4, i) for i in range(4)), tap(2, 4)]),
    ("needs-hand", "warning", "dance-single", [tap(1, i) for i in range(3)]),
    ("needs-hand", "warning", "dance-single", [hold(0, 2, 0), tap(1, 1), tap(1, 2)]),
    ("before-start", "warning", "dance-single", [tap(-3, 0)]),
    ("off-grid", "hint", "dance-single", [LaneNote(100, 100, 0)]),
]
GOOD = [
    ("dance-single", [tap(i / 4, i % 4) for i in range(64)]),
    ("dance-single", [hold(0, 2, 0), tap(1, 1), tap(2.25, 0), tap(3, 0, "mine")]),
    ("dance-single", [tap(i / 4, 1) for i in range(16)]),
    ("dance-single", [hold(0, 4, 0), tap(1, 0, "mine"), tap(1, 3)]),
    ("pump-single", [x for i in range(16) for x in (tap(i, i % 5), tap(i, (i + 2) % 5))]),
    ("mania-7k", [tap(i, lane) for i in range(8) for lane in range(7)]),
    ("mania-10k", [tap(1, lane) for lane in range(10)]),
]


@pytest.mark.parametrize(("issue_id", "severity", "mode_id", "notes"), BAD)
def test_known_bad_charts_are_flagged(
    issue_id: str, severity: str, mode_id: str, notes: list[LaneNote]
) -> None:
    chart = Chart(mode_id, notes=sort_notes(notes))
    found = MODES[mode_id].check(chart, TIMING)
    assert (issue_id, severity) in {(i.id, i.severity) for i in found}
    for issue in found:
        if issue.fix is not None:
            chart = issue.fix(chart)
    assert not [i for i in MODES[mode_id].check(chart, TIMING) if i.fix is not None]


@pytest.mark.parametrize(("mode_id", "notes"), GOOD)
def test_known_good_charts_are_not(mode_id: str, notes: list[LaneNote]) -> None:
    assert MODES[mode_id].check(Chart(mode_id, notes=sort_notes(notes)), TIMING) == ()


def test_mines_count_for_nothing() -> None:
    mode = MODES["dance-single"]
    assert [mode.counts(tap(0, 0, k)) for k in mode.kinds] == [True, True, True, False, True, False]


def test_jacks_are_timed_across_stops() -> None:
    stopped = TimingMap(
        (Anchor(0, 0, 120), Anchor(BEAT, 0.5, 120), Anchor(BEAT, 1.5, 120, cause=Cause.STOP))
    )
    notes = (tap(1, 0), tap(1 + 1 / 12, 0))
    found = MODES["dance-single"].check(Chart("dance-single", notes=notes), stopped)
    assert [i.id for i in found] == []


def test_conflicts_are_what_a_new_note_touches() -> None:
    mode = MODES["dance-single"]
    notes = sort_notes([hold(0, 2, 0), tap(3, 0), tap(1, 1)])
    assert mode.conflicts(notes, tap(1, 0)) == (hold(0, 2, 0),)
    assert mode.conflicts(notes, hold(2, 3, 0)) == (hold(0, 2, 0), tap(3, 0))
    assert mode.conflicts(notes, tap(2.5, 0)) == ()


def test_foreign_notes_are_refused() -> None:
    with pytest.raises(ModeError, match="no note of a lane mode"):
        kind_of(object())  # type: ignore[arg-type]


def test_lengths_round_by_ratio_and_density_counts_rows() -> None:
    assert nearest_length(BEAT) == 4
    assert nearest_length(0) == 0
    chart = Chart("dance-single", notes=sort_notes([tap(i, j) for i in range(40) for j in (0, 1)]))
    rows_per_s, chord_share = strain_nps(chart, TIMING)
    assert rows_per_s == pytest.approx(2.0, rel=0.01)
    assert chord_share == 0.5


def test_human_charts_have_at_most_one_error_a_minute(shared: object) -> None:
    from chartstudio.formats import read_song
    from chartstudio.formats.bundle import Bundle

    folders = [*(shared / "fixtures/stepmania").iterdir(), *(shared / "data/charted").iterdir()]  # type: ignore[operator]
    too_many = []
    for folder in folders:
        song, _ = read_song(Bundle.open(folder))
        for chart in song.charts:
            if chart.mode not in MODES or not chart.notes:
                continue
            timing = song.timing_of(chart)
            minutes = max(1.0, timing.seconds_at(chart.notes[-1].tick) / 60)
            found = MODES[chart.mode].check(chart, timing)
            errors = [i for i in found if i.severity == "error"]
            if len(errors) > minutes:
                too_many.append((folder.name, chart.name, len(errors), errors[0].text))
    assert too_many == []


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(("cause", "again"), [(Cause.DELAY, False), (Cause.STOP, True)])
def test_a_jack_across_a_pause_is_as_fast_as_it_is_judged(
    cause: Cause, again: bool, side: int
) -> None:
    """A note on a paused row is judged before a stop and after a delay."""
    pause_s, bpm, short = 1.0, 120.0, BEAT // 48
    anchors = (
        Anchor(0, 0.0, bpm, bar=True),
        Anchor(4 * BEAT, 2.0, bpm),
        Anchor(4 * BEAT, 2.0 + pause_s, bpm, cause=cause),
    )
    mode, timing = MODES["mania-4k"], TimingMap(anchors)
    struck = (LaneNote(4 * BEAT, 4 * BEAT, 1),)
    sides = (struck, ()) if side > 0 else ((), struck)
    tick = 4 * BEAT + side * short
    row = RowContext(tick, timing, sides[0], (), sides[1], mode.level_range[1])
    legal = bool(mode.grammar(row).mask(())[1 + 1])
    assert legal is (again if side > 0 else not again)
    chart = Chart(mode.id, notes=sort_notes((*struck, LaneNote(tick, tick, 1))))
    errors = [i for i in mode.check(chart, timing) if i.severity == "error"]
    assert legal is not bool(errors)
