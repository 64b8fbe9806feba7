"""The few bytes of an mp3 that its decoders disagree about: where it starts.

Knows frame headers, ID3v2 tags and the Xing/LAME tag frame; decodes nothing.
"""

import struct
from dataclasses import dataclass

_BITRATES_KBPS = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    0: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Layer III bit rates by version id: 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5."""

_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}

_SCAN_BYTES = 1 << 18
"""How far junk before the first frame is searched."""

_VBRI_AT = 36
"""Where Fraunhofer's tag lies in its frame, whatever the side info."""

DECODER_DELAY_SAMPLES = 529
"""What every Layer III decoder adds at the start, and tagged files have dropped."""


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """What the four bytes at the start of a Layer III frame say.

    Parameters
    ----------
    n_bytes : int
        Length of the whole frame.
    side_info_bytes : int
        Length of what lies between the header and the main data; a tag frame has its
        tag right behind it.
    has_crc : bool
        Whether two bytes of checksum follow the header.
    """

    n_bytes: int
    side_info_bytes: int
    has_crc: bool


def frame_header(data: bytes, at: int) -> FrameHeader | None:
    """Read the frame header at a byte, or find that there is none.

    Parameters
    ----------
    data : bytes
    at : int
        Offset of the first header byte.
    """
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    rate_index, bitrate_index = head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or layer != 1 or rate_index == 3 or bitrate_index in (0, 15):
        return None
    bits = 1000 * _BITRATES_KBPS[version][bitrate_index]
    padding = head[2] >> 1 & 1
    n_bytes = (144 if version == 3 else 72) * bits // _RATES_HZ[version][rate_index] + padding
    mono = head[3] >> 6 == 3
    side_info = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    return FrameHeader(n_bytes, side_info, has_crc=not head[1] & 1)


def after_id3(data: bytes) -> int:
    """Return the offset behind all ID3v2 tags at the start; 0 without any."""
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10:
        size = 0
        for byte in data[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        footer = 10 if data[at + 5] & 0x10 else 0
        at += 10 + size + footer
    return at


def first_frame(data: bytes, at: int = 0) -> int | None:
    """Find the first frame that a second one follows (or the end of the data).

    Parameters
    ----------
    data : bytes
    at : int
        Where to start looking; a quarter of a megabyte is searched.

    Returns
    -------
    int or None
        Offset of its first byte.
    """
    end = min(len(data), at + _SCAN_BYTES)
    at = data.find(b"\xff", at, end)
    while at >= 0:
        header = frame_header(data, at)
        if header is not None:
            following = at + header.n_bytes
            if following >= len(data) or frame_header(data, following) is not None:
                return at
        at = data.find(b"\xff", at + 1, end)
    return None


def start_trim_samples(data: bytes) -> int:
    """Samples that miniaudio drops at the start of an mp3.

    Parameters
    ----------
    data : bytes
        The file from its first frame on.

    Returns
    -------
    int
        Encoder delay of the LAME tag plus the decoder's own 529; 0 where the file has no
        tag frame or the tag names no encoder.

    Notes
    -----
    Measured with miniaudio 1.71: the name's first byte decides, so a tag that says
    "delay 0" still costs 529, and a tag with an empty name costs nothing.
    """
    tag = _tag(data)
    return 0 if tag is None or not tag.is_named else tag.delay + DECODER_DELAY_SAMPLES


def bass_trim_samples(data: bytes) -> int:
    """Samples that BASS, which osu! plays with, drops at the start of an mp3.

    Parameters
    ----------
    data : bytes
        The file from its first frame on.

    Returns
    -------
    int
        More than `start_trim_samples` where sounds come earlier there than here.

    Notes
    -----
    As BASS was found to behave: a tag's delay counts only where it or the padding is not 0,
    and a VBRI tag's at least as the decoder's own. Both decoders play the VBRI frame itself.
    """
    tag = _tag(data)
    if tag is not None:
        trims = tag.is_named and (tag.delay or tag.padding)
        return tag.delay + DECODER_DELAY_SAMPLES if trims else 0
    if data[_VBRI_AT : _VBRI_AT + 4] == b"VBRI" and frame_header(data, 0) is not None:
        delay = int.from_bytes(data[_VBRI_AT + 6 : _VBRI_AT + 8], "big")
        return max(delay, DECODER_DELAY_SAMPLES)
    return 0


@dataclass(frozen=True, slots=True)
class _Tag:
    """What a Xing or Info frame says of the start: encoder named, delay, padding."""

    is_named: bool
    delay: int
    padding: int


def _tag(data: bytes) -> _Tag | None:
    """The LAME part of a tag in the first frame; None where there is none."""
    header = frame_header(data, 0)
    if header is None:
        return None
    at = 4 + 2 * header.has_crc + header.side_info_bytes
    if data[at : at + 4] not in (b"Xing", b"Info") or len(data) < at + 8:
        return None
    (flags,) = struct.unpack_from(">I", data, at + 4)
    lame = at + 8 + sum(n for bit, n in ((1, 4), (2, 4), (4, 100), (8, 4)) if flags & bit)
    if len(data) < lame + 24:
        return None
    delay = data[lame + 21] << 4 | data[lame + 22] >> 4
    padding = (data[lame + 22] & 15) << 8 | data[lame + 23]
    return _Tag(data[lame] != 0, delay, padding)
