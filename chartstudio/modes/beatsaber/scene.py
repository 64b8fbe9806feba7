"""A chart prepared for checking: its objects by type, their times, its swings and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import Issue, Setting
from chartstudio.core.song import Chart
from chartstudio.core.timing import Seconds, TimingMap
from chartstudio.modes.beatsaber.flow import SAME_TIME_S, Swing, by_hand, swings_of
from chartstudio.modes.beatsaber.notes import Arc, Bomb, Chain, ColorNote, SaberNote, Wall
from chartstudio.modes.beatsaber.ranks import FALLBACK_NJS, rank_index, rank_of
from chartstudio.modes.beatsaber.space import placed_by_mods, saber_notes

CHARACTERISTIC = Setting(
    "characteristic",
    "Characteristic",
    "Standard",
    choices=(
        "Standard",
        "OneSaber",
        "NoArrows",
        "360Degree",
        "90Degree",
        "Lawless",
        "Lightshow",
        "Legacy",
    ),
)
NJS = Setting("njs", "Note jump speed", 16.0, low=1.0, high=30.0)
JUMP_OFFSET = Setting("jump_offset", "Jump offset", 0.0, low=-4.0, high=4.0)
SETTINGS = (CHARACTERISTIC, NJS, JUMP_OFFSET)

TURNING = frozenset({"360Degree", "90Degree"})
"""Characteristics whose lanes turn about the player: cells of two objects may not compare."""

_USUAL_RANK = 3.0

Block = ColorNote | Bomb


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """Objects of one sort with their times.

    Parameters
    ----------
    notes : list
        In chart order; what mods place elsewhere is left out.
    times : ndarray of float64, shape (N,)
        Seconds.
    """

    notes: list[Block]
    times: Seconds


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What the checks look at.

    Parameters
    ----------
    timing : TimingMap
    notes : tuple of SaberNote
        Everything in the chart.
    cut, bombs : Timed
        Red and blue notes; bombs.
    walls, arcs, chains : list
        What mods place elsewhere is left out.
    swings : tuple of Swing
    hands : (list of Swing, list of Swing)
    characteristic : str
    level : float
        The rank that the chart's name says, else its level, else Hard.
    bpm, njs, jump_offset : float
    """

    timing: TimingMap
    notes: tuple[SaberNote, ...]
    cut: Timed
    bombs: Timed
    walls: list[Wall]
    arcs: list[Arc]
    chains: list[Chain]
    swings: tuple[Swing, ...]
    hands: tuple[list[Swing], list[Swing]]
    characteristic: str
    level: float
    bpm: float
    njs: float
    jump_offset: float

    @classmethod
    def of(cls, chart: Chart, timing: TimingMap) -> Scene:
        """Prepare a chart.

        Raises
        ------
        ModeError
            When it holds notes of another game.
        """
        notes = saber_notes(chart.notes)
        here = [n for n in notes if not (n.custom and placed_by_mods(n))]
        swings = swings_of(here, timing)
        level = level_of(chart)
        njs = float(NJS.of(chart))
        return cls(
            timing=timing,
            notes=notes,
            cut=_timed([n for n in here if isinstance(n, ColorNote)], timing),
            bombs=_timed([n for n in here if isinstance(n, Bomb)], timing),
            walls=[n for n in here if isinstance(n, Wall)],
            arcs=[n for n in here if isinstance(n, Arc)],
            chains=[n for n in here if isinstance(n, Chain)],
            swings=swings,
            hands=by_hand(swings),
            characteristic=str(CHARACTERISTIC.of(chart)),
            level=level,
            bpm=timing.anchors[0].bpm,
            njs=njs if njs > 0 else FALLBACK_NJS[rank_index(level)],
            jump_offset=float(JUMP_OFFSET.of(chart)),
        )

    def pairs(self) -> Iterator[tuple[ColorNote, ColorNote]]:
        """Red and blue notes of one time: every pair, the same two cuts only once."""
        row: dict[tuple[int, ...], ColorNote] = {}
        start_s = -1.0
        notes = [n for n in self.cut.notes if isinstance(n, ColorNote)]
        for note, time_s in zip(notes, self.cut.times.tolist(), strict=True):
            if row and time_s - start_s > SAME_TIME_S:
                row = {}
            if not row:
                start_s = time_s
            cut = (note.color, note.x, note.y, note.direction, note.angle)
            if cut in row:
                continue
            for other in row.values():
                if other.color != note.color:
                    yield (other, note) if other.color < note.color else (note, other)
            row[cut] = note


def level_of(chart: Chart) -> float:
    """A chart's rank by its name, else by its level, else Hard."""
    try:
        return rank_of(chart.name)
    except ModeError:
        return chart.level if chart.level is not None else _USUAL_RANK


def _timed(notes: Sequence[Block], timing: TimingMap) -> Timed:
    ticks: NDArray[np.int64] = np.array([n.tick for n in notes], dtype=np.int64)
    return Timed(list(notes), timing.seconds_at(ticks))


def without(note: SaberNote) -> Callable[[Chart], Chart]:
    """A fix: the chart without a note."""

    def fix(chart: Chart) -> Chart:
        kept = list(chart.notes)
        # The last of equal notes is the one that was reported.
        for i in range(len(kept) - 1, -1, -1):
            if kept[i] == note:
                del kept[i]
                break
        return replace(chart, notes=tuple(kept))

    return fix


SaberCheck = Callable[[Scene], Iterator[Issue]]
"""One rule: the issues that it finds."""

HANDS = ("Red", "Blue")
