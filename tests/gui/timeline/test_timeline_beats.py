"""Beat lines under the mouse and the keys: dragged, caught by sounds, put and removed."""

import random
from contextlib import suppress

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from chartstudio.audio.peaks import Peaks
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.ticks import TICKS_PER_BEAT as B
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.editor import edits
from chartstudio.editor.selection import Selection
from chartstudio.formats import write_song
from chartstudio.gui.timeline.bands import TEMPO_PX
from chartstudio.gui.timeline.beat_drag import BeatDrag
from chartstudio.gui.timeline.beat_overlay import preview
from chartstudio.gui.timeline.drag import IDLE

NONE = Qt.KeyboardModifier.NoModifier
ALT, CTRL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
RATE_HZ = 8_000
TEMPO_Y, WAVE_Y = TEMPO_PX / 2, TEMPO_PX + 30


def send(stage, kind, at, button=LEFT, keys=NONE):
    event = QMouseEvent(kind, QPointF(*at), QPointF(*at), button, button, keys)
    QApplication.sendEvent(stage.timeline, event)


def pull(stage, first, *points, keys=NONE, moving=NONE, let_go=True):
    """Press, move along, and let go; ``moving`` keys are held from then on."""
    send(stage, QEvent.Type.MouseButtonPress, first, keys=keys)
    for at in points:
        send(stage, QEvent.Type.MouseMove, at, keys=moving)
    if let_go:
        send(stage, QEvent.Type.MouseButtonRelease, points[-1] if points else first)


def timing(stage) -> TimingMap:
    return stage.document.song.timing


def bend(stage, *anchors):
    stage.document.apply("x", edits.retime(TimingMap(anchors), "ticks"))


@pytest.fixture
def clicks(stage):
    """Clicks every half second, 12 ms late, under beats of 120 BPM."""
    samples = np.random.default_rng(0).normal(0, 0.001, (1, 20 * RATE_HZ)).astype(np.float32)
    for i in range(40):
        at = round((i * 0.5 + 0.012) * RATE_HZ)
        samples[0, at : at + 40] += np.float32(0.8)
    stage.timeline.set_peaks(Peaks.of(samples, RATE_HZ), 20.0)
    return stage


def test_alt_drags_the_nearest_beat_as_one_edit(stage):
    song = stage.document.song
    x = stage.x(4 * B)
    pull(stage, (x + 6, WAVE_Y), (x + 20, WAVE_Y), (x + 26, WAVE_Y), keys=ALT)
    assert [a.tick for a in timing(stage).anchors] == [0, 4 * B, 8 * B]
    assert timing(stage).seconds_at(4 * B) == pytest.approx(2.2)
    assert timing(stage).seconds_at(8 * B) == pytest.approx(4.0)
    assert stage.document.song.charts == song.charts
    stage.document.undo()
    assert stage.document.song is song


def test_later_beats_move_when_they_are_told_to(stage):
    stage.view.later_beats = "move"
    x = stage.x(4 * B)
    pull(stage, (x, TEMPO_Y), (x + 20, TEMPO_Y), keys=ALT)
    assert timing(stage).anchors[0].bpm == pytest.approx(4 * 60 / 2.2)
    assert len(timing(stage).anchors) == 1


def test_notes_keep_their_seconds_when_they_are_told_to(stage):
    stage.view.notes_keep = "seconds"
    was = timing(stage).seconds_at(8 * B)
    x = stage.x(4 * B)
    pull(stage, (x, TEMPO_Y), (x + 20, TEMPO_Y), keys=ALT)
    last = stage.notes[-1]
    assert timing(stage).seconds_at(last.tick) == pytest.approx(was, abs=1e-4)
    third = stage.notes[2]
    assert third.tick != 2 * B
    assert timing(stage).seconds_at(third.tick) == pytest.approx(1.0, abs=1e-4)


def test_the_tool_drags_without_a_key_and_a_click_goes_to_the_beat(stage):
    x = stage.x(4 * B)
    pull(stage, (x, WAVE_Y), (x + 20, WAVE_Y))
    assert len(timing(stage).anchors) == 1
    stage.view.drags_beats = True
    pull(stage, (x + 5, WAVE_Y))
    assert stage.sought[-1] == pytest.approx(2.0)
    assert len(timing(stage).anchors) == 1
    pull(stage, (x, WAVE_Y), (x - 20, WAVE_Y))
    assert timing(stage).seconds_at(4 * B) == pytest.approx(1.8)


def test_a_flag_is_dragged_without_a_key(stage):
    bend(stage, Anchor(0, 0.0, 120.0), Anchor(8 * B, 4.0, 150.0))
    x = stage.x(8 * B)
    pull(stage, (x + 3, TEMPO_Y), (x + 13, TEMPO_Y))
    assert timing(stage).anchors[1].seconds == pytest.approx(4.1)
    assert timing(stage).anchors[0].bpm == pytest.approx(8 * 60 / 4.1)


def test_escape_and_an_undo_give_the_drag_up(stage):
    song, x = stage.document.song, stage.x(4 * B)
    pull(stage, (x, WAVE_Y), (x + 20, WAVE_Y), keys=ALT, let_go=False)
    assert isinstance(stage.timeline.state, BeatDrag)
    QTest.keyClick(stage.timeline, Qt.Key.Key_Escape)
    assert not isinstance(stage.timeline.state, BeatDrag)
    send(stage, QEvent.Type.MouseButtonRelease, (x + 20, WAVE_Y))
    assert stage.document.song is song


def test_a_drag_shows_the_beats_where_they_will_be(stage):
    x = stage.x(4 * B)
    pull(stage, (x, WAVE_Y), (x + 20, WAVE_Y), keys=ALT, let_go=False)
    picture = stage.timeline.grab().toImage()
    line = picture.pixelColor(round(x + 20), TEMPO_PX + 60)
    assert line.red() > 200
    assert line.red() > line.blue() + 60
    shown = preview(stage.timeline.scene, stage.timeline.state)
    send(stage, QEvent.Type.MouseButtonRelease, (x + 20, WAVE_Y))
    assert timing(stage) == shown


def test_what_cannot_be_is_shown_and_told_and_changes_nothing(stage, qtbot):
    song, x = stage.document.song, stage.x(4 * B)
    pull(stage, (x, WAVE_Y), (x + 250, WAVE_Y), keys=ALT, let_go=False)
    assert isinstance(preview(stage.timeline.scene, stage.timeline.state), ChartStudioError)
    stage.timeline.grab()
    with qtbot.waitSignal(stage.timeline.refused) as told:
        send(stage, QEvent.Type.MouseButtonRelease, (x + 250, WAVE_Y))
    assert "no room" in str(told.args[0])
    assert stage.document.song is song


def test_a_dragged_beat_is_caught_by_a_sound_unless_ctrl_is_held(clicks):
    x = clicks.x(4 * B)
    pull(clicks, (x, WAVE_Y), (x + 5, WAVE_Y), (x + 2, WAVE_Y), keys=ALT)
    assert timing(clicks).seconds_at(4 * B) == pytest.approx(2.012, abs=0.0005)
    clicks.document.undo()
    pull(clicks, (x, WAVE_Y), (x + 5, WAVE_Y), (x + 2, WAVE_Y), keys=ALT, moving=CTRL)
    assert timing(clicks).seconds_at(4 * B) == pytest.approx(2.02)
    clicks.document.undo()
    clicks.view.magnetic = False
    pull(clicks, (x, WAVE_Y), (x + 5, WAVE_Y), (x + 2, WAVE_Y), keys=ALT)
    assert timing(clicks).seconds_at(4 * B) == pytest.approx(2.02)


def test_a_double_click_puts_a_change_and_a_right_click_takes_it(stage):
    x = stage.x(4 * B)
    at = (x + 2, TEMPO_Y)
    send(stage, QEvent.Type.MouseButtonPress, at)
    send(stage, QEvent.Type.MouseButtonRelease, at)
    send(stage, QEvent.Type.MouseButtonDblClick, at)
    send(stage, QEvent.Type.MouseButtonRelease, at)
    assert [a.tick for a in timing(stage).anchors] == [0, 4 * B]
    send(stage, QEvent.Type.MouseButtonPress, (x + 60, TEMPO_Y), RIGHT)
    send(stage, QEvent.Type.MouseButtonRelease, (x + 60, TEMPO_Y), RIGHT)
    assert len(timing(stage).anchors) == 2
    send(stage, QEvent.Type.MouseButtonPress, (x + 3, TEMPO_Y), RIGHT)
    send(stage, QEvent.Type.MouseButtonRelease, (x + 3, TEMPO_Y), RIGHT)
    assert len(timing(stage).anchors) == 1
    assert stage.document.undo_label == "Remove tempo change"


def test_the_pointer_says_what_can_be_pulled(stage):
    over = {"flag": (stage.x(0) + 2, TEMPO_Y), "wave": (stage.x(4 * B), WAVE_Y)}

    def shape(at):
        send(stage, QEvent.Type.MouseMove, over[at], Qt.MouseButton.NoButton)
        return stage.timeline.cursor().shape()

    assert shape("flag") is Qt.CursorShape.SplitHCursor
    assert shape("wave") is Qt.CursorShape.ArrowCursor
    stage.view.drags_beats = True
    assert shape("wave") is Qt.CursorShape.SplitHCursor


# Keys -------------------------------------------------------------------------------------


def test_verbs_work_at_the_playhead(stage):
    line = stage.timeline
    line.go_to(8 * B)
    line.insert_change()
    line.set_bpm(150.0)
    line.nudge_bpm(-0.001)
    assert [a.bpm for a in timing(stage).anchors] == [120.0, 149.999]
    line.set_meter(3)
    assert timing(stage).position(11 * B).measure == 4
    line.go_to(12 * B)
    line.start_bar()
    assert timing(stage).position(12 * B).beat == 1
    line.go_to_change(-1)
    assert line.cursor_tick == 8 * B
    line.go_to_change(1)
    assert line.cursor_tick == 12 * B
    line.go_to_change(1)
    assert line.cursor_tick == 12 * B
    line.remove_change()
    line.remove_change(8 * B)
    assert [a.bpm for a in timing(stage).anchors] == [120.0]


def test_grid_verbs_move_everything(stage):
    line = stage.timeline
    line.shift_grid(0.01)
    line.shift_beats(0.5)
    assert timing(stage).anchors[0].seconds == pytest.approx(0.26)
    line.scale_tempo(2.0)
    assert timing(stage).anchors[0].bpm == 240.0
    assert stage.document.undo_label == "Double tempo"


def test_pauses_are_put_and_taken_at_the_playhead(stage):
    line = stage.timeline
    line.go_to(4 * B)
    stage.view.later_beats = "move"
    line.insert_pause(0.5, Cause.STOP)
    assert timing(stage).seconds_at(5 * B) == pytest.approx(3.0)
    line.remove_change()
    assert timing(stage).seconds_at(5 * B) == pytest.approx(2.5)


def test_a_beat_is_nudged_by_keys_and_the_playhead_goes_with_it(stage):
    line = stage.timeline
    line.go_to(4 * B)
    for _ in range(3):
        line.move_beat(0.001)
    assert timing(stage).seconds_at(4 * B) == pytest.approx(2.003)
    assert line.cursor_tick == 4 * B
    assert [a.tick for a in timing(stage).anchors] == [0, 4 * B, 8 * B]


def test_a_beat_goes_onto_the_sound_near_it(clicks):
    line = clicks.timeline
    line.go_to(4 * B)
    line.snap_beat()
    assert timing(clicks).seconds_at(4 * B) == pytest.approx(2.012, abs=0.0005)
    with pytest.raises(ChartStudioError, match="Nothing sets in"):
        line.snap_beat(80 * B)


def test_without_sound_nothing_is_near(stage):
    assert stage.timeline.transient_near(2.0) is None
    assert stage.timeline.catch(2.0) == 2.0


def test_a_change_off_the_grid_is_reached_and_removed_by_keys(stage):
    bend(stage, Anchor(0, 0.0, 120.0), Anchor(4 * B + 420, 2.0, 120.0))
    line = stage.timeline
    line.go_to_change(1)
    line.move_beat(0.01)
    assert timing(stage).seconds_at(4 * B + 420) == pytest.approx(2.01)
    line.insert_pause(0.5, Cause.STOP)
    line.remove_change()
    assert stage.document.undo_label == "Remove stop"
    line.remove_change()
    assert 4 * B + 420 not in {a.tick for a in timing(stage).anchors}


def test_why_a_beat_cannot_go_there_is_read_when_it_is_dragged_out_of_sight(stage):
    stage.timeline.set_peaks(None, 60.0)
    bend(stage, Anchor(0, 0.0, 120.0), Anchor(8 * B, 4.0, 120.0))
    x = stage.x(4 * B)
    pull(stage, (x, WAVE_Y), (x + 20, WAVE_Y), (x + 3000, WAVE_Y), keys=ALT, let_go=False)
    assert isinstance(preview(stage.timeline.scene, stage.timeline.state), ChartStudioError)
    picture = stage.timeline.grab().toImage()
    bad = stage.timeline._kit.theme.bad.name()
    rows = range(TEMPO_PX + 6, TEMPO_PX + 26)
    last = picture.width() - 8
    seen = [
        x for x in range(picture.width()) for y in rows if picture.pixelColor(x, y).name() == bad
    ]
    assert seen
    assert max(seen) < last


# Random hands -----------------------------------------------------------------------------


def _mouse(stage, rng):
    """A press somewhere above the notes, dragged or not, with any button and key."""
    x = stage.x(rng.randrange(0, 36) * B // 2) + rng.uniform(-3, 3)
    y = rng.choice([TEMPO_Y, WAVE_Y])
    what = rng.randrange(4)
    if what == 0:
        send(stage, QEvent.Type.MouseButtonDblClick, (x, TEMPO_Y))
        send(stage, QEvent.Type.MouseButtonRelease, (x, TEMPO_Y))
    elif what == 1:
        send(stage, QEvent.Type.MouseButtonPress, (x, TEMPO_Y), button=RIGHT)
        send(stage, QEvent.Type.MouseButtonRelease, (x, TEMPO_Y), button=RIGHT)
    else:
        to = x + rng.uniform(-30, 30)
        held = rng.choice([NONE, CTRL])
        pull(stage, (x, y), ((x + to) / 2, y), (to, y), keys=rng.choice([ALT, NONE]), moving=held)


def _switch(stage, rng):
    view, line = stage.view, stage.timeline
    view.notes_keep = rng.choice(["ticks", "seconds"])
    view.later_beats = rng.choice(["stay", "move"])
    line.pauses_later = rng.choice(["stay", "move"])
    view.magnetic, view.drags_beats = rng.random() < 0.5, rng.random() < 0.5


def _hand(stage, rng):
    line = stage.timeline
    line.go_to(rng.randrange(0, 24) * B // 2)
    pause = rng.choice([Cause.STOP, Cause.DELAY])
    verbs = (
        lambda: line.shift_grid(rng.choice([-0.01, 0.001, 0.0001])),
        lambda: line.shift_beats(rng.choice([0.5, 1.0])),
        lambda: line.scale_tempo(rng.choice([0.5, 2.0])),
        lambda: line.set_bpm(rng.uniform(60.0, 240.0)),
        lambda: line.nudge_bpm(rng.choice([-1.0, 0.01, 0.001])),
        lambda: line.set_meter(rng.randrange(1, 8)),
        line.start_bar,
        line.insert_change,
        lambda: line.insert_pause(rng.uniform(0.01, 0.6), pause),
        line.remove_change,
        lambda: line.move_beat(rng.uniform(-0.02, 0.02)),
        line.snap_beat,
        line.snap_to_rows,
        lambda: _mouse(stage, rng),
        lambda: _mouse(stage, rng),
        lambda: _switch(stage, rng),
    )
    rng.choice(verbs)()


@pytest.mark.parametrize("seed", range(12))
def test_whatever_hands_do_is_undone_to_the_byte(clicks, seed):
    rng = random.Random(seed)
    document = clicks.document
    document.open(document.song)
    chosen = frozenset(document.song.charts[0].notes[1:4])
    document.select(Selection(notes=chosen, range=(B, 6 * B)))
    song, selection, n_steps = document.song, document.selection, 0
    files = {format_id: write_song(song, format_id) for format_id in ("ssc", "sm", "project")}
    for _ in range(25):
        before = document.song
        with suppress(ChartStudioError):
            _hand(clicks, rng)
        n_steps += document.song is not before
        assert clicks.timeline.state == IDLE
        assert len(document.song.charts[0].notes) == len(song.charts[0].notes)
        clicks.timeline.grab()
    assert n_steps > 5
    for _ in range(n_steps):
        assert document.undo()
    assert not document.can_undo
    assert document.song is song
    assert document.selection.notes == selection.notes
    assert {f: write_song(document.song, f) for f in files} == files
