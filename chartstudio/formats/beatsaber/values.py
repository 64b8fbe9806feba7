"""Numbers and words out of files that may hold anything, and beats as ticks.

What is missing is the game's default, 0 or an empty text; what is of a wrong sort is told
apart from it.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.formats.beatsaber.json_text import Json
from chartstudio.formats.text import shortest

MAX_BEAT = 1e7
"""No song has so many beats; an object beyond is a mistake."""

_MAX_WHOLE = 1 << 31

Object = Mapping[str, Json]

Tally = Counter[str]
"""What was odd about a file, in words, and how often."""

ROUNDED = "fractions where the game takes whole numbers; cut off"

MAX_TICKS = int(MAX_BEAT) * TICKS_PER_BEAT

LENGTH = "chartstudio.length"
"""Key in a note's ``custom``: the length in ticks of one that ends before it starts, which the
files allow. The note itself then ends where it starts."""


class OddValue(Exception):
    """A value of the wrong sort."""


def number(found: Object, key: str, default: float = 0.0) -> float:
    """A finite number.

    Raises
    ------
    OddValue
        When it is none.
    """
    value = found.get(key, default)
    kind = type(value)
    if kind is float and math.isfinite(value):
        return value  # type: ignore[no-any-return]
    if kind is int and -(1 << 1000) < value < 1 << 1000:
        return float(value)
    raise OddValue(key)


def whole(found: Object, key: str, tally: Tally, default: int = 0) -> int:
    """A whole number; fractions are cut off, and counted.

    Raises
    ------
    OddValue
        When it is no number, or none that the game can hold.
    """
    value = found.get(key, default)
    if type(value) is float and math.isfinite(value):
        if not value.is_integer():
            tally[ROUNDED] += 1
        value = int(value)
    if type(value) is not int or not -_MAX_WHOLE <= value < _MAX_WHOLE:
        raise OddValue(key)
    return value


def beat(found: Object, key: str) -> float:
    """A time in beats.

    Raises
    ------
    OddValue
        When it is no number, or none that a song reaches.
    """
    value = number(found, key)
    if not -MAX_BEAT <= value <= MAX_BEAT:
        raise OddValue(key)
    return value


def word(found: Object, key: str) -> str:
    """A text; empty where there is none."""
    value = found.get(key)
    return value if isinstance(value, str) else ""


def figure(found: Object, key: str) -> float | None:
    """A finite number of a reasonable size, or None."""
    try:
        value = number(found, key, math.nan)
    except OddValue:
        return None
    return value if abs(value) < 1e9 else None


def inner(found: Object, key: str) -> dict[str, Json]:
    """An object; empty where there is none."""
    value = found.get(key)
    return value if isinstance(value, dict) else {}


def items(found: Object, key: str) -> list[Json]:
    """A list; empty where there is none."""
    value = found.get(key)
    return value if isinstance(value, list) else []


def objects(found: Object, key: str) -> list[dict[str, Json]]:
    """The objects of a list."""
    return [item for item in items(found, key) if isinstance(item, dict)]


def tick_of(beats: float) -> int:
    """The tick of a time in beats."""
    return round(beats * TICKS_PER_BEAT)


@lru_cache(maxsize=TICKS_PER_BEAT)
def _n_places(phase: int) -> int:
    value = phase / TICKS_PER_BEAT
    text = shortest(value, lambda b: tick_of(b) == phase)
    return len(text.partition(".")[2])


def beats_of(ticks: int) -> float | int:
    """Ticks in beats: the shortest decimal that reads back to the same tick."""
    n_places = _n_places(ticks % TICKS_PER_BEAT)
    if n_places == 0:
        return ticks // TICKS_PER_BEAT
    return round(ticks / TICKS_PER_BEAT, n_places)


def plain_number(value: float) -> float | int:
    """A float as files spell it: without a point where it is whole."""
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else value


def unknown(found: Object, known: Iterable[str]) -> dict[str, Json]:
    """What an object says beyond the keys that are known."""
    return {key: value for key, value in found.items() if key not in known}


def custom_text(extras: Mapping[str, Json]) -> str:
    """The ``custom`` of a note: JSON text, empty for nothing."""
    if not extras:
        return ""
    return json.dumps(extras, ensure_ascii=False, separators=(",", ":"))


def custom_of(text: str) -> dict[str, Json]:
    """What a note's ``custom`` says; what is no JSON object says nothing."""
    if not text:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
