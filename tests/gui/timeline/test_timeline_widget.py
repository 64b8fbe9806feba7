"""The widget: what it draws and what the mouse and the verbs do to the document."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from chartstudio.core import provenance
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as B
from chartstudio.core.timing import TimingMap
from chartstudio.editor import edits
from chartstudio.editor.checks import SongIssue
from chartstudio.editor.selection import Selection
from chartstudio.gui.theme import DARK, SNAP_COLOURS
from chartstudio.gui.timeline.bands import GUTTER_PX
from chartstudio.gui.timeline.drag import IDLE
from chartstudio.gui.timeline.rows import put_note
from chartstudio.modes import MODES

LEFT, RIGHT, MIDDLE = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton,
    Qt.MouseButton.MiddleButton,
)
CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)
NONE = Qt.KeyboardModifier.NoModifier


def send(stage, kind, at, button=LEFT, keys=NONE):
    """One mouse event at widget pixels."""
    held = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseButtonRelease else button
    pressed = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseMove else button
    where = QPointF(*at)
    event = QMouseEvent(kind, where, stage.timeline.mapToGlobal(where), pressed, held, keys)
    QApplication.sendEvent(stage.timeline, event)


def drag(stage, *points, button=LEFT, keys=NONE):
    send(stage, QEvent.Type.MouseButtonPress, points[0], button, keys)
    for at in points[1:]:
        send(stage, QEvent.Type.MouseMove, at, button, keys)
    send(stage, QEvent.Type.MouseButtonRelease, points[-1], button, keys)


def click(stage, at, button=LEFT, keys=NONE):
    drag(stage, at, button=button, keys=keys)


def wheel(stage, at, notches, keys=NONE):
    where = QPointF(*at)
    event = QWheelEvent(
        where,
        stage.timeline.mapToGlobal(where),
        QPoint(),
        QPoint(0, round(notches * 120)),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(stage.timeline, event)


def colour(stage, x, y) -> QColor:
    return stage.timeline.grab().toImage().pixelColor(round(x), round(y))


def near(found: QColor, wanted: QColor, within: int = 12) -> bool:
    pairs = zip(found.toTuple()[:3], wanted.toTuple()[:3], strict=True)
    return all(abs(a - b) <= within for a, b in pairs)


# Drawing ---------------------------------------------------------------------------------


def test_notes_lie_on_their_tick_and_lane_in_the_colour_of_their_snap(stage):
    image = stage.timeline.grab().toImage()
    for note in stage.notes[1:4]:
        found = image.pixelColor(round(stage.x(note.tick)), round(stage.y(note.lane)))
        assert near(found, SNAP_COLOURS[4]), note
    empty = image.pixelColor(round(stage.x(B // 2)), round(stage.y(0)))
    assert not near(empty, SNAP_COLOURS[4], 60)


@pytest.mark.parametrize(("tick", "snap"), [(B // 2, 8), (B // 3, 12), (B // 4, 16), (B // 6, 24)])
def test_snap_colours(stage, tick, snap):
    stage.timeline.document.apply("", edits.place(0, LaneNote(10 * B + tick, 10 * B + tick, 1)))
    assert near(colour(stage, stage.x(10 * B + tick), stage.y(1)), SNAP_COLOURS[snap])


def test_a_hold_has_a_body_up_to_its_end(stage):
    image = stage.timeline.grab().toImage()
    y = round(stage.y(0))
    inside = image.pixelColor(round(stage.x(5 * B)) + 3, y)
    behind = image.pixelColor(round(stage.x(6 * B)) + 6, y)
    assert inside.green() > inside.red() + 40
    assert behind.green() < 60


def test_a_drum_is_one_line_of_red_and_blue(stage):
    drum = (
        LaneNote(B, B, 0, "don"),
        LaneNote(2 * B, 2 * B, 0, "big-kat"),
        LaneNote(4 * B, 7 * B, 0, "drumroll"),
        LaneNote(8 * B, 10 * B, 0, "denden"),
    )
    stage.document.open(Song(charts=(Chart("taiko", "Oni", 5.0, drum),)))
    image = stage.timeline.grab().toImage()
    y = round(stage.y(0))
    don, kat, roll = (image.pixelColor(round(stage.x(t * B)) + 2, y) for t in (1, 2, 5.5))
    assert don.red() > 180 > don.blue()
    assert kat.blue() > 180 > kat.red()
    assert roll.red() > roll.blue() + 40

    def width(tick, colour):
        """Pixels of a head's row that are about as red or blue as it is."""
        middle = round(stage.x(tick))
        return sum(
            near(image.pixelColor(x, y), colour, 60) for x in range(middle - 25, middle + 25)
        )

    assert width(2 * B, kat) > width(B, don) * 1.2


def test_lane_colours_are_the_other_way_to_colour(stage):
    stage.view.lane_colours = True
    found = [colour(stage, stage.x(n.tick), stage.y(n.lane)).rgb() for n in stage.notes[:4]]
    assert len(set(found)) == 4


def test_ghosts_are_drawn_and_what_they_replace_is_dimmed(stage):
    ghost = LaneNote(B, B, 3)
    before = colour(stage, stage.x(B), stage.y(1))
    stage.timeline.set_ghosts(0, (ghost,), ((0, 2 * B),), "candidate A")
    found = colour(stage, stage.x(B), stage.y(3))
    assert abs(found.hue() - DARK.ghost.hue()) < 12
    dimmed = colour(stage, stage.x(B), stage.y(1))
    assert dimmed.value() < before.value() / 2
    outside = colour(stage, stage.x(2 * B), stage.y(2))
    assert near(outside, SNAP_COLOURS[4])
    stage.timeline.clear_ghosts()
    assert near(colour(stage, stage.x(B), stage.y(1)), before)


def test_the_playhead_is_where_the_player_is(stage):
    stage.at_s = 1.0
    y = stage.timeline.scene.bands.wave.top + 10
    assert near(colour(stage, stage.x(2 * B), y), DARK.playhead)
    stage.at_s = 1.5
    assert not near(colour(stage, stage.x(2 * B), y), DARK.playhead, 60)


def test_generated_stretches_are_marked(stage):
    chart = stage.document.song.charts[0]
    made = provenance.mark(chart, provenance.Generated(12 * B, 16 * B, "base", 1, "2026-01-01"))
    stage.document.open(Song(timing=TimingMap.constant(120.0), charts=(made,)))
    stage.view.start_s = -0.5
    top = stage.timeline.scene.bands.strips[0].head.top + 1
    assert abs(colour(stage, stage.x(14 * B), top).hue() - DARK.ghost.hue()) < 12
    assert colour(stage, stage.x(17 * B), top).saturation() < 100


def test_issues_are_marked_below_the_lanes_and_named_by_a_tip(stage):
    issue = SongIssue(0, "x", "error", "Too fast", 2 * B, 2 * B, 1.0, 1.0)
    stage.timeline.set_issues([issue])
    y = stage.timeline.scene.bands.strips[0].lanes.bottom - 2
    assert near(colour(stage, stage.x(2 * B), y), DARK.bad)
    assert stage.timeline._tip(stage.x(2 * B), stage.y(0)) == "Too fast"
    assert stage.timeline._tip(stage.x(4 * B), stage.y(0)) == ""


def test_far_out_every_note_still_shows(stage):
    many = tuple(LaneNote(i * B // 4, i * B // 4, i % 4) for i in range(400))
    stage.document.apply("", edits.set_chart(0, notes=many))
    stage.view.show_all()
    image = stage.timeline.grab().toImage()
    for note in many[::37]:
        x, y = round(stage.x(note.tick)), round(stage.y(note.lane))
        column = [image.pixelColor(x + dx, y) for dx in (-1, 0, 1)]
        assert any(c.saturation() > 90 and c.value() > 120 for c in column), note


def test_an_empty_song_draws_and_takes_the_mouse(stage):
    stage.document.open(Song())
    stage.timeline.grab()
    drag(stage, (300, 400), (500, 500))
    click(stage, (300, 400), RIGHT)
    for verb in ("place_at_cursor", "delete_selection", "select_all", "copy", "paste"):
        getattr(stage.timeline, verb)()
    assert stage.document.song == Song()


def test_a_resting_timeline_keeps_its_picture(stage):
    stage.timeline.grab()
    frame = stage.timeline._frame
    stage.at_s = 3.0
    stage.timeline.grab()
    assert stage.timeline._frame is frame
    stage.view.scroll_px(5)
    stage.timeline.grab()
    assert stage.timeline._frame is not frame


# Placing and deleting --------------------------------------------------------------------


def test_a_click_places_on_the_nearest_line_and_undo_gives_the_same_song(stage):
    song = stage.document.song
    click(stage, (stage.x(10 * B) + 3, stage.y(3)))
    assert LaneNote(10 * B, 10 * B, 3) in stage.notes
    assert stage.document.undo()
    assert stage.document.song is song
    assert not stage.document.can_undo


def test_a_press_pulled_forward_places_a_hold_as_one_edit(stage):
    song = stage.document.song
    drag(
        stage,
        (stage.x(10 * B), stage.y(3)),
        (stage.x(11 * B), stage.y(3)),
        (stage.x(12 * B), stage.y(3)),
    )
    assert LaneNote(10 * B, 12 * B, 3, "hold") in stage.notes
    stage.document.undo()
    assert stage.document.song is song


@pytest.mark.parametrize(
    ("tool", "placed"), [("mine", "mine"), ("lift", "lift"), ("roll", "tap"), ("don", "tap")]
)
def test_the_tool_decides_the_kind(stage, tool, placed):
    stage.view.tool_kind = tool
    click(stage, (stage.x(10 * B), stage.y(3)))
    assert LaneNote(10 * B, 10 * B, 3, placed) in stage.notes


def test_a_roll_is_pulled_open(stage):
    stage.view.tool_kind = "roll"
    drag(stage, (stage.x(10 * B), stage.y(3)), (stage.x(12 * B), stage.y(3)))
    assert LaneNote(10 * B, 12 * B, 3, "roll") in stage.notes


def test_a_click_on_a_note_removes_it_or_makes_it_the_tools_kind(stage):
    at = (stage.x(0), stage.y(0))
    stage.view.tool_kind = "mine"
    click(stage, at)
    assert stage.notes[0] == LaneNote(0, 0, 0, "mine")
    click(stage, at)
    assert all(n.tick != 0 for n in stage.notes)
    stage.view.tool_kind = "tap"
    click(stage, (stage.x(4 * B), stage.y(0)))
    assert all(n.kind != "hold" for n in stage.notes)


def test_right_click_deletes_and_right_drag_deletes_a_row_of_notes_in_one_edit(stage):
    click(stage, (stage.x(0), stage.y(0)), RIGHT)
    assert len(stage.notes) == 5
    song = stage.document.song
    drag(
        stage,
        (stage.x(B) - 40, stage.y(1)),
        (stage.x(B), stage.y(1)),
        (stage.x(2 * B), stage.y(2)),
        button=RIGHT,
    )
    assert len(stage.notes) == 3
    stage.document.undo()
    assert stage.document.song is song


def test_escape_gives_a_drag_up(stage):
    song = stage.document.song
    send(stage, QEvent.Type.MouseButtonPress, (stage.x(B), stage.y(1)))
    send(stage, QEvent.Type.MouseMove, (stage.x(3 * B), stage.y(1)))
    assert stage.timeline.state != IDLE
    key = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, NONE)
    QApplication.sendEvent(stage.timeline, key)
    assert stage.timeline.state == IDLE
    send(stage, QEvent.Type.MouseButtonRelease, (stage.x(3 * B), stage.y(1)))
    assert stage.document.song is song


def test_an_undo_in_the_middle_of_a_drag_ends_it(stage):
    stage.timeline.place(0, 1, 10 * B, 10 * B)
    send(stage, QEvent.Type.MouseButtonPress, (stage.x(10 * B), stage.y(1)))
    send(stage, QEvent.Type.MouseMove, (stage.x(12 * B), stage.y(1)))
    stage.document.undo()
    song = stage.document.song
    send(stage, QEvent.Type.MouseButtonRelease, (stage.x(12 * B), stage.y(1)))
    assert stage.document.song is song


def test_a_drag_at_the_edge_scrolls_and_goes_on(stage, qtbot):
    start_s = stage.view.start_s
    send(stage, QEvent.Type.MouseButtonPress, (stage.x(10 * B), stage.y(3)))
    edge = (stage.timeline.width() + 40, stage.y(3))
    send(stage, QEvent.Type.MouseMove, edge)
    qtbot.waitUntil(lambda: stage.view.start_s > start_s + 3)
    send(stage, QEvent.Type.MouseButtonRelease, edge)
    hold = next(n for n in stage.notes if n.tick == 10 * B)
    assert hold.end > 24 * B


# Moving and changing ---------------------------------------------------------------------


def test_dragging_moves_a_note_as_one_edit(stage):
    song = stage.document.song
    drag(
        stage,
        (stage.x(B) + 2, stage.y(1)),
        (stage.x(2 * B), stage.y(1)),
        (stage.x(9 * B) + 4, stage.y(3)),
    )
    assert LaneNote(9 * B, 9 * B, 3) in stage.notes
    assert LaneNote(B, B, 1) not in stage.notes
    assert stage.document.selection.notes == {LaneNote(9 * B, 9 * B, 3)}
    stage.document.undo()
    assert stage.document.song is song


def test_a_drag_shows_the_notes_where_they_will_be(stage):
    send(stage, QEvent.Type.MouseButtonPress, (stage.x(B), stage.y(1)))
    send(stage, QEvent.Type.MouseMove, (stage.x(10 * B), stage.y(2)))
    there = colour(stage, stage.x(10 * B), stage.y(2))
    here = colour(stage, stage.x(B), stage.y(1))
    assert there.red() > 180
    assert here.red() < 130
    assert LaneNote(B, B, 1) in stage.notes
    stage.timeline.cancel_drag()


def test_the_selection_moves_together_and_stops_at_the_outer_lanes(stage):
    chosen = frozenset({LaneNote(B, B, 1), LaneNote(2 * B, 2 * B, 2)})
    stage.document.select(Selection(0, chosen))
    drag(stage, (stage.x(B), stage.y(1)), (stage.x(10 * B), stage.y(3)))
    moved = {LaneNote(10 * B, 10 * B, 2), LaneNote(11 * B, 11 * B, 3)}
    assert moved <= set(stage.notes)
    assert stage.document.selection.notes == moved


def test_the_tail_of_a_hold_is_dragged(stage):
    drag(stage, (stage.x(6 * B), stage.y(0)), (stage.x(7 * B) + 3, stage.y(0)))
    assert LaneNote(4 * B, 7 * B, 0, "hold") in stage.notes
    drag(stage, (stage.x(7 * B), stage.y(0)), (stage.x(3 * B), stage.y(0)))
    assert LaneNote(4 * B, 4 * B, 0, "tap") in stage.notes


def test_verbs_change_what_is_selected_and_keep_it_selected(stage):
    timeline, hold = stage.timeline, stage.notes[4]
    stage.document.select(Selection(0, frozenset({hold})))
    timeline.nudge_snap(2, 1)
    timeline.mirror("vertical")
    timeline.lengthen(4)
    timeline.set_kind("roll")
    after = LaneNote(4 * B + B // 2, 7 * B + B // 2, 2, "roll")
    assert stage.document.selection.notes == {after}
    for _ in range(4):
        stage.document.undo()
    assert stage.notes[4] == hold
    assert stage.document.selection.notes == {hold}


def test_quantise_goes_to_the_views_snap(stage):
    off = LaneNote(10 * B + 99, 10 * B + 99, 1)
    stage.document.apply("", edits.place(0, off))
    stage.document.select(Selection(0, frozenset({off})))
    stage.timeline.quantise()
    assert LaneNote(10 * B, 10 * B, 1) in stage.notes


# Selecting -------------------------------------------------------------------------------


def test_the_select_tool_selects_by_click_ctrl_and_box(stage):
    stage.view.tool_kind = ""
    song = stage.document.song
    click(stage, (stage.x(0), stage.y(0)))
    assert stage.document.selection.notes == {stage.notes[0]}
    click(stage, (stage.x(B), stage.y(1)), keys=CTRL)
    assert stage.document.selection.notes == set(stage.notes[:2])
    drag(stage, (stage.x(2 * B) - 20, stage.y(2) - 25), (stage.x(3 * B) + 20, stage.y(3) + 25))
    assert stage.document.selection.notes == set(stage.notes[2:4])
    drag(
        stage,
        (stage.x(-B) + 20, stage.y(0) - 25),
        (stage.x(0) + 20, stage.y(1)),
        keys=CTRL,
    )
    assert stage.document.selection.notes == {stage.notes[0], *stage.notes[2:4]}
    click(stage, (stage.x(20 * B), stage.y(2)))
    assert not stage.document.selection.notes
    assert stage.document.song is song


def test_alt_pulls_a_box_with_any_tool(stage):
    drag(stage, (stage.x(-B) + 20, stage.y(0) - 25), (stage.x(B) + 20, stage.y(3)), keys=ALT)
    assert stage.document.selection.notes == set(stage.notes[:2])
    assert not stage.document.can_undo


def test_the_ruler_selects_a_range_and_seeks(stage):
    y = stage.timeline.scene.bands.ruler.top + 5
    drag(stage, (stage.x(2 * B) + 2, y), (stage.x(5 * B) + 4, y))
    assert stage.document.selection.range == (2 * B, 5 * B)
    drag(stage, (stage.x(5 * B), y), (stage.x(9 * B), y), keys=SHIFT)
    assert stage.document.selection.range == (4 * B, 12 * B)
    click(stage, (stage.x(6 * B) + 3, y))
    assert stage.sought == [3.0]
    assert stage.timeline.cursor_tick == 6 * B


def test_a_double_click_on_the_ruler_selects_the_measure(stage):
    y = stage.timeline.scene.bands.ruler.top + 5
    send(stage, QEvent.Type.MouseButtonDblClick, (stage.x(5 * B), y))
    assert stage.document.selection.range == (4 * B, 8 * B)


def test_the_waveform_seeks_exactly(stage):
    y = stage.timeline.scene.bands.wave.top + 20
    drag(stage, (GUTTER_PX + 173, y), (GUTTER_PX + 180, y))
    assert stage.sought == pytest.approx([1.23, 1.30])


def test_range_verbs(stage):
    timeline = stage.timeline
    stage.at_s = 2.6
    timeline.select_measures()
    assert stage.document.selection.range == (4 * B, 8 * B)
    timeline.select_measures(1)
    assert stage.document.selection.range == (4 * B, 12 * B)
    timeline.select_measures(-1)
    timeline.select_measures(-1)
    assert stage.document.selection.range == (4 * B, 8 * B)
    timeline.select_in_range()
    assert stage.document.selection.notes == {stage.notes[4]}
    timeline.select_none()
    assert stage.document.selection == Selection(0)
    timeline.start_range()
    assert stage.document.selection.range == (5 * B + B // 4, 8 * B)
    stage.at_s = 3.5
    timeline.end_range()
    assert stage.document.selection.range == (5 * B + B // 4, 7 * B)
    timeline.select_all()
    assert stage.document.selection.notes == set(stage.notes)


def test_without_selected_notes_verbs_work_on_the_range(stage):
    stage.timeline.select_range(0, 2 * B)
    stage.timeline.delete_selection()
    assert [n.tick for n in stage.notes] == [2 * B, 3 * B, 4 * B, 8 * B]


# Cursor and clipboard --------------------------------------------------------------------


def test_the_cursor_moves_by_the_snap_and_by_measures(stage):
    timeline = stage.timeline
    timeline.move_cursor(3)
    assert timeline.cursor_tick == 3 * B // 4
    timeline.move_cursor(-1)
    assert timeline.cursor_tick == B // 2
    timeline.move_cursor_measures(1)
    assert timeline.cursor_tick == 4 * B
    timeline.move_cursor(1)
    timeline.move_cursor_measures(-1)
    assert timeline.cursor_tick == 4 * B
    timeline.move_cursor_measures(-1)
    assert timeline.cursor_tick == 0
    timeline.cursor_to_end()
    assert timeline.cursor_tick == 8 * B
    timeline.move_cursor_to_note(-1)
    assert timeline.cursor_tick == 4 * B
    timeline.cursor_to_start()
    assert timeline.cursor_tick == 0
    assert stage.at_s == 0.0


def test_the_cursor_is_the_player_when_that_has_moved_on(stage):
    stage.timeline.go_to(B // 3)
    assert stage.timeline.cursor_tick == B // 3
    stage.at_s = 1.01
    assert stage.timeline.cursor_tick == stage.timeline.timing.tick_at(1.01)
    assert stage.timeline.cursor_line == 2 * B


def test_keys_place_and_remove_at_the_cursor(stage):
    stage.timeline.go_to(10 * B)
    stage.timeline.place_at_cursor(2)
    assert LaneNote(10 * B, 10 * B, 2) in stage.notes
    stage.timeline.place_at_cursor(2)
    assert LaneNote(10 * B, 10 * B, 2) not in stage.notes
    stage.timeline.place_at_cursor(7)
    assert stage.document.undo_label == "Delete note"


def test_going_there_brings_it_into_view(stage):
    stage.timeline.go_to(100 * B)
    assert stage.view.start_s < 50.0 < stage.view.end_s


def test_paste_follows_beats_and_is_selected(stage):
    timeline = stage.timeline
    stage.document.select(Selection(0, frozenset(stage.notes[3:5])))
    timeline.copy()
    timeline.go_to(20 * B + B // 4)
    timeline.paste()
    at = 20 * B + B // 4
    pasted = {LaneNote(at, at, 3), LaneNote(at + B, at + 3 * B, 0, "hold")}
    assert stage.document.selection.notes == pasted
    stage.document.undo()
    assert not pasted & set(stage.notes)


def test_cut_takes_away_and_a_range_keeps_its_start(stage):
    timeline = stage.timeline
    timeline.select_range(7 * B, 9 * B)
    timeline.cut()
    assert [n.tick for n in stage.notes] == [0, B, 2 * B, 3 * B, 4 * B]
    timeline.go_to(40 * B)
    timeline.paste()
    assert stage.notes[-1] == LaneNote(41 * B, 41 * B, 2, "mine")


def test_what_another_program_copied_is_no_note(stage):
    QApplication.clipboard().setText("hello")
    song = stage.document.song
    stage.timeline.paste()
    assert stage.document.song is song


def test_pasting_into_another_mode_keeps_what_fits(stage):
    stage.timeline.select_all()
    stage.timeline.copy()
    keys = replace(stage.document.song.charts[1], mode="mania-4k", notes=())
    stage.document.apply("", lambda song: song.with_chart(1, keys))
    stage.document.select(Selection(1))
    stage.timeline.go_to(0)
    stage.timeline.paste()
    kinds = {n.kind for n in stage.document.song.charts[1].notes}
    assert kinds == {"tap", "hold"}
    assert len(stage.document.song.charts[1].notes) == 6


# View ------------------------------------------------------------------------------------


def test_the_wheel_scrolls_and_with_ctrl_zooms_at_the_pointer(stage):
    start_s = stage.view.start_s
    wheel(stage, (500, 300), -1)
    assert stage.view.start_s > start_s
    at_s = stage.view.seconds_at_x(500 - GUTTER_PX)
    wheel(stage, (500, 300), 2, CTRL)
    assert stage.view.seconds_per_px < 0.01
    assert stage.view.seconds_at_x(500 - GUTTER_PX) == pytest.approx(at_s)


def test_the_middle_button_pans(stage):
    stage.view.start_s = 5.0
    drag(stage, (500, 300), (400, 300), button=MIDDLE)
    assert stage.view.start_s == pytest.approx(6.0)
    drag(stage, (400, 300), (500, 300), keys=SHIFT)
    assert stage.view.start_s == pytest.approx(5.0)


def test_while_playing_the_view_follows_frame_by_frame(stage, qtbot):
    stage.timeline.set_playing(True)
    stage.at_s = 20.0
    qtbot.waitUntil(lambda: stage.view.start_s > 10)
    stage.view.follow_playhead = False
    start_s = stage.view.start_s
    stage.at_s = 40.0
    qtbot.waitUntil(lambda: stage.timeline._drawn_position_s == 40.0)
    assert stage.view.start_s == start_s
    stage.timeline.set_playing(False)
    assert not stage.view.playing


def test_hovering_tells_where_and_shows_what_a_click_would_place(stage):
    told = []
    stage.timeline.hovered.connect(lambda tick, lane: told.append((tick, lane)))
    at = (stage.x(10 * B), stage.y(2))
    send(stage, QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton)
    assert told == [(10 * B, 2)]
    assert colour(stage, *at).red() > 70
    stage.view.tool_kind = ""
    send(stage, QEvent.Type.MouseMove, (at[0] + 1, at[1]), Qt.MouseButton.NoButton)
    assert colour(stage, *at).red() < 70


# Two charts ------------------------------------------------------------------------------


def test_the_second_strip_is_edited_where_it_is(stage):
    stage.view.second_chart = 1
    bands = stage.timeline.scene.bands
    assert [s.chart for s in bands.strips] == [0, 1]
    click(stage, (stage.x(10 * B), stage.y(3, chart=1)))
    assert LaneNote(10 * B, 10 * B, 3) in stage.document.song.charts[1].notes
    assert len(stage.notes) == 6
    assert stage.document.selection.chart == 1
    assert [s.chart for s in stage.timeline.scene.bands.strips] == [0, 1]


def test_a_chart_chosen_elsewhere_gets_the_large_strip(stage):
    stage.view.second_chart = 1
    stage.document.select(Selection(1))
    assert [s.chart for s in stage.timeline.scene.bands.strips] == [1, 0]
    stage.view.second_chart = None
    stage.document.select(Selection(0))
    assert [s.chart for s in stage.timeline.scene.bands.strips] == [0]


def test_removing_the_shown_charts_is_survived(stage):
    stage.view.second_chart = 1
    stage.document.apply("", edits.remove_chart(1))
    assert [s.chart for s in stage.timeline.scene.bands.strips] == [0]
    stage.document.apply("", edits.remove_chart(0))
    stage.timeline.grab()
    assert stage.timeline.scene.bands.strips == ()


def test_a_chart_of_an_unknown_mode_is_shown_and_left_alone(stage):
    strange = replace(stage.document.song.charts[0], mode="kb7-single")
    stage.document.open(Song(timing=TimingMap.constant(120.0), charts=(strange,)))
    stage.view.start_s = -0.5
    song = stage.document.song
    assert near(colour(stage, stage.x(B), stage.y(1)), SNAP_COLOURS[4])
    click(stage, (stage.x(10 * B), stage.y(1)))
    click(stage, (stage.x(B), stage.y(1)))
    assert stage.document.selection.notes == {LaneNote(B, B, 1)}
    click(stage, (stage.x(B), stage.y(1)), RIGHT)
    stage.timeline.place_at_cursor(0)
    stage.timeline.nudge_snap(1)
    stage.timeline.mirror("horizontal")
    stage.timeline.toggle(0, LaneNote(B, B, 1))
    assert stage.document.song is song


def test_the_widget_has_a_name_for_screen_readers(stage):
    assert stage.timeline.accessibleName()
    QTest.keyClick(stage.timeline, Qt.Key.Key_F13)


def test_a_tool_places_only_where_there_are_lanes():
    mode = MODES["mania-4k"]
    assert put_note(mode, "mine", (0, 0), 3) == LaneNote(0, 0, 3, "tap")
    assert put_note(mode, "tap", (0, B), 0) == LaneNote(0, B, 0, "hold")
    assert put_note(mode, "tap", (0, 0), 4) is None
    assert put_note(mode, "", (0, 0), 0) is None
    assert put_note(None, "tap", (0, 0), 0) is None
