import sqlite3

import pytest
from window_rig import write_wav

from chartstudio.editor import edits, journal
from chartstudio.editor.journal import Journal


@pytest.fixture
def crash(make_window, tmp_path, qtbot, settle):
    """Does something to a window, lets its journal be written, and ends it without a close."""

    def run(path, change):
        window = make_window()
        studio = window.studio
        studio.keeper._later.setInterval(0)
        studio.files.open(path)
        settle(window)
        change(studio)
        settle(window)
        held = studio.keeper._journal
        assert held is not None
        held._db.close()
        held._lock.close()
        studio.keeper._journal = None
        return window

    return run


def _look(window, qtbot):
    window.studio.keeper.look()
    qtbot.waitUntil(lambda: window.studio.jobs.idle)
    window.actions_.refresh()
    return window.studio.keeper.lost


def test_work_survives_a_crash(crash, make_window, song_folder, answers, qtbot, settle):
    crash(song_folder, lambda s: s.document.apply("x", edits.set_metadata(title="Not saved")))
    window = make_window()
    (lost,) = _look(window, qtbot)
    assert lost.title == "Not saved"
    answers.answers["choice"] = 0
    window.actions_["file.recover"].trigger()
    settle(window)
    document = window.studio.document
    assert document.song.metadata.title == "Not saved"
    assert document.modified
    assert document.path == song_folder
    assert window.studio.files.audio is not None
    assert window.studio.keeper.lost == ()
    window.actions_["file.save"].trigger()
    settle(window)
    assert not document.modified


def test_a_new_song_comes_back_with_its_audio(crash, make_window, tmp_path, qtbot, settle):
    path = write_wav(tmp_path / "New.wav")
    crash(path, lambda s: s.document.apply("x", edits.set_metadata(title="Mine")))
    window = make_window()
    (lost,) = _look(window, qtbot)
    window.studio.keeper.recover(lost)
    settle(window)
    assert window.studio.document.song.metadata.title == "Mine"
    assert window.studio.document.path is None
    assert window.studio.files.audio is not None


def test_saved_work_leaves_nothing(opened, qtbot, settle):
    studio = opened.studio
    studio.keeper._later.setInterval(0)
    studio.document.apply("x", edits.set_metadata(title="A"))
    settle(opened)
    opened.actions_["file.save"].trigger()
    settle(opened)
    qtbot.waitUntil(lambda: studio.jobs.idle and not studio.keeper._later.isActive())
    (n,) = studio.keeper._journal._db.execute("SELECT count(*) FROM snapshot").fetchone()
    assert n == 0


def test_closing_on_purpose_takes_the_journal_away(make_window, song_folder, qtbot, settle):
    from chartstudio.gui import app

    window = make_window()
    window.studio.keeper._later.setInterval(0)
    window.studio.files.open(song_folder)
    settle(window)
    window.studio.document.apply("x", edits.set_metadata(title="A"))
    settle(window)
    path = window.studio.keeper._journal.path
    assert path.exists()
    app.shut_down(window)
    assert not path.exists()
    assert journal.abandoned() == ()


def test_a_journal_that_cannot_be_written_is_told_once(opened, answers, settle):
    studio = opened.studio
    studio.keeper._later.setInterval(0)

    def fail():
        raise sqlite3.OperationalError("disk I/O error")

    studio.keeper.make_journal = fail
    for title in ("A", "B"):
        studio.document.apply("x", edits.set_metadata(title=title))
        settle(opened)
    assert "disk I/O error" in opened.status.currentMessage()
    assert answers.errors == []
    assert studio.document.song.metadata.title == "B"


def test_nothing_is_written_for_an_unchanged_song(opened, settle):
    assert opened.studio.keeper._journal is None


def test_edits_without_a_rest_are_still_written(opened, monkeypatch, qtbot):
    studio, written = opened.studio, []
    monkeypatch.setattr(Journal, "record", lambda self, song, *_: written.append(song))
    studio.keeper._later.setInterval(40)
    for i in range(40):
        studio.document.apply("x", edits.set_metadata(title=str(i)))
        qtbot.wait(5)
    assert written
