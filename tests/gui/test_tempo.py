import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QTableView
from window_rig import BAR, BEAT, DURATION_S, RATE_HZ

from chartstudio.core.errors import EngineError
from chartstudio.core.note import LaneNote
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.editor import edits
from chartstudio.editor.selection import Selection
from chartstudio.engine.requests import Tempo, TempoAnchor, TempoCandidate
from chartstudio.gui.panels.beat_stack import compared_beats, drift_of
from chartstudio.gui.panels.tempo_anchors import confidences
from chartstudio.gui.tempo import constant, first_downbeat_s

STEPS = TimingMap((Anchor(0, 0.1, 120.0), Anchor(BAR, 2.1, 150.0), Anchor(2 * BAR, 3.7, 100.0)))
FOUND = Tempo(
    (TempoCandidate(150.0, 0.5, 4, 0.9),),
    anchors=(TempoAnchor(0, 0.5, 150.0, 4, 0.92), TempoAnchor(BAR, 2.1, 140.0, 4, 0.31)),
)


def use(opened, timing):
    opened.studio.document.apply("x", edits.retime(timing, "ticks"))


def anchors(opened):
    return opened.studio.document.song.timing.anchors


# Finding ----------------------------------------------------------------------------------


def test_a_found_tempo_has_a_first_downbeat_inside_the_song():
    found = constant(TempoCandidate(120.0, 64.3, 4, 0.9))
    assert first_downbeat_s(found) == pytest.approx(0.3)


@pytest.fixture
def found(opened, qtbot):
    opened.actions_["timing.find"].trigger()
    qtbot.waitUntil(lambda: opened.studio.tempo.tempo is not None)
    return opened.studio.tempo


def test_candidates_are_listed_and_used(found, opened):
    document = opened.studio.document
    song = document.song
    assert len(opened.timing.found.rows) == 2
    assert document.song is song
    opened.timing.found.rows[0].findChild(QAbstractButton).click()
    assert anchors(opened)[0].bpm == 150.0
    assert anchors(opened)[0].seconds == pytest.approx(0.5, abs=0.8)
    assert document.song.charts[0].notes == song.charts[0].notes
    document.undo()
    assert document.song is song


def test_notes_may_keep_their_seconds_instead(found, opened):
    opened.timing.choices.keep["seconds"].click()
    document = opened.studio.document
    chart, timing = document.song.charts[0], document.song.timing
    before = [timing.seconds_at(n.tick) for n in chart.notes]
    found.use(constant(found.tempo.candidates[1]))
    after = [document.song.timing.seconds_at(n.tick) for n in document.song.charts[0].notes]
    assert after == pytest.approx(before, abs=1e-4)


def test_a_selected_stretch_is_listened_to_and_changed_alone(opened, engine, qtbot):
    studio = opened.studio
    studio.document.select(Selection(range=(BAR, 3 * BAR)))
    studio.tempo.start()
    qtbot.waitUntil(lambda: studio.tempo.tempo is not None)
    request = engine.requests[0]
    assert (request.start_s, request.end_s) == pytest.approx((2.1, 6.1))
    whole, here = opened.timing.found.rows[0].findChildren(QAbstractButton)
    assert (whole.text(), here.text()) == ("All", "Here")
    here.click()
    assert [a.tick for a in anchors(opened)] == [0, BAR, BAR + 10 * BEAT, 2 * BAR + 10 * BEAT]
    assert [a.bpm for a in anchors(opened)][1::2] == [150.0, 120.0]
    assert anchors(opened)[3].seconds == pytest.approx(8.1)


def test_tempos_that_change_are_asked_for_and_used(opened, engine, qtbot):
    engine.tempo = FOUND
    opened.timing.found.follow.click()
    opened.studio.tempo.start()
    qtbot.waitUntil(lambda: opened.studio.tempo.tempo is not None)
    assert engine.requests[0].variable
    row = opened.timing.found.rows[0]
    row.findChild(QAbstractButton).click()
    assert [a.bpm for a in anchors(opened)] == [150.0, 140.0]
    table = opened.timing.anchors.model
    assert [table.data(table.index(i, 5)) for i in range(2)] == ["0.92", "0.31"]


def test_finding_nothing_shows_why(opened, engine, qtbot):
    engine.tempo = Tempo((), "Nothing rhythmic was found")
    opened.studio.tempo.start(use_best=True)
    qtbot.waitUntil(lambda: opened.studio.tempo.tempo is not None)
    assert opened.timing.found.message.text() == "Nothing rhythmic was found"
    assert anchors(opened)[0].bpm == 120.0


def test_a_failed_search_is_told_once(opened, engine, answers, qtbot):
    engine.error = EngineError("cannot listen; try again")
    opened.studio.tempo.start()
    qtbot.waitUntil(lambda: not opened.studio.tempo.running)
    assert answers.errors == ["cannot listen; try again"]
    assert opened.studio.tempo.tempo is None


def test_a_search_needs_audio(window):
    with pytest.raises(EngineError, match="no audio"):
        window.studio.tempo.start()


# Fields and buttons -----------------------------------------------------------------------


def test_fields_change_the_song_and_follow_it(opened):
    hand, document = opened.timing.hand, opened.studio.document
    hand.bpm.setValue(133.5)
    assert anchors(opened)[0].bpm == 133.5
    opened.actions_["timing.double"].trigger()
    assert anchors(opened)[0].bpm == 267.0
    hand.offset_ms.setValue(250.0)
    assert anchors(opened)[0].seconds == pytest.approx(0.25)
    hand.offset_nudges[0].click()
    hand.offset_nudges[2].click()
    assert anchors(opened)[0].seconds == pytest.approx(0.2399)
    hand.bpm_nudges[3].click()
    assert anchors(opened)[0].bpm == 267.001
    hand.meter.setValue(3)
    assert anchors(opened)[0].meter == 3
    while document.undo():
        pass
    assert hand.bpm.value() == 120.0
    assert hand.offset_ms.value() == pytest.approx(100.0)
    assert hand.meter.value() == 4


def test_fields_are_of_the_section_at_the_playhead(opened):
    use(opened, STEPS)
    hand, timeline = opened.timing.hand, opened.studio.timeline
    timeline.go_to(BAR)
    assert hand.bpm.value() == 150.0
    assert "bar 2" in hand.place.text()
    opened.timing.choices.later["move"].click()
    hand.bpm.setValue(75.0)
    assert [a.bpm for a in anchors(opened)] == [120.0, 75.0, 100.0]
    assert anchors(opened)[2].seconds == pytest.approx(5.3)
    opened.studio.document.undo()
    opened.timing.choices.later["stay"].click()
    hand.bpm.setValue(151.0)
    assert [a.tick for a in anchors(opened)] == [0, BAR, 2 * BAR, 3 * BAR]


def test_what_is_refused_is_told_and_the_field_goes_back(opened):
    use(opened, STEPS)
    hand = opened.timing.hand
    song = opened.studio.document.song
    hand.bpm.setValue(20.0)
    assert opened.studio.document.song is song
    assert hand.bpm.value() == 120.0
    assert "no room" in opened.status.currentMessage()


def test_a_chart_with_its_own_timing_is_changed_alone(opened):
    document = opened.studio.document
    document.apply("x", edits.set_chart(0, timing=TimingMap.constant(90.0)))
    hand = opened.timing.hand
    assert hand.bpm.value() == 90.0
    assert not hand.notice.isHidden()
    hand.bpm.setValue(91.0)
    assert document.song.charts[0].timing.anchors[0].bpm == 91.0
    assert document.song.timing.anchors[0].bpm == 120.0
    document.select(Selection(chart=1))
    assert hand.bpm.value() == 120.0
    assert hand.notice.isHidden()


def test_pauses_and_changes_are_put_by_buttons(opened):
    hand, timeline = opened.timing.hand, opened.studio.timeline
    opened.timing.choices.later["move"].click()
    timeline.go_to(BAR)
    hand.pause_s.setValue(0.25)
    hand._pause(Cause.STOP)
    assert [a.cause for a in anchors(opened)] == [Cause.TEMPO, Cause.TEMPO, Cause.STOP]
    hand.findChild(QAbstractButton, "timing.remove").click()
    hand.findChild(QAbstractButton, "timing.remove").click()
    assert len(anchors(opened)) == 1
    hand.findChild(QAbstractButton, "timing.insert").click()
    assert len(anchors(opened)) == 2


def test_a_stop_adds_its_time_unless_it_is_told_to_take_it(opened):
    hand, studio = opened.timing.hand, opened.studio
    timeline, document, before = studio.timeline, studio.document, opened.studio.document.song
    timeline.go_to(BAR)
    assert studio.view.later_beats == "stay"
    hand._pause(Cause.STOP)
    timing = document.song.timing
    assert [a.bpm for a in timing.anchors] == [120.0] * 3
    assert timing.seconds_at(4 * BAR) == pytest.approx(before.timing.seconds_at(4 * BAR) + 0.5)
    hand.findChild(QAbstractButton, "timing.remove").click()
    assert document.undo_label == "Remove stop"
    assert document.song.timing.seconds_at(4 * BAR) == pytest.approx(8.1)
    document.undo()
    document.undo()
    opened.timing.choices.pauses["stay"].click()
    assert opened.actions_["timing.pauses-stay"] is not None
    hand._pause(Cause.DELAY)
    assert document.song.timing.seconds_at(4 * BAR) == pytest.approx(8.1)
    opened.actions_["timing.pauses-stay"].trigger()
    assert opened.timing.choices.pauses["move"].isChecked()


def test_what_keeping_seconds_costs_is_said_and_can_be_mended(opened, qtbot):
    opened.show_panel(opened.timing)
    choices, document = opened.timing.choices, opened.studio.document
    qtbot.waitUntil(choices.isVisible)
    assert choices.rows.isHidden()
    assert choices.snap.isHidden()
    choices.keep["seconds"].click()
    assert "how many" in choices.rows.text()
    opened.timing.hand.bpm.setValue(121.3)
    assert "of 20 notes lie between the rows" in choices.rows.text()
    assert "ms" in choices.rows.text()
    choices.snap.click()
    assert document.undo_label == "Snap to rows"
    assert choices.snap.isHidden()
    assert all(n.tick % 420 == 0 for c in document.song.charts for n in c.notes)
    document.undo()
    assert not choices.snap.isHidden()


def test_selected_notes_stay_selected_when_they_keep_their_seconds(opened):
    document = opened.studio.document
    notes = document.song.charts[0].notes
    document.select(Selection(notes=frozenset(notes[2:6]), range=(BAR, 2 * BAR)))
    opened.timing.choices.keep["seconds"].click()
    opened.actions_["timing.bpm+1"].trigger()
    assert document.selection.notes == frozenset(document.song.charts[0].notes[2:6])
    opened.studio.tempo.use(TimingMap.constant(97.0, 0.2))
    assert document.selection.notes == frozenset(document.song.charts[0].notes[2:6])
    document.undo()
    document.undo()
    assert document.selection == Selection(notes=frozenset(notes[2:6]), range=(BAR, 2 * BAR))


def test_a_key_that_cannot_do_it_tells_in_the_status_line_and_opens_no_box(opened, answers):
    opened.studio.timeline.go_to(0)
    opened.actions_["timing.remove"].trigger()
    assert "first tempo cannot be removed" in opened.status.currentMessage()
    opened.actions_["timing.bpm+1"].trigger()
    assert opened.status.currentMessage() == ""
    opened.actions_["timing.start-bar"].trigger()
    assert "Start bar: it is so already" in opened.status.currentMessage()
    assert answers.errors == []


def test_switches_are_the_views(opened):
    hand, studio = opened.timing.hand, opened.studio
    hand.drags.click()
    assert studio.view.drags_beats
    opened.actions_["timing.drag-beats"].trigger()
    assert not hand.drags.isChecked()
    opened.actions_["timing.magnet"].trigger()
    assert not hand.magnet.isChecked()
    hand.metronome.click()
    assert studio.preferences.now.metronome > 0
    opened.actions_["timing.keep-seconds"].trigger()
    opened.actions_["timing.move-later"].trigger()
    assert opened.timing.choices.keep["seconds"].isChecked()
    assert opened.timing.choices.later["move"].isChecked()


def test_everything_has_a_name_for_screen_readers(opened):
    kinds = (QAbstractButton, QAbstractSpinBox, QTableView)
    unnamed = [
        w
        for kind in kinds
        for w in opened.timing.findChildren(kind)
        if not w.accessibleName()
        and not w.objectName().startswith("qt_")
        and not isinstance(w.parent(), QTableView)
    ]
    assert unnamed == []
    assert opened.timing.beats.stack.accessibleName()


# Commands ---------------------------------------------------------------------------------


def test_questions_take_figures_and_refuse_words(opened, answers):
    answers.answers["text"] = "97,5"
    opened.actions_["timing.bpm"].trigger()
    assert anchors(opened)[0].bpm == 97.5
    answers.answers["text"] = "3"
    opened.actions_["timing.meter"].trigger()
    assert anchors(opened)[0].meter == 3
    answers.answers["text"] = "fast"
    opened.actions_["timing.bpm"].trigger()
    assert answers.errors == ["fast is no number; write it like 127.5"]
    answers.answers["text"] = "0.2"
    opened.studio.timeline.go_to(BAR)
    opened.actions_["timing.stop"].trigger()
    opened.actions_["timing.delay"].trigger()
    causes = [a.cause for a in anchors(opened)]
    assert causes.count(Cause.STOP) == causes.count(Cause.DELAY) == 1
    answers.answers["text"] = None
    song = opened.studio.document.song
    for name in ("bpm", "meter", "stop", "delay"):
        opened.actions_[f"timing.{name}"].trigger()
    assert opened.studio.document.song is song


def test_a_song_that_changes_tempo_is_moved_whole(opened):
    use(opened, STEPS)
    opened.actions_["timing.shift+10ms"].trigger()
    assert [a.seconds for a in anchors(opened)] == pytest.approx([0.11, 2.11, 3.71])
    assert opened.studio.document.song.charts[0].notes[0] == LaneNote(0, 0, 0)
    opened.actions_["timing.half-beat"].trigger()
    assert anchors(opened)[0].seconds == pytest.approx(0.36)


# Taps -------------------------------------------------------------------------------------


def test_taps_become_a_tempo(opened):
    tempo, box = opened.studio.tempo, opened.timing.tap
    assert not opened.actions_["timing.use-taps"].isEnabled()
    for i in range(3):
        tempo.tap(5.0 + 0.4 * i)
    assert "3 taps" in box.text.text()
    assert not box.use.isEnabled()
    for i in range(3, 9):
        tempo.tap(5.0 + 0.4 * i)
    assert "150.00 ± 0.01 BPM, 9 taps" in box.text.text()
    box.use.click()
    assert anchors(opened)[0].bpm == 150.0
    tempo.clear_taps()
    assert tempo.tapped is None


def test_taps_are_at_the_songs_time_while_it_plays(opened, monkeypatch):
    playback = opened.studio.playback
    playback.seek(3.0)
    playback.play()
    opened.timing.tap.tap.pressed.emit()
    assert opened.studio.tempo._taps == pytest.approx((playback.position_s,), abs=0.5)
    playback.pause()
    opened.actions_["timing.tap"].trigger()
    assert opened.studio.tempo.n_taps == 1


# Tempo changes ----------------------------------------------------------------------------


def test_tempo_changes_are_listed_gone_to_and_removed(opened, qtbot):
    use(opened, STEPS)
    box = opened.timing.anchors
    table = box.model
    texts = [[table.data(table.index(i, k)) for k in range(5)] for i in range(3)]
    assert texts[1] == ["2:1", "0:02.100", "150.000", "", "tempo"]
    assert texts[0][3] == "4/4"
    assert box.table.isColumnHidden(5)
    assert not box.remove.isEnabled()
    box.table.selectRow(1)
    box.go.click()
    assert opened.studio.timeline.cursor_tick == BAR
    box.remove.click()
    assert [a.tick for a in anchors(opened)] == [0, 2 * BAR]
    role = Qt.ItemDataRole.AccessibleTextRole
    assert table.data(table.index(1, 2), role) == "BPM 100.000"


def test_pauses_are_listed_with_their_length(opened):
    use(
        opened,
        TimingMap(
            (Anchor(0, 0.1, 120.0), Anchor(BAR, 2.1, 120.0), Anchor(BAR, 2.6, 120.0,
             cause=Cause.STOP), Anchor(2 * BAR, 2.6, 120.0, cause=Cause.WARP))
        ),
    )  # fmt: skip
    table = opened.timing.anchors.model
    assert [table.data(table.index(i, 4)) for i in range(4)] == [
        *("tempo", "tempo", "stop 0.5 s", "warp")
    ]


def test_confidence_belongs_to_what_is_still_there():
    found = FOUND.timing()
    assert confidences(found, FOUND) == {0: 0.92, 1: 0.31}
    assert confidences(STEPS, FOUND) == {1: 0.31}
    assert confidences(found, None) == {}


# Beats compared ---------------------------------------------------------------------------


def test_four_bars_or_the_selection_are_compared():
    timing = TimingMap.constant(120.0)
    four = compared_beats(timing, 5 * BAR, None)
    assert (four[0], len(four)) == (4 * BAR, 16)
    assert compared_beats(timing, 0, (BAR, 2 * BAR)).tolist() == [BAR + i * BEAT for i in range(4)]
    many = compared_beats(timing, 0, (0, 100 * BAR))
    assert len(many) == 50
    assert set(np.diff(many)) == {2 * BAR}


def test_drift_is_the_median_of_what_is_heard():
    beats = np.arange(16.0)
    off_s = 0.003 + 0.0005 * beats
    off_s[[2, 9]] = np.nan
    off_s[5] = 0.04
    drift = drift_of(beats, off_s)
    assert drift.per_beat_s == pytest.approx(0.0005)
    assert drift.n_heard == 14
    assert drift.offset_s == pytest.approx(0.007, abs=0.0006)
    assert drift.drifts
    assert drift_of(beats[:4], np.array([0.0, np.nan, 0.1, 0.1])) is None


def test_noise_is_no_drift_and_nothing_to_go_by():
    rng = np.random.default_rng(1)
    beats = np.arange(16.0)
    steady = [drift_of(beats, rng.uniform(-0.04, 0.04, 16)).steady for _ in range(200)]
    assert np.mean(steady) < 0.03
    few = np.full(16, np.nan)
    few[[0, 4, 8, 12]] = 0.028
    assert not drift_of(beats, few).steady
    upright = [drift_of(beats, 0.005 + rng.normal(0, 0.002, 16)) for _ in range(200)]
    assert all(d.steady for d in upright)
    assert np.mean([d.drifts for d in upright]) < 0.15
    error_s = np.std([d.per_beat_s for d in upright])
    assert np.mean([d.drift_error_s for d in upright]) == pytest.approx(error_s, rel=0.35)


@pytest.fixture
def drifting(opened):
    """Clicks at 121 BPM, 10 ms behind a grid of 120 BPM."""
    from chartstudio.audio.peaks import Peaks

    samples = np.zeros((1, round(DURATION_S * RATE_HZ)), np.float32)
    for i in range(32):
        at = round((0.11 + i * 60 / 121) * RATE_HZ)
        samples[0, at : at + 60] = 0.7
    opened.studio.timeline.set_peaks(Peaks.of(samples, RATE_HZ), DURATION_S)
    opened.show_panel(opened.timing)
    opened.timing._show()
    return opened


def test_the_stack_shows_drift_and_takes_it_out(drifting, qtbot):
    box = drifting.timing.beats
    qtbot.waitUntil(box.isVisible)
    drift = box.stack.drift()
    assert drift.per_beat_s == pytest.approx(60 / 121 - 0.5, abs=1e-4)
    assert "ms a beat" in box.text.text()
    box.fit.click()
    assert anchors(drifting)[0].bpm == pytest.approx(121.0, abs=0.03)
    box.move.click()
    assert anchors(drifting)[0].seconds == pytest.approx(0.11, abs=0.002)
    assert abs(box.stack.drift().offset_s) < 0.0005


def test_a_row_of_the_stack_is_clicked_to_go_there(drifting, qtbot):
    stack = drifting.timing.beats.stack
    picture = stack.grab().toImage()
    colours = {picture.pixelColor(x, 4).name() for x in range(50, picture.width())}
    assert len(colours) > 2
    from PySide6.QtCore import QPoint

    qtbot.mouseClick(stack, Qt.MouseButton.LeftButton, pos=QPoint(80, stack.height() // 2 + 2))
    assert drifting.studio.timeline.cursor_tick == 8 * BEAT


def test_without_sound_the_stack_says_so(window):
    window.timing.beats.stack.grab()
    assert window.timing.beats.stack.drift() is None
