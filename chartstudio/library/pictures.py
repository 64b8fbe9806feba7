"""Square covers for games that want them: kept, cut out of another picture, or drawn.

Knows picture files and no song. Sizes are read from a file's head before anything of it is
decoded, so a small file that claims to be huge costs nothing.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from dataclasses import dataclass

import numpy as np

from chartstudio.core.errors import FormatError

MAX_PIXELS = 64_000_000
"""Larger pictures are refused; decoded they would take a quarter of a gigabyte."""

MAX_SIDE_PX = 1024
"""Covers are not cut larger than this."""

_TOO_LARGE = f"has more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller"

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_READ = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
_JPEG_QUALITY = 92


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file.

    Parameters
    ----------
    suffix : str
        ``.png`` or ``.jpg``.
    data : bytes
    """

    suffix: str
    data: bytes


def is_square(data: bytes, side_px: int) -> bool:
    """Whether a file is a whole PNG or JPEG picture, square and at least so large."""
    size = _size(data)
    if size is None or not side_px <= size[0] == size[1]:
        return False
    if size[0] * size[1] > MAX_PIXELS:
        return False
    end = b"IEND" if data.startswith(_PNG) else b"\xff\xd9"
    return end in data[-1024:]


def _size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG or JPEG file, as its head says them."""
    if data.startswith(_PNG) and data[12:16] == b"IHDR" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    return _jpeg_size(data) if data.startswith(_JPEG) else None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Size from the frame header (ITU T.81, B.2.2), which comes before the picture itself."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        # A marker byte may be filled up with more of 0xFF before it.
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def squared(data: bytes, name: str, side_px: int) -> Picture:
    """The middle of a picture as a square.

    Parameters
    ----------
    data : bytes
        A PNG, JPEG, BMP, GIF or WebP file.
    name : str
        For the error.
    side_px : int
        Side that it must have at least; a smaller picture is made larger.

    Returns
    -------
    Picture
        A JPEG file, at most `MAX_SIDE_PX` wide where ``side_px`` allows it.

    Raises
    ------
    FormatError
        When the file is no picture, damaged, or has more than `MAX_PIXELS`.
    """
    # Only songs whose cover does not fit pay for loading the library.
    from PIL import Image, ImageOps

    damaged = (OSError, SyntaxError, ValueError, EOFError, LookupError, OverflowError, struct.error)
    try:
        with warnings.catch_warnings():
            # Pillow warns of tags that it cannot make out, and of sizes that are checked here.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_READ) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise FormatError(name, None, _TOO_LARGE)
                upright = ImageOps.exif_transpose(image).convert("RGB")
            side = max(side_px, min(MAX_SIDE_PX, upright.width, upright.height))
            target = io.BytesIO()
            fitted = ImageOps.fit(upright, (side, side), Image.Resampling.LANCZOS)
            fitted.save(target, "JPEG", quality=_JPEG_QUALITY)
    except Image.DecompressionBombError as error:
        raise FormatError(name, None, _TOO_LARGE) from error
    except (*damaged, zlib.error) as error:
        raise FormatError(name, None, "is no whole picture; get it again") from error
    return Picture(".jpg", target.getvalue())


def drawn(text: str, side_px: int, suffix: str = ".png") -> Picture:
    """A plain cover: two colours that follow from a text, one running into the other.

    Parameters
    ----------
    text : str
        The same text gives the same picture.
    side_px : int
    suffix : str
        ``.jpg`` for a JPEG file; anything else is PNG.
    """
    digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
    first, second = (np.frombuffer(digest[i : i + 3], np.uint8).astype(float) for i in (0, 3))
    # Dark at the top, light at the bottom, whatever the colours, so that text on it is legible.
    first, second = first * 0.45, 110 + second * 0.5
    across, down = np.meshgrid(np.linspace(0, 1, side_px), np.linspace(0, 1, side_px))
    share = (0.3 * across + 0.7 * down)[..., None]
    pixels = np.rint(first + (second - first) * share).astype(np.uint8)
    png = Picture(".png", _png(pixels))
    return squared(png.data, "cover", side_px) if suffix.lower() == ".jpg" else png


def _png(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    """A PNG file of (H, W, 3) pixels."""
    height, width, _ = pixels.shape
    # Every row starts with its filter: none.
    rows = np.concatenate(
        [np.zeros((height, 1), np.uint8), pixels.reshape(height, width * 3)], axis=1
    )
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    return _PNG + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
