"""Games are found by their own rules, on any system, in made-up homes."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chartstudio.formats import FORMATS
from chartstudio.library.games import FILE, KNOWN_IDS, PACK, find_games
from chartstudio.library.machine import Machine, StoredRegistry, WindowsRegistry, settings_in


def touch(*paths: Path) -> Path:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return paths[0]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def machine(os_name, root: Path, **more) -> Machine:
    home = root / "home"
    home.mkdir(exist_ok=True)
    env = {
        "APPDATA": str(home / "AppData/Roaming"),
        "LOCALAPPDATA": str(home / "AppData/Local"),
        "ProgramFiles": str(root / "Program Files"),
        "ProgramFiles(x86)": str(root / "Program Files (x86)"),
        "SystemDrive": str(root),
        "USERNAME": "me",
        "PATH": str(root / "usr/bin"),
    }
    return replace(Machine(os_name, home, env, root=root), **more)


def found(where: Machine) -> dict[str, Path | None]:
    return {game.id: game.songs for game in find_games(where)}


@pytest.mark.parametrize("os_name", ["windows", "linux", "macos"])
def test_an_empty_home_has_no_games(os_name, tmp_path: Path) -> None:
    assert find_games(machine(os_name, tmp_path)) == ()
    assert find_games(Machine(os_name, tmp_path / "nowhere", root=tmp_path / "nothing")) == ()


def test_this_computer_can_be_looked_at() -> None:
    here = Machine.here()
    assert here.home == Path.home()
    assert all(game.id.startswith(KNOWN_IDS) for game in find_games(here))


# osu! ------------------------------------------------------------------------------------


def test_stable_is_where_its_installer_puts_it(tmp_path: Path) -> None:
    where = machine("windows", tmp_path)
    touch(where.local / "osu!" / "osu!.cfg")
    assert found(where) == {"osu-stable": where.local / "osu!" / "Songs"}
    (game,) = find_games(where)
    assert game.formats == ("osz",)


def test_stable_is_where_its_files_open(tmp_path: Path) -> None:
    place = tmp_path / "Games" / "osu!"
    (place / "Songs").mkdir(parents=True)
    command = {"": f'"{place / "osu!.exe"}" "%1"'}
    for key in ("osustable.File.osz", "osu!"):
        registry = StoredRegistry({rf"HKCR\{key}\shell\open\command": command})
        assert found(machine("windows", tmp_path, registry=registry)) == {
            "osu-stable": place / "Songs"
        }


def test_stable_may_keep_its_songs_elsewhere(tmp_path: Path) -> None:
    where = machine("windows", tmp_path)
    place = where.local / "osu!"
    touch(place / "osu!.cfg")
    write(place / "osu!.other.cfg", f"BeatmapDirectory = {tmp_path / 'other'}\n")
    settings = write(place / "osu!.me.cfg", "Volume = 5\nBeatmapDirectory = Songs\n")
    assert found(where)["osu-stable"] == place / "Songs"
    settings.write_text(f"\ufeff# osu!\nBeatmapDirectory = {tmp_path / 'my songs'}\n")
    assert found(where)["osu-stable"] == tmp_path / "my songs"


def test_lazer_is_handed_its_songs(tmp_path: Path) -> None:
    where = machine("windows", tmp_path)
    touch(where.roaming / "osu" / "client.realm")
    program = touch(where.local / "osulazer" / "current" / "osu!.exe")
    (game,) = find_games(where)
    assert (game.id, game.songs, game.command) == ("osu-lazer", None, (str(program), FILE))
    assert game.path == where.roaming / "osu"
    write(where.roaming / "osu" / "storage.ini", f"FullPath = {tmp_path / 'moved'}")
    assert find_games(where)[0].path == tmp_path / "moved"


@pytest.mark.parametrize(
    ("os_name", "data", "program", "command"),
    [
        ("linux", ".local/share/osu", "home/Applications/osu.AppImage", ("{0}", FILE)),
        ("linux", ".local/share/osu", "usr/bin/osu-lazer", ("{0}", FILE)),
        ("linux", ".local/share/osu", "nowhere", ()),
        (
            "macos",
            "Library/Application Support/osu",
            "Applications/osu!.app/Info",
            ("open", "-a", "{1}", FILE),
        ),
        (
            "linux",
            ".var/app/sh.ppy.osu/data/osu",
            "var/lib/flatpak/app/sh.ppy.osu/current",
            ("flatpak", "run", "--file-forwarding", "sh.ppy.osu", "@@", FILE, "@@"),
        ),
    ],
)
def test_lazer_is_started_as_each_system_does(
    os_name, data: str, program: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    where = machine(os_name, tmp_path)
    touch(where.home / data / "client.realm")
    path = touch(tmp_path / program)
    (game,) = find_games(where)
    expected = [part.replace("{0}", str(path)).replace("{1}", str(path.parent)) for part in command]
    assert game.command == tuple(expected)


# StepMania and ITGmania ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("os_name", "folder", "game_id"),
    [
        ("windows", "AppData/Roaming/ITGmania", "itgmania"),
        ("linux", ".itgmania", "itgmania"),
        ("macos", "Library/Application Support/ITGmania", "itgmania"),
        ("windows", "AppData/Roaming/StepMania 5.1", "stepmania"),
        ("windows", "AppData/Roaming/StepMania 5", "stepmania"),
        ("linux", ".stepmania-5.0", "stepmania"),
        ("linux", ".stepmania-5.1", "stepmania"),
        ("macos", "Library/Application Support/StepMania 5.1", "stepmania"),
    ],
)
def test_stepmania_keeps_songs_with_the_user(
    os_name, folder: str, game_id: str, tmp_path: Path
) -> None:
    where = machine(os_name, tmp_path)
    (where.home / folder / "Save").mkdir(parents=True)
    (game,) = find_games(where)
    assert (game.id, game.songs) == (game_id, where.home / folder / "Songs")
    assert (game.pack, game.formats) == (PACK, ("ssc", "sm"))


@pytest.mark.parametrize(
    ("os_name", "folder"),
    [
        ("windows", "Games/ITGmania"),
        ("windows", "Program Files/ITGmania"),
        ("linux", "opt/itgmania"),
        ("linux", "home/itgmania"),
        ("macos", "Applications/ITGmania"),
    ],
)
def test_a_portable_installation_keeps_its_own(os_name, folder: str, tmp_path: Path) -> None:
    where = machine(os_name, tmp_path)
    (tmp_path / folder / "Songs").mkdir(parents=True)
    assert found(where) == {}
    touch(tmp_path / folder / "Portable.ini")
    assert found(where) == {"itgmania": tmp_path / folder / "Songs"}
    (machine("linux", tmp_path).home / ".itgmania" / "Songs").mkdir(parents=True)
    if os_name == "linux":
        assert list(found(where)) == ["itgmania", "itgmania-2"]


@pytest.mark.parametrize("name", ["AdditionalSongFolders", "AdditionalSongFoldersWritable"])
def test_further_song_folders_are_read_from_the_settings(name: str, tmp_path: Path) -> None:
    where = machine("linux", tmp_path)
    one, two, gone = (tmp_path / n for n in ("one", "two", "gone"))
    one.mkdir()
    two.mkdir()
    settings = f"[Options]\n{name}={one} , {gone}\nAdditionalSongFoldersReadOnly={two}\n"
    write(where.home / ".itgmania" / "Save" / "Preferences.ini", settings)
    (game,) = find_games(where)
    assert (game.songs, game.more_songs) == (one, (two,))
    (where.home / ".itgmania" / "Songs").mkdir()
    (game,) = find_games(where)
    assert (game.songs, game.more_songs) == (where.home / ".itgmania" / "Songs", (one, two))


# Beat Saber ------------------------------------------------------------------------------

LIBRARY = """"libraryfolders"
{{
	"contentstatsid"		"-1"
	"0"
	{{
		"path"		"{0}"
		"apps"
		{{
			"620980"		"1"
		}}
	}}
	"1"
	{{
		"path"		"{1}"
	}}
}}
"""
OLD_LIBRARY = """"LibraryFolders"
{{
	"TimeNextStatsReport"		"1"
	"1"		"{1}"
}}
"""
MANIFEST = """"AppState"
{
	"appid"		"620980"
	"installdir"		"BS"
}
"""


def beat_saber(place: Path) -> Path:
    touch(place / "Beat Saber.exe")
    return place / "Beat Saber_Data"


@pytest.mark.parametrize(
    "root",
    [
        ".local/share/Steam",
        ".steam/steam",
        ".steam/root",
        ".steam/debian-installation",
        ".var/app/com.valvesoftware.Steam/.local/share/Steam",
        ".var/app/com.valvesoftware.Steam/data/Steam",
        "snap/steam/common/.local/share/Steam",
    ],
)
def test_beat_saber_is_found_in_steam_on_linux(root: str, tmp_path: Path) -> None:
    where = machine("linux", tmp_path)
    data = beat_saber(where.home / root / "steamapps/common/Beat Saber")
    assert found(where) == {
        "beat-saber": data / "CustomLevels",
        "beat-saber-wip": data / "CustomWIPLevels",
    }


@pytest.mark.parametrize("text", [LIBRARY, OLD_LIBRARY])
def test_other_libraries_and_folder_names_are_looked_up(text: str, tmp_path: Path) -> None:
    where = machine("linux", tmp_path)
    steam = where.home / ".local/share/Steam"
    other = tmp_path / "disk" / "Games"
    write(steam / "steamapps/libraryfolders.vdf", text.format(steam, other))
    write(other / "steamapps/appmanifest_620980.acf", MANIFEST)
    data = beat_saber(other / "steamapps/common/BS")
    # The same root by another way is the same game.
    (where.home / ".steam").mkdir()
    (where.home / ".steam/steam").symlink_to(steam)
    assert found(where)["beat-saber"] == data / "CustomLevels"
    assert len(found(where)) == 2


@pytest.mark.parametrize("text", ["", "{", '"libraryfolders" "x"', '"libraryfolders" { "0" { } }'])
def test_steams_files_may_be_damaged(text: str, tmp_path: Path) -> None:
    where = machine("linux", tmp_path)
    steam = where.home / ".local/share/Steam/steamapps"
    write(steam / "libraryfolders.vdf", text)
    write(steam / "appmanifest_620980.acf", text)
    beat_saber(steam / "common/Beat Saber")
    assert "beat-saber" in found(where)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (r"HKLM\SOFTWARE\WOW6432Node\Valve\Steam", "InstallPath"),
        (r"HKCU\Software\Valve\Steam", "SteamPath"),
    ],
)
def test_steam_is_found_in_the_registry(key: str, name: str, tmp_path: Path) -> None:
    registry = StoredRegistry({key: {name: str(tmp_path / "Steam")}})
    data = beat_saber(tmp_path / "Steam/steamapps/common/Beat Saber")
    where = machine("windows", tmp_path, registry=registry)
    assert found(where)["beat-saber"] == data / "CustomLevels"


@pytest.mark.parametrize("value", ["OriginalPath", "Path"])
def test_oculus_libraries_are_found_in_the_registry(value: str, tmp_path: Path) -> None:
    libraries = r"HKCU\SOFTWARE\Oculus VR, LLC\Oculus\Libraries"
    registry = StoredRegistry({rf"{libraries}\some-id": {value: str(tmp_path / "lib")}})
    data = beat_saber(tmp_path / "lib/Software/hyperbolic-magnetism-beat-saber")
    where = machine("windows", tmp_path, registry=registry)
    assert found(where)["beat-saber"] == data / "CustomLevels"
    config = r"HKLM\SOFTWARE\WOW6432Node\Oculus VR, LLC\Oculus\Config"
    registry = StoredRegistry({config: {"InitialAppLibrary": str(tmp_path / "lib")}})
    assert "beat-saber" in found(machine("windows", tmp_path, registry=registry))


def test_every_copy_has_an_id_of_its_own(tmp_path: Path) -> None:
    where = machine("windows", tmp_path)
    beat_saber(tmp_path / "Program Files (x86)/Steam/steamapps/common/Beat Saber")
    beat_saber(where.home / "BSManager/BSInstances/1.29.1")
    beat_saber(where.home / "BSManager/BSInstances/1.40.0")
    (where.home / "BSManager/BSInstances/empty").mkdir()
    ids = [game.id for game in find_games(where)]
    assert ids == [
        "beat-saber",
        "beat-saber-wip",
        "beat-saber-2",
        "beat-saber-wip-2",
        "beat-saber-3",
        "beat-saber-wip-3",
    ]
    titles = [game.title for game in find_games(where)]
    assert "BSManager 1.29.1" in titles[2]
    assert len(set(titles)) == 6


def test_a_folder_without_the_program_is_no_game(tmp_path: Path) -> None:
    where = machine("linux", tmp_path)
    (where.home / ".local/share/Steam/steamapps/common/Beat Saber/Beat Saber_Data").mkdir(
        parents=True
    )
    assert found(where) == {}


def test_folders_that_may_not_be_looked_at_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(self: Path, *args, **options):
        raise PermissionError(13, "denied", str(self))

    where = machine("windows", tmp_path)
    for name in ("is_dir", "is_file", "iterdir", "read_text"):
        monkeypatch.setattr(Path, name, closed)
    assert found(where) == {}


# Registry and settings -------------------------------------------------------------------


def test_a_stored_registry_lists_what_is_below_a_key() -> None:
    registry = StoredRegistry({r"HKCU\A\one\x": {}, r"HKCU\A\one": {"": "v"}, r"HKCU\AB\two": {}})
    assert registry.subkeys(r"HKCU\A") == ("one",)
    assert registry.values(r"HKCU\A\one") == {"": "v"}
    assert registry.values("HKLM") == {}


class FakeWinreg:
    """Stands in for the module that only Windows has."""

    HKEY_LOCAL_MACHINE, HKEY_CURRENT_USER, HKEY_CLASSES_ROOT = "m", "u", "c"

    class Key(list):
        def __enter__(self):
            return self

        def __exit__(self, *args):
            return None

    def OpenKey(self, root, path):
        if (root, path) != ("u", r"A\B"):
            raise FileNotFoundError
        return self.Key()

    def EnumValue(self, key, index):
        return [("name", "text", 1), ("number", 5, 4)][index] if index < 2 else self._end()

    def EnumKey(self, key, index):
        return ["one", "two"][index] if index < 2 else self._end()

    def _end(self):
        raise OSError(259, "no more data")


def test_the_real_registry_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "winreg", FakeWinreg())
    registry = WindowsRegistry()
    assert registry.values(r"HKCU\A\B") == {"name": "text"}
    assert registry.subkeys(r"HKCU\A\B") == ("one", "two")
    assert registry.values(r"HKLM\A\B") == {}


def test_settings_files_are_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "x.ini"
    path.write_bytes(b"\xef\xbb\xbf[Options]\r\nA=1\r\n b = c=d \r\nnothing\r\n\xff=x")
    assert settings_in(path)["b"] == "c=d"
    assert settings_in(path)["A"] == "1"
    assert settings_in(tmp_path / "gone") == {}


# Everything at once ----------------------------------------------------------------------

TREES = {
    "windows": (
        "home/AppData/Local/osu!/osu!.cfg",
        "home/AppData/Roaming/osu/client.realm",
        "home/AppData/Local/osulazer/current/osu!.exe",
        "home/AppData/Roaming/ITGmania/Save/Preferences.ini",
        "home/AppData/Roaming/StepMania 5.1/Songs/pack/song/a.sm",
        "home/AppData/Roaming/StepMania 5/Songs/x",
        "Games/ITGmania/Portable.ini",
        "Program Files (x86)/Steam/steamapps/common/Beat Saber/Beat Saber.exe",
        "Program Files/Oculus/Software/hyperbolic-magnetism-beat-saber/Beat Saber.exe",
        "home/BSManager/BSInstances/1.40.0/Beat Saber.exe",
    ),
    "linux": (
        "home/.osu/osu!.cfg",
        "home/.local/share/osu/client.realm",
        "usr/bin/osu-lazer",
        "home/.itgmania/Save/Preferences.ini",
        "home/.stepmania-5.1/Songs/x",
        "home/.stepmania-5.0/Songs/x",
        "opt/itgmania/Portable.ini",
        "home/.local/share/Steam/steamapps/common/Beat Saber/Beat Saber.exe",
        "snap/steam/common/.local/share/Steam/config",
        "home/BSManager/BSInstances/1.40.0/Beat Saber.exe",
    ),
    "macos": (
        "home/Library/Application Support/osu/client.realm",
        "Applications/osu!.app/Contents/Info.plist",
        "home/Library/Application Support/ITGmania/Save/Preferences.ini",
        "home/Library/Application Support/StepMania 5.1/Songs/x",
        "Applications/ITGmania/Portable.ini",
    ),
}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(TREES)), st.data())
def test_whatever_is_there_is_found_once_and_left_alone(
    tmp_path_factory: pytest.TempPathFactory, os_name, data
) -> None:
    root = tmp_path_factory.mktemp("machine")
    chosen = data.draw(st.sets(st.sampled_from(TREES[os_name])))
    for path in chosen:
        touch(root / path)
    where = machine(os_name, root)
    before = sorted(root.rglob("*"))
    games = find_games(where)
    assert sorted(root.rglob("*")) == before
    assert len({g.id for g in games}) == len({g.title for g in games}) == len(games)
    for game in games:
        assert game.id.startswith(KNOWN_IDS)
        assert game.formats
        assert game.songs is None or game.songs.is_relative_to(root)
    n_sabers = sum(path.endswith("Beat Saber.exe") for path in chosen)
    assert sum(g.id.startswith("beat-saber") for g in games) == 2 * n_sabers
    assert any(g.id == "itgmania" for g in games) == any("itgmania" in p.lower() for p in chosen)


def test_every_game_gets_formats_of_its_own_family(tmp_path: Path) -> None:
    where = machine("linux", tmp_path)
    for path in TREES["linux"]:
        touch(tmp_path / path)
    families = {f.id: f.family for f in FORMATS}
    assert {g.id: {families[i] for i in g.formats} for g in find_games(where)} == {
        "osu-stable": {"osu"},
        "osu-lazer": {"osu"},
        "stepmania": {"stepmania"},
        "stepmania-2": {"stepmania"},
        "itgmania": {"stepmania"},
        "itgmania-2": {"stepmania"},
        "beat-saber": {"beatsaber"},
        "beat-saber-wip": {"beatsaber"},
        "beat-saber-2": {"beatsaber"},
        "beat-saber-wip-2": {"beatsaber"},
    }
