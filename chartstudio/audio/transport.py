"""What the sound callback does: orders in, blocks and marks out.

The one thread that runs `Transport.render` owns its cursor. Other threads hand it an
`Orders` by one assignment and read its `marks` by another; nothing waits for a lock.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chartstudio.audio.mix import Mixer, Schedule

_N_MARKS = 1024
"""Marks kept: more than lie between asking for a block and hearing it, late headphones
and short blocks included."""


@dataclass(frozen=True, slots=True, eq=False)
class Jump:
    """A place to go to, once; told from others by identity.

    Parameters
    ----------
    to_s : float
        Second of the song.
    """

    to_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Gains:
    """Factors on the song, the metronome and the note ticks."""

    song: float = 1.0
    metronome: float = 0.0
    ticks: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """Everything that the callback is to do, as of now.

    Parameters
    ----------
    samples : ndarray, shape (1 or 2, M), float32
        The song at ``rate``.
    rate : float
        Playback rate.
    playing : bool
    jump : Jump
        Where it was last told to go.
    loop_s : tuple of float or None
        From and to which second of the song to repeat.
    gains : Gains
    clicks, ticks : Schedule
        At ``rate``.
    """

    samples: NDArray[np.float32]
    rate: float
    playing: bool
    jump: Jump
    loop_s: tuple[float, float] | None
    gains: Gains
    clicks: Schedule
    ticks: Schedule


class Mark(NamedTuple):
    """A piece of song that was rendered, and when it is heard.

    Parameters
    ----------
    jump : Jump
        The jump that led there.
    lap : int
        Rises with every turn of a loop.
    heard_at_s, duration_s : float
        On the output's clock.
    song_s : float
        Second of the song at ``heard_at_s``.
    rate : float
        Song seconds per second.
    last : bool
        Whether the song ends with it.
    """

    jump: Jump
    lap: int
    heard_at_s: float
    duration_s: float
    song_s: float
    rate: float
    last: bool


class Transport:
    """Renders a song with its ticks, block by block.

    Parameters
    ----------
    rate_hz : int
        Rate of the samples and of the output.
    orders : Orders

    Attributes
    ----------
    orders : Orders
        Assign to change what is done from the next block on.
    marks : tuple of Mark
        The last pieces rendered, oldest first.
    """

    def __init__(self, rate_hz: int, orders: Orders) -> None:
        self.rate_hz = rate_hz
        self.orders = orders
        self.marks: tuple[Mark, ...] = ()
        self._mixer = Mixer()
        self._jump: Jump | None = None
        self._rate = orders.rate
        self._gain = orders.gains.song
        self._cursor = 0
        self._lap = 0

    def render(self, block: NDArray[np.float32], heard_at_s: float) -> None:
        """Fill a block.

        Parameters
        ----------
        block : ndarray, shape (n, 2), float32
        heard_at_s : float
            When its first frame is heard.
        """
        orders = self.orders
        self._follow(orders)
        n_done = 0
        while orders.playing and n_done < len(block):
            n = self._next_piece(orders, len(block) - n_done)
            self._mark(heard_at_s + n_done / self.rate_hz, n)
            if n == 0:
                break
            self._play(orders, block[n_done : n_done + n])
            n_done += n
        rest = block[n_done:]
        rest.fill(0.0)
        self._mixer.ring_on(rest)
        np.clip(block, -1.0, 1.0, out=block)

    def _follow(self, orders: Orders) -> None:
        """Take over a new place or rate; a new rate keeps the place in the song."""
        if orders.jump is not self._jump:
            self._jump = orders.jump
            self._cursor = round(orders.jump.to_s / orders.rate * self.rate_hz)
        elif orders.rate != self._rate:
            self._cursor = round(self._cursor * self._rate / orders.rate)
        self._rate = orders.rate

    def _next_piece(self, orders: Orders, n_wanted: int) -> int:
        """Turn the loop where it ends, and return how many samples can be played in a row.

        The loop's last sample is the one before its end; a place beyond the loop plays on
        to the end of the song.
        """
        end = orders.samples.shape[1]
        if orders.loop_s is not None:
            loop_start, loop_end = (
                min(round(at_s / orders.rate * self.rate_hz), end) for at_s in orders.loop_s
            )
            if self._cursor == loop_end:
                self._cursor = loop_start
                self._lap += 1
            if self._cursor < loop_end:
                end = loop_end
        return int(max(0, min(n_wanted, end - self._cursor)))

    def _mark(self, heard_at_s: float, n: int) -> None:
        """Note what is heard when; no samples are the end of the song, noted once."""
        newest = self.marks[-1] if self.marks else None
        if n == 0 and newest is not None and newest.last and newest.jump is self._jump:
            return
        assert self._jump is not None
        song_s = self._cursor * self._rate / self.rate_hz
        mark = Mark(self._jump, self._lap, heard_at_s, n / self.rate_hz, song_s, self._rate, n == 0)
        self.marks = (*self.marks[1 - _N_MARKS :], mark)

    def _play(self, orders: Orders, piece: NDArray[np.float32]) -> None:
        """Render song and ticks from the cursor on, and move it."""
        start, end = self._cursor, self._cursor + len(piece)
        gains = orders.gains
        song = orders.samples[:, start:end].T
        if gains.song == self._gain:
            np.multiply(song, np.float32(gains.song), out=piece)
        else:  # a step in loudness would click
            ramp = np.linspace(self._gain, gains.song, len(piece), dtype=np.float32)
            np.multiply(song, ramp[:, None], out=piece)
            self._gain = gains.song
        self._mixer.ring_on(piece)
        self._mixer.mix_block(piece, orders.clicks, start, gains.metronome)
        self._mixer.mix_block(piece, orders.ticks, start, gains.ticks)
        self._cursor = end
