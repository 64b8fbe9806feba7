"""Page times: read, found wrong, put right."""

import io
import struct

import numpy as np
import pytest
import soundfile
from made_songs import RATE_HZ, encoded, song

from chartstudio.audio import opus
from chartstudio.audio.decode import decode

OPUS_HZ = 48_000


@pytest.fixture(scope="module")
def file():
    return encoded(song(12, OPUS_HZ), OPUS_HZ, "OGG", "OPUS")


def pages(data):
    """Start and end of every page."""
    at, found = 0, []
    while at < len(data):
        n_segments = data[at + 26]
        end = at + 27 + n_segments + sum(data[at + 27 : at + 27 + n_segments])
        found.append((at, end))
        at = end
    return found


def plain_crc(page):
    """Ogg's checksum, bit by bit."""
    value = 0
    for byte in page:
        for bit in range(7, -1, -1):
            carry = value >> 31 ^ byte >> bit & 1
            value = value << 1 & 0xFFFFFFFF ^ (0x04C11DB7 if carry else 0)
    return value


def dated(data, page, later_by):
    """The file with one page's time moved, and its checksum right."""
    start, end = pages(data)[page]
    made = bytearray(data)
    (granule,) = struct.unpack_from("<q", made, start + 6)
    struct.pack_into("<q", made, start + 6, granule + later_by)
    struct.pack_into("<I", made, start + 22, 0)
    struct.pack_into("<I", made, start + 22, plain_crc(made[start:end]))
    return bytes(made)


def test_the_checksum_is_oggs(file):
    for start, end in pages(file):
        page = bytearray(file[start:end])
        (stored,) = struct.unpack_from("<I", page, 22)
        page[22:26] = bytes(4)
        assert opus._crc(page) == plain_crc(page) == stored


def test_a_good_file_is_left_alone(file):
    assert opus.with_true_page_times(file) is file


@pytest.mark.parametrize("page", [2, 4, 7])
def test_a_page_dated_late_is_put_right(file, page):
    bad = dated(file, page, later_by=488)
    mended = opus.with_true_page_times(bad)
    assert mended == file
    audio, good = decode(bad, "x.opus"), decode(file, "y.opus")
    assert audio.notice == ""
    assert np.array_equal(audio.samples, good.samples)


def test_the_library_alone_stops_there(file):
    """If this fails, libsndfile has learned it and the repair may go."""
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.read(io.BytesIO(dated(file, 4, later_by=488)))


def test_a_stream_that_begins_late_is_left_alone(file):
    shifted = file
    for page in range(2, len(pages(file))):
        shifted = dated(shifted, page, later_by=OPUS_HZ)
    assert opus.with_true_page_times(shifted) is shifted


def test_damage_ends_the_walk_quietly(file):
    for cut in (0, 10, 30, 100, len(file) // 2):
        opus.with_true_page_times(file[:cut])
    opus.with_true_page_times(file[: len(file) // 2] + bytes(1000))


@pytest.mark.parametrize(
    ("head", "n_samples"),
    [
        (b"", 0),
        (bytes([27 << 3]), 960),  # CELT, 20 ms, one frame
        (bytes([16 << 3 | 1]), 240),  # CELT, 2.5 ms, two frames
        (bytes([3 << 3 | 2]), 5760),  # SILK, 60 ms, two frames of unlike size
        (bytes([12 << 3 | 3, 0x80 | 5]), 2400),  # hybrid, 10 ms, five frames
        (bytes([13 << 3 | 3]), 0),
    ],
)
def test_packet_durations_are_those_of_the_standard(head, n_samples):
    assert opus._packet_samples(head) == n_samples


def test_the_pre_skip_is_told_at_the_decoders_rate(file):
    assert opus.start_trim_samples(file, OPUS_HZ) == 312
    assert opus.start_trim_samples(file, 24_000) == 156
    assert opus.start_trim_samples(encoded(song(1), RATE_HZ, "OGG", "VORBIS"), RATE_HZ) == 0
