"""StepMania's tags that change looks, sound or judgement along a song, as effects.

Scroll speeds, fake stretches, hold ticks, combo factors and labels; none moves a note in
time. This module knows tags' values, not files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chartstudio.core.song import Effect
from chartstudio.formats.stepmania_tempo import beat_text
from chartstudio.formats.stepmania_timing import (
    ROW_TICKS,
    ROWS_PER_BEAT,
    entries,
    number,
    row_of,
)
from chartstudio.formats.text import plain

Values = tuple[float | str, ...]


@dataclass(frozen=True, slots=True)
class EffectTag:
    """One tag.

    Parameters
    ----------
    tag, kind : str
        Its name in files, and the kind of effect.
    read : callable
        Fields after the beat to values, or None when they are no good.
    text : callable
        Values to the fields after the beat.
    default : tuple or None
        What holds from beat 0 unless the tag says otherwise; saying so is no effect.
    sm : bool
        Whether .sm files have it too.
    """

    tag: str
    kind: str
    read: Callable[[list[str]], Values | None]
    text: Callable[[Values], str]
    default: Values | None
    sm: bool = False


def _scroll(fields: list[str]) -> Values | None:
    return (number(fields[0]),) if fields else None


def _speed(fields: list[str]) -> Values | None:
    if len(fields) < 2 or number(fields[1]) < 0:
        return None
    seconds = len(fields) > 2 and int(number(fields[2])) != 0
    return (number(fields[0]), number(fields[1]), int(seconds))


def _fakes(fields: list[str]) -> Values | None:
    n_rows = row_of(min(number(fields[0]), 1e6)) if len(fields) == 1 else 0
    return (n_rows * ROW_TICKS,) if n_rows > 0 else None


def _fakes_text(values: Values) -> str:
    return beat_text(max(1, round(float(values[0]) / ROW_TICKS)))


def _tickcount(fields: list[str]) -> Values | None:
    if len(fields) != 1:
        return None
    return (int(min(max(number(fields[0]), 0), ROWS_PER_BEAT)),)


def _combo(fields: list[str]) -> Values | None:
    if not fields:
        return None
    hit = int(number(fields[0]))
    return (hit, int(number(fields[1])) if len(fields) > 1 else hit)


def _combo_text(values: Values) -> str:
    shown = values[:1] if values[0] == values[-1] else values
    return _numbers(shown)


def _label(fields: list[str]) -> Values | None:
    return (fields[0].rstrip(),) if len(fields) == 1 else None


def _label_text(values: Values) -> str:
    return str(values[0]).replace(",", " ").replace("=", " ")


def _numbers(values: Values) -> str:
    return "=".join(plain(float(v)) for v in values)


EFFECT_TAGS = (
    EffectTag("TICKCOUNTS", "tickcount", _tickcount, _numbers, (4,), sm=True),
    EffectTag("COMBOS", "combo", _combo, _combo_text, (1, 1)),
    EffectTag("SPEEDS", "speed", _speed, _numbers, (1.0, 0.0, 0)),
    EffectTag("SCROLLS", "scroll", _scroll, _numbers, (1.0,)),
    EffectTag("FAKES", "fakes", _fakes, _fakes_text, None),
    EffectTag("LABELS", "label", _label, _label_text, ("Song Start",)),
)

EFFECT_KINDS = frozenset(t.kind for t in EFFECT_TAGS)


def read_effects(spec: EffectTag, text: str) -> tuple[tuple[Effect, ...], int]:
    """The effects of one tag, and how many entries were no good.

    A later entry on the same row replaces an earlier one.
    """
    found: dict[int, Values] = {}
    n_bad = 0
    for fields in entries(text):
        beat = number(fields[0]) if fields else -1.0
        values = spec.read(fields[1:]) if 0 <= beat <= 1e6 else None
        if values is None:
            n_bad += 1
        else:
            found[row_of(beat)] = values
    if found.get(0) == spec.default:
        found.pop(0, None)
    effects = (Effect(row * ROW_TICKS, spec.kind, v) for row, v in sorted(found.items()))
    return tuple(effects), n_bad


def effects_text(spec: EffectTag, effects: Iterable[Effect]) -> str:
    """The value of one tag."""
    found = {max(0, round(e.tick / ROW_TICKS)): e.values for e in effects if e.kind == spec.kind}
    if spec.default is not None:
        found.setdefault(0, spec.default)
    return ",\n".join(f"{beat_text(row)}={spec.text(v)}" for row, v in sorted(found.items()))
