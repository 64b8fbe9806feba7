"""The events of all modes in one numbering, so that one network serves them all.

Every mode lists ranges of events (`Mode.event_ranges`). Ranges of one name share their
numbers here: the third tap of one lane mode is the third tap of another, and the network is
told which mode it writes for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import EngineError
from chartstudio.core.mode import EventRange, Mode

END = 0
"""Event 0 ends a row, in every mode and here."""


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
