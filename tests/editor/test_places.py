"""Edits and the clipboard with the notes of games that have no lanes."""

from collections.abc import Sequence

import pytest

from chartstudio.core.note import LaneNote, Note
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.editor import checks, edits
from chartstudio.editor.clipboard import copy, from_text, to_text
from chartstudio.editor.document import Edit
from chartstudio.editor.places import displaced, with_details_of
from chartstudio.modes import MODES
from chartstudio.modes.beatsaber.notes import Arc, Bomb, Chain, ColorNote, Wall
from chartstudio.modes.osu.notes import Circle, Slider, Spinner

CIRCLE = Circle(0, 0, 10.0, 20.0, True, 2, "osu:2")
SLIDER = Slider(BEAT, 3 * BEAT, 100.0, 90.0, "B", (("", 1.0, 2.0), ("L", 3.0, 4.0)), 70.5, 2)
SPINNER = Spinner(4 * BEAT, 6 * BEAT)
OSU: tuple[Note, ...] = (CIRCLE, SLIDER, SPINNER)
SABER: tuple[Note, ...] = (
    ColorNote(0, 0, 1, 0, 0, 1, -15, 30, '{"a": 1}'),
    Bomb(BEAT, BEAT, 2, 2),
    Wall(2 * BEAT, 3 * BEAT, 0, 2, 4, 3),
    Arc(4 * BEAT, 5 * BEAT, 1, 0, 0, 1, 2, 2, 8, 1.5, 0.5, 1),
    Chain(6 * BEAT, 7 * BEAT, 3, 2, 1, 1, 3, 0, 5, 0.7),
)


def after(mode: str, notes: Sequence[Note], edit: Edit) -> tuple[Note, ...]:
    return edit(Song(charts=(Chart(mode, notes=tuple(notes)),))).charts[0].notes


@pytest.mark.parametrize(("mode", "notes"), [("osu", OSU), ("beatsaber", SABER)])
def test_the_clipboard_holds_every_field(mode: str, notes: tuple[Note, ...]) -> None:
    clip = from_text(to_text(copy(notes)))
    assert clip is not None
    assert clip.notes == notes
    pasted = after(mode, (), edits.paste(0, clip, 8 * BEAT))
    assert [n.tick for n in pasted] == [n.tick + 8 * BEAT for n in notes]
    assert pasted[0] == edits.moved_notes(notes[:1], mode, 8 * BEAT)[0]


@pytest.mark.parametrize(("mode", "notes"), [("osu", OSU), ("beatsaber", SABER)])
def test_moving_in_time_changes_nothing_else(mode: str, notes: tuple[Note, ...]) -> None:
    there = after(mode, notes, edits.move(0, notes, BEAT, 3))
    assert there != notes
    assert after(mode, there, edits.move(0, there, -BEAT)) == notes


def test_displacing_takes_the_whole_note_along() -> None:
    assert displaced(CIRCLE, 5, -1) == Circle(0, 0, 15.0, 19.0, True, 2, "osu:2")
    moved = displaced(SLIDER, 5, -1)
    assert (moved.x, moved.y, moved.points) == (105, 89, (("", 6.0, 1.0), ("L", 8.0, 3.0)))
    assert displaced(SPINNER, 5, -1) is SPINNER
    arc = displaced(SABER[3], 1, 0)
    assert isinstance(arc, Arc)
    assert (arc.x, arc.tail_x, arc.tail_y) == (2, 3, 2)
    assert displaced(LaneNote(0, 0, 1), 2, 0) == LaneNote(0, 0, 3)


def test_details_are_taken_over_unless_they_are_set() -> None:
    old = ColorNote(0, 0, 1, 0, 0, 1, -15, 30, "{}")
    assert with_details_of(old, Bomb(0, 0, 1, 0)) == Bomb(0, 0, 1, 0, 30, "{}")
    new = ColorNote(0, 0, 1, 0, 1, 1, 45)
    assert with_details_of(old, new) == ColorNote(0, 0, 1, 0, 1, 1, 45, 30, "{}")


def test_kinds_change_in_their_place() -> None:
    red = ColorNote(0, 0, 1, 2, 0, 6, -15)
    found = after("beatsaber", [red], edits.set_kind(0, [red], "blue"))
    assert found == (ColorNote(0, 0, 1, 2, 1, 6, -15),)
    assert after("beatsaber", [red], edits.set_kind(0, [red], "red")) == (red,)
    (circle,) = after("osu", [SLIDER], edits.set_kind(0, [SLIDER], "circle"))
    assert circle == Circle(BEAT, BEAT, 100.0, 90.0)
    don = LaneNote(0, 0, 0, "don", "osu:4")
    assert after("taiko", [don], edits.set_kind(0, [don], "kat")) == (
        LaneNote(0, 0, 0, "kat", "osu:4"),
    )


def test_ends_are_pulled_where_there_are_any() -> None:
    osu, saber = MODES["osu"], MODES["beatsaber"]
    longer = edits.lengthened(osu, SLIDER, 5 * BEAT)
    assert longer == Slider(BEAT, 5 * BEAT, 100.0, 90.0, "B", SLIDER.points, 70.5, 2)
    assert edits.lengthened(osu, CIRCLE, BEAT) is CIRCLE
    assert edits.lengthened(osu, SLIDER, BEAT) is SLIDER
    assert edits.lengthened(saber, SABER[0], BEAT) is SABER[0]
    assert edits.lengthened(saber, SABER[2], 9 * BEAT).end == 9 * BEAT
    assert after("osu", OSU, edits.set_end(0, CIRCLE, BEAT)) == OSU
    assert after("osu", OSU, edits.set_end(0, SPINNER, 7 * BEAT))[2].end == 7 * BEAT


def test_quantising_leaves_long_notes_their_length() -> None:
    rough = Slider(BEAT + 40, BEAT + 90, 1.0, 2.0, "L", (("", 3.0, 4.0),), 2.0)
    (found,) = after("osu", [rough], edits.quantise(0, [rough], 16))
    assert (found.tick, found.end) == (BEAT, BEAT + BEAT // 4)


def test_mirroring_goes_by_the_mode() -> None:
    (found,) = after("osu", [CIRCLE], edits.mirror(0, [CIRCLE], "horizontal"))
    assert (found.x, found.y) == (502.0, 20.0)  # type: ignore[attr-defined]


def test_notes_stay_where_they_are_heard_in_every_mode() -> None:
    song = Song(timing=TimingMap.constant(120.0), charts=(Chart("osu", notes=OSU),))
    halved = edits.retime(TimingMap.constant(60.0), "seconds")(song)
    assert halved.charts[0].notes[1].tick == BEAT // 2
    assert halved.charts[0].notes[1].end == 3 * BEAT // 2


def test_exchanging_is_one_change_of_some_notes() -> None:
    moved = tuple(displaced(n, 1, 0) for n in SABER[:2])
    found = after("beatsaber", SABER, edits.exchange(0, SABER[:2], moved))
    assert found == (*moved, *SABER[2:])


def test_every_safe_fix_at_once() -> None:
    twice = (LaneNote(0, 0, 0), LaneNote(0, 0, 0), LaneNote(BEAT, BEAT, 1), LaneNote(BEAT, BEAT, 1))
    song = Song(charts=(Chart("dance-single", notes=twice), Chart("unknown")))
    found = checks.issues(song)
    assert sum(i.fix is not None for i in found) == 2
    better = checks.fixed(song, found)
    assert better.charts[0].notes == (twice[0], twice[2])
    assert checks.fixed(better, found[:1]) is better
