"""Charts of one game as charts of another, where the two are played alike.

Pads and keyboards with as many lanes are: a panel becomes the key at its place from the
left, and back. Nothing else is offered; a drum or a playing field asks for another chart.
What the other game cannot hold is told, never dropped in silence. It knows no file format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from chartstudio.core.errors import ModeError
from chartstudio.core.note import LaneNote, sort_notes, ticks_of
from chartstudio.core.provenance import OWNER
from chartstudio.core.song import Chart, Extra, Song, judged
from chartstudio.core.timing import TimingMap
from chartstudio.modes import MODES
from chartstudio.modes.lanes import lane_notes

Changes = tuple[tuple[str, int], ...]
"""What became different, in words for the author, and how many of them."""

LEVEL_BY = "level_by"
"""Setting that names the calculator of a chart's level."""

PAIRS: tuple[tuple[str, str], ...] = (
    ("dance-single", "mania-4k"),
    ("pump-single", "mania-5k"),
    ("dance-double", "mania-8k"),
    ("pump-double", "mania-10k"),
)
"""Modes with the same lanes from left to right: feet, and fingers."""


@dataclass(frozen=True, slots=True)
class _Becomes:
    """What a kind of note becomes in the other game.

    Parameters
    ----------
    kind : str or None
        None where it has nothing like it.
    what : str
        In words for the author.
    """

    kind: str | None
    what: str


_TO_FINGERS: Mapping[str, _Becomes] = {
    "roll": _Becomes("hold", "rolls became holds"),
    "lift": _Becomes("tap", "lifts became taps"),
    "mine": _Becomes(None, "mines are left out"),
    "fake": _Becomes(None, "fakes are left out"),
}

_FLAT_HOLD = "holds without length became taps"

_EFFECTS: Mapping[str, str] = {
    **dict.fromkeys(("scroll", "speed", "sv"), "changes of scroll speed are left out"),
    **dict.fromkeys(("samples", "volume"), "changes of samples and volume are left out"),
    **dict.fromkeys(("combo", "tickcount"), "changes of how combos count are left out"),
    "fakes": "fake stretches are left out",
    "kiai": "kiai times are left out",
    "label": "labels are left out",
    "omit-bar": "hidden bar lines are left out",
}
"""Effects by what authors call them; any other kind goes by its own name."""


def targets(mode_id: str) -> tuple[str, ...]:
    """Modes that charts of a mode can become, other than itself."""
    pairs = (*PAIRS, *((b, a) for a, b in PAIRS))
    return tuple(to for of, to in pairs if of == mode_id and to in MODES)


def convert(chart: Chart, to: str, song: Song | None = None) -> tuple[Chart, Changes]:
    """A chart as one of another mode.

    Names, credit, timing, and what is known of generated parts stay. The level is estimated
    anew by the other mode's measure, or None where the timing is not known.

    Parameters
    ----------
    chart : Chart
    to : str
        One of `targets` of the chart's mode.
    song : Song, optional
        The song that the chart is of: its timing, and its effects, hold for the chart too.

    Returns
    -------
    chart : Chart
    changes : tuple of (str, int)
        Empty where nothing is different but the mode.

    Raises
    ------
    ModeError
        When the two modes are not played alike.
    """
    if to not in targets(chart.mode):
        possible = ", ".join(targets(chart.mode)) or "no other mode"
        raise ModeError(f"a {chart.mode} chart cannot become {to}; it can become {possible}")
    timing = song.timing_of(chart) if song is not None else chart.timing
    changes: Counter[str] = Counter()
    played, changes["notes that are never judged are left out"] = _judged(chart, song)
    notes = sort_notes(_notes(played, to, changes))
    for effect in chart.effects:
        changes[_EFFECTS.get(effect.kind, f"effects of the game are left out: {effect.kind}")] += 1
    changes["settings of the game are left out"] = len(chart.settings)
    kept = Extra().set(OWNER, chart.extra.get(OWNER))
    new = replace(chart, mode=to, level=None, notes=notes, effects=(), extra=kept, settings=())
    if timing is not None and notes:
        new = replace(new, level=MODES[to].difficulty(new, timing))
        new = new.with_setting(LEVEL_BY, MODES[to].estimator or None)
    changes.update(_level_changes(chart, new))
    return new, tuple((what, n) for what, n in changes.items() if n)


def _judged(chart: Chart, song: Song | None) -> tuple[tuple[LaneNote, ...], int]:
    """Notes that the game judges, and how many others there are.

    Inside warps and fake stretches a pad game judges nothing; a keyboard would.
    """
    notes = lane_notes(chart.notes)
    timing = song.timing_of(chart) if song is not None else chart.timing
    inherited = song.effects if song is not None and chart.timing is None else ()
    no_warps = timing or TimingMap.constant(60.0)
    alive = judged(no_warps, (*inherited, *chart.effects), ticks_of(notes))
    kept = tuple(n for n, counts in zip(notes, alive.tolist(), strict=True) if counts)
    return kept, len(notes) - len(kept)


def _notes(notes: Iterable[LaneNote], to: str, changes: Counter[str]) -> Iterator[LaneNote]:
    """The notes as the other mode has them; what is different is counted in ``changes``."""
    kinds = MODES[to].kinds
    for note in notes:
        kind, end = note.kind, note.end
        if kind not in kinds:
            becomes = _TO_FINGERS.get(kind, _Becomes(None, f"notes of kind {kind} are left out"))
            changes[becomes.what] += 1
            if becomes.kind is None:
                continue
            kind = becomes.kind
        if kind == "hold" and end <= note.tick:
            changes[_FLAT_HOLD] += 1
            kind = "tap"
        changes["samples of notes are left out"] += bool(note.sound)
        yield LaneNote(note.tick, end if kind == "hold" else note.tick, note.lane, kind)


def _level_changes(old: Chart, new: Chart) -> list[str]:
    """What became of the level; nothing where there was none and is none."""
    if old.level is None and new.level is None:
        return []
    of, to = MODES[old.mode].level_unit, MODES[new.mode].level_unit
    if new.level is None:
        return [f"the level is left out: {of} is another measure than {to}"]
    said = f" (it was {of} {old.level:g})" if old.level is not None else ""
    return [f"the level is estimated anew: {to} {new.level:g}{said}"]
