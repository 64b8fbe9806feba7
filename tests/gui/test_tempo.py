import pytest
from window_rig import BAR

from chartstudio.core.errors import EngineError
from chartstudio.core.note import LaneNote
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.editor.selection import Selection
from chartstudio.engine.requests import Tempo, TempoCandidate
from chartstudio.gui.tempo import first_downbeat_s, reading, shifted, with_meter, with_tempo


def test_a_reading_starts_its_first_measure_near_the_present_one():
    candidate = TempoCandidate(120.0, 64.3, 4, 0.9)
    timing = reading(candidate, near_s=0.5)
    assert timing.anchors[0].seconds == pytest.approx(0.3)
    assert timing.anchors[0].bpm == 120.0
    assert first_downbeat_s(candidate) == pytest.approx(0.3)


def test_changes_by_hand_keep_the_rest():
    timing = TimingMap((Anchor(0, 0.5, 120.0), Anchor(BAR, 2.5, 150.0)))
    assert [a.seconds for a in shifted(timing, 0.01).anchors] == pytest.approx([0.51, 2.51])
    single = TimingMap.constant(120.0, 0.5)
    assert with_tempo(single, 90.0).anchors[0].seconds == 0.5
    assert with_tempo(single, 90.0).anchors[0].bpm == 90.0
    assert with_meter(single, 3).anchors[0].meter == 3


@pytest.fixture
def found(opened, qtbot):
    opened.actions_["timing.find"].trigger()
    qtbot.waitUntil(lambda: opened.studio.tempo.tempo is not None)
    return opened.studio.tempo


def test_candidates_are_listed_and_used(found, opened):
    document = opened.studio.document
    song = document.song
    assert len(opened.timing._rows) == 2
    assert document.song is song
    found.use(found.tempo.candidates[0])
    assert document.song.timing.anchors[0].bpm == 150.0
    assert document.song.timing.anchors[0].seconds == pytest.approx(0.5 - 1.6, abs=1.7)
    assert document.song.charts[0].notes == song.charts[0].notes
    document.undo()
    assert document.song is song


def test_notes_may_keep_their_seconds_instead(found, opened):
    opened.timing.keep["seconds"].click()
    document = opened.studio.document
    chart, timing = document.song.charts[0], document.song.timing
    before = [timing.seconds_at(n.tick) for n in chart.notes]
    found.use(found.tempo.candidates[1])
    after = [document.song.timing.seconds_at(n.tick) for n in document.song.charts[0].notes]
    assert after == pytest.approx(before, abs=0.001)


def test_a_selected_stretch_is_listened_to(opened, engine, qtbot):
    opened.studio.document.select(Selection(range=(BAR, 3 * BAR)))
    opened.studio.tempo.start()
    qtbot.waitUntil(lambda: opened.studio.tempo.tempo is not None)
    request = engine.requests[0]
    assert (request.start_s, request.end_s) == pytest.approx((2.1, 6.1))


def test_finding_nothing_shows_why(opened, engine, qtbot):
    engine.tempo = Tempo((), "Nothing rhythmic was found")
    opened.studio.tempo.start(use_best=True)
    qtbot.waitUntil(lambda: opened.studio.tempo.tempo is not None)
    assert opened.timing._message.text() == "Nothing rhythmic was found"
    assert opened.studio.document.song.timing.anchors[0].bpm == 120.0


def test_a_failed_search_is_told_once(opened, engine, answers, qtbot):
    engine.error = EngineError("cannot listen; try again")
    opened.studio.tempo.start()
    qtbot.waitUntil(lambda: not opened.studio.tempo.running)
    assert answers.errors == ["cannot listen; try again"]
    assert opened.studio.tempo.tempo is None


def test_a_search_needs_audio(window):
    with pytest.raises(EngineError, match="no audio"):
        window.studio.tempo.start()


def test_fields_change_the_song_and_follow_it(opened):
    panel, document = opened.timing, opened.studio.document
    panel.bpm.setValue(133.5)
    assert document.song.timing.anchors[0].bpm == 133.5
    panel._scale(2)
    assert document.song.timing.anchors[0].bpm == 267.0
    panel.offset_ms.setValue(250.0)
    assert document.song.timing.anchors[0].seconds == pytest.approx(0.25)
    panel._offset_nudges[0].click()
    assert document.song.timing.anchors[0].seconds == pytest.approx(0.24)
    panel.meter.setValue(3)
    assert document.song.timing.anchors[0].meter == 3
    while document.undo():
        pass
    assert panel.bpm.value() == 120.0
    assert panel.offset_ms.value() == pytest.approx(100.0)


def test_a_song_that_changes_tempo_is_only_moved(opened):
    document = opened.studio.document
    timing = TimingMap((Anchor(0, 0.1, 120.0), Anchor(BAR, 2.1, 150.0)))
    opened.studio.tempo.retime("x", timing)
    assert not opened.timing.bpm.isEnabled()
    assert opened.timing._varies.isVisible() or opened.timing._varies.text()
    opened.actions_["timing.shift+10ms"].trigger()
    assert [a.seconds for a in document.song.timing.anchors] == pytest.approx([0.11, 2.11])
    assert document.song.charts[0].notes[0] == LaneNote(0, 0, 0)
