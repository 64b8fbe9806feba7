"""Damaged Beat Saber levels: read, or refused in words; never changed, never stuck."""

import copy
import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from saber_samples import DIFFICULTY_2, DIFFICULTY_3, dumps, entry2, info2, level

from chartstudio.core.errors import FormatError
from chartstudio.formats.beatsaber import FORMATS, level_hash
from chartstudio.formats.format import Files

_VALUES: list[Any] = [
    *(None, True, False, -1, 0, 1, 3, 1000, -1000, 4001, 0.5, -0.5, 1e308, -1e308, 1e-300, 1e7),
    *(2**31, 2**63, 10**400, float("nan"), float("inf"), "", "x", "1", "robots: disallow"),
    *([], {}, [1], {"a": 1}, "\ud800", [[]], "Info.dat", "../x.dat", "ExpertStandard.dat"),
]
_KEYS = ("b", "_time", "zzz", "version", "_version", "customData", "_customData", "i", "robots")
_BYTES = [
    *(b"", b"{", b"}", b"[", b"]", b",", b":", b"null", b"NaN", b"-Infinity", b"9" * 30),
    *(b"9" * 5000, b"1e999", b'"', b"\\", b"\xff", b"\x00", b"\xef\xbb\xbf", b"\x1f\x8b"),
    *(b"[" * 50, b'"_version":"4.0.0",', b'"version":"3.0.0",', b"true", b"-", b"\\u0000"),
]


def levels() -> Iterator[dict[str, bytes]]:
    for major in (2, 3, 4):
        yield level(major)
    custom = {"_contributors": [], "robots": "disallow"}
    mixed = info2(entry2("Expert"), entry2("Hard"), _customData=custom, _songTimeOffset=0.25)
    yield {
        "Info.dat": dumps(mixed, 2),
        "ExpertStandard.dat": dumps(DIFFICULTY_2, 2),
        "HardStandard.dat": gzip.compress(dumps(DIFFICULTY_3), mtime=0),
    }


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        yield from _places(value[key], (*path, key))


def _other_values(data: bytes, rng: random.Random) -> bytes:
    value = json.loads(data)
    for _ in range(rng.randint(1, 4)):
        *above, last = rng.choice([*_places(value), ("none",)])
        inside = value
        for key in above:
            inside = inside[key]
        action = rng.randrange(4)
        if action == 0:
            inside.pop(last, None) if isinstance(inside, dict) else inside.pop(last)
        elif action == 1 and isinstance(inside, list):
            inside.append(copy.deepcopy(rng.choice(inside)))
        elif action == 2 and isinstance(inside, dict):
            inside[rng.choice(_KEYS)] = copy.deepcopy(rng.choice(_VALUES))
        else:
            inside[last] = copy.deepcopy(rng.choice(_VALUES))
    return json.dumps(value).encode()


def _other_bytes(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 4)):
        at, end = rng.randrange(len(data) + 1), rng.randint(1, 40)
        new = rng.choice(_BYTES) if rng.random() < 0.7 else data[end : 3 * end]
        data = data[:at] + new + data[at + rng.choice([0, end]) :]
    return data


def damaged(seed: int) -> tuple[dict[str, bytes], str | None]:
    rng = random.Random(seed)
    files = rng.choice(list(levels()))
    name = rng.choice(list(files))
    data = files[name]
    packed = data.startswith(b"\x1f\x8b")
    data = gzip.decompress(data) if packed else data
    data = (_other_values if rng.random() < 0.6 else _other_bytes)(data, rng)
    files[name] = gzip.compress(data, mtime=0) if packed else data
    if rng.random() < 0.05:
        files.pop(rng.choice(list(files)))
    return files, rng.choice([None, None, None, *files])


def check(files: Files, chosen: str | None) -> bool:
    """Whether a level is read; every promise about it is kept either way."""
    claimed = [f for f in FORMATS if f.sniff(files, chosen)]
    assert len(claimed) <= 1
    try:
        if "Info.dat" in files:
            level_hash(files)
    except FormatError:
        pass
    try:
        song = claimed[0].read(files, chosen) if claimed else None
    except FormatError:
        return False
    if song is None:
        return False
    if chosen in (None, "Info.dat"):
        written = claimed[0].write(song)
        assert {name: files[name] for name in written} == written
        assert claimed[0].read(written, None) == replace(song, problems=())
    for fmt in FORMATS:
        fmt.losses(song)
        there = fmt.write(song)
        start = None if "Info.dat" in there else next(iter(there))
        again = fmt.read(there, start)
        assert fmt.write(again) == there
    return True


def test_damaged_levels_are_read_or_refused() -> None:
    assert sum(check(*damaged(seed)) for seed in range(700)) > 350


@pytest.mark.parametrize("data", [b"", b"\x1f\x8b", b"{}", b"[]", b"null", b"\xff\xfe{\x00}\x00"])
@pytest.mark.parametrize("name", ["Info.dat", "ExpertStandard.dat"])
def test_files_that_are_nothing(name: str, data: bytes) -> None:
    check({**level(2), name: data}, None)
    check({**level(4), name: data}, name)
    check({name: data}, name)
