"""Scanning folders: what is found, what is read again, and what never happens to the folders."""

import os
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import made_library as made
import pytest

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import run
from chartstudio.library import look as looking
from chartstudio.library import scan as scanning
from chartstudio.library.catalog import Catalog
from chartstudio.library.entries import SongEntry
from chartstudio.library.places import walk
from chartstudio.library.search import Query, find


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    folder = tmp_path / "Songs"
    folder.mkdir()
    return folder


@pytest.fixture
def catalog(own_home: Path) -> Catalog:
    return Catalog()


def scan(catalog: Catalog, *folders: Path) -> scanning.Report:
    for folder in folders:
        catalog.add_folder(folder)
    return run(scanning.scan(catalog))


def titles(catalog: Catalog) -> list[str]:
    return sorted(s.title for s in catalog.songs())


def one(catalog: Catalog, title: str) -> SongEntry:
    return next(s for s in catalog.songs() if s.title == title)


def figures(report: scanning.Report) -> tuple[int, ...]:
    return report.n_new, report.n_changed, report.n_moved, report.n_gone


@pytest.fixture
def every_family(songs: Path) -> Path:
    made.save(songs / "Pack" / "Dance", made.song("Dance", names=("Easy", "Hard")), "ssc")
    made.save(songs / "Pack" / "Old", made.song("Old"), "sm")
    made.save(songs / "1 Mania", made.song("Mania", "mania-4k", ("Normal", "Insane")), "osz")
    made.save(songs / "2 Circles", made.song("Circles", "osu"), "osz")
    level = made.song("Level", "beatsaber", ("Hard", "ExpertPlus"))
    made.save(songs / "3 Level", level, "beatsaber-v3")
    made.save(songs / "4 Level", made.renamed(level, "Level 4"), "beatsaber-v4")
    made.save(songs / "own", made.song("Mine"), "project")
    return songs


def test_every_family_is_found_with_its_charts(catalog: Catalog, every_family: Path) -> None:
    before = made.snapshot(every_family)
    report = scan(catalog, every_family)
    assert figures(report) == (7, 0, 0, 0)
    assert report.n_songs == 7
    assert titles(catalog) == ["Circles", "Dance", "Level", "Level 4", "Mania", "Mine", "Old"]
    assert [(c.mode, c.name, c.level) for c in one(catalog, "Dance").charts] == [
        ("dance-single", "Easy", 5.0),
        ("dance-single", "Hard", 6.0),
    ]
    assert {c.name for c in one(catalog, "Mania").charts} == {"Normal", "Insane"}
    assert [c.level for c in one(catalog, "Level 4").charts] == [3.0, 5.0]
    assert one(catalog, "Old").pack == "Pack"
    assert one(catalog, "Dance").charter == "Charter"
    assert all(s.artist == f"Artist of {s.title}" for s in catalog.songs() if "4" not in s.title)
    assert not any(s.excluded or s.is_filled for s in catalog.songs())
    assert made.snapshot(every_family) == before


def test_headers_say_what_whole_readers_say(shared: Path) -> None:
    n_charts = 0
    for root in (shared / "fixtures", shared / "data" / "charted"):
        *_, found = walk(root)
        for place in found.places:
            files = looking.Bundle.open(place.path)
            looked = looking.look(files)
            song, _ = looking.read_song(files)
            header, meta = looked.header, song.metadata
            said = [(c.mode, c.name, c.level, c.label) for c in header.charts]
            assert said == [(c.mode, c.name, c.level, c.label) for c in song.charts]
            names = (header.metadata.title, header.metadata.artist, header.metadata.credit)
            assert names == (meta.title, meta.artist, meta.credit)
            assert (header.audio, looked.opts_out) == (song.audio, meta.disallow_training)
            n_charts += len(said)
    assert n_charts > 40


def test_nothing_is_read_twice(
    catalog: Catalog, every_family: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.zipped(every_family / "set.osz", every_family / "1 Mania")
    scan(catalog, every_family)

    def never(*args: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(scanning, "look", never)
    monkeypatch.setattr(scanning, "songs_in", never)
    assert figures(scan(catalog)) == (0, 0, 0, 0)


def test_a_changed_song_is_read_again_and_a_gone_one_forgotten(
    catalog: Catalog, every_family: Path
) -> None:
    scan(catalog, every_family)
    made.save(every_family / "Pack" / "Dance", made.song("Dance", names=("Easy",)), "ssc")
    made.later(every_family / "Pack" / "Dance" / "Dance.ssc")
    shutil.rmtree(every_family / "2 Circles")
    made.save(every_family / "5 New", made.song("New", "osu"), "osz")
    assert figures(scan(catalog)) == (1, 1, 0, 1)
    assert len(one(catalog, "Dance").charts) == 1
    assert "Circles" not in titles(catalog)
    assert find(catalog, Query("circles")) == []


def test_audio_that_comes_or_goes_is_a_change(catalog: Catalog, songs: Path) -> None:
    folder = made.save(songs / "a", made.song("A", "osu"), "osz", None)
    scan(catalog, songs)
    assert "song.ogg is missing" in one(catalog, "A").excluded
    (folder / "song.ogg").write_bytes(b"x")
    assert figures(scan(catalog)) == (0, 1, 0, 0)
    assert one(catalog, "A").excluded == ""


def test_a_file_that_was_only_touched_keeps_what_is_known(catalog: Catalog, songs: Path) -> None:
    folder = made.save(songs / "a", made.song("A"), "ssc")
    scan(catalog, songs)
    fill_by_hand(catalog)
    made.later(folder / "A.ssc")
    assert figures(scan(catalog)) == (0, 0, 0, 0)
    assert one(catalog, "A").is_filled
    assert figures(scan(catalog)) == (0, 0, 0, 0)


def fill_by_hand(catalog: Catalog) -> None:
    for known in catalog.unfilled(1):
        assert catalog.put_filled(known, 1, None, (), None)


def test_a_moved_song_keeps_what_is_known(catalog: Catalog, songs: Path, tmp_path: Path) -> None:
    folder = made.save(songs / "P" / "a", made.song("A"), "ssc")
    made.save(songs / "P" / "b", made.song("B"), "ssc")
    other = tmp_path / "Other"
    other.mkdir()
    scan(catalog, songs, other)
    fill_by_hand(catalog)
    old = one(catalog, "A")
    (songs / "Q").mkdir()
    folder.rename(songs / "Q" / "a2")
    assert figures(scan(catalog)) == (0, 0, 1, 0)
    new = one(catalog, "A")
    assert (new.id, new.path, new.pack) == (old.id, songs / "Q" / "a2", "Q")
    assert new.is_filled
    (songs / "P" / "b").rename(other / "b")
    assert figures(scan(catalog)) == (0, 0, 1, 0)
    assert one(catalog, "B").path == other / "b"
    assert [s.title for s in find(catalog, Query("pack:Q"))] == ["A"]


def test_a_copy_is_a_song_of_its_own(catalog: Catalog, songs: Path) -> None:
    folder = made.save(songs / "P" / "a", made.song("A"), "ssc")
    scan(catalog, songs)
    shutil.copytree(folder, songs / "Q" / "a")
    assert figures(scan(catalog)) == (1, 0, 0, 0)
    assert titles(catalog) == ["A", "A"]


def test_archives_hold_a_song_or_a_pack(catalog: Catalog, songs: Path, tmp_path: Path) -> None:
    stuff = tmp_path / "stuff"
    made.save(stuff / "Pack" / "a", made.song("A"), "ssc")
    made.save(stuff / "Pack" / "b", made.song("B"), "sm")
    made.zipped(songs / "pack.smzip", stuff)
    made.zipped(songs / "one.osz", made.save(tmp_path / "c", made.song("C", "osu"), "osz"))
    made.zipped(songs / "project.zip", made.save(tmp_path / "d", made.song("D"), "project"))
    with zipfile.ZipFile(songs / "papers.zip", "w") as papers:
        papers.writestr("letter.txt", "no song")
    report = scan(catalog, songs)
    assert titles(catalog) == ["A", "B", "C", "D"]
    assert report.n_broken == 0
    assert not any(s.excluded for s in catalog.songs())
    assert one(catalog, "A").inside == "a"
    assert one(catalog, "B").inside == "b"
    assert figures(scan(catalog)) == (0, 0, 0, 0)
    (songs / "pack.smzip").unlink()
    assert figures(scan(catalog)) == (0, 0, 0, 2)


def test_backups_below_a_song_are_no_songs(catalog: Catalog, songs: Path) -> None:
    level = made.song("Level", "beatsaber", ("Hard",))
    folder = made.save(songs / "x", level, "beatsaber-v3")
    made.save(folder / "autosaves" / "1", level, "beatsaber-v3")
    assert scan(catalog, songs).n_songs == 1


def test_links_in_circles_end(catalog: Catalog, songs: Path) -> None:
    made.save(songs / "P" / "a", made.song("A"), "ssc")
    (songs / "P" / "again").symlink_to(songs)
    (songs / "nothing").symlink_to(songs / "gone")
    assert scan(catalog, songs).n_songs == 1


def test_a_folder_that_is_away_keeps_its_songs(catalog: Catalog, songs: Path) -> None:
    made.save(songs / "a", made.song("A"), "ssc")
    scan(catalog, songs)
    songs.rename(songs.with_name("away"))
    report = scan(catalog)
    assert (report.missing, report.n_songs, report.n_gone) == ([songs], 1, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_locked_folder_keeps_its_songs(catalog: Catalog, songs: Path) -> None:
    folder = made.save(songs / "P" / "a", made.song("A"), "ssc").parent
    scan(catalog, songs)
    folder.chmod(0)
    try:
        report = scan(catalog)
    finally:
        folder.chmod(0o755)
    assert (report.n_gone, report.n_songs, report.missing) == (0, 1, [folder])


def test_read_only_folders_are_scanned(catalog: Catalog, every_family: Path) -> None:
    made.zipped(every_family / "set.osz", every_family / "1 Mania")
    for path in [*every_family.rglob("*"), every_family]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = made.snapshot(every_family)
    try:
        assert scan(catalog, every_family).n_songs == 8
        assert made.snapshot(every_family) == before
    finally:
        for path in [every_family, *every_family.rglob("*")]:
            path.chmod(0o755)


def test_folders_within_folders_are_one(catalog: Catalog, songs: Path) -> None:
    made.save(songs / "P" / "a", made.song("A"), "ssc")
    inner = catalog.add_folder(songs / "P")
    run(scanning.scan(catalog))
    fill_by_hand(catalog)
    outer = catalog.add_folder(songs)
    assert [f.path for f in catalog.folders()] == [songs]
    assert outer.id != inner.id
    assert figures(scan(catalog)) == (0, 0, 0, 0)
    assert one(catalog, "A").is_filled
    assert catalog.add_folder(songs / "P").id == outer.id
    catalog.remove_folder(outer)
    assert catalog.songs() == []
    with pytest.raises(ChartStudioError, match="no folder"):
        catalog.add_folder(songs / "P" / "a" / "A.ssc")


# Odd and hostile files ---------------------------------------------------------------------


def test_hostile_files_stop_nothing(catalog: Catalog, songs: Path) -> None:
    failed = Path(__file__).resolve().parents[1] / "formats" / "failed_inputs"
    shutil.copytree(failed, songs / "failed")
    bad = {
        "empty.osu": b"",
        "zeros.sm": b"\0" * 5000,
        "open.ssc": b"#TITLE:x;#NOTEDATA:;#NOTES:" + b"#NOTES:" * 20_000,
        "half.osu": b"\xff\xfe\x00",
        "Info.dat": b'{"_songName": ' + b"[" * 20_000,
        "info.dat": b'{"_songName": 5, "_difficultyBeatmapSets": {"a": [null]}}',
        "deep.chartstudio": b'{"chartstudio": 1, "charts": [[' * 50,
        "surrogate.sm": b"#TITLE:\xed\xa0\x80;#ARTIST:\xff;",
        "packed.osz": b"PK\x03\x04 nothing",
        "none.smzip": b"",
    }
    for i, (name, data) in enumerate(bad.items()):
        (songs / str(i)).mkdir()
        (songs / str(i) / name).write_bytes(data)
    made.save(songs / "good", made.song("Good"), "ssc")
    report = scan(catalog, songs)
    assert report.n_songs >= 14
    assert report.n_broken >= 5
    assert one(catalog, "Good").excluded == ""
    assert figures(scan(catalog)) == (0, 0, 0, 0)


def test_a_reader_that_fails_is_one_songs_reason(
    catalog: Catalog, songs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.save(songs / "a", made.song("A"), "ssc")
    made.save(songs / "b", made.song("B"), "ssc")
    real = scanning.look

    def look(files: looking.Bundle) -> looking.Looked:
        if files.path.name == "a":
            raise KeyError("odd")
        return real(files)

    monkeypatch.setattr(scanning, "look", look)
    assert scan(catalog, songs).n_broken == 1
    assert "KeyError" in one(catalog, "a").excluded
    assert one(catalog, "B").excluded == ""


def test_names_that_are_no_text(catalog: Catalog, songs: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(songs) + b"/caf\xe9"))
    try:
        made.save(folder, made.song("A"), "ssc")
    except OSError:
        pytest.skip("this file system takes no such names")
    assert scan(catalog, songs).n_songs == 1
    assert one(catalog, "A").path == folder
    assert figures(scan(catalog)) == (0, 0, 0, 0)


def test_a_song_that_is_replaced_while_it_is_scanned_is_read_again(
    catalog: Catalog, songs: Path
) -> None:
    folder = made.save(songs / "a", made.song("A"), "ssc")
    made.save(songs / "b", made.song("B"), "ssc")
    catalog.add_folder(songs)
    job = scanning.scan(catalog)
    steps = 0
    for progress in job:
        steps += 1
        if progress.what.startswith("Reading") and (folder / "A.ssc").exists():
            # The folders were walked; the files change under the reader's hands.
            (folder / "A.ssc").unlink()
            made.save(folder, made.song("Another"), "ssc")
            made.save(songs / "c", made.song("C"), "ssc")
            shutil.rmtree(songs / "b")
    assert steps > 2
    scan(catalog)
    assert titles(catalog) == ["Another", "C"]


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 9])
def test_a_cancelled_scan_goes_on_where_it_was(
    catalog: Catalog, every_family: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "_BATCH", 1)
    catalog.add_folder(every_family)
    job = scanning.scan(catalog)
    for _ in range(steps):
        next(job)
    job.close()
    n = len(catalog.songs())
    assert n < 7
    assert figures(scan(catalog)) == (7 - n, 0, 0, 0)
    assert len(titles(catalog)) == 7


def test_two_scans_at_once_agree(every_family: Path, own_home: Path) -> None:
    with Catalog() as a, Catalog() as b:
        a.add_folder(every_family)
        jobs = [scanning.scan(a), scanning.scan(b)]
        while jobs:
            for job in list(jobs):
                if next(job, None) is None:
                    jobs.remove(job)
        assert titles(a) == titles(b)
        assert len(titles(a)) == 7


# The database ------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["text", "pages", "newer", "foreign"])
def test_a_spoilt_database_is_begun_anew(every_family: Path, own_home: Path, damage: str) -> None:
    with Catalog() as catalog:
        scan(catalog, every_family)
        file = catalog.folder / "library.sqlite3"
    spoil(file, damage)
    with Catalog() as catalog:
        assert "begun anew" in catalog.notice
        assert [f.path for f in catalog.folders()] == [every_family]
        assert catalog.songs() == []
        assert figures(scan(catalog)) == (7, 0, 0, 0)
    assert len(list(file.parent.glob("library-*.old"))) == 1
    with Catalog() as catalog:
        assert catalog.notice == ""


def spoil(file: Path, damage: str) -> None:
    kinds: dict[str, Callable[[], object]] = {
        "text": lambda: file.write_text("this is no database, whatever its name says " * 50),
        "pages": lambda: file.write_bytes(
            file.read_bytes()[:4096] + os.urandom(file.stat().st_size - 4096)
        ),
        "newer": lambda: execute(file, "PRAGMA user_version = 999"),
        "foreign": lambda: (file.unlink(), execute(file, "CREATE TABLE songs(a)")),
    }
    kinds[damage]()


def execute(file: Path, statement: str) -> None:
    db = sqlite3.connect(file)
    db.execute(statement)
    db.commit()
    db.close()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ChartStudioError, match="cannot be opened"):
        Catalog(tmp_path / "gone")


# Searching ---------------------------------------------------------------------------------


def test_searching(catalog: Catalog, every_family: Path) -> None:
    made.save(every_family / "6", made.song("猫鍋の歌", "osu", ("Étude",)), "osz")
    scan(catalog, every_family)

    def found(words: str = "", **more: object) -> set[str]:
        return {s.title for s in find(catalog, Query(words, **more))}  # type: ignore[arg-type]

    assert found("danc") == {"Dance", "Old", "Mine"}
    assert found("title:danc") == {"Dance"}
    assert found("charter:charter level:6") == {"Dance"}
    assert found('artist:"of old"') == {"Old"}
    assert found("etude") == {"猫鍋の歌"}
    assert found("鍋の") == {"猫鍋の歌"}
    assert found("pack:pack") == {"Dance", "Old"}
    assert found("mode:mania") == {"Mania"}
    assert found("insane mania") == {"Mania"}
    assert found("insane dance") == set()
    assert found(modes=("mania",)) == {"Mania"}
    assert found(modes=("dance-single",), low=6.0) == {"Dance"}
    assert found(low=3.0, high=3.5) == {"Level", "Level 4"}
    assert len(found(excluded=False)) == 8
    assert found(excluded=True) == set()
    for words in ("***", '"', 'a" OR "b', "AND", "re:zero", "title:", "'; DROP", "()"):
        assert found(words) <= set(titles(catalog))


def test_five_hundred_songs_are_counted(catalog: Catalog, songs: Path) -> None:
    texts = made.song("Song 000 here").metadata.title
    files = {
        fmt: made.write_song(made.song(texts, mode), fmt)
        for fmt, mode in (("ssc", "dance-single"), ("osz", "osu"), ("beatsaber-v3", "beatsaber"))
    }
    for i in range(500):
        fmt = list(files)[i % 3]
        folder = songs / f"Pack {i % 5}" / str(i)
        folder.mkdir(parents=True)
        for name, data in files[fmt].items():
            (folder / name).write_bytes(data.replace(b"Song 000 here", b"Song %03d here" % i))
        if i % 10:
            (folder / "song.ogg").write_bytes(b"x")
    assert figures(scan(catalog, songs)) == (500, 0, 0, 0)
    assert titles(catalog) == [f"Song {i:03} here" for i in range(500)]
    assert len(find(catalog, Query(excluded=True))) == 50
    assert len(find(catalog, Query(modes=("osu",)))) == 167
    assert [s.title for s in find(catalog, Query("title:123"))] == ["Song 123 here"]
    assert figures(scan(catalog)) == (0, 0, 0, 0)
