from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from chartstudio.core import provenance
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Effect, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as B
from chartstudio.core.timing import TimingMap
from chartstudio.editor import edits
from chartstudio.editor.checks import SongIssue
from chartstudio.editor.document import Document
from chartstudio.editor.selection import Selection
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.theme import DARK
from chartstudio.gui.timeline.bands import GUTTER_PX
from chartstudio.gui.timeline.minimap import HEIGHT_PX, Minimap
from chartstudio.gui.timeline.view import ViewState


class Stage:
    """A song of 100 s with notes from 40 s to 60 s, ten pixels per second."""

    def __init__(self, qtbot):
        notes = tuple(LaneNote(t * B, t * B, t % 4) for t in range(80, 120))
        song = Song(timing=TimingMap.constant(120.0), charts=(Chart("dance-single", notes=notes),))
        self.document, self.view = Document(song), ViewState()
        self.bridge = Bridge(self.document)
        self.at_s, self.sought = 0.0, []
        self.map = Minimap(self.document, self.bridge, self.view, lambda: self.at_s)
        self.map.seek_requested.connect(self.sought.append)
        qtbot.addWidget(self.map)
        self.map.resize(GUTTER_PX + 1000, HEIGHT_PX)
        self.map.set_duration(100.0)
        self.view.set_duration(100.0)
        self.view.set_width(1000)
        self.view.seconds_per_px = 0.01
        self.view.start_s = 20.0
        self.map.show()
        qtbot.waitExposed(self.map)

    def send(self, kind, x, button=Qt.MouseButton.LeftButton):
        where = QPointF(x, 50)
        held = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseButtonRelease else button
        keys = Qt.KeyboardModifier.NoModifier
        at = self.map.mapToGlobal(where)
        QApplication.sendEvent(self.map, QMouseEvent(kind, where, at, button, held, keys))

    def drag(self, *xs, button=Qt.MouseButton.LeftButton):
        self.send(QEvent.Type.MouseButtonPress, xs[0], button)
        for x in xs[1:]:
            self.send(QEvent.Type.MouseMove, x, button)
        self.send(QEvent.Type.MouseButtonRelease, xs[-1], button)

    def wheel(self, notches, keys=Qt.KeyboardModifier.NoModifier):
        where = QPointF(500, 50)
        event = QWheelEvent(
            where,
            self.map.mapToGlobal(where),
            QPoint(),
            QPoint(0, notches * 120),
            Qt.MouseButton.NoButton,
            keys,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self.map, event)

    def colour(self, seconds, y):
        return self.map.grab().toImage().pixelColor(round(self.map.x_of(seconds)), y)


@pytest.fixture
def stage(qtbot) -> Stage:
    return Stage(qtbot)


def filled(colour):
    return colour.blue() > colour.red() + 40


def test_the_curve_is_high_where_notes_are(stage):
    assert filled(stage.colour(50.0, HEIGHT_PX - 3))
    assert not filled(stage.colour(80.0, HEIGHT_PX - 3))
    stage.document.apply("", edits.set_chart(0, notes=()))
    assert not filled(stage.colour(50.0, HEIGHT_PX - 3))


def test_the_box_is_the_view(stage):
    box = stage.map.box()
    assert box.left() == pytest.approx(stage.map.x_of(20.0))
    assert box.width() == pytest.approx(100)
    stage.view.seconds_per_px = 0.0002
    assert stage.map.box().width() >= 4
    stage.view.show_all()
    assert stage.map.box().left() >= GUTTER_PX
    assert stage.map.box().right() <= stage.map.width()


def test_the_box_is_dragged(stage):
    x = stage.map.x_of(25.0)
    stage.drag(x, x + 50, x + 200)
    assert stage.view.start_s == pytest.approx(40.0)
    assert stage.sought == []


def test_a_press_beside_the_box_brings_it_and_a_click_seeks(stage):
    x = stage.map.x_of(70.0)
    stage.drag(x)
    assert (stage.view.start_s + stage.view.end_s) / 2 == pytest.approx(70.0)
    assert stage.sought == pytest.approx([70.0])
    stage.drag(x + 200, x + 100)
    assert (stage.view.start_s + stage.view.end_s) / 2 == pytest.approx(80.0)
    assert len(stage.sought) == 1
    stage.drag(x, button=Qt.MouseButton.RightButton)
    assert len(stage.sought) == 1


def test_the_wheel_scrolls_and_zooms(stage):
    stage.wheel(-1)
    assert stage.view.start_s == pytest.approx(22.5)
    middle = (stage.view.start_s + stage.view.end_s) / 2
    stage.wheel(2, Qt.KeyboardModifier.ControlModifier)
    assert stage.view.seconds_per_px < 0.01
    assert (stage.view.start_s + stage.view.end_s) / 2 == pytest.approx(middle)


def test_issues_of_the_active_chart_are_marks(stage):
    issues = [
        SongIssue(0, "x", "error", "", 0, 0, 80.0, 80.0),
        SongIssue(1, "x", "error", "", 0, 0, 90.0, 90.0),
    ]
    stage.map.set_issues(issues)
    rows = range(18, 27)
    assert any(stage.colour(80.05, y).red() > 200 for y in rows)
    assert not any(stage.colour(90.05, y).red() > 200 for y in rows)


def test_measures_say_who_wrote_them(stage):
    chart = stage.document.song.charts[0]
    chart = provenance.mark(chart, provenance.Generated(80 * B, 100 * B, "m", 1, "d"))
    chart = provenance.mark(chart, provenance.Generated(100 * B, 104 * B, "m", 1, "d", True))
    stage.document.apply("", lambda song: song.with_chart(0, chart))
    y = 30
    drafted, edited, hand, empty = (stage.colour(s + 0.5, y) for s in (42, 50, 56, 80))
    assert abs(drafted.hue() - DARK.ghost.hue()) < 15
    assert abs(edited.hue() - DARK.lock.hue()) < 15
    assert abs(hand.hue() - DARK.good.hue()) < 15
    assert empty.value() < 80


def test_section_names_and_the_selected_range_are_drawn(stage):
    before = stage.map.grab().toImage()
    song = replace(stage.document.song, effects=(Effect(20 * B, "label", ("verse",)),))
    stage.document.apply("", lambda _: song)
    stage.document.select(Selection(0, range=(120 * B, 160 * B)))
    after = stage.map.grab().toImage()
    verse, band = round(stage.map.x_of(10.0)), round(stage.map.x_of(70.0))
    row = [after.pixel(verse + dx, y) for dx in range(40) for y in range(4, 16)]
    assert row != [before.pixel(verse + dx, y) for dx in range(40) for y in range(4, 16)]
    assert after.pixelColor(band, 60).blue() > before.pixelColor(band, 60).blue() + 20


def test_the_playhead_moves_without_a_new_picture(stage, qtbot):
    stage.map.grab()
    picture = stage.map._picture
    stage.at_s = 30.0
    qtbot.waitUntil(lambda: stage.map._drawn_position_s == 30.0)
    assert stage.map._picture is picture
    assert stage.colour(30.0, 10) == DARK.accent


def test_gimmick_tempos_and_empty_songs_are_survived(stage):
    chart = stage.document.song.charts[0]
    fast = Song(timing=TimingMap.constant(9e9), charts=(replace(chart, notes=()),))
    stage.document.open(fast)
    stage.map.grab()
    stage.document.open(Song())
    stage.map.grab()
    assert stage.map.accessibleName()
