import threading

import pytest
from PySide6.QtGui import QColor, QImage
from window_rig import FakeEngine

from chartstudio.core.errors import ChartStudioError, EngineError
from chartstudio.gui import app
from chartstudio.gui.theme import DARK


@pytest.fixture(autouse=True)
def _silent(monkeypatch):
    from chartstudio.audio.output import HandOutput
    from chartstudio.audio.player import Player
    from chartstudio.gui import playback

    monkeypatch.setattr(playback, "_real_player", lambda: Player(HandOutput()))


def _n_like(picture, colour):
    """Sampled pixels of about this colour."""
    return sum(
        abs(c.red() - colour.red())
        + abs(c.green() - colour.green())
        + abs(c.blue() - colour.blue())
        < 60
        for x in range(0, picture.width(), 3)
        for y in range(0, picture.height(), 3)
        for c in [QColor(picture.pixel(x, y))]
    )


def test_the_window_is_drawn_with_ghosts(qtbot, song_folder, tmp_path):
    before = set(threading.enumerate())
    out = tmp_path / "window.png"
    engine = FakeEngine()
    app.render_window(song_folder, out, engine, (1200, 760))
    picture = QImage(str(out))
    assert (picture.width(), picture.height()) == (1200, 760)
    assert engine.requests[0].chart.name == "Hard"
    assert _n_like(picture, DARK.ghost) > 50
    assert _n_like(picture, DARK.wave) > 500
    assert set(threading.enumerate()) == before


def test_without_an_engine_the_song_is_drawn_alone(qtbot, song_folder, tmp_path):
    out = tmp_path / "window.png"
    app.render_window(song_folder, out, size=(1200, 760))
    assert _n_like(QImage(str(out)), DARK.ghost) == 0


@pytest.mark.parametrize("problem", ["song", "engine", "folder"])
def test_what_goes_wrong_is_raised(qtbot, song_folder, tmp_path, problem):
    engine, out = FakeEngine(), tmp_path / "window.png"
    if problem == "song":
        song_folder = tmp_path / "nothing"
    elif problem == "engine":
        engine.error = EngineError("no model")
    else:
        out = tmp_path / "no" / "folder" / "window.png"
    with pytest.raises(ChartStudioError):
        app.render_window(song_folder, out, engine, (1200, 760))
    assert not out.exists()
