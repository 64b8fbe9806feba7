"""The events of all modes in one numbering, so that one network serves them all.

Every mode lists ranges of events (`Mode.event_ranges`). Ranges of one name share their
numbers here: the third tap of one lane mode is the third tap of another, and the network is
told which mode it writes for.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import EngineError
from chartstudio.core.mode import EventRange, Mode

END = 0
"""Event 0 ends a row, in every mode and here."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One of the figures that the events of a range are made of.

    Parameters
    ----------
    name : str
        Ranges share what is learned along an axis of one name.
    size : int
    ordered : bool
        Neighbouring values are alike.
    round_ : bool
        The last is the neighbour of the first.
    """

    name: str
    size: int
    ordered: bool = True
    round_: bool = False


AXES: dict[str, tuple[Axis, ...]] = {
    "osu-x": (Axis("osu-x", 16),),
    "osu-y": (Axis("osu-y", 12),),
    "slider-speed": (Axis("slider-speed", 8),),
    "slider-direction": (Axis("slider-direction", 16, round_=True),),
    "red-cut": (Axis("row", 3, False), Axis("column", 4, False), Axis("cut", 9, False)),
    "blue-cut": (Axis("row", 3, False), Axis("column", 4, False), Axis("cut", 9, False)),
    "bomb-cell": (Axis("row", 3, False), Axis("column", 4, False)),
}
"""What the numbers of some ranges mean: their axes, the last one running fastest.

Events of other ranges are names and nothing more: lanes lie otherwise in every mode."""

_WIDTH = 1.5
"""Standard deviation of a bump along an ordered axis, in values."""


@dataclass(frozen=True)
class Vocabulary:
    """Modes and their ranges, as a model was trained on them.

    Parameters
    ----------
    modes : tuple of (str, tuple of EventRange)
        Mode id and its flat vocabulary, in the network's order.
    """

    modes: tuple[tuple[str, tuple[EventRange, ...]], ...]
    _first: dict[str, int] = field(init=False, repr=False, compare=False)
    _to_shared: dict[str, NDArray[np.int64]] = field(init=False, repr=False, compare=False)
    n_events: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        sizes: dict[str, int] = {}
        for _, ranges in self.modes:
            for r in ranges:
                sizes[r.name] = max(sizes.get(r.name, 0), r.size)
        starts = np.cumsum([0, *sizes.values()]).tolist()
        first = dict(zip(sizes, starts[:-1], strict=True))
        to_shared = {
            mode: np.concatenate([np.arange(first[r.name], first[r.name] + r.size) for r in ranges])
            for mode, ranges in self.modes
        }
        object.__setattr__(self, "_first", first)
        object.__setattr__(self, "_to_shared", to_shared)
        object.__setattr__(self, "n_events", starts[-1])

    @classmethod
    def of(cls, modes: Iterable[Mode]) -> Vocabulary:
        """The vocabulary of some modes."""
        return cls(tuple((mode.id, mode.event_ranges) for mode in modes))

    @property
    def mode_ids(self) -> tuple[str, ...]:
        """Modes in the network's order."""
        return tuple(mode for mode, _ in self.modes)

    def index(self, mode: Mode) -> int:
        """The network's number of a mode.

        Raises
        ------
        EngineError
            When the model does not write this mode, or was trained on other events of it.
        """
        for i, (mode_id, ranges) in enumerate(self.modes):
            if mode_id == mode.id:
                if ranges != mode.event_ranges:
                    raise EngineError(
                        f"this model spells {mode.title} in another way than this version: "
                        "train it again or choose another model"
                    )
                return i
        known = ", ".join(self.mode_ids)
        raise EngineError(f"this model does not draft {mode.title}; it drafts {known}")

    def shared(self, mode: Mode) -> NDArray[np.int64]:
        """Shared number of each of the mode's flat events, shape (V_mode,)."""
        return self._to_shared[mode.id]

    def bag(self, mode: Mode, events: Sequence[int]) -> NDArray[np.float32]:
        """Which shared events a row holds, shape (V,); the end is left out."""
        found = np.zeros(self.n_events, dtype=np.float32)
        for event in events:
            if event != END:
                found[self._to_shared[mode.id][event]] = 1.0
        return found

    def facets(self) -> NDArray[np.float32]:
        """What events have in common, shape (V, K); K is 0 where no range has axes.

        Along an ordered axis a value is a few bumps that it shares with its neighbours, along
        any other a column of its own. Each range has columns for itself, and ranges with an
        axis of one name have columns together as well.
        """
        columns: dict[tuple[str, str], NDArray[np.float32]] = {}
        ranges = {r.name: r.size for _, listed in self.modes for r in listed}
        n_sharing = Counter(axis.name for name in ranges for axis in AXES.get(name, ()))
        for name, size in ranges.items():
            axes = AXES.get(name, ())
            if math.prod(axis.size for axis in axes) != size:
                continue
            for axis, values in zip(axes, np.indices([a.size for a in axes]), strict=True):
                found = _along(axis)[values.ravel()]
                for owner in (name, *([""] if n_sharing[axis.name] > 1 else [])):
                    key = (owner, axis.name)
                    whole = columns.setdefault(
                        key, np.zeros((self.n_events, found.shape[1]), np.float32)
                    )
                    whole[self._first[name] : self._first[name] + size] = found
        if not columns:
            return np.zeros((self.n_events, 0), dtype=np.float32)
        return np.concatenate(tuple(columns.values()), axis=1)


def _along(axis: Axis) -> NDArray[np.float32]:
    """Facets of each value of an axis, shape (size, columns)."""
    values = np.arange(axis.size)
    if not axis.ordered:
        return np.eye(axis.size, dtype=np.float32)
    apart = np.abs(values[:, None] - values[None, ::2])
    if axis.round_:
        apart = np.minimum(apart, axis.size - apart)
    return np.exp(-0.5 * (apart / _WIDTH) ** 2).astype(np.float32)
