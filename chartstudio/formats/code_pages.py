"""Bytes of StepMania's and osu!'s files as text, also those of years before UTF-8.

The games take UTF-8 only; old files from Japan and Korea are in their makers' code pages.
Taking those for Western text would turn titles into noise, so their letters are looked for.
This module knows code pages, no tags.
"""

from __future__ import annotations

import re

from chartstudio.formats.text import decode

_JAPANESE = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_KOREAN = re.compile("[\uac00-\ud7a3]{2}")
_HALF_WIDTH = re.compile("[\uff61-\uff9f]")
_HIGH_PAIRS = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xfe]{2})*")


def decode_old(data: bytes, name: str) -> tuple[str, str]:
    """Text of a chart file, and the encoding that gives exactly its bytes back.

    As `text.decode`, but what is not UTF-8 is taken for Shift-JIS where it then holds kana,
    and for EUC-KR where it then holds Hangul and nothing else beyond ASCII.

    Raises
    ------
    FormatError
        When the file is far too large for a chart.
    """
    text, encoding = decode(data, name)
    if encoding.startswith("utf"):
        return text, encoding
    for found in ("cp932", "cp949"):
        try:
            other = data.decode(found)
        except UnicodeDecodeError:
            continue
        if other.encode(found) == data and _IS[found](data, other):
            return other, found
    return text, encoding


def _is_japanese(data: bytes, text: str) -> bool:
    # Western letters read as Shift-JIS give kanji and half-width signs, hardly ever kana.
    return len(_JAPANESE.findall(text)) > len(_HALF_WIDTH.findall(text))


def _is_korean(data: bytes, text: str) -> bool:
    return bool(_KOREAN.search(text)) and _HIGH_PAIRS.fullmatch(data) is not None


_IS = {"cp932": _is_japanese, "cp949": _is_korean}
