"""Folders and archives: lazy reading, hostile archives, saving all or nothing."""

import errno
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from chartstudio.core.errors import FormatError
from chartstudio.formats import bundle as b
from chartstudio.formats.bundle import Bundle, save_archive, save_files


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "song"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "a.ssc").write_bytes(b"#TITLE:a;")
    (folder / "Song.OGG").write_bytes(b"sound")
    (folder / "sub" / "c.png").write_bytes(b"picture")
    (folder / "sub" / "deep" / "d.txt").write_bytes(b"not part of a song")
    (folder / ".hidden").write_bytes(b"x")
    return folder


def _zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


# Opening


def test_a_folder(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "link.txt").symlink_to(folder / "a.ssc")
    bundle = Bundle.open(folder)
    assert bundle.names == ("Song.OGG", "a.ssc", "sub/c.png")
    assert (bundle.path, bundle.chosen, len(bundle)) == (folder, None, 3)
    assert bundle["a.ssc"] == b"#TITLE:a;"
    assert list(bundle) == list(bundle.names)
    assert bundle.where("a.ssc") == str(folder / "a.ssc")


def test_names_are_found_in_any_case(tmp_path: Path) -> None:
    bundle = Bundle.open(_folder(tmp_path))
    assert bundle["song.ogg"] == b"sound"
    assert bundle["SUB\\C.png"] == b"picture"
    assert bundle.find("./a.ssc") == "a.ssc"
    assert "A.SSC" in bundle
    for name in ("", "missing", 3):
        assert name not in bundle
    with pytest.raises(KeyError):
        bundle["missing"]


def test_names_that_differ_in_case_only_are_all_there(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "a").write_bytes(b"1")
    (folder / "A").write_bytes(b"2")
    bundle = Bundle.open(folder)
    assert (bundle["a"], bundle["A"]) == (b"1", b"2")


def test_a_chart_file_with_its_neighbours(tmp_path: Path) -> None:
    path = _folder(tmp_path) / "a.ssc"
    bundle = Bundle.open(path)
    assert bundle.chosen == "a.ssc"
    assert bundle["song.ogg"] == b"sound"
    assert bundle.where("a.ssc") == str(path)
    hidden = Bundle.open(path.parent / ".hidden")
    assert hidden[".hidden"] == b"x"


def test_a_chart_in_a_folder_that_cannot_be_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _folder(tmp_path) / "a.ssc"

    def refuse(*args: object) -> None:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(b.os, "scandir", refuse)
    assert Bundle.open(path).names == ("a.ssc",)
    with pytest.raises(FormatError, match="cannot be accessed"):
        Bundle.open(path.parent)


def test_files_that_vanish_or_are_closed_to_us(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    bundle = Bundle.open(folder)
    (folder / "a.ssc").unlink()
    with pytest.raises(FormatError, match=r"a\.ssc: does not exist"):
        bundle["a.ssc"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("missing.sm", None, "does not exist; check"),
        ("a.sm/b.sm", None, "lies below a file"),
        ("a.osz", b"", "is empty"),
        ("a.osz", b"PK but no", "is not an archive"),
        ("a.zip", b"PK\x03\x04 and then nothing", "is damaged"),
        ("a.zip", b"PK\x05\x06" + b"\0" * 18, "empty archive"),
    ],
)
def test_what_cannot_be_opened(tmp_path: Path, name: str, data: bytes | None, message: str) -> None:
    (tmp_path / "a.sm").write_bytes(b"x")
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(FormatError, match=message) as caught:
        Bundle.open(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_an_empty_folder_and_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is an empty folder"):
        Bundle.open(tmp_path)
    if not hasattr(os, "mkfifo"):
        return
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FormatError, match="no file or folder"):
        Bundle.open(tmp_path / "pipe")


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = _folder(tmp_path) / "a.ssc"
    path.chmod(0)
    with pytest.raises(FormatError, match="permissions"):
        Bundle.open(path)


def test_folders_that_are_no_song(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _folder(tmp_path)
    monkeypatch.setattr(b, "MAX_ENTRIES", 2)
    assert len(Bundle.open(folder)) == 2
    monkeypatch.setattr(b, "MAX_TOTAL_BYTES", 3)
    with pytest.raises(FormatError, match="2 GiB"):
        Bundle.open(folder)


# Archives


def test_an_archive(tmp_path: Path) -> None:
    bundle = Bundle.open(
        _zip(tmp_path / "a.osz", {"b.osu": b"x", "dir/c.ogg": b"y", "é.png": b"z"})
    )
    assert bundle.names == ("b.osu", "dir/c.ogg", "é.png")
    assert bundle["dir/c.ogg"] == b"y"
    assert bundle["é.png"] == b"z"
    assert bundle.where("b.osu").endswith("a.osz/b.osu")


def test_a_folder_around_everything_is_left_off(tmp_path: Path) -> None:
    bundle = Bundle.open(_zip(tmp_path / "a.zip", {"Song/a.sm": b"x", "Song/b/c.png": b"y"}))
    assert bundle.names == ("a.sm", "b/c.png")
    assert bundle["a.sm"] == b"x"
    lone = Bundle.open(_zip(tmp_path / "b.zip", {"a.sm": b"x"}))
    assert lone.names == ("a.sm",)


def test_an_archive_is_known_by_its_bytes(tmp_path: Path) -> None:
    assert Bundle.open(_zip(tmp_path / "a.bin", {"a.sm": b"x"})).names == ("a.sm",)


def test_names_that_are_not_marked_are_shift_jis(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.osz", {"AAAA.osu": b"x", "dir/": b""})
    data = path.read_bytes()
    path.write_bytes(data.replace(b"AAAA", "音楽".encode("cp932")))
    assert Bundle.open(path).names == ("音楽.osu",)
    path.write_bytes(data.replace(b"AAAA", b"\xc3\xa9\xff\xfd"))
    assert len(Bundle.open(path).names) == 1


@pytest.mark.parametrize("name", ["../up.osu", "/root.osu", "a/../../b", "C:/x", "..\\up"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match="leads out"):
        Bundle.open(_zip(tmp_path / "a.osz", {"a.osu": b"x", name: b"y"}))


def test_links_in_archives_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.osz"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("link.osu")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
        archive.writestr("a.osu", "x")
    assert Bundle.open(path).names == ("a.osu",)


def test_archives_that_are_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _zip(tmp_path / "a.osz", {"a": b"0" * 100, "b": b""})
    monkeypatch.setattr(b, "MAX_TOTAL_BYTES", 99)
    with pytest.raises(FormatError, match="2 GiB"):
        Bundle.open(path)
    monkeypatch.setattr(b, "MAX_ENTRIES", 1)
    with pytest.raises(FormatError, match="holds 2 files"):
        Bundle.open(path)


def test_damaged_and_locked_entries(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.osz", {"a.osu": b"some text that is packed" * 9})
    data = bytearray(path.read_bytes())
    data[50] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"a\.osu: is damaged"):
        Bundle.open(path)["a.osu"]
    data = bytearray(_zip(path, {"a.osu": b"x"}).read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(FormatError, match="without a password"):
        Bundle.open(path)["a.osu"]


def test_an_archive_that_is_taken_away(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.osz", {"a.osu": b"x"})
    bundle = Bundle.open(path)
    path.unlink()
    with pytest.raises(FormatError, match="does not exist"):
        bundle["a.osu"]


# Saving


def test_files_are_saved_and_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "pack" / "song"
    save_files(folder, {"a.sm": b"1", "sub/b.png": b"2"})
    save_files(folder, {"a.sm": b"3"})
    assert (folder / "a.sm").read_bytes() == b"3"
    assert (folder / "sub" / "b.png").read_bytes() == b"2"
    assert sorted(p.name for p in folder.iterdir()) == ["a.sm", "sub"]


def test_an_archive_is_saved_and_the_same_each_time(tmp_path: Path) -> None:
    path = tmp_path / "made" / "é.osz"
    save_archive(path, {"é.osu": b"text", "dir/a.mp3": b"sound"})
    first = path.read_bytes()
    save_archive(path, {"é.osu": b"text", "dir/a.mp3": b"sound"})
    assert path.read_bytes() == first
    assert Bundle.open(path)["é.osu"] == b"text"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_when_the_disk_refuses_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "a.sm").write_bytes(b"old")
    calls = []

    def fail_second(file: int) -> None:
        calls.append(file)
        if len(calls) % 2 == 0:
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(b.os, "fsync", fail_second)
    with pytest.raises(FormatError, match=r"b\.sm: .*(disk|quota|failed)"):
        save_files(folder, {"a.sm": b"new", "b.sm": b"new"})
    assert [p.name for p in folder.iterdir()] == ["a.sm"]
    assert (folder / "a.sm").read_bytes() == b"old"
    calls.append(0)
    with pytest.raises(FormatError, match=r"a\.osz: "):
        save_archive(tmp_path / "new" / "a.osz", {"a.osu": b"x"})
    calls.append(0)
    with pytest.raises(FormatError):
        save_files(tmp_path / "x" / "y", {"a.sm": b"x"})
    assert [p.name for p in tmp_path.iterdir()] == ["old"]


def test_being_interrupted_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(file: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(b.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_files(tmp_path / "s", {"a.sm": b"x"})
    with pytest.raises(KeyboardInterrupt):
        save_archive(tmp_path / "s" / "a.osz", {"a.osu": b"x"})
    assert list(tmp_path.iterdir()) == []


def test_other_files_in_a_new_folder_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "s"

    def drop_in(path: Path, data: bytes) -> None:
        (folder / "other").write_bytes(b"x")
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(b, "_write", drop_in)
    with pytest.raises(FormatError, match="disk is full"):
        save_files(folder, {"a.sm": b"x"})
    assert [p.name for p in folder.iterdir()] == ["other"]


@pytest.mark.parametrize("name", ["../a", "/a", "a//b", "", "C:x", "a\0b", "./a"])
def test_names_that_lead_out_are_not_written(tmp_path: Path, name: str) -> None:
    save: Any
    for save, place in ((save_files, tmp_path / "s"), (save_archive, tmp_path / "s.osz")):
        with pytest.raises(FormatError, match="rename it"):
            save(place, {name: b"x"})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a.sm").mkdir()
    with pytest.raises(FormatError, match="is a folder"):
        save_files(tmp_path, {"a.sm": b"x"})
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FormatError, match="below a file"):
        save_files(tmp_path / "file" / "s", {"a.sm": b"x"})


def test_bombs_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _zip(tmp_path / "a.zip", {"a.osu": b"\0" * 100_000, "b.osu": os.urandom(30_000)})
    assert len(Bundle.open(path)["a.osu"]) == 100_000
    monkeypatch.setattr(b, "_BOMB_BYTES", 50_000)
    bundle = Bundle.open(path)
    with pytest.raises(FormatError, match="larger than any file of a song"):
        bundle["a.osu"]
    monkeypatch.setattr(b, "MAX_FILE_BYTES", 20_000)
    with pytest.raises(FormatError, match="larger than any file of a song"):
        bundle["b.osu"]


def test_a_huge_file_in_a_folder_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.osu").write_bytes(b"x" * 100)
    monkeypatch.setattr(b, "MAX_FILE_BYTES", 99)
    with pytest.raises(FormatError, match="larger than any file of a song"):
        Bundle.open(tmp_path)["a.osu"]


def test_an_entry_that_claims_more_than_the_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.osu", b"x" * 100)
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 20 : entry + 24] = (1 << 30).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(FormatError, match="damaged"):
        Bundle.open(path)


def test_what_the_finder_packs_for_itself_is_passed_over(tmp_path: Path) -> None:
    files = {"My Song/steps.sm": b"#TITLE:a;", "__MACOSX/My Song/._steps.sm": b"\0\5\x16\7"}
    assert Bundle.open(_zip(tmp_path / "a.zip", files)).names == ("steps.sm",)


def test_a_file_where_a_folder_is_wanted_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(FormatError, match="below a file"):
        save_archive(tmp_path / "file" / "a.osz", {"a.osu": b"x"})
    with pytest.raises(FormatError, match="below a file"):
        save_files(tmp_path / "file", {"a.osu": b"x"})
    assert (tmp_path / "file").read_bytes() == b"x"
