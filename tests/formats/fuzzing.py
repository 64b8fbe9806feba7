"""Damaged inputs by the thousand: what every reader and writer must survive.

As a test it runs a few thousand; by hand, as many as asked for::

    python tests/formats/fuzzing.py osu --n 200000

An input fails when anything but an error meant for people comes out of reading, writing,
reading again or listing losses, when it takes more than `MOST_S`, or more than `MOST_BYTES` of
memory. Failing inputs are saved beside this file in ``failed_inputs`` and stay as tests.
"""

from __future__ import annotations

import argparse
import copy
import gzip
import io
import json
import random
import re
import resource
import signal
import stat
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chart_samples as samples

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.note import sort_notes
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.editor import checks
from chartstudio.formats import FORMATS, Bundle, losses, read_song, write_song
from chartstudio.formats.project import PROJECT_FORMAT
from chartstudio.library.describe import describe
from chartstudio.library.source import Source
from chartstudio.modes.beatsaber.notes import Arc, Bomb, Chain, ColorNote, Wall

MOST_S = 2.0
MOST_BYTES = 1 << 30

SHARED = Path(__file__).resolve().parents[3] / "shared"
FAILED = Path(__file__).parent / "failed_inputs"

_MOST_ADDED = 200_000
_LINES_KEPT = 14
_ITEMS_KEPT = 8

Files = dict[str, bytes]


@dataclass(frozen=True)
class Input:
    """A folder, with the chart file that is asked for."""

    files: Files
    chosen: str | None


# What is damaged -------------------------------------------------------------------------


def _cut(data: bytes, name: str) -> bytes:
    """A real file cut to a size that many runs can afford: all its parts, each shortened."""
    if name.endswith(".dat"):
        try:
            return json.dumps(_shortened(json.loads(data.decode("utf-8-sig")))).encode()
        except ValueError:
            return data
    kept, n_lines = [], 0
    for line in data.splitlines(keepends=True):
        starts_part = line.lstrip()[:1] in (b"[", b"#", b";")
        n_lines = 0 if starts_part else n_lines + 1
        if n_lines <= _LINES_KEPT:
            kept.append(line)
    return b"".join(kept)


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _shortened(v) for k, v in value.items()}
    return [_shortened(v) for v in value[:_ITEMS_KEPT]] if isinstance(value, list) else value


def _folder(path: Path) -> Files:
    return {p.name: _cut(p.read_bytes(), p.name) for p in sorted(path.iterdir()) if p.is_file()}


def _stepmania() -> Iterator[Input]:
    yield Input({"a.ssc": samples.SSC.encode()}, "a.ssc")
    yield Input({"a.sm": samples.SM.encode()}, "a.sm")
    for path in sorted((SHARED / "fixtures" / "stepmania").glob("*/*.s[ms]*")):
        yield Input({path.name: _cut(path.read_bytes(), path.name)}, path.name)


def _osu() -> Iterator[Input]:
    for text in (samples.OSU, samples.OSU_V3, samples.taiko()):
        yield Input({"a.osu": text.encode()}, "a.osu")
    for path in sorted((SHARED / "fixtures" / "osu").glob("*.osu")):
        yield Input({"a.osu": _cut(path.read_bytes(), path.name)}, "a.osu")


def _saber_song() -> Song:
    beat = samples.BEAT
    notes: list[Any] = [
        ColorNote(i * beat, i * beat, i % 4, i % 3, i % 2, i % 9, angle=i) for i in range(8, 40)
    ]
    notes += [
        Bomb(41 * beat, 41 * beat, 1, 0),
        Wall(42 * beat, 44 * beat, 0, 0, 1, 5),
        Wall(45 * beat, 46 * beat, 3, 2, 1, 3),
        Arc(8 * beat, 9 * beat, 0, 2, 0, 8, 1, 0, 0),
        Chain(47 * beat, 48 * beat, 2, 2, 1, 1, 2, 0, 5),
    ]
    settings = (("characteristic", "Standard"), ("jump_offset", -0.25), ("njs", 16.0))
    chart = Chart("beatsaber", "Expert", 4.0, sort_notes(notes), settings=settings)
    return Song(Metadata(title="New", artist="Nobody"), "song.ogg", charts=(chart,))


def _saber() -> Iterator[Input]:
    formats = [f for f in FORMATS if f.id.startswith("beatsaber")]
    if not formats:
        return
    for fmt in formats:
        yield Input(dict(fmt.write(_saber_song())), None)
    root = SHARED / "fixtures" / "beatsaber"
    for folder in (*sorted(root.glob("minimal/*")), root / "JOURNEY", root / "werewolf howls"):
        if folder.is_dir():
            files = _folder(folder)
            yield Input(files, None)
            packed = {n: gzip.compress(d, mtime=0) for n, d in files.items()}
            yield Input(packed, None)
    for path in sorted(root.glob("schema-samples/beatmap/*.dat")):
        yield Input({"EasyStandard.dat": _cut(path.read_bytes(), path.name)}, "EasyStandard.dat")


def _project() -> Iterator[Input]:
    yield Input(dict(PROJECT_FORMAT.write(samples.RICH_SONG)), None)


FAMILIES: Mapping[str, Callable[[], Iterator[Input]]] = {
    "stepmania": _stepmania,
    "osu": _osu,
    "saber": _saber,
    "project": _project,
}


# How it is damaged -----------------------------------------------------------------------

_NUMBERS = [
    b"0", b"-1", b"1e308", b"-1e308", b"1e-308", b"nan", b"NaN", b"inf", b"-Infinity", b"9" * 30,
    b"2147483648", b"-2147483649", b"9223372036854775808", b"0.0000001", b"131073", b"65536",
    b"9001", b"1e9", b"1000", b"-5", b"0x10", b"1_000", b"", b"\xd9\xa1",
]  # fmt: skip

_JUNK = [
    b"", b";", b":", b"#", b"\\", b"//", b",", b"=", b"-", b"[", b"]", b"|", b"\x00", b"\xff\xfe",
    b"\x81", b"\r\n", b"\n#NOTES:", b"3", b"#BPMS:0=-1;", b"[HitObjects]\n", b"null", b"{}",
    b"[[[[", b"#NOTEDATA:;", b"0=0=0=0", b"\xe3\x81", b"B|", b"|P|1:1", b"0,-1e-300,4,2,0,50,0,0\n",
    b"256,192,1000,2,0,B|1:1,9000,1e9\n", b"256,192,500,12,0,2147483647\n", b"#WARPS:0=1e9;",
    b"#STOPS:0=-1e9;", b"#OFFSET:1e308;", b"osu file format v3\n",
]  # fmt: skip

_JSON = [
    None, True, 0, -1, 1.5, 10**20, 1e308, -1e308, "", "x", [], {}, [[]], {"b": -5}, 1000, 4000,
    "3.3.0", "4.0.0", "2.6.0", [None], "1", 1e-300,
]  # fmt: skip

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")


def _bytes_changed(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.randint(1, 3)) + data[at + rng.randint(0, 3) :]


def _bytes_cut(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.randint(1, 200) :]


def _end_cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _junk_put(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(_JUNK) + data[at + rng.randint(0, 8) :]


def _number_extreme(data: bytes, rng: random.Random) -> bytes:
    found = list(_NUMBER.finditer(data, rng.randrange(len(data) + 1)))[:20]
    if not found:
        return data
    match = rng.choice(found)
    return data[: match.start()] + rng.choice(_NUMBERS) + data[match.end() :]


def _line_moved(data: bytes, rng: random.Random) -> bytes:
    """A line cut, doubled or put elsewhere."""
    lines = data.splitlines(keepends=True)
    if not lines:
        return data
    at = rng.randrange(len(lines))
    line = lines.pop(at)
    # A file may be one long line: fifty of those, twice, fill the memory before the reader does.
    for _ in range(min(rng.choice((0, 1, 2, 50)), _MOST_ADDED // max(len(line), 1))):
        lines.insert(rng.randrange(len(lines) + 1), line)
    return b"".join(lines)


def _field_dropped(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    mark = rng.choice((b",", b":", b"=", b"|", b";"))
    fields = lines[at].split(mark)
    fields.pop(rng.randrange(len(fields)))
    lines[at] = mark.join(fields)
    return b"\n".join(lines)


_TEXT_CHANGES = (
    _bytes_changed, _bytes_cut, _end_cut, _junk_put, _number_extreme, _line_moved, _field_dropped,
)  # fmt: skip


def _json_changed(data: bytes, rng: random.Random) -> bytes:
    """Values replaced, dropped, doubled or nested deep, in a file that stays JSON."""
    try:
        whole = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return _bytes_changed(data, rng)
    for _ in range(rng.randint(1, 4)):
        place, parent = whole, None
        key: Any = None
        while isinstance(place, dict | list) and place and (parent is None or rng.random() < 0.8):
            parent = place
            key = rng.choice(list(place)) if isinstance(place, dict) else rng.randrange(len(place))
            place = place[key]
        if parent is None:
            return b"[]"
        action = rng.randrange(5)
        if action == 0:
            del parent[key]
        elif action == 1 and isinstance(parent, list):
            parent.extend(copy.deepcopy(place) for _ in range(rng.choice((1, 30))))
        elif action == 2 and isinstance(place, int | float):
            parent[key] = place * rng.choice((-1, 0.1, 1000, 1e15)) + rng.choice((0, 0.37))
        else:
            parent[key] = copy.deepcopy(rng.choice(_JSON))
    text = json.dumps(whole)
    if rng.random() < 0.01:
        text = text.replace("[]", "[" * 3000 + "]" * 3000, 1)
    return text.encode()


def damaged(seed: Input, rng: random.Random) -> Input:
    """The input with one to six changes in one of its files, or a file missing."""
    files = dict(seed.files)
    if len(files) > 1 and rng.random() < 0.03:
        del files[rng.choice(list(files))]
        return Input(files, seed.chosen if seed.chosen in files else None)
    name = rng.choice(list(files))
    data = files[name]
    is_gzip = data[:2] == b"\x1f\x8b" and rng.random() < 0.8
    if is_gzip:
        data = gzip.decompress(data)
    if name.endswith((".dat", ".chartstudio")) and rng.random() < 0.7:
        data = _json_changed(data, rng)
    else:
        for _ in range(rng.randint(1, 6)):
            data = rng.choice(_TEXT_CHANGES)(data, rng)
    files[name] = gzip.compress(data, 1, mtime=0) if is_gzip else data
    return Input(files, seed.chosen)


# What must hold --------------------------------------------------------------------------


class InMemory(Bundle):
    """A bundle that lies on no disk."""

    @classmethod
    def of(cls, case: Input) -> InMemory:
        names = tuple(sorted(case.files))
        found = {n.casefold(): n for n in reversed(names)} | {n: n for n in names}
        return cls(Path("song"), case.chosen, names, case.files.__getitem__, found)


def _check_line(error: ChartStudioError) -> None:
    assert "\n" not in str(error), "an error is one line"


def try_out(case: Input) -> bool:
    """Read, list, check, write, read again; whether there was a song in it."""
    bundle = InMemory.of(case)
    try:
        song, format_id = read_song(bundle)
    except ChartStudioError as error:
        _check_line(error)
        return False
    describe(Source(bundle.path, song, format_id, bundle), with_notes=True)
    checks.issues(song)
    try:
        for fmt in FORMATS:
            losses(song, fmt.id)
        written = write_song(song, format_id)
    except ChartStudioError as error:
        # A note outside its lanes, in a project: that is said, and nothing written.
        _check_line(error)
        return True
    again, _ = read_song(InMemory.of(Input({**case.files, **written}, case.chosen)))
    assert again == song, "what was written reads as something else"
    return True


class TooSlowError(Exception):
    """An input took more than its time."""


@contextmanager
def limits() -> Iterator[None]:
    """Hold one input to `MOST_S` of the processor's time, by a signal."""

    def late(number: int, frame: object) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


# Archives --------------------------------------------------------------------------------

_HOSTILE_NAMES = [
    "../a.osu", "/etc/a.osu", "C:/a.osu", "..\\a.osu", "a/../../b.osu", "a\x00.osu", "con.osu",
    "." * 300 + ".osu", "ａ.osu", "a.osu/", "", " ", "./a.osu", "a//b.osu", "~/a.osu",
]  # fmt: skip


def archive(rng: random.Random) -> bytes:
    """An archive with hostile names, links, bombs, or damaged bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for _ in range(rng.randint(0, 4)):
            name = rng.choice((*_HOSTILE_NAMES, "a.osu", "Info.dat", "b.ssc", "song.ogg"))
            info = zipfile.ZipInfo(name)
            if rng.random() < 0.1:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            body = samples.OSU if rng.random() < 0.5 else "x" * rng.choice((0, 10, 200_000))
            if rng.random() < 0.002:
                body = "\0" * (200 << 20)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of names that are there twice
                out.writestr(info, body)
    data = bytearray(packed.getvalue())
    for _ in range(rng.randint(0, 4)):
        at = rng.randrange(len(data))
        data[at] = rng.randrange(256)
    if rng.random() < 0.1:
        # Sizes that promise far more than there is.
        for match in re.finditer(rb"PK\x01\x02", bytes(data)):
            data[match.start() + 24 : match.start() + 28] = rng.randbytes(4)
    return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.1 else data)


def try_archive(path: Path) -> bool:
    """Open an archive, read every file, and the song in it."""
    try:
        bundle = Bundle.open(path)
        for name in bundle:
            assert ".." not in name.split("/")
            assert not name.startswith("/")
            bundle[name]
        read_song(bundle)
    except ChartStudioError as error:
        _check_line(error)
        return False
    return True


# Running ---------------------------------------------------------------------------------


def load_input(folder: Path) -> Input:
    """A kept input: the files of a folder, the one asked for named in ``chosen``."""
    files = {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name != "chosen"}
    chosen = folder / "chosen"
    return Input(files, chosen.read_text("utf-8") if chosen.is_file() else None)


def _keep(case: Input, family: str, name: str) -> Path:
    folder = FAILED / f"{family}-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    for file, data in case.files.items():
        (folder / file).write_bytes(data)
    if case.chosen is not None:
        (folder / "chosen").write_text(case.chosen, "utf-8")
    return folder


def run(family: str, n: int, first: int) -> int:
    """Run many inputs and print what came of it; the number of failures."""
    seeds = list(FAMILIES[family]())
    rng_of = random.Random
    counts: Counter[str] = Counter()
    slowest_s, started = 0.0, time.process_time()
    base_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(first, first + n):
        rng = rng_of(number)
        case = damaged(seeds[number % len(seeds)], rng)
        case_started = time.process_time()
        try:
            with limits():
                counts["read" if try_out(case) else "refused"] += 1
        except (Exception, TooSlowError):
            counts["failed"] += 1
            where = _keep(case, family, str(number))
            print(f"{where}\n{traceback.format_exc(limit=-3)}", flush=True)
        slowest_s = max(slowest_s, time.process_time() - case_started)
        if number % 20_000 == first % 20_000 and number > first:
            print(f"... {number - first} of {n}: {dict(counts)}", flush=True)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base_kb) / 1024
    took_s = time.process_time() - started
    print(
        f"{family}: {n} inputs in {took_s:.0f} s: {dict(counts)}; "
        f"slowest {slowest_s * 1000:.0f} ms, memory grew by {grown_mb:.0f} MiB"
    )
    return counts["failed"] + (grown_mb * (1 << 20) > MOST_BYTES)


def run_archives(n: int, first: int) -> int:
    """The same for archives."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.osz"
        for number in range(first, first + n):
            path.write_bytes(archive(random.Random(number)))
            try:
                with limits():
                    counts["read" if try_archive(path) else "refused"] += 1
            except (Exception, TooSlowError):
                counts["failed"] += 1
                FAILED.mkdir(exist_ok=True)
                (FAILED / f"archive-{number}.osz").write_bytes(path.read_bytes())
                print(f"archive {number}\n{traceback.format_exc(limit=-3)}", flush=True)
    print(f"archives: {n} inputs: {dict(counts)}")
    return counts["failed"]


def main() -> None:
    """Entry of the command line."""
    parser = argparse.ArgumentParser(description="damaged inputs, by the thousand")
    parser.add_argument("family", choices=(*FAMILIES, "archives"))
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    # More than this on top of the program is a failure, not a slow machine.
    size = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MOST_BYTES, size + MOST_BYTES))
    if asked.family == "archives":
        sys.exit(run_archives(asked.n, asked.first) > 0)
    sys.exit(run(asked.family, asked.n, asked.first) > 0)


if __name__ == "__main__":
    main()
