"""Installing into games that stand in a folder made up for it."""

import pytest

from chartstudio.editor import edits
from chartstudio.library.machine import Machine


@pytest.fixture
def machine(tmp_path):
    """A Linux home with ITGmania in it."""
    home = tmp_path / "home"
    (home / ".itgmania" / "Songs").mkdir(parents=True)
    return Machine("linux", home, root=tmp_path / "root")


@pytest.fixture
def ready(opened, machine, settle):
    """A window with a song, whose Export panel has found the game."""
    opened.studio.installer.machine = lambda: machine
    opened.show_panel(opened.export)
    settle(opened)
    return opened


def _cards(window):
    return [card.accessibleName() for card in window.export.games.cards]


def _install(window, settle):
    (game,) = window.studio.installer.games
    window.export.games.install_asked.emit(game)
    settle(window)


def test_found_games_are_listed_with_their_folders(ready, machine):
    assert _cards(ready) == ["ITGmania"]
    labels = [
        made.text() for made in ready.export.games.cards[0].findChildren(type(ready.export._target))
    ]
    assert any(str(machine.home / ".itgmania" / "Songs") in text for text in labels)


def test_without_games_it_says_so(opened, tmp_path, settle):
    opened.studio.installer.machine = lambda: Machine("linux", tmp_path / "none", root=tmp_path)
    opened.show_panel(opened.export)
    settle(opened)
    assert _cards(opened) == []
    assert "No game was found" in opened.export.games._none.text()


def test_an_installation_is_agreed_to_once(ready, machine, answers, settle):
    songs = machine.home / ".itgmania" / "Songs"
    _install(ready, settle)
    assert "confirm" in answers.asked
    assert list(songs.iterdir()) == []
    answers.answers["confirm"] = True
    _install(ready, settle)
    assert list(songs.glob("*/*/*.ssc"))
    assert ready.studio.installer.result is not None
    place = str(songs / "chartstudio")
    assert ready.studio.preferences.now.installs == (place,)


def test_a_song_without_charts_is_not_installed(ready, machine, answers, settle):
    answers.answers["confirm"] = True
    for _ in range(2):
        ready.studio.document.apply("x", edits.remove_chart(0))
    _install(ready, settle)
    assert "no chart" in answers.errors[0]
    assert list((machine.home / ".itgmania" / "Songs").iterdir()) == []


def test_an_installation_syncs_as_an_export_does(ready, machine, answers, settle):
    ready.studio.exporter.set_sync("itg")
    answers.answers["confirm"] = True
    _install(ready, settle)
    (file,) = (machine.home / ".itgmania" / "Songs").glob("*/*/*.ssc")
    assert "#OFFSET:-0.091;" in file.read_text("utf-8")
