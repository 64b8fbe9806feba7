"""One recording in several packs is one song, whatever its encoding and its start."""

import io
from collections.abc import Callable
from pathlib import Path

import made_library as made
import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from chartstudio.audio import encode
from chartstudio.audio.decode import decode
from chartstudio.core.job import run
from chartstudio.library import fill, scan, twins
from chartstudio.library.catalog import Catalog
from chartstudio.library.fingerprint import MAX_ERRORS, MIN_WORDS, Print, errors, fingerprint

RATE_HZ = made.RATE_HZ
Samples = NDArray[np.float32]


def of(data: bytes) -> Print:
    audio = decode(data, "song")
    return fingerprint(audio.mono(), audio.rate_hz)


def mp3(samples: Samples, rate_hz: int, small: float) -> bytes:
    target = io.BytesIO()
    soundfile.write(
        target,
        samples.T,
        rate_hz,
        format="MP3",
        subtype="MPEG_LAYER_III",
        compression_level=small,
    )
    return target.getvalue()


def quieter_and_thinner(samples: Samples) -> bytes:
    thin = np.stack([soxr.resample(c, RATE_HZ, 16_000) for c in samples * 0.4])
    return mp3(thin.astype(np.float32), 16_000, 0.9)


CHANGES: dict[str, Callable[[Samples], bytes]] = {
    "the smallest Vorbis": lambda s: made.ogg(s, 0.0),
    "a small mp3": lambda s: mp3(s, RATE_HZ, 0.95),
    "half a second cut": lambda s: made.ogg(s[:, RATE_HZ // 2 :], 0.6),
    "a start between two words": lambda s: made.ogg(s[:, round(0.4375 * RATE_HZ) :], 0.2),
    "silence before": lambda s: encode.ogg_vorbis(s, RATE_HZ, quality=0.3, lead_in_s=1.31),
    "another rate, quieter": quieter_and_thinner,
    "one channel": lambda s: encode.wav(s[:1], RATE_HZ, "PCM_16"),
}


def best(a: Print, b: Print) -> float:
    """The smallest share of differing signs over all shifts at which half of them meet."""
    half = min(len(a), len(b)) // 2
    shifts = range(half - len(b), len(a) - half + 1)
    return min(errors(a, b, shift)[0] for shift in shifts)


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_recording_is_known(change: str) -> None:
    samples = made.music(1)
    plain = of(encode.wav(samples, RATE_HZ))
    other = of(CHANGES[change](samples))
    assert best(plain, other) < MAX_ERRORS - 0.03
    stranger = of(encode.wav(made.music(7, 27.0), RATE_HZ))
    assert run(twins.groups(["a", "b", "c"], [stranger, plain, other])) == [0, 1, 1]


def test_different_songs_differ() -> None:
    prints = [of(encode.wav(made.music(seed), RATE_HZ)) for seed in range(8)]
    found = [best(a, b) for i, a in enumerate(prints) for b in prints[:i]]
    assert min(found) > MAX_ERRORS + 0.05


def test_real_music_differs(shared: Path) -> None:
    files = sorted((shared / "data" / "audio").glob("*.opus"))[:4]
    prints = [of(f.read_bytes()) for f in files]
    assert run(twins.groups([f.name for f in files], prints)) == list(range(len(files)))


def test_silence_and_snippets_are_like_nothing() -> None:
    assert len(fingerprint(np.zeros(RATE_HZ * 30, np.float32), RATE_HZ)) == 0
    assert len(fingerprint(np.empty(0, np.float32), RATE_HZ)) == 0
    short = fingerprint(made.music(1, 6.0)[0], RATE_HZ)
    assert len(short) < MIN_WORDS
    assert run(twins.groups(["a", "b", "c"], [short, short, np.empty(0, np.uint32)])) == [0, 1, 2]
    assert run(twins.groups(["a", "a"], [short, short])) == [0, 0]


def test_one_song_in_three_packs_is_one(own_home: Path, tmp_path: Path) -> None:
    samples = made.music(5)
    sounds = [made.ogg(samples, 0.6), made.ogg(samples, 0.6), made.ogg(samples[:, 11_025:], 0.1)]
    for i, sound in enumerate([*sounds, made.ogg(made.music(6))]):
        made.save(tmp_path / "Songs" / f"Pack {i}" / "s", made.song(f"S{i}"), "ssc", sound)
    with Catalog() as catalog:
        catalog.add_folder(tmp_path / "Songs")
        run(scan.scan(catalog))
        report = run(fill.fill(catalog, 1))
        assert (report.n_filled, report.n_twins) == (4, 2)
        of_title = {s.title: s.twin_of for s in catalog.songs()}
        assert len({of_title[t] for t in ("S0", "S1", "S2")}) == 1
        assert of_title["S3"] != of_title["S0"]
        (tmp_path / "Songs" / "Pack 2" / "s" / "song.ogg").write_bytes(made.ogg(made.music(9)))
        run(scan.scan(catalog))
        assert run(fill.fill(catalog, 1)).n_twins == 1
