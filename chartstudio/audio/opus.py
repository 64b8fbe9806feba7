"""The Ogg pages of an Opus file: where it starts, and page times put right.

Knows pages and packet durations (RFC 3533, RFC 6716 section 3.1, RFC 7845); decodes
nothing.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_HEADER_BYTES = 27
_N_HEADER_PACKETS = 2
_GRANULE_HZ = 48_000

_FRAME_SAMPLES = (480, 960, 1920, 2880) * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4
"""Samples at 48 kHz in a frame, by the five configuration bits that begin a packet."""


@dataclass(frozen=True, slots=True)
class _Page:
    """One page: where it lies, what time it says, and what time its packets add up to."""

    start: int
    end: int
    granule: int
    n_samples: int


def is_opus(data: bytes) -> bool:
    """Whether an Ogg file holds Opus."""
    return data.find(b"OpusHead", 0, 512) >= 0


def start_trim_samples(data: bytes, rate_hz: int) -> int:
    """Samples of pre-skip, which RFC 7845 tells every decoder to drop.

    Parameters
    ----------
    data : bytes
    rate_hz : int
        The rate that it is decoded to.
    """
    head = data.find(b"OpusHead", 0, 512)
    if head < 0:
        return 0
    return round(int.from_bytes(data[head + 10 : head + 12], "little") * rate_hz / _GRANULE_HZ)


def with_true_page_times(data: bytes) -> bytes:
    """Rewrite page times that fall back behind the packets, as some of FFmpeg's do.

    FFmpeg's writer sometimes dates a page half a packet late and the next one right.
    Players do not mind; libsndfile 1.2.2 calls the file malformed there and stops. Every
    packet is in its place, so a page can be dated by counting them.

    Parameters
    ----------
    data : bytes
        A whole Ogg Opus file.

    Returns
    -------
    bytes
        The same object where nothing needs to be done, or where the file is damaged or
        holds several streams.
    """
    pages = list(_audio_pages(data))
    late = [page.granule - page.n_samples for page in pages[:-1]]  # the last one trims
    if all(before <= after for before, after in pairwise(late)):
        return data
    origin = min(late)  # not 0 in a piece cut from a broadcast
    mended = bytearray(data)
    for page, lateness in zip(pages, late, strict=False):
        if lateness != origin:
            struct.pack_into("<q", mended, page.start + 6, page.n_samples + origin)
            struct.pack_into("<I", mended, page.start + 22, 0)
            checksum = _crc(mended[page.start : page.end])
            struct.pack_into("<I", mended, page.start + 22, checksum)
    return bytes(mended)


def _audio_pages(data: bytes) -> Iterator[_Page]:
    """Walk the pages on which audio packets end, of the first stream, up to any damage."""
    at = n_packets = n_samples = 0
    head = b""  # the first two bytes of the packet that goes on
    serial = data[14:18]
    while data[at : at + 4] == b"OggS" and data[at + 14 : at + 18] == serial:
        if at + _HEADER_BYTES > len(data):
            return
        granule, n_segments = struct.unpack_from("<q", data, at + 6)[0], data[at + 26]
        body = at + _HEADER_BYTES + n_segments
        lacing = data[at + _HEADER_BYTES : body]
        end = body + sum(lacing)
        if end > len(data):
            return
        for n_bytes in lacing:
            head = (head + data[body : body + min(n_bytes, 2)])[:2]
            body += n_bytes
            if n_bytes < 255:
                n_packets += 1
                n_samples += _packet_samples(head) if n_packets > _N_HEADER_PACKETS else 0
                head = b""
        if n_samples and granule >= 0:
            yield _Page(at, end, granule, n_samples)
        at = end


def _packet_samples(head: bytes) -> int:
    """Duration of a packet at 48 kHz, from its first two bytes."""
    if not head:
        return 0
    code = head[0] & 3
    n_frames = (1, 2, 2)[code] if code < 3 else (head[1] & 63 if len(head) > 1 else 0)
    return _FRAME_SAMPLES[head[0] >> 3] * n_frames


def _crc(page: bytes | bytearray) -> int:
    """Return Ogg's checksum: CRC-32 with 0x04c11db7, neither reflected nor inverted."""
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ _CRC_TABLE[value >> 24 ^ byte]
    return value


def _crc_of_byte(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = value << 1 ^ (0x104C11DB7 if value & 0x80000000 else 0)
    return value


_CRC_TABLE = tuple(map(_crc_of_byte, range(256)))
