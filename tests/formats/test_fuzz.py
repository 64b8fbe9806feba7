"""Damaged files: only errors that are meant for people may come out."""

import io
import random
import zipfile
from pathlib import Path

import chart_samples as samples
import pytest

from chartstudio.core.errors import FormatError
from chartstudio.formats import Bundle, find_format, losses, write_song
from chartstudio.formats.project import PROJECT_FORMAT

_JUNK = [
    b"", b";", b":", b"#", b"\\", b"//", b",", b"=", b"-", b"[", b"]", b"0", b"9" * 30, b"1e308",
    b"-1e308", b"nan", b"NaN", b"inf", b"\x00", b"\xff\xfe", b"\x81", b"\r\n", b"\n#NOTES:", b"3",
    b"#BPMS:0=-1;", b"0.0000001", b"999999999999", b"[HitObjects]\n", b"null", b"{}", b"[[[[",
    b"#NOTEDATA:;", b"0=0=0=0", b"\xe3\x81", b"1.5", b"2147483648", b"-5",
]  # fmt: skip

_PROJECT = next(iter(PROJECT_FORMAT.write(samples.RICH_SONG).values()))

SEEDS = [
    ("ssc", "a.ssc", samples.SSC.encode()),
    ("sm", "a.sm", samples.SM.encode()),
    ("osz", "a.osu", samples.OSU.encode()),
    ("osz", "a.osu", samples.OSU_V3.encode()),
    ("project", "a.chartstudio", _PROJECT),
]


def _mutated(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data) + 1)
        action = rng.randrange(4)
        if action == 0:
            data = data[:at] + rng.choice(_JUNK) + data[at:]
        elif action == 1:
            data = data[:at] + data[at + rng.randint(1, 40) :]
        elif action == 2:
            data = data[:at] + rng.choice(_JUNK) + data[at + rng.randint(1, 8) :]
        else:
            start = rng.randrange(len(data) + 1)
            data = data[:at] + data[start : start + rng.randint(1, 200)] + data[at:]
    return data


@pytest.mark.parametrize(("format_id", "name", "data"), SEEDS, ids=lambda v: str(v)[:12])
def test_damaged_charts_are_read_or_refused(format_id: str, name: str, data: bytes) -> None:
    fmt = find_format(format_id)
    rng = random.Random(1)
    n_read = 0
    for _ in range(600):
        damaged = _mutated(data, rng)
        try:
            song = fmt.read({name: damaged}, name)
        except FormatError:
            continue
        n_read += 1
        written = write_song(song, format_id)
        if format_id != "project":
            assert written.get(name) == damaged
        fresh = fmt.read(written, None)
        assert fresh == song
        losses(song, format_id)
    assert n_read > 10


def test_damaged_archives_are_read_or_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.osu", samples.OSU)
        archive.writestr("dir/b.txt", "text")
    data = packed.getvalue()
    rng = random.Random(2)
    path = tmp_path / "a.osz"
    n_opened = 0
    for _ in range(500):
        at = rng.randrange(len(data))
        path.write_bytes(data[:at] + rng.randbytes(rng.randint(1, 4)) + data[at + 2 :])
        try:
            bundle = Bundle.open(path)
            for name in bundle:
                bundle[name]
            n_opened += 1
        except FormatError:
            continue
    assert n_opened > 0
