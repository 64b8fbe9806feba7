"""How many songs a second are scanned, on copies of real chart files of every family.

Not part of the tests::

    python tests/library/bench_scan.py [--songs 500] [--fill 20]

Prints songs per second of the walk with the headers, of a scan in which nothing changed, and of
the filling; each by the clock and by the processor's time, which says more on a busy machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from chartstudio.core.job import run
from chartstudio.formats import Bundle, read_song
from chartstudio.library import fill, scan
from chartstudio.library.catalog import Catalog

SHARED = Path(__file__).resolve().parents[3] / "shared"
SOURCES = (
    *(SHARED / "fixtures" / "stepmania" / n for n in ("Springtime", "L9", "nekonabe")),
    SHARED / "fixtures" / "osu",
    *(SHARED / "fixtures" / "beatsaber" / n for n in ("JOURNEY", "werewolf howls")),
    *sorted((SHARED / "data" / "charted").glob("*")),
)


def build(folder: Path, n_songs: int, with_audio: bool) -> int:
    """Copy the sources again and again; returns the bytes of all charts."""
    n_bytes = 0
    for i in range(n_songs):
        source = SOURCES[i % len(SOURCES)]
        target = folder / f"Pack {i // 50}" / f"{i} {source.name}"
        target.mkdir(parents=True)
        for file in source.iterdir():
            if file.suffix == ".opus" and not with_audio:
                (target / file.name).touch()
                continue
            shutil.copyfile(file, target / file.name)
            n_bytes += file.stat().st_size
    return n_bytes


def timed(n: int, what: str, work: Callable[[], object]) -> None:
    wall_s, own_s = time.perf_counter(), time.process_time()
    work()
    wall_s, own_s = time.perf_counter() - wall_s, time.process_time() - own_s
    rates = f"{n / wall_s:8.1f} songs/s by the clock, {n / own_s:8.1f} by the processor"
    print(f"{what:34} {rates}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--songs", type=int, default=500)
    parser.add_argument("--fill", type=int, default=20)
    parser.add_argument("--readers", action="store_true", help="the formats' own readers, too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        n_bytes = build(root / "Songs", args.songs, with_audio=False)
        load = os.getloadavg()[0]
        per_song = n_bytes / args.songs / 1024
        print(f"{args.songs} songs, {per_song:.0f} KiB of charts each, load {load:.1f}")
        (root / "db").mkdir()
        with Catalog(root / "db") as catalog:
            catalog.add_folder(root / "Songs")
            timed(args.songs, "headers", lambda: run(scan.scan(catalog)))
            timed(args.songs, "nothing changed", lambda: run(scan.scan(catalog)))
        if args.readers:
            folders = [p for p in (root / "Songs").glob("*/*")][:28]
            timed(len(folders), "the formats' readers", lambda: [*map(_whole, folders)])
        if args.fill:
            build(root / "More", args.fill, with_audio=True)
            (root / "db2").mkdir()
            with Catalog(root / "db2") as catalog:
                catalog.add_folder(root / "More")
                run(scan.scan(catalog))
                timed(args.fill, "notes and sound, in processes", lambda: run(fill.fill(catalog)))


def _whole(folder: Path) -> object:
    return read_song(Bundle.open(folder))


if __name__ == "__main__":
    main()
