"""Playfields: what the strip and the preview show of osu! and Beat Saber, and editing there."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from window_rig import BEAT

from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.timing import TimingMap
from chartstudio.editor.selection import Selection
from chartstudio.gui.playback import note_ticks
from chartstudio.gui.playfield import PLAYFIELDS
from chartstudio.gui.timeline.looks import COMBO, LIFT, LOOKS
from chartstudio.gui.timeline.rows import put_note, rows_of, stretches
from chartstudio.modes import MODES
from chartstudio.modes.beatsaber.notes import Arc, Bomb, Chain, ColorNote, Wall
from chartstudio.modes.osu.notes import Circle, Slider, Spinner

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CTRL = Qt.KeyboardModifier.ControlModifier

CIRCLE = Circle(4 * BEAT, 4 * BEAT, 100.0, 100.0, True)
SLIDER = Slider(6 * BEAT, 8 * BEAT, 300.0, 200.0, "L", (("", 400.0, 200.0),), 100.0, 2)
OBJECTS = (CIRCLE, SLIDER, Spinner(12 * BEAT, 16 * BEAT, True))
RED = ColorNote(4 * BEAT, 4 * BEAT, 1, 0, 0, 1)
BLUE = ColorNote(4 * BEAT, 4 * BEAT, 2, 2, 1, 0)
BLOCKS = (RED, BLUE, Bomb(5 * BEAT, 5 * BEAT, 0, 0), Wall(8 * BEAT, 9 * BEAT, 3, 0, 1, 5))


class Stage:
    """A window on one chart with a playfield, and a mouse that knows its unit."""

    def __init__(self, window):
        self.window, self.studio = window, window.studio
        self.view = window.field.view

    @property
    def notes(self):
        return self.studio.document.song.charts[0].notes

    def px(self, x, y) -> QPoint:
        return self.view._transform(self.view.field).map(QPointF(x, y)).toPoint()

    def click(self, x, y, button=LEFT, keys=Qt.KeyboardModifier.NoModifier):
        QTest.mouseClick(self.view, button, keys, self.px(x, y))

    def drag(self, start, end):
        QTest.mousePress(self.view, LEFT, Qt.KeyboardModifier.NoModifier, self.px(*start))
        QTest.mouseMove(self.view, self.px(*end))
        QTest.mouseRelease(self.view, LEFT, Qt.KeyboardModifier.NoModifier, self.px(*end))

    def go(self, beats):
        self.studio.timeline.go_to(round(beats * BEAT))

    def select(self, *notes):
        self.studio.document.select(Selection(0, frozenset(notes)))

    def type(self, qtbot, key):
        """Press a key with the focus on the preview."""
        self.window.activateWindow()
        self.window.actions_["window.to-playfield"].trigger()
        qtbot.waitUntil(self.view.hasFocus)
        qtbot.keyClick(self.view, key)

    def undo_all(self) -> int:
        n_steps = 0
        while self.studio.document.undo():
            n_steps += 1
        return n_steps


@pytest.fixture
def stage(make_window, qtbot):
    """Builds a stage for the notes of a mode."""

    def make(mode, notes):
        window = make_window()
        charts = (Chart(mode, "Hard", None, notes), Chart("dance-single", "Easy", 1.0))
        song = Song(Metadata(title="Field"), "", TimingMap.constant(120.0), charts)
        window.studio.document.open(song)
        qtbot.waitUntil(window.below.isVisible)
        return Stage(window)

    return make


@pytest.fixture
def osu(stage):
    return stage("osu", OBJECTS)


@pytest.fixture
def saber(stage):
    return stage("beatsaber", BLOCKS)


# The table and the strip -----------------------------------------------------------------


def test_every_space_of_every_mode_has_rows():
    for mode in MODES.values():
        assert rows_of(mode), mode.id
        assert (mode.layout.space in PLAYFIELDS) == (not mode.layout.lanes), mode.id


def test_every_kind_of_every_mode_can_be_put_on_a_strip():
    for mode in MODES.values():
        for kind in mode.kinds:
            assert put_note(mode, kind, (0, BEAT), 0) is not None, (mode.id, kind)


@pytest.mark.parametrize(
    ("mode", "kind", "is_long"),
    [
        ("dance-single", "tap", True),
        ("dance-single", "mine", False),
        ("taiko", "don", False),
        ("taiko", "drumroll", True),
        ("osu", "circle", False),
        ("osu", "slider", True),
        ("beatsaber", "red", False),
        ("beatsaber", "wall", True),
    ],
)
def test_which_tools_pull_notes_long(mode, kind, is_long):
    assert stretches(MODES[mode], kind) == is_long


def test_osu_objects_take_the_colours_of_their_combos():
    notes = (CIRCLE, Circle(5 * BEAT, 5 * BEAT, 0, 0), *OBJECTS[1:])
    later = Circle(20 * BEAT, 20 * BEAT, 0, 0, True, 1)
    found = PLAYFIELDS["osu"].faces((*notes, later))
    assert [LOOKS[i].name for i in found.looks] == [
        *("circle", "circle", "slider", "spinner", "circle")
    ]
    rgb = [QColor(c).rgb() for c in COMBO]
    assert found.tints.tolist() == [rgb[0], rgb[0], rgb[0], 0, rgb[3]]
    assert found.turns.tolist() == [1, 1, 2, 1, 1]
    assert set(found.rows.tolist()) == {0}


def test_beat_saber_rows_are_columns_and_height_is_a_lift():
    arc = Arc(0, BEAT, 0, 0, 0, 1, 2, 2, 8)
    chain = Chain(0, BEAT, 3, 2, 1, 1, 3, 0, 5)
    crouch = Wall(0, BEAT, 0, 2, 4, 3)
    modded = ColorNote(0, 0, -3, 7, 1, 1045)
    notes = (RED, BLUE, crouch, arc, chain, modded)
    found = PLAYFIELDS["beatsaber"].faces(notes)
    names = [LOOKS[i].name for i in found.looks]
    assert names == ["red-1", "blue-0", "beam", "red-arc", "blue-chain-1", "blue-8"]
    assert found.rows.tolist() == [1, 2, 0, 0, 3, 0]
    assert found.lifts[0] > 0 > found.lifts[1]
    assert found.widths.tolist() == [1, 1, 4, 1, 1, 1]
    assert found.tails[3] == pytest.approx(2 - 10 / LIFT)
    assert found.tails[4] > 0


def test_notes_of_playfields_are_drawn_on_their_strips(osu):
    timeline = osu.studio.timeline
    osu.studio.view.show_range(0.0, 8.0)
    picture = timeline.grab().toImage()
    strip = timeline.scene.bands.strips[0]
    x = timeline.scene.x(CIRCLE.tick, timeline.timing)
    # Between the middle and the ring.
    found = picture.pixelColor(round(x) + 3, round(strip.lane_y(0)))
    wanted = QColor(COMBO[0])
    assert abs(found.red() - wanted.red()) + abs(found.blue() - wanted.blue()) < 60


def test_beat_saber_notes_of_one_column_are_told_apart_by_height(saber):
    from chartstudio.gui.timeline.pointer import pointer_at

    saber.studio.view.show_range(0.0, 6.0)
    high = ColorNote(4 * BEAT, 4 * BEAT, 1, 2, 0, 1)
    saber.studio.timeline.put(high)
    scene = saber.studio.timeline.scene
    strip, x = scene.bands.strips[0], scene.x(4 * BEAT, scene.timing)
    above = pointer_at(scene, x, strip.lane_y(1) - strip.lane_px * 0.3)
    below = pointer_at(scene, x, strip.lane_y(1) + strip.lane_px * 0.3)
    assert (above.note, below.note) == (high, RED)


def test_sliders_tick_where_they_are_heard():
    timing = TimingMap.constant(120.0)
    found = note_ticks(OBJECTS, "osu", timing)
    assert found.times_s.tolist() == [2.0, 3.0, 3.5, 4.0, 8.0]
    assert note_ticks(BLOCKS, "beatsaber", timing).times_s.tolist() == [2.0]


# The dock --------------------------------------------------------------------------------


def test_the_preview_is_there_for_playfields_only(osu, qtbot):
    window = osu.window
    assert window.actions_["window.playfield"].isEnabled()
    osu.studio.document.select(Selection(chart=1))
    qtbot.waitUntil(lambda: not window.below.isVisible())
    osu.studio.document.select(Selection(chart=0))
    qtbot.waitUntil(window.below.isVisible)
    window.actions_["window.playfield"].trigger()
    assert not window.below.isVisible()
    osu.studio.document.select(Selection(chart=1))
    osu.studio.document.select(Selection(chart=0))
    assert not window.below.isVisible()


def test_kinds_are_those_of_the_mode(osu):
    kinds = osu.window.field.kinds
    assert [made.text() for made in kinds._buttons.values()] == ["circle", "slider", "spinner"]
    assert kinds._buttons["circle"].isChecked()
    kinds._buttons["slider"].click()
    assert osu.studio.view.tool_kind == "slider"
    assert osu.window.actions_["note.kind-slider"].isEnabled()
    assert not osu.window.actions_["note.kind-don"].isEnabled()


# osu! ------------------------------------------------------------------------------------


def test_a_click_puts_a_circle_at_the_playheads_line(osu):
    osu.go(1.01)
    osu.click(200, 150)
    made = osu.notes[0]
    assert isinstance(made, Circle)
    assert made.tick == BEAT
    assert (made.x, made.y) == (pytest.approx(200, abs=2), pytest.approx(150, abs=2))
    assert osu.undo_all() == 1
    assert osu.notes == OBJECTS


def test_a_slider_is_pulled_at_the_speed_in_force(osu):
    osu.studio.view.tool_kind = "slider"
    osu.go(1)
    osu.drag((100, 300), (100 + 140, 300))
    made = osu.notes[0]
    assert isinstance(made, Slider)
    # 140 osu! pixels a beat at the usual slider multiplier of 1.4.
    assert (made.tick, made.end) == (BEAT, 2 * BEAT)
    assert made.length_px == pytest.approx(140)
    assert made.points[0][1] == pytest.approx(240, abs=2)
    assert osu.undo_all() == 1


def test_dragging_moves_the_selected_objects_within_the_field(osu):
    osu.go(3.9)
    osu.select(CIRCLE, SLIDER)
    osu.drag((100, 100), (150, 120))
    circle, slider, _ = osu.notes
    dx, dy = circle.x - 100, circle.y - 100
    assert (dx, dy) == (pytest.approx(50, abs=2), pytest.approx(20, abs=2))
    assert (slider.x, slider.points[0][1]) == (300 + dx, 400 + dx)
    assert osu.studio.document.selection.notes == {circle, slider}
    osu.drag((circle.x, circle.y), (circle.x, 500))
    assert osu.notes[1].y == 384
    assert osu.undo_all() == 2


def test_the_right_button_deletes_and_ctrl_selects(osu):
    osu.go(3.9)
    osu.click(100, 100, keys=CTRL)
    assert osu.studio.document.selection.notes == {CIRCLE}
    # On the slider's body, which is seen before its time.
    osu.go(6)
    osu.click(380, 200, button=RIGHT)
    assert osu.notes == (CIRCLE, OBJECTS[2])


def test_the_strip_puts_circles_where_the_last_one_was(osu):
    timeline = osu.studio.timeline
    timeline.place(0, 0, BEAT, BEAT)
    assert (osu.notes[0].x, osu.notes[0].y) == (256, 192)
    osu.go(2)
    osu.click(50, 60)
    put = next(n for n in osu.notes if n.tick == 2 * BEAT)
    timeline.place(0, 0, 3 * BEAT, 3 * BEAT)
    again = next(n for n in osu.notes if n.tick == 3 * BEAT)
    assert (again.x, again.y) == (put.x, put.y)


def test_moving_on_the_strip_keeps_the_place(osu):
    osu.studio.timeline.move_notes(0, frozenset(OBJECTS), BEAT, 3)
    assert [n.tick for n in osu.notes] == [5 * BEAT, 7 * BEAT, 13 * BEAT]
    assert (osu.notes[0].x, osu.notes[0].y) == (100, 100)
    assert osu.notes[1].points == SLIDER.points


def test_keys_move_objects_and_begin_combos(osu, qtbot):
    osu.select(SLIDER)
    osu.type(qtbot, Qt.Key.Key_Right)
    assert osu.notes[1].x == 308
    osu.type(qtbot, Qt.Key.Key_Q)
    assert osu.notes[1].new_combo
    osu.type(qtbot, Qt.Key.Key_Q)
    assert not osu.notes[1].new_combo


def test_escape_gives_a_drag_up(osu):
    osu.go(3.9)
    QTest.mousePress(osu.view, LEFT, Qt.KeyboardModifier.NoModifier, osu.px(100, 100))
    QTest.mouseMove(osu.view, osu.px(200, 200))
    QTest.keyClick(osu.view, Qt.Key.Key_Escape)
    QTest.mouseRelease(osu.view, LEFT, Qt.KeyboardModifier.NoModifier, osu.px(200, 200))
    assert osu.notes == OBJECTS


def test_circles_are_drawn_around_their_time_only(osu):
    def ring(beats):
        osu.go(beats)
        at = osu.px(100 + 20, 100)
        return osu.view.grab().toImage().pixelColor(at)

    wanted = QColor(COMBO[0])
    assert abs(ring(3.9).red() - wanted.red()) < 30
    assert ring(0).red() < 60
    assert ring(7).red() < 60


# Beat Saber ------------------------------------------------------------------------------


def test_a_click_in_a_cell_puts_a_block_cut_the_way_it_is_pulled(saber):
    saber.studio.view.tool_kind = "blue"
    saber.go(2)
    saber.drag((3.5, 1.5), (3.5, 0.6))
    assert saber.notes[0] == ColorNote(2 * BEAT, 2 * BEAT, 3, 1, 1, 0)
    saber.click(0.5, 2.5)
    # Without a pull, the last direction.
    assert ColorNote(2 * BEAT, 2 * BEAT, 0, 0, 1, 0) in saber.notes
    assert saber.undo_all() == 2


def test_an_arc_ends_where_it_is_pulled_to(saber):
    saber.studio.view.tool_kind = "arc"
    saber.go(2)
    saber.drag((0.5, 2.5), (2.5, 0.5))
    arc = saber.notes[0]
    assert isinstance(arc, Arc)
    assert (arc.x, arc.y, arc.tail_x, arc.tail_y) == (0, 0, 2, 2)
    assert arc.end > arc.tick


def test_number_keys_turn_the_selected_blocks_and_those_to_come(saber, qtbot):
    saber.select(RED, BLUE)
    saber.type(qtbot, Qt.Key.Key_7)
    assert [n.direction for n in saber.notes[:2]] == [4, 4]
    saber.go(2)
    saber.select()
    saber.click(1.5, 1.5)
    assert saber.notes[0].direction == 4


def test_blocks_are_dragged_by_cells_and_stop_at_the_edge(saber):
    saber.go(4)
    saber.select(RED, BLUE)
    saber.drag((1.5, 2.5), (0.4, 2.4))
    assert [(n.x, n.y) for n in saber.notes[:2]] == [(0, 0), (1, 2)]
    saber.drag((0.5, 2.5), (0.5, 0.5))
    # The upper one is at the top already.
    assert [(n.x, n.y) for n in saber.notes[:2]] == [(0, 0), (1, 2)]
    assert saber.undo_all() == 1


def test_rows_of_the_strip_are_columns(saber):
    timeline = saber.studio.timeline
    timeline.place(0, 3, BEAT, BEAT)
    assert saber.notes[0].x == 3
    timeline.move_notes(0, frozenset({saber.notes[0]}), 0, -2)
    assert saber.notes[0].x == 1
    timeline.move_notes(0, frozenset({RED, BLUE}), 0, 9)
    assert [n.x for n in saber.notes if n.tick == 4 * BEAT] == [2, 3]


def test_blocks_bombs_and_walls_are_drawn(saber):
    saber.go(4)
    picture = saber.view.grab().toImage()
    red = picture.pixelColor(saber.px(1.5 - 0.3, 2.5))
    blue = picture.pixelColor(saber.px(2.5 - 0.3, 0.5))
    assert red.red() > 150 > red.blue()
    assert blue.blue() > 150 > blue.red()
    saber.go(8.5)
    wall = saber.view.grab().toImage().pixelColor(saber.px(3.5, 1.5))
    assert wall.red() > wall.blue() + 5


def test_right_click_in_a_cell_deletes_what_is_due(saber):
    saber.go(4)
    saber.click(1.5, 2.5, button=RIGHT)
    assert RED not in saber.notes
    assert BLUE in saber.notes


# What cannot be drafted ------------------------------------------------------------------


def test_drafting_says_that_it_cannot(make_window, answers, qtbot):
    window = make_window()
    studio = window.studio
    taps = tuple(LaneNote(i * BEAT, i * BEAT, i) for i in range(4))
    charts = (Chart("pump-double", "Hard", None, taps), Chart("dance-single", "Easy", 1.0))
    studio.document.open(Song(Metadata(title="Field"), "", TimingMap.constant(120.0), charts))
    qtbot.waitUntil(lambda: "cannot be drafted yet" in window.draft._refusal.text())
    assert not window.draft._start.isEnabled()
    assert not studio.drafting.can_start
    window.activateWindow()
    studio.timeline.setFocus()
    qtbot.keyClick(studio.timeline, Qt.Key.Key_G)
    assert answers.errors == []
    assert studio.document.active_chart.notes == taps
    studio.document.select(Selection(chart=1))
    assert window.draft._refusal.text() == ""


@pytest.mark.parametrize("mode", ["osu", "beatsaber"])
def test_other_playfields_can_be_drafted(stage, mode):
    shown = stage(mode, OBJECTS if mode == "osu" else BLOCKS)
    assert shown.window.draft._refusal.text() == ""


def test_copies_go_to_another_chart_of_the_mode(osu, qtbot):
    studio = osu.studio
    osu.select(*OBJECTS)
    studio.timeline.copy()
    osu.select()
    osu.go(20)
    studio.timeline.paste()
    assert len(osu.notes) == 6
    assert osu.notes[4] == Slider(22 * BEAT, 24 * BEAT, 300.0, 200.0, "L", SLIDER.points, 100.0, 2)
    studio.document.select(Selection(chart=1))
    studio.timeline.paste()
    assert studio.document.song.charts[1].notes == ()
    studio.timeline.put(LaneNote(0, 0, 0))


# Proposed notes --------------------------------------------------------------------------


def _colours(view):
    """How many pixels of a view have each of the colours that ghosts and notes are drawn in."""
    image = view.grab().toImage()
    ghost, plain = QColor("#b48cff"), QColor(COMBO[0])
    found = {"ghost": 0, "plain": 0}
    for x in range(0, image.width(), 2):
        for y in range(0, image.height(), 2):
            colour = image.pixelColor(x, y)
            for name, wanted in (("ghost", ghost), ("plain", plain)):
                away = abs(colour.red() - wanted.red()) + abs(colour.green() - wanted.green())
                found[name] += away + abs(colour.blue() - wanted.blue()) < 40
    return found


def _propose(stage, notes, spans, stays=frozenset()):
    stage.studio.timeline.set_ghosts(0, notes, spans, "candidate A", stays)


def test_osu_shows_proposed_objects_dashed_and_those_they_replace_faint(osu):
    osu.go(3.9)
    before = _colours(osu.view)
    assert before["plain"] > 20
    assert not before["ghost"]
    circle = Circle(4 * BEAT, 4 * BEAT, 400.0, 300.0, True)
    slider = Slider(5 * BEAT, 6 * BEAT, 200.0, 60.0, "L", (("", 320.0, 60.0),), 120.0, 1)
    _propose(osu, (circle, slider), ((0, 8 * BEAT),))
    now = _colours(osu.view)
    assert now["ghost"] > 20
    assert now["plain"] < before["plain"] / 10
    _propose(osu, (circle,), ((0, 8 * BEAT),), frozenset({CIRCLE}))
    assert _colours(osu.view)["plain"] == pytest.approx(before["plain"], rel=0.3)
    osu.studio.timeline.clear_ghosts()
    assert _colours(osu.view) == before


def test_ghosts_of_another_chart_are_not_shown(osu):
    osu.go(3.9)
    _propose(osu, (Circle(4 * BEAT, 4 * BEAT, 400.0, 300.0, True),), ((0, 8 * BEAT),))
    osu.studio.document.select(Selection(chart=1))
    assert osu.studio.timeline.ghosts_here is None
    assert osu.view.shot() is None


def test_proposed_objects_cannot_be_grabbed(osu):
    osu.go(3.9)
    ghost = Circle(4 * BEAT, 4 * BEAT, 400.0, 300.0, True)
    _propose(osu, (ghost,), ((0, 8 * BEAT),))
    osu.click(400, 300, RIGHT)
    assert osu.notes == OBJECTS


def test_proposed_blocks_keep_the_colour_of_their_hand(saber):
    saber.go(4)
    kinds = (
        ColorNote(4 * BEAT, 4 * BEAT, 0, 0, 0, 1),
        ColorNote(4 * BEAT, 4 * BEAT, 3, 1, 1, 0),
        Bomb(4 * BEAT, 4 * BEAT, 1, 2),
        Wall(4 * BEAT, 5 * BEAT, 2, 0, 1, 5),
        Arc(4 * BEAT, 5 * BEAT, 0, 0, 0, 1, 1, 1, 1),
        Chain(4 * BEAT, 5 * BEAT, 3, 2, 1, 1, 3, 0, 4),
    )
    _propose(saber, kinds, ((0, 8 * BEAT),))
    assert _colours(saber.view)["ghost"] > 20

    def left(note):
        _propose(saber, (note,), ((0, 8 * BEAT),))
        image = saber.view.grab().toImage()
        return image.pixelColor(saber.px(0.2, 2.2))

    red, blue = (left(ColorNote(4 * BEAT, 4 * BEAT, 0, 0, hand, 1)) for hand in (0, 1))
    assert red.red() > red.blue()
    assert blue.blue() > blue.red()
