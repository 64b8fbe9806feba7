"""Windows on a small song, with a prepared person and engine in place of the real ones."""

from functools import partial

import pytest
from training_rig import FakeTuning, add_songs
from window_rig import Answers, FakeEngine, make_song, write_wav

from chartstudio.audio.output import HandOutput
from chartstudio.audio.player import Player
from chartstudio.editor.settings import Settings
from chartstudio.formats import write_song
from chartstudio.gui import app


@pytest.fixture
def qtbot(qtbot):
    """Waits longer than a busy machine may stand still: a wait ends as soon as it may."""
    qtbot.waitUntil = partial(qtbot.waitUntil, timeout=60_000)
    return qtbot


@pytest.fixture
def song_folder(tmp_path):
    """A StepMania song with its audio."""
    folder = tmp_path / "pack" / "song"
    folder.mkdir(parents=True)
    write_wav(folder / "song.wav")
    for data in write_song(make_song(), "ssc").values():
        (folder / "chart.ssc").write_bytes(data)
    return folder


@pytest.fixture
def answers():
    return Answers()


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def make_window(qtbot, answers, engine):
    """Builds windows and takes them down; none may leave a thread behind."""
    made = []

    def make(settings=None):
        window = app.build(settings or Settings(may_use_music=True), answers, lambda: engine)
        window.studio.playback.make_player = lambda: Player(HandOutput())
        window.studio.checker._pause.setInterval(0)
        window.show()
        made.append(window)
        return window

    yield make
    for window in made:
        window.allow_close()
        window.close()
        assert app.shut_down(window)
        window.deleteLater()


@pytest.fixture
def window(make_window):
    return make_window()


@pytest.fixture
def settle(qtbot):
    """Waits until a window has nothing more to do."""

    def wait(window):
        studio = window.studio
        qtbot.waitUntil(
            lambda: studio.jobs.idle and studio.checker.up_to_date and studio.playback.ready
        )

    return wait


@pytest.fixture
def opened(window, song_folder, settle):
    """A window on the test song, audio decoded."""
    window.studio.files.open(song_folder)
    settle(window)
    return window


# The Train tab ---------------------------------------------------------------------------


@pytest.fixture
def fake():
    return FakeTuning()


@pytest.fixture
def calm(qtbot):
    """Waits until a window has nothing more to do."""

    def wait(window):
        qtbot.waitUntil(lambda: window.studio.jobs.idle)

    return wait


@pytest.fixture
def bare(window, fake, calm):
    """A window on the Train tab, with a tuning that is none, over an empty library."""
    fake.play_in(window)
    window.show_panel(window.train)
    calm(window)
    return window


@pytest.fixture
def tab(window, fake, calm):
    """The same over a library of four songs."""
    add_songs()
    fake.play_in(window)
    window.show_panel(window.train)
    calm(window)
    return window
