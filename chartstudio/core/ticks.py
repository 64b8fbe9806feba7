"""The one integer clock, and the snaps that charts are written on.

A beat is 20,160 ticks: divisible by every snap in use up to 1/192 of a 4/4 measure, by
fifths, sevenths and ninths, and fine enough to hold any millisecond above 3 BPM.
"""

from typing import overload

import numpy as np
from numpy.typing import NDArray

TICKS_PER_BEAT = 20_160

Ticks = NDArray[np.int64]
"""Tick positions, int64."""

SNAPS = (4, 8, 12, 16, 24, 32, 48, 64, 96, 192)
"""Snaps by their usual names: 4 is a quarter note (one beat), 16 a sixteenth."""

OFF_GRID = 0
"""The snap of a tick that lies on none of `SNAPS`."""


def snap_ticks(snap: int) -> int:
    """Distance between neighbouring grid lines of a snap, in ticks.

    Parameters
    ----------
    snap : int
        Note-length denominator: 4 for quarters, 16 for sixteenths. Any divisor of 80,640.

    Raises
    ------
    ValueError
        When the snap does not divide the clock.
    """
    ticks, rest = divmod(4 * TICKS_PER_BEAT, snap)
    if rest:
        raise ValueError(f"1/{snap} does not divide {TICKS_PER_BEAT} ticks per beat")
    return ticks


@overload
def snap_to(ticks: int, snap: int, origin: int = 0) -> int: ...
@overload
def snap_to(ticks: Ticks, snap: int, origin: int = 0) -> Ticks: ...
def snap_to(ticks: int | Ticks, snap: int, origin: int = 0) -> int | Ticks:
    """The grid line of ``snap`` nearest to each tick; halves go up.

    Parameters
    ----------
    ticks : int or ndarray of int64
    snap : int
    origin : int
        The tick from which the grid counts.
    """
    step = snap_ticks(snap)
    return (ticks - origin + step // 2) // step * step + origin


_SNAP_OF_PHASE = np.full(TICKS_PER_BEAT, OFF_GRID, dtype=np.int16)
for _snap in reversed(SNAPS):
    _SNAP_OF_PHASE[:: snap_ticks(_snap)] = _snap


@overload
def snap_of(ticks: int, origin: int = 0) -> int: ...
@overload
def snap_of(ticks: Ticks, origin: int = 0) -> NDArray[np.int16]: ...
def snap_of(ticks: int | Ticks, origin: int = 0) -> int | NDArray[np.int16]:
    """The coarsest snap that each tick lies on, or `OFF_GRID`.

    This is what note colours show: 4 red, 8 blue, 12 purple, 16 yellow and so on.
    """
    found = _SNAP_OF_PHASE[(np.asarray(ticks, dtype=np.int64) - origin) % TICKS_PER_BEAT]
    return int(found) if np.ndim(ticks) == 0 else found
