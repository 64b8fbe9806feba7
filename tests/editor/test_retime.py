"""Timing by hand: what each verb does, and that none ever breaks a map or an undo."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.note import LaneNote, ends_of, ticks_of
from chartstudio.core.song import Chart, Effect, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as B
from chartstudio.core.timing import Anchor, Cause, Side, TimingMap
from chartstudio.editor import retime
from chartstudio.editor.document import Document
from chartstudio.editor.kept_seconds import apply_retiming, on_rows
from chartstudio.editor.retime import Keep, Retiming, retimed
from chartstudio.editor.selection import Selection
from chartstudio.editor.tempo_blocks import Later
from chartstudio.formats import Bundle, find_format, read_song, write_song
from chartstudio.modes.beatsaber.notes import ColorNote

BAR = 4 * B
PLAIN = TimingMap.constant(120.0, 0.1)
STEPS = TimingMap(
    (Anchor(0, 0.0, 120.0), Anchor(4 * BAR, 8.0, 150.0), Anchor(8 * BAR, 14.4, 100.0, 3, bar=True))
)
STOPPED = TimingMap(
    (
        Anchor(0, 0.0, 120.0),
        Anchor(BAR, 2.0, 120.0),
        Anchor(BAR, 2.5, 120.0, cause=Cause.STOP),
        Anchor(2 * BAR, 4.5, 60.0),
        Anchor(2 * BAR + B, 4.5, 90.0, cause=Cause.WARP),
    )
)


def seconds(timing: TimingMap) -> list[float]:
    return [a.seconds for a in timing.anchors]


def tempos(timing: TimingMap) -> list[float]:
    return [a.bpm for a in timing.anchors]


def ticks(timing: TimingMap) -> list[int]:
    return [a.tick for a in timing.anchors]


# The grid ---------------------------------------------------------------------------------


def test_shifting_moves_every_anchor_and_nothing_else() -> None:
    moved = retime.shift(-0.01)(STOPPED)
    assert seconds(moved) == pytest.approx([s - 0.01 for s in seconds(STOPPED)])
    assert (ticks(moved), tempos(moved)) == (ticks(STOPPED), tempos(STOPPED))
    assert retime.shift(0.0)(STOPPED) is STOPPED
    assert seconds(retime.set_offset(1.5)(STEPS)) == pytest.approx([1.5, 9.5, 15.9])


def test_half_a_beat_is_one_of_the_tempo_at_hand() -> None:
    assert seconds(retime.shift_beats(0.5, 0)(STEPS)) == pytest.approx([0.25, 8.25, 14.65])
    assert seconds(retime.shift_beats(-0.5, 5 * BAR)(STEPS))[0] == pytest.approx(-0.2)


def test_doubling_counts_twice_the_beats_in_the_same_time() -> None:
    double = retime.scale(2.0)(STEPS)
    assert tempos(double) == [240.0, 300.0, 200.0]
    assert ticks(double) == [0, 8 * BAR, 16 * BAR]
    assert seconds(double) == seconds(STEPS)
    assert retime.scale(0.5)(double) == STEPS


def test_tempo_changes_a_tick_apart_cannot_be_halved() -> None:
    close = TimingMap((Anchor(0, 0.0, 120.0), Anchor(1, 0.1, 100.0)))
    with pytest.raises(ChartStudioError, match="a tick apart"):
        retime.scale(0.5)(close)


# Tempo ------------------------------------------------------------------------------------


def test_a_tempo_holds_for_its_section_and_later_ones_move_along() -> None:
    new = retime.set_bpm(BAR, 60.0, "move")(STEPS)
    assert tempos(new) == [60.0, 150.0, 100.0]
    assert seconds(new) == pytest.approx([0.0, 16.0, 22.4])


def test_later_beats_that_stay_take_up_the_difference_after_the_section() -> None:
    new = retime.set_bpm(BAR, 125.0, "stay")(STEPS)
    assert tempos(new)[0] == 125.0
    assert seconds(new) == pytest.approx([0.0, 7.68, 14.4])
    assert tempos(new)[1] == pytest.approx(16 * 60 / (14.4 - 7.68))
    again = retime.nudge_bpm(BAR, 0.001, "stay")(new)
    assert (tempos(again)[0], len(again.anchors)) == (125.001, 3)


def test_what_is_nudged_keeps_clean_decimals() -> None:
    timing = PLAIN
    for _ in range(10):
        timing = retime.nudge_bpm(0, 0.001)(timing)
    assert tempos(timing) == [120.01]
    assert retime.set_bpm(0, 120.01)(timing) is timing


def test_the_last_stretch_runs_on_at_its_new_tempo() -> None:
    assert tempos(retime.set_bpm(9 * BAR, 111.0, "stay")(STEPS)) == [120.0, 150.0, 111.0]


def test_an_inserted_change_is_not_heard_before_its_tempo_is() -> None:
    new = retime.insert_change(2 * BAR)(STEPS)
    assert ticks(new) == [0, 2 * BAR, 4 * BAR, 8 * BAR]
    probe = np.arange(0, 10 * BAR, B)
    assert np.abs(new.seconds_at(probe) - STEPS.seconds_at(probe)).max() < 1e-9
    slow = retime.insert_change(2 * BAR, 60.0)(STEPS)
    assert seconds(slow) == pytest.approx([0.0, 4.0, 12.0, 18.4])


def test_a_removed_change_lets_the_tempo_before_run_on_or_fit() -> None:
    moved = retime.remove(4 * BAR, "move")(STEPS)
    assert tempos(moved) == [120.0, 100.0]
    assert seconds(moved) == pytest.approx([0.0, 16.0])
    stayed = retime.remove(4 * BAR, "stay")(STEPS)
    assert seconds(stayed) == [0.0, 14.4]
    assert tempos(stayed)[0] == pytest.approx(32 * 60 / 14.4)
    assert retime.remove(8 * BAR)(STEPS).anchors == STEPS.anchors[:2]


# Dragging ---------------------------------------------------------------------------------


def test_a_dragged_beat_sets_the_tempo_of_its_whole_section() -> None:
    new = retime.drag_beat(2 * BAR, 4.4, "move")(STEPS)
    assert new.seconds_at(2 * BAR) == pytest.approx(4.4)
    assert tempos(new)[1:] == [150.0, 100.0]
    assert seconds(new) == pytest.approx([0.0, 8.8, 15.2])


def test_a_dragged_beat_whose_followers_stay_becomes_an_anchor() -> None:
    new = retime.drag_beat(2 * BAR, 4.1, "stay")(STEPS)
    assert ticks(new) == [0, 2 * BAR, 4 * BAR, 8 * BAR]
    assert seconds(new) == pytest.approx([0.0, 4.1, 8.0, 14.4])
    assert tempos(new)[:2] == pytest.approx([8 * 60 / 4.1, 8 * 60 / 3.9])
    again = retime.drag_beat(2 * BAR, 3.9, "stay")(new)
    assert seconds(again) == pytest.approx([0.0, 3.9, 8.0, 14.4])


def test_with_nothing_behind_it_the_next_bar_stays() -> None:
    new = retime.drag_beat(BAR, 2.2, "stay")(PLAIN)
    assert ticks(new) == [0, BAR, 2 * BAR]
    assert seconds(new) == pytest.approx([0.1, 2.2, 4.1])
    assert tempos(new)[2] == 120.0
    assert new.seconds_at(10 * BAR) == pytest.approx(PLAIN.seconds_at(10 * BAR))


def test_a_dragged_anchor_moves_what_follows_or_fits_it() -> None:
    moved = retime.drag_beat(4 * BAR, 8.5, "move")(STEPS)
    assert seconds(moved) == pytest.approx([0.0, 8.5, 14.9])
    assert tempos(moved)[1:] == [150.0, 100.0]
    stayed = retime.drag_beat(4 * BAR, 8.5, "stay")(STEPS)
    assert seconds(stayed) == pytest.approx([0.0, 8.5, 14.4])
    first = retime.drag_beat(0, 0.2, "move")(STEPS)
    assert seconds(first) == pytest.approx([0.2, 8.2, 14.6])
    assert seconds(retime.drag_beat(0, 0.2, "stay")(STEPS)) == pytest.approx([0.2, 8.0, 14.4])


def test_a_pause_and_a_warp_are_dragged_whole() -> None:
    new = retime.drag_beat(BAR, 2.1, "move")(STOPPED)
    assert seconds(new) == pytest.approx([0.0, 2.1, 2.6, 4.6, 4.6])
    end = retime.drag_beat(2 * BAR + B, 4.7, "stay")(STOPPED)
    assert seconds(end)[:5] == pytest.approx([0.0, 2.0, 2.5, 4.7, 4.7])
    with pytest.raises(ChartStudioError, match="inside a warp"):
        retime.drag_beat(2 * BAR + B // 2, 4.7, "stay")(STOPPED)


# Bars -------------------------------------------------------------------------------------


def test_a_meter_holds_from_its_bar_on() -> None:
    new = retime.set_meter(BAR + B, 3)(PLAIN)
    assert new.lines(0, BAR + 7 * B).tolist() == [0, BAR, BAR + 3 * B, BAR + 6 * B]
    assert retime.set_meter(0, 7)(PLAIN).anchors[0].meter == 7
    assert retime.set_meter(-5 * B, 7)(PLAIN).anchors[0].meter == 7
    stop = retime.set_meter(BAR, 5)(STOPPED)
    assert stop.position(BAR + 5 * B).measure == 3
    assert retime.set_meter(BAR, 6)(stop).position(BAR + 6 * B).measure == 3


def test_a_bar_starts_where_it_is_wanted() -> None:
    new = retime.start_bar(BAR + B)(PLAIN)
    assert new.lines(0, 3 * BAR).tolist() == [0, BAR, BAR + B, 2 * BAR + B]
    with pytest.raises(ChartStudioError, match="A bar of 0"):
        retime.set_meter(0, 0)(PLAIN)


# Pauses -----------------------------------------------------------------------------------


def test_a_stop_comes_after_its_note_and_a_delay_before() -> None:
    stop = retime.insert_pause(BAR, 0.5)(PLAIN)
    assert stop.seconds_at(BAR) == pytest.approx(2.1)
    assert stop.seconds_at(2 * BAR) == pytest.approx(4.6)
    both = retime.insert_pause(BAR, 0.25, Cause.DELAY)(stop)
    assert both.seconds_at(BAR, Side.BEFORE) == pytest.approx(2.1)
    assert both.seconds_at(BAR) == pytest.approx(2.35)
    assert both.seconds_at(BAR, Side.AFTER) == pytest.approx(2.85)
    longer = retime.insert_pause(BAR, 0.5)(both)
    assert len(longer.anchors) == len(both.anchors)
    assert longer.seconds_at(BAR, Side.AFTER) == pytest.approx(3.35)


def test_removing_a_pause_undoes_it() -> None:
    stop = retime.insert_pause(BAR, 0.5)(STEPS)
    without = retime.remove(BAR)(stop)
    assert seconds(retime.remove(BAR)(without)) == pytest.approx(seconds(STEPS))
    stayed = retime.insert_pause(BAR, 0.5, later="stay")(STEPS)
    assert stayed.seconds_at(4 * BAR) == pytest.approx(8.0)


def test_a_removed_warp_takes_its_time_again() -> None:
    new = retime.remove(2 * BAR + B)(STOPPED)
    assert new.seconds_at(2 * BAR + B) == pytest.approx(5.5)
    assert not new.warped(np.arange(2 * BAR, 2 * BAR + B)).any()


# What cannot be ---------------------------------------------------------------------------

IMPOSSIBLE: tuple[tuple[Retiming, TimingMap, str], ...] = (
    (retime.set_bpm(0, 0.5), PLAIN, "0.5 BPM is outside"),
    (retime.set_bpm(0, 10_000.0), PLAIN, "10000 BPM is outside"),
    (retime.set_bpm(0, float("nan")), PLAIN, "outside"),
    (retime.shift(float("inf")), PLAIN, "cannot be moved"),
    (retime.insert_change(-B), PLAIN, "before the first beat"),
    (retime.remove(0), PLAIN, "first tempo cannot be removed"),
    (retime.remove(B), PLAIN, "no tempo change at bar 1, beat 2"),
    (retime.drag_beat(2 * BAR, 8.0, "stay"), STEPS, "no room for that before bar 5"),
    (retime.drag_beat(4 * BAR, 14.4, "stay"), STEPS, "no room"),
    (retime.drag_beat(4 * BAR, -1.0, "move"), STEPS, "no room"),
    (retime.drag_beat(5 * BAR, 7.0, "move"), STEPS, "cannot come before"),
    (retime.drag_beat(B, float("nan"), "move"), STEPS, "inside the song"),
    (retime.set_bpm(0, 60.0, "stay"), STEPS, "no room"),
    (retime.insert_pause(BAR, 0.0), PLAIN, "pause of 0 s"),
    (retime.insert_pause(2 * BAR + 5, 0.1), STOPPED, "inside a warp"),
    (retime.insert_pause(BAR, 9.0, later="stay"), PLAIN, "no room"),
)


@pytest.mark.parametrize(("change", "timing", "says"), IMPOSSIBLE)
def test_what_cannot_be_is_one_line(change: Retiming, timing: TimingMap, says: str) -> None:
    with pytest.raises(ChartStudioError, match=says) as caught:
        change(timing)
    assert "\n" not in str(caught.value)


# What was found ---------------------------------------------------------------------------


def test_a_found_timing_is_counted_from_the_bar_that_is_nearest() -> None:
    found = TimingMap((Anchor(0, 10.0, 120.0), Anchor(8 * BAR, 26.0, 100.0)))
    new = retime.use_found(found, 0.3)(PLAIN)
    assert new.anchors == (
        Anchor(0, 0.0, 120.0, bar=True),
        Anchor(13 * BAR, 26.0, 100.0),
    )
    late = retime.use_found(found, 27.0)(PLAIN)
    assert late.anchors == (Anchor(0, 26.0, 100.0, bar=True),)


def test_a_found_stretch_keeps_the_seconds_of_what_follows_or_moves_it() -> None:
    found = TimingMap((Anchor(0, 0.0, 150.0), Anchor(20 * B, 8.0, 151.0)))
    stay = retime.use_found_between(found, 2 * BAR, 6 * BAR, "stay")(PLAIN)
    # 8.0 s at some 150 BPM is 20 beats instead of 16.
    assert ticks(stay) == [0, BAR, 2 * BAR, 2 * BAR + 10 * B, 7 * BAR, 8 * BAR]
    assert seconds(stay) == pytest.approx([0.1, 2.1, 4.0, 8.0, 8.0 + 600 / 151, 14.1])
    assert tempos(stay)[2:4] == [150.0, 151.0]
    assert stay.seconds_at(8 * BAR) == pytest.approx(PLAIN.seconds_at(7 * BAR))
    move = retime.use_found_between(found, 2 * BAR, 6 * BAR, "move")(PLAIN)
    assert ticks(move) == [0, BAR, 2 * BAR, 2 * BAR + 10 * B, 6 * BAR]
    assert seconds(move)[-1] == pytest.approx(8.0 + 6 * 60 / 151.0)
    with pytest.raises(ChartStudioError, match="pause or a warp"):
        retime.use_found_between(found, BAR, 3 * BAR, "stay")(STOPPED)


# Notes ------------------------------------------------------------------------------------


def chart(name: str, timing: TimingMap | None = None) -> Chart:
    notes = tuple(LaneNote(i * B, i * B, i % 4) for i in range(8))
    return Chart("dance-single", name, notes=notes, timing=timing)


def test_a_chart_with_its_own_timing_changes_alone() -> None:
    song = Song(timing=PLAIN, charts=(chart("a"), chart("b", STEPS), chart("c")))
    own = retimed(1, retime.shift(0.5), "ticks")(song)
    assert (own.timing, own.charts[0], own.charts[2]) == (song.timing, *song.charts[::2])
    assert own.charts[1].timing == retime.shift(0.5)(STEPS)
    shared = retimed(2, retime.shift(0.5), "seconds")(song)
    assert shared.charts[1] is song.charts[1]
    for old, new in zip(song.charts[::2], shared.charts[::2], strict=True):
        before = song.timing.seconds_at(ticks_of(old.notes))
        assert np.abs(shared.timing.seconds_at(ticks_of(new.notes)) - before).max() < 1e-4
    moved = retimed(1, retime.scale(2.0), "seconds")(song).charts[1]
    assert ticks_of(moved.notes).tolist() == [2 * i * B for i in range(8)]
    assert retimed(1, retime.shift(0.0), "seconds")(song) is song


def test_notes_in_a_pause_cannot_keep_their_seconds() -> None:
    song = Song(timing=PLAIN, charts=(chart("Hard"),))
    with pytest.raises(ChartStudioError, match="2 notes of Hard would sound inside"):
        retimed(0, retime.insert_pause(B, 1.2), "seconds")(song)
    with pytest.raises(ChartStudioError, match="A note of Hard"):
        retimed(0, retime.insert_pause(B, 0.01, Cause.DELAY), "seconds")(song)
    assert retimed(0, retime.insert_pause(B, 1.2), "ticks")(song).charts == song.charts
    assert retimed(0, retime.insert_pause(B, 0.2), "seconds")(song).charts != song.charts


# Random sequences -------------------------------------------------------------------------

_TICK = st.integers(-2, 40).map(lambda beat: beat * B)
_LATER = st.sampled_from(["stay", "move"])
_NEAR = st.floats(-0.2, 0.2)


def _drag(tick: int, by_s: float, later: Later) -> Retiming:
    return lambda t: retime.drag_beat(tick, t.seconds_at(tick) + by_s, later)(t)


def _found(steps: list[tuple[int, float]]) -> TimingMap:
    """A timing as a finder tells it: several tempos, counted from a bar of its own."""
    anchors = [Anchor(3 * BAR, 1.234, steps[0][1], 4, bar=True)]
    for n_beats, bpm in steps[1:]:
        last = anchors[-1]
        seconds = last.seconds + n_beats * 60.0 / last.bpm
        anchors.append(Anchor(last.tick + n_beats * B, seconds, bpm))
    return TimingMap(tuple(anchors))


_FOUND = st.lists(
    st.tuples(st.integers(4, 40), st.floats(50.0, 300.0)), min_size=1, max_size=4
).map(_found)

_VERBS: tuple[st.SearchStrategy[Retiming], ...] = (
    st.builds(retime.shift, _NEAR),
    st.builds(retime.set_offset, st.floats(-1.0, 3.0)),
    st.builds(retime.use_found, _FOUND, st.floats(-1.0, 12.0)),
    st.builds(
        lambda found, start, n, later: retime.use_found_between(
            found, start, start + n * BAR, later
        ),
        _FOUND,
        _TICK,
        st.integers(1, 4),
        _LATER,
    ),
    st.builds(retime.shift_beats, st.sampled_from([-0.5, 0.5, 1.0]), _TICK),
    st.builds(retime.scale, st.sampled_from([0.5, 2.0])),
    st.builds(retime.set_bpm, _TICK, st.floats(40.0, 400.0), _LATER),
    st.builds(retime.nudge_bpm, _TICK, st.sampled_from([-1, -0.01, -0.001, 0.001, 1]), _LATER),
    st.builds(retime.insert_change, _TICK, st.none() | st.floats(50.0, 300.0), _LATER),
    st.builds(_drag, _TICK, _NEAR, _LATER),
    st.builds(retime.set_meter, _TICK, st.integers(1, 9)),
    st.builds(retime.start_bar, _TICK),
    st.builds(
        retime.insert_pause,
        _TICK,
        st.floats(0.01, 0.5),
        st.sampled_from([Cause.STOP, Cause.DELAY]),
        _LATER,
    ),
    st.builds(retime.remove, _TICK, _LATER),
    st.builds(
        lambda bpm, offset_s, near_s: retime.use_found(TimingMap.constant(bpm, offset_s), near_s),
        st.floats(60.0, 300.0),
        st.floats(0.0, 5.0),
        st.floats(-1.0, 3.0),
    ),
    st.builds(
        lambda bpm, start, n, later: retime.use_found_between(
            TimingMap.constant(bpm, 0.123), start, start + n * BAR, later
        ),
        st.floats(60.0, 300.0),
        _TICK,
        st.integers(1, 4),
        _LATER,
    ),
)
_CHANGES = st.lists(
    st.tuples(st.one_of(_VERBS), st.sampled_from(["ticks", "seconds"]), st.integers(0, 2)),
    min_size=1,
    max_size=12,
)


def _song() -> Song:
    notes = tuple(
        LaneNote(i * B // 2, i * B // 2 + (B // 4 if i % 5 == 0 else 0), i % 4,
                 "hold" if i % 5 == 0 else "tap")
        for i in range(60)
    )  # fmt: skip
    return Song(
        Metadata(title="T", artist="A"),
        "song.ogg",
        STEPS,
        (
            Chart("dance-single", "Hard", 8.0, notes),
            Chart("dance-single", "Easy", 2.0, notes[::4], timing=PLAIN),
            Chart("dance-single", "Medium", 4.0, notes[::2]),
        ),
        effects=(Effect(BAR, "label", ("verse",)),),
    )


def _read(song: Song, format_id: str) -> Song:
    """The song as it comes out of a file of a format."""
    return find_format(format_id).read(write_song(song, format_id), None)


def _mania(song: Song) -> Song:
    """The song as osu! holds it: one timing for all, every change a red line."""
    charts = tuple(Chart("mania-4k", c.name, c.level, c.notes, None) for c in song.charts)
    return Song(song.metadata, song.audio, song.timing, charts)


def _saber(song: Song) -> Song:
    """The song as Beat Saber holds it: one timing for all, notes in a grid."""
    charts = tuple(
        Chart(
            "beatsaber",
            c.name,
            c.level,
            tuple(ColorNote(n.tick, n.tick, n.order, 0, n.order % 2, 1) for n in c.notes),
        )
        for c in song.charts[:1]
    )
    return Song(song.metadata, song.audio, song.timing, charts)


_OF = {"osz": _mania, "beatsaber-v3": _saber}


def _check_map(timing: TimingMap) -> None:
    probe = np.arange(-BAR, 60 * B, B // 4)
    assert (np.diff(timing.seconds_at(probe)) >= 0).all()
    times = np.linspace(-2.0, 40.0, 500)
    assert (np.diff(timing.tick_at(times)) >= 0).all()


def _check_notes(old: Song, new: Song, keep: Keep) -> None:
    for before, after in zip(old.charts, new.charts, strict=True):
        if keep == "ticks":
            assert after.notes is before.notes
            continue
        for of in (ticks_of, ends_of):
            was = old.timing_of(before).seconds_at(of(before.notes))
            now = new.timing_of(after).seconds_at(of(after.notes))
            slowest = min(a.bpm for a in new.timing_of(after).anchors)
            assert np.abs(np.sort(now) - np.sort(was)).max() < max(1e-4, 60 / slowest / B)


_BASES = {"steps": STEPS, "stops and a warp": STOPPED, "one tempo": PLAIN}


@pytest.mark.parametrize(
    ("format_id", "base"),
    [
        *(("ssc", base) for base in _BASES),
        *(("osz", "steps"), ("project", "stops and a warp"), ("sm", "steps")),
        ("beatsaber-v3", "steps"),
    ],
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes=_CHANGES, snaps=st.sets(st.integers(0, 11)), chosen=st.sets(st.integers(0, 59)))
def test_any_edits_undone_are_the_song_and_the_file_that_was(
    format_id: str,
    base: str,
    changes: list[tuple[Retiming, Keep, int]],
    snaps: set[int],
    chosen: set[int],
) -> None:
    song = _read(_OF.get(format_id, lambda s: s)(replace(_song(), timing=_BASES[base])), format_id)
    files = write_song(song, format_id)
    document = Document(song)
    selected = frozenset(n for i, n in enumerate(song.charts[0].notes) if i in chosen)
    document.select(Selection(0, selected, (BAR, 3 * BAR)))
    past = [(document.song, document.selection)]
    for i, (change, keep, chart) in enumerate(changes):
        before = document.song
        _choose(document, chart % len(song.charts))
        was_selected = _places(document)
        try:
            done = apply_retiming(document, "x", change, keep)
        except ChartStudioError:
            assert document.song is before
            continue
        assert done == (document.song is not before)
        if done:
            past.append((document.song, document.selection))
        for c in document.song.charts:
            _check_map(document.song.timing_of(c))
        _check_notes(before, document.song, keep)
        assert len(_places(document)) == len(was_selected)
        if i in snaps:
            ready = document.song
            document.apply("snap", on_rows(document.selection.chart))
            assert _n_notes(document.song) == _n_notes(ready)
            if document.song is not ready:
                past.append((document.song, document.selection))
    while len(past) > 1:
        assert document.song is past.pop()[0]
        assert document.undo()
    assert not document.can_undo
    assert document.song is song
    assert write_song(document.song, format_id) == files
    while document.redo():
        pass
    while document.undo():
        pass
    assert document.song is song


def _choose(document: Document, chart: int) -> None:
    """Make a chart the active one, some of its notes selected."""
    if document.selection.chart != chart:
        notes = frozenset(document.song.charts[chart].notes[1::3])
        document.select(Selection(chart, notes, (0, 2 * BAR)))


def _places(document: Document) -> list[int]:
    """Which notes of the active chart are selected, by their place in it."""
    chart = document.active_chart
    assert chart is not None
    return [i for i, note in enumerate(chart.notes) if note in document.selection.notes]


def _n_notes(song: Song) -> list[int]:
    return [len(c.notes) for c in song.charts]


@pytest.mark.parametrize(
    "name", ["data/charted/armygeddon", "data/charted/feelings", "fixtures/stepmania/Springtime"]
)
def test_songs_of_others_come_back_byte_for_byte(shared: Path, name: str) -> None:
    folder = shared / name
    if not folder.is_dir():
        pytest.skip("the songs with charts are not here")
    song, format_id = read_song(Bundle.open(folder))
    files = write_song(song, format_id)
    document = Document(song)
    steps: tuple[tuple[Retiming, Keep], ...] = (
        (retime.shift(0.0031), "seconds"),
        (retime.insert_change(16 * BAR), "ticks"),
        (retime.nudge_bpm(16 * BAR, 0.001, "stay"), "seconds"),
        (_drag(24 * BAR, 0.012, "stay"), "ticks"),
        (_drag(20 * BAR, -0.007, "move"), "seconds"),
        (retime.set_meter(8 * BAR, 3), "ticks"),
        (retime.insert_pause(4 * BAR, 0.25), "ticks"),
        (retime.remove(4 * BAR), "ticks"),
        (retime.scale(2.0), "seconds"),
    )
    for change, keep in steps:
        before = document.song
        document.apply("x", retimed(0, change, keep))
        assert document.song is not before
        _check_notes(before, document.song, keep)
        assert write_song(document.song, format_id) != files
    while document.undo():
        pass
    assert document.song is song
    assert write_song(document.song, format_id) == files


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes=_CHANGES)
def test_what_was_made_by_hand_is_saved_as_it_is(
    changes: list[tuple[Retiming, Keep, int]],
) -> None:
    song = _song()
    for change, _, chart in changes:
        with suppress(ChartStudioError):
            song = retimed(chart % len(song.charts), change, "ticks")(song)
    assert _read(song, "project").timing == song.timing
    read = _read(song, "ssc")
    for chart in song.charts:
        again = next(c for c in read.charts if c.name == chart.name)
        at = ticks_of(chart.notes)
        assert ticks_of(again.notes).tolist() == at.tolist()
        wanted_s = song.timing_of(chart).seconds_at(at)
        assert np.abs(read.timing_of(again).seconds_at(at) - wanted_s).max() < 2e-6
