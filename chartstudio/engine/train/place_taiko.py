"""A teacher's hands on the taiko drum: every moment gets its colour, its size, or a roll.

Where drums are followed, kicks are dons, snares and hats kats. Where a tune is followed, high
and rising is kat, low and falling is don, beats are dons and off-beats kats, and short quick
groups are spelled as players know them: one colour through, a turn on the last hit (ddk), or
hit by hit (dkdk). Measures that sound alike are coloured alike. Accents are big hits, held
sounds drumrolls, and dendens where a section dies away.

This module decides no times; it leaves out hits that two hands could not strike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.note import LaneNote
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.engine.train.demands import demand_of
from chartstudio.engine.train.moments import Moment, Placed, Scene
from chartstudio.engine.train.style import Habit
from chartstudio.modes.lanes import HOLD_LENGTHS
from chartstudio.modes.taiko_checks import ONE_HAND_S, SHORTEST_DENDEN_S, TOO_FAST_S
from chartstudio.modes.usual import usual_settings

_BEAT = TICKS_PER_BEAT

HABITS: tuple[Habit, ...] = (
    ("contour", 0.2, 1.0),
    ("offbeats", 0.0, 1.0),
    ("turns", 0.0, 1.0),
    ("one_colour", 0.0, 1.0),
    ("tails", 0.0, 1.0),
    ("alternations", 0.0, 0.8),
    ("backbeat", 0.0, 1.0),
    ("rolls", 0.0, 0.7),
    ("dendens", 0.0, 1.0),
)
"""How far colours follow the tune, and beats against off-beats; liking for changes of colour,
for groups of one colour, for groups whose last hit turns, and for hit-by-hit ones; whether a
snare beside a kick is heard as the snare (from 0.5 on); chance that a held sound is rolled,
and that a section's last one is a denden."""

_KICKS = frozenset({35, 36})
_SNARES = frozenset({37, 38, 39, 40})
_LOW = frozenset({41, 43, 45, 61, 64, 66, 68, 74, 77, 78, 79})
"""Low toms, and the lower of each pair of hand drums and blocks."""
_CRASHES = frozenset({49, 52, 55, 57})

_CERTAIN = 50.0
"""Lean of a hit whose colour the followed drums decide."""

_LONGEST_GROUP = 5
_QUICK = _BEAT // 4
"""Hits no further apart make a group that is heard as one."""
_SLOW_SHAPE = 0.3
"""How much the shape of a group counts among slower hits: there any turn is easy."""

_FULL_SPEED_S, _FINE = 0.05, _BEAT / 6.2
_LONGEST_RUN = 7
_LONGEST_COLOUR = 10
"""What `taiko_checks` warns of, with a margin."""

_BIG_EASE = 0.9
"""Big hits keep the distance of a level that much lower, since less than asked may come out."""


def place(moments: Sequence[Moment], scene: Scene, rng: np.random.Generator) -> Placed:
    """Hits and rolls for the moments that two hands can strike."""
    kept = _playable(moments, scene)
    painter = _Painter(scene, rng)
    colours = [kat for measure in _measures(kept, scene) for kat in painter.paint(measure)]
    times_s = scene.timing.seconds_at(np.array([x.tick for x in kept], dtype=np.int64))
    colours = _broken_up(colours, times_s)
    big = _big(kept, times_s, scene)
    roller = _Roller(scene, kept, rng)
    notes = []
    for i, (moment, kat) in enumerate(zip(kept, colours, strict=True)):
        kind, length = roller.roll(i)
        if not length:
            kind = ("big-" if big[i] else "") + ("kat" if kat else "don")
        notes.append(LaneNote(moment.tick, moment.tick + length, 0, kind))
    return Placed(tuple(notes), usual_settings(scene.mode.id, scene.level, scene.timing))


# What hands can strike -------------------------------------------------------------------


def _playable(moments: Sequence[Moment], scene: Scene) -> list[Moment]:
    """The moments without those that come too soon, or make a run too long for its speed."""
    times_s = scene.timing.seconds_at(np.array([x.tick for x in moments], dtype=np.int64))
    kept: list[Moment] = []
    last_s, run = -1e9, 0
    for moment, now_s in zip(moments, times_s.tolist(), strict=True):
        gap_s = now_s - last_s
        fine = bool(kept) and moment.tick - kept[-1].tick < _FINE
        run = run + 1 if gap_s < _FULL_SPEED_S or (fine and gap_s < 1.1 * ONE_HAND_S) else 0
        if gap_s < 1.1 * TOO_FAST_S or run > _LONGEST_RUN:
            continue
        kept.append(moment)
        last_s = now_s
    return kept


def _broken_up(colours: Sequence[bool], times_s: NDArray[np.float64]) -> list[bool]:
    """The colours, with a turn where a quick run of one colour would be too long."""
    found = list(colours[:1])
    run = 1
    for kat, gap_s in zip(colours[1:], np.diff(times_s).tolist(), strict=True):
        run = run + 1 if kat == found[-1] and gap_s < 1.1 * ONE_HAND_S else 1
        if run > _LONGEST_COLOUR:
            kat, run = not kat, 1
        found.append(kat)
    return found


def _big(kept: Sequence[Moment], times_s: NDArray[np.float64], scene: Scene) -> list[bool]:
    """Which hits are big: the strongest accents, and lesser ones under a crash or at a start.

    Their distance to neighbours is what the mode's grammar allows drafts of the level.
    """
    apart_s = max(1.1 * ONE_HAND_S, 0.5 / (1 + 0.6 * _BIG_EASE * scene.skill))
    starts = set(scene.starts.tolist())
    wide = np.diff(times_s, prepend=-1e9, append=1e9) >= apart_s
    return [
        bool(before and after)
        and (x.size > 2 or (x.size == 2 and (x.tick in starts or bool(_CRASHES & set(x.drums)))))
        for x, before, after in zip(kept, wide[:-1], wide[1:], strict=True)
    ]


# Colours ---------------------------------------------------------------------------------


def _measures(kept: Sequence[Moment], scene: Scene) -> Iterator[tuple[int, list[Moment]]]:
    """Start tick and moments of each measure that has some."""
    measure = np.searchsorted(scene.starts, [x.tick for x in kept], "right") - 1
    for m in np.unique(measure).tolist():
        low, high = np.searchsorted(measure, (m, m + 1)).tolist()
        yield int(scene.starts[max(m, 0)]), list(kept[low:high])


@dataclass(frozen=True, slots=True, eq=False)
class _Painter:
    """Colours measure by measure; the same for the same sounds at the same places."""

    scene: Scene
    rng: np.random.Generator
    memory: dict[tuple[object, ...], tuple[bool, ...]] = field(default_factory=dict)

    def paint(self, measure: tuple[int, list[Moment]]) -> tuple[bool, ...]:
        """Whether each moment of a measure is a kat."""
        start, moments = measure
        leans = self._leans(start, moments)
        key = tuple((x.tick - start, round(n, 2)) for x, n in zip(moments, leans, strict=True))
        if key not in self.memory:
            self.memory[key] = tuple(
                kat
                for low, high in _groups([x.tick - start for x in moments])
                for kat in self._group(moments[low:high], np.array(leans[low:high]))
            )
        return self.memory[key]

    def _leans(self, start: int, moments: Sequence[Moment]) -> list[float]:
        """How much each moment wants to be a kat (positive) or a don."""
        habits = self.scene.habits
        contour, offbeats = habits.get("contour", 0.6), habits.get("offbeats", 0.5)
        heights = _heights(moments)
        leans = []
        for moment, height in zip(moments, heights, strict=True):
            drum = _drum(moment.drums, habits.get("backbeat", 1.0) >= 0.5)
            if moment.layer == "drums" and drum:
                leans.append(_CERTAIN * drum)
                continue
            within = (moment.tick - start) % _BEAT
            beat = {0: -1.0, _BEAT // 2: 1.0}.get(within, 0.0)
            leans.append(1.6 * contour * height + 0.9 * offbeats * beat + 0.4 * drum)
        return leans

    def _group(self, moments: Sequence[Moment], leans: NDArray[np.float64]) -> tuple[bool, ...]:
        """Colours of hits that are heard as one, drawn by what the author likes."""
        shapes = _shapes(len(leans))
        habits = self.scene.habits
        ease = demand_of(self.scene.mode).ease(self.scene.level)
        shape = shapes.n_turns * (2.0 * (1 - ease) + 0.8 * (1 - habits.get("turns", 0.5)))
        shape -= shapes.one_colour * 1.5 * habits.get("one_colour", 0.5)
        shape -= shapes.tail * 1.5 * ease * habits.get("tails", 0.5)
        shape -= shapes.alternating * 2.5 * ease * habits.get("alternations", 0.4)
        quick = moments[-1].tick - moments[0].tick <= _QUICK * (len(moments) - 1)
        costs = (1.0 if quick else _SLOW_SHAPE) * shape - shapes.signs @ leans
        weights = np.exp(2.0 * (costs.min() - costs))
        chosen = np.searchsorted(np.cumsum(weights), self.rng.random() * weights.sum(), "right")
        return tuple((shapes.signs[min(int(chosen), len(costs) - 1)] > 0).tolist())


def _heights(moments: Sequence[Moment]) -> list[float]:
    """Where the tune lies within the measure and where it goes, -1 low to 1 high."""
    pitches = [x.pitch for x in moments if x.pitch]
    if len(set(pitches)) < 2:
        return [0.0] * len(moments)
    middle, half = (max(pitches) + min(pitches)) / 2, (max(pitches) - min(pitches)) / 2
    found, before = [], 0
    for moment in moments:
        if not moment.pitch:
            found.append(0.0)
            continue
        rise = float(np.sign(moment.pitch - before)) if before else 0.0
        found.append(0.6 * (moment.pitch - middle) / half + 0.4 * rise)
        before = moment.pitch
    return found


def _drum(keys: Sequence[int], backbeat: bool) -> float:
    """1 for what sounds like a kat, -1 for a don, 0 for no drum."""
    struck = set(keys)
    if not struck:
        return 0.0
    if struck & _KICKS:
        return 1.0 if backbeat and struck & _SNARES else -1.0
    if struck & _SNARES:
        return 1.0
    return -1.0 if struck & _LOW else 1.0


def _groups(offsets: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Hits of a measure that are heard as one, as (first, after the last).

    Quick hits go together, long streams by beats; slower hits by halves of a 4/4 measure.
    """
    clusters: list[list[int]] = []
    for i, offset in enumerate(offsets):
        quick = i > 0 and offset - offsets[i - 1] <= _QUICK
        if quick:
            clusters[-1].append(i)
        else:
            clusters.append([i])
    borders = {0, len(offsets)}
    for before, cluster in pairwise(clusters):
        halves = {offsets[x[0]] // (2 * _BEAT) for x in (before, cluster)}
        if max(len(before), len(cluster)) > 1 or len(halves) > 1:
            borders.add(cluster[0])
    for cluster in clusters:
        if len(cluster) > _LONGEST_GROUP:
            borders |= {i for i in cluster[1:] if offsets[i] % _BEAT == 0}
    for low, high in pairwise(sorted(borders)):
        n_parts = -(-(high - low) // _LONGEST_GROUP)
        edges = np.linspace(low, high, n_parts + 1).round().astype(int).tolist()
        yield from pairwise(edges)


@dataclass(frozen=True, slots=True, eq=False)
class _Shapes:
    """All colourings of so many hits, one row each.

    Attributes
    ----------
    signs : ndarray of float64, shape (2**N, N)
        1 for a kat, -1 for a don.
    n_turns : ndarray of int64, shape (2**N,)
    one_colour, tail, alternating : ndarray of bool, shape (2**N,)
        Of three hits or more.
    """

    signs: NDArray[np.float64]
    n_turns: NDArray[np.int64]
    one_colour: NDArray[np.bool_]
    tail: NDArray[np.bool_]
    alternating: NDArray[np.bool_]


@cache
def _shapes(n_hits: int) -> _Shapes:
    signs = np.array(list(product((-1.0, 1.0), repeat=n_hits)))
    turned = signs[:, 1:] != signs[:, :-1]
    n_turns = turned.sum(axis=1)
    long = n_hits >= 3
    return _Shapes(
        signs,
        n_turns,
        one_colour=long & (n_turns == 0),
        tail=long & (n_turns == 1) & turned[:, -1:].any(axis=1),
        alternating=long & (n_turns == n_hits - 1),
    )


# Rolls -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Roller:
    """Which held sounds are rolled, and how long; the same in every repeat of a measure."""

    scene: Scene
    kept: Sequence[Moment]
    rng: np.random.Generator
    memory: dict[tuple[int, int], float] = field(default_factory=dict)

    def roll(self, i: int) -> tuple[str, int]:
        """Kind and length in ticks of the roll at a moment; length 0 for none.

        A roll lasts a beat or longer, as long as the sound does, and ends half a beat before
        the next hit.
        """
        moment, habits = self.kept[i], self.scene.habits
        if moment.hold < 0.9 * _BEAT:
            return "", 0
        chance = self.memory.setdefault(moment.pattern, float(self.rng.random()))
        room = moment.hold + _BEAT // 8
        if i + 1 < len(self.kept):
            room = min(room, self.kept[i + 1].tick - _BEAT // 2 - moment.tick)
        length = max((n for n in HOLD_LENGTHS if _BEAT <= n <= room), default=0)
        if self._ends_section(i):
            span_s = self.scene.timing.seconds_at(moment.tick + length)
            span_s -= self.scene.timing.seconds_at(moment.tick)
            if span_s >= 1.1 * SHORTEST_DENDEN_S and chance < habits.get("dendens", 0.5):
                return "denden", length
        return "drumroll", length if chance < habits.get("rolls", 0.3) else 0

    def _ends_section(self, i: int) -> bool:
        """Whether no other moment comes before the next section."""
        ticks = [x.tick for x in self.kept[i : i + 2]]
        within = np.searchsorted(self.scene.sections, ticks, "right")
        return len(set(within.tolist())) > 1 or i + 1 == len(self.kept)
