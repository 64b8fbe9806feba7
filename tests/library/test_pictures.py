"""Covers: what is square, what is cut, what is drawn."""

import io
import struct
import zlib

import pytest
from PIL import Image

from chartstudio.core.errors import FormatError
from chartstudio.library.pictures import MAX_SIDE_PX, drawn, is_square, squared

PNG = b"\x89PNG\r\n\x1a\n"


def head(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return PNG + chunk + b"\0\0\0\0IEND\xaeB`\x82"


def jpeg(width: int, height: int, marker: int = 0xC0) -> bytes:
    """The head of a JPEG file of some kind of frame, after a comment, and its end."""
    comment = b"\xff\xfe\x00\x05abc"
    frame = b"\xff" + bytes([marker]) + struct.pack(">HBHH", 17, 8, height, width)
    return b"\xff\xd8" + comment + b"\xff" + frame + b"\0" * 10 + b"\xff\xd9"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (drawn("x", 256).data, True),
        (drawn("x", 255).data, False),
        (drawn("x", 256).data[:-20], False),
        (head(300, 300), True),
        (head(300, 301), False),
        (head(9000, 9000), False),
        (jpeg(256, 256), True),
        (jpeg(256, 256, 0xC2), True),
        (jpeg(256, 256, 0xC4), False),
        (jpeg(640, 480), False),
        (jpeg(256, 256)[:-2], False),
        (b"\xff\xd8\xff\xe0", False),
        (b"", False),
        (PNG, False),
    ],
)
def test_squares_are_told_by_their_head(data: bytes, expected: bool) -> None:
    assert is_square(data, 256) is expected


def test_a_drawn_cover_follows_from_its_text() -> None:
    assert drawn("a", 64) == drawn("a", 64)
    assert drawn("a", 64) != drawn("b", 64)


def test_what_was_drawn_is_a_picture() -> None:
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(drawn("a", 64).data))
    image.load()
    assert (image.size, image.mode) == ((64, 64), "RGB")
    assert sum(image.getpixel((0, 0))) < sum(image.getpixel((63, 63)))


def test_a_drawn_cover_is_jpeg_where_that_is_wanted() -> None:
    picture = drawn("a", 64, ".JPG")
    assert picture.suffix == ".jpg"
    assert is_square(picture.data, 64)


def made(width: int, height: int, kind: str = "PNG", mode: str = "RGB") -> bytes:
    target = io.BytesIO()
    Image.effect_noise((width, height), 60).convert(mode).save(target, kind)
    return target.getvalue()


@pytest.mark.parametrize(
    ("width", "height", "side"),
    [(640, 480, 480), (100, 30, 256), (2000, 3000, MAX_SIDE_PX), (1, 5000, 256)],
)
@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("JPEG", "L"), ("GIF", "P")])
def test_pictures_are_cut_to_squares(
    width: int, height: int, side: int, kind: str, mode: str
) -> None:
    picture = squared(made(width, height, kind, mode), "x", 256)
    assert picture.suffix == ".jpg"
    assert is_square(picture.data, side)
    assert not is_square(picture.data, side + 1)


@pytest.mark.parametrize("cut", [0, 1, 30, 60, 200])
def test_pictures_that_end_early_are_refused(cut: int) -> None:
    for kind in ("PNG", "JPEG", "BMP"):
        with pytest.raises(FormatError, match="x"):
            squared(made(64, 48, kind)[:cut], "x", 32)


def test_a_small_file_that_claims_to_be_huge_is_refused() -> None:
    with pytest.raises(FormatError, match="smaller"):
        squared(head(60_000, 60_000), "x", 256)
