"""Notes, levels and sound by workers; what is left out and why; killed in the middle."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import made_library as made
import pytest

from chartstudio.core.job import run
from chartstudio.core.note import LaneNote
from chartstudio.core.provenance import Generated, mark
from chartstudio.core.song import Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.library import exclusions, fill, scan
from chartstudio.library.catalog import Catalog
from chartstudio.library.entries import SongEntry
from chartstudio.library.workers import Crash, Workers


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    folder = tmp_path / "Songs"
    folder.mkdir()
    return folder


@pytest.fixture
def catalog(songs: Path, own_home: Path) -> Catalog:
    catalog = Catalog()
    catalog.add_folder(songs)
    return catalog


class Here(Workers[fill.Task, fill.Filled | None]):
    """Workers that are no processes."""

    def run(self, tasks):  # type: ignore[no-untyped-def]
        for number, task in enumerate(tasks):
            yield None, None
            yield number, self._work(task)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill, "Workers", Here)


def update(catalog: Catalog) -> dict[str, SongEntry]:
    run(scan.scan(catalog))
    run(fill.fill(catalog, 1))
    return {s.title: s for s in catalog.songs()}


# What is found -----------------------------------------------------------------------------


def test_figures_of_charts(catalog: Catalog, songs: Path, here: None) -> None:
    audio = made.ogg(made.music(1))
    made.save(songs / "a", made.song("A", names=("Easy", "Hard")), "ssc", audio)
    made.save(songs / "b", made.song("B", "beatsaber", ("Expert",)), "beatsaber-v3", audio)
    before = made.snapshot(songs)
    found = update(catalog)
    assert made.snapshot(songs) == before
    a = found["A"]
    assert a.is_filled
    assert a.duration_s == pytest.approx(24.0, abs=0.01)
    chart = a.charts[1]
    assert (chart.name, chart.level, chart.n_notes) == ("Hard", 6.0, 32)
    # 32 notes, one each quarter second, from second 2 on.
    assert chart.nps == pytest.approx(32 / 7.75, abs=0.01)
    assert chart.density == (3.2,)
    assert chart.nps_peak == pytest.approx(4.0)
    assert chart.estimate is not None
    assert found["B"].charts[0].n_notes == 32
    assert [s.excluded for s in found.values()] == ["", ""]
    assert run(fill.fill(catalog)).n_filled == 0


def test_a_changed_song_is_filled_again(catalog: Catalog, songs: Path, here: None) -> None:
    folder = made.save(songs / "a", made.song("A"), "ssc", made.ogg(made.music(1, 8.0)))
    update(catalog)
    chart = replace(made.song("A").charts[0], notes=made.notes("dance-single", 8))
    made.save(folder, replace(made.song("A"), charts=(chart,)), "ssc", None)
    made.later(folder / "A.ssc")
    assert update(catalog)["A"].charts[0].n_notes == 8


def test_a_song_that_changed_since_the_scan_waits_for_the_next(
    catalog: Catalog, songs: Path, here: None
) -> None:
    folder = made.save(songs / "a", made.song("A"), "ssc", made.ogg(made.music(1, 8.0)))
    run(scan.scan(catalog))
    made.later(folder / "A.ssc")
    assert run(fill.fill(catalog)).n_filled == 0
    assert update(catalog)["A"].is_filled


def ids(song: SongEntry) -> set[str]:
    return {r.id for r in song.reasons} | {r.id for c in song.charts for r in c.reasons}


def warped(made_song: Song) -> Song:
    start = made_song.timing.anchors[0]
    anchors = (start, Anchor(4 * BEAT, 2.0, 120.0), Anchor(8 * BEAT, 2.0, 120.0, cause=Cause.WARP))
    return replace(made_song, timing=TimingMap(anchors))


def changed(made_song: Song, **values: object) -> Song:
    chart = replace(made_song.charts[0], **values)  # type: ignore[arg-type]
    return replace(made_song, charts=(chart, *made_song.charts[1:]))


def test_every_reason_is_found_and_said(catalog: Catalog, songs: Path, here: None) -> None:
    audio = made.ogg(made.music(1, 8.0))

    def put(title: str, made_song: Song, fmt: str = "ssc", sound: bytes | None = audio) -> Path:
        return made.save(songs / title, made.renamed(made_song, title), fmt, sound)

    base = made.song("x")
    put("good", base)
    (put("robots", base) / "ROBOTS.TXT").write_text("Robots :  Disallow")
    put("tagged", made.song("x", "osu"), "osz")
    file = next((songs / "tagged").glob("*.osu"))
    file.write_text(file.read_text().replace("Tags:", "Tags:a robots:disallow b"))
    level = put("member", made.song("x", "beatsaber", ("Hard",)), "beatsaber-v3")
    info = level / "Info.dat"
    info.write_text(
        info.read_text().replace("{", '{"_customData": {"robots": "DISALLOW"},', 1), "utf-8"
    )
    put("beatsage", made.song("x", "beatsaber", ("Hard",)), "beatsaber-v3")
    info = songs / "beatsage" / "Info.dat"
    info.write_text(info.read_text().replace("Charter", "Beat Sage"))
    put("marked", changed(base, credit="me, AI-assisted (ChartStudio)"))
    draft = changed(base)
    whole = mark(draft.charts[0], Generated(0, 100 * BEAT, "base", 1, "2026-01-01"))
    put("drafted", replace(draft, charts=(whole,)), "project")
    put("warps", warped(base))
    n = base.charts[0].notes
    fakes = [replace(note, kind="fake") for note in n[:3] if isinstance(note, LaneNote)]
    put("fakes", changed(base, notes=(*fakes, *n[3:])))
    put("noodle", made.song("x", "beatsaber", ("Hard",)), "beatsaber-v3")
    info = songs / "noodle" / "Info.dat"
    needs = '"_customData": {"_requirements": ["Noodle Extensions"]}, "_difficulty":'
    info.write_text(info.read_text().replace('"_difficulty":', needs))
    outside = made.song("x", "beatsaber", ("Hard",))
    cells = [replace(note, x=1000 + i) for i, note in enumerate(outside.charts[0].notes)]  # type: ignore[call-arg]
    put("outside", changed(outside, notes=tuple(cells)), "beatsaber-v3")
    off = made.song("x", "osu")
    put("off", changed(off, notes=made.notes("osu", 32, 7919)), "osz")
    put("silent", base, sound=None)
    put("mute", base, sound=b"no sound at all")
    put("nothing", changed(base, notes=()))
    put("garbage", base)
    (songs / "garbage" / "garbage.ssc").write_bytes(b"\x00\x01\x02")
    put("lost", made.song("x", "beatsaber", ("Hard", "Expert")), "beatsaber-v3")
    next((songs / "lost").glob("Expert*.dat")).write_text("{ broken")
    found = update(catalog)
    said = {title: ids(song) for title, song in found.items()}
    assert said == {
        "good": set(),
        "robots": {"robots"},
        "tagged": {"robots"},
        "member": {"robots"},
        "beatsage": {"ai"},
        "marked": {"ai"},
        "drafted": {"ai"},
        "warps": {"gimmick"},
        "fakes": {"gimmick"},
        "noodle": {"gimmick"},
        "outside": {"gimmick"},
        "off": {"off-beat"},
        "silent": {"no-audio"},
        "mute": {"broken"},
        "nothing": {"empty"},
        "garbage": {"broken"},
        "lost": {"broken"},
    }
    assert set().union(*said.values()) < set(exclusions.TITLES)
    assert [t for t, s in found.items() if not s.excluded] == ["good", "lost"]
    assert [c.name for c in found["lost"].used] == ["Hard"]
    assert "robots: disallow" in found["robots"].excluded


def test_usual_rhythms_are_on_the_beat() -> None:
    timing = TimingMap.constant(173.0, 0.337)
    for step in (BEAT, BEAT // 3, BEAT // 4, BEAT // 12, BEAT // 16):
        chart = replace(made.song("x").charts[0], notes=made.notes("dance-single", 40, step))
        assert exclusions.off_beat_share(chart, timing) == 0
    for step in (BEAT // 5, BEAT // 7, BEAT // 9):
        chart = replace(made.song("x").charts[0], notes=made.notes("dance-single", 40, step))
        assert exclusions.off_beat_share(chart, timing) > 0.5


# Workers -----------------------------------------------------------------------------------


def odd(task: str) -> str:
    """A task that misbehaves as it is told; the workers' processes find it by its name."""
    if task == "die":
        os._exit(3)
    if task == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if task == "hang":
        time.sleep(60)
    if task == "raise":
        raise KeyError("odd")
    return task.upper()


def test_workers_outlive_their_tasks() -> None:
    tasks = ["a", "die", "b", "hang", "c", "raise", "d", "segfault", "e"]
    with Workers(odd, 2, 4.0) as workers:
        found = {n: r for n, r in workers.run(tasks) if n is not None}
        processes = [w.process for w in workers._workers]
    assert [found[i] for i in (0, 2, 4, 6, 8)] == ["A", "B", "C", "D", "E"]
    for i, what in ((1, "brought"), (3, "more than"), (5, "KeyError"), (7, "brought")):
        result = found[i]
        assert isinstance(result, Crash)
        assert what in result.what
    with pytest.raises(ValueError, match="closed"):
        processes[0].is_alive()


def test_a_cancelled_filling_ends_its_workers_and_goes_on(catalog: Catalog, songs: Path) -> None:
    for i in range(4):
        made.save(songs / str(i), made.song(f"S{i}"), "ssc", made.ogg(made.music(i, 6.0)))
    run(scan.scan(catalog))
    job = fill.fill(catalog, 1)
    while not any(s.is_filled for s in catalog.songs()):
        next(job)
    job.close()
    n = sum(s.is_filled for s in catalog.songs())
    assert 1 <= n < 4
    assert run(fill.fill(catalog, 2)).n_filled == 4 - n
    assert all(s.is_filled and not s.excluded for s in catalog.songs())


KILLED = """
import sys
from pathlib import Path
from chartstudio.core.job import run
from chartstudio.library import fill, scan
from chartstudio.library.catalog import Catalog

scan._BATCH = 3
fill.Workers = type(
    "Here",
    (fill.Workers,),
    {"run": lambda self, tasks: ((i, self._work(t)) for i, t in enumerate(tasks))},
)
catalog = Catalog()
catalog.add_folder(Path(sys.argv[1]))
for job in (scan.scan(catalog), fill.fill(catalog)):
    for progress in job:
        print("step", flush=True)
"""


def test_killed_anywhere_the_database_is_good(songs: Path, own_home: Path) -> None:
    for i in range(30):
        made.save(songs / str(i), made.song(f"S{i:02}"), "ssc", b"no sound")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED, str(songs)]
    for n_steps in (3, 22, 44):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        assert process.stdout is not None
        for _ in range(n_steps):
            process.stdout.readline()
        process.kill()
        process.wait()
        process.stdout.close()
        with Catalog() as catalog:
            assert catalog.notice == ""
            check = sqlite3.connect(catalog.folder / "library.sqlite3")
            assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            check.close()
            for song in catalog.songs():
                assert len(song.charts) == 1
    with Catalog() as catalog:
        known = len(catalog.songs())
        assert known > 0
        assert run(scan.scan(catalog)).n_new == 30 - known
