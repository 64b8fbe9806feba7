"""Texts of chart files: bytes to characters and back, opt-outs, file names, short decimals.

It knows no format's grammar.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from decimal import Decimal

from chartstudio.core.errors import FormatError

MAX_CHART_BYTES = 64 << 20
"""No chart file comes near this; a larger one is something else."""

FALLBACK = "cp1252"
"""What text that is not UTF-8 is taken for, as most old files are."""

_BOMS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_OPT_OUT = re.compile(r"robots\s*:\s*disallow", re.IGNORECASE)

_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def decode(data: bytes, name: str) -> tuple[str, str]:
    """Text of a chart file, and the encoding that gives exactly its bytes back.

    Parameters
    ----------
    data : bytes
    name : str
        For the error.

    Returns
    -------
    text : str
        A byte-order mark stays in it as U+FEFF.
    encoding : str
        ``utf-8`` where it fits; else UTF-16 by its mark, else `FALLBACK`, else ``latin-1``.

    Raises
    ------
    FormatError
        When the file is far too large for a chart.
    """
    if len(data) > MAX_CHART_BYTES:
        size = len(data) >> 20
        raise FormatError(name, None, f"is {size} MiB, too large for a chart; choose another file")
    marked = tuple(encoding for bom, encoding in _BOMS if data.startswith(bom))
    for encoding in (*marked, "utf-8", FALLBACK):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def encode(text: str, encoding: str, unchanged: bool) -> bytes:
    """Bytes of a chart file: its own encoding while nothing changed, else UTF-8."""
    if unchanged:
        return text.encode(encoding)
    return text.encode("utf-8", "replace")


def opts_out(text: str) -> bool:
    """Whether a text says ``robots: disallow`` anywhere, in any case and spacing."""
    return _OPT_OUT.search(text) is not None


def without_opt_out(text: str) -> str:
    """A line of words without the opt-out in it."""
    return " ".join(_OPT_OUT.sub(" ", text).split())


_MOST_NAME_BYTES = 200
"""Most file systems take 255 bytes; an ending and a number have to fit as well."""

_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]')
"""What no name may hold: what systems forbid, and marks that turn or hide what is read."""


def file_name(text: str, fallback: str) -> str:
    """A name that every file system takes, without its ending."""
    name = _UNFIT.sub("_", text).strip(" .")[:120]
    short = name.encode("utf-8", "replace")[:_MOST_NAME_BYTES]
    name = short.decode("utf-8", "ignore").rstrip(" .")
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    return name or fallback


def plain(value: float) -> str:
    """The shortest decimal text of a float, never with an exponent."""
    text = format(Decimal(repr(float(value))), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def shortest(value: float, reads_back: Callable[[float], bool]) -> str:
    """The decimal text with the fewest places that a reader takes for the same value.

    Parameters
    ----------
    value : float
    reads_back : callable
        Whether a number is as good as the value. The full value is used when none shorter is.
    """
    for places in range(13):
        text = f"{value:.{places}f}"
        if reads_back(float(text)):
            return plain(float(text))
    return plain(value)
