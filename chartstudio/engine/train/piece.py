"""A song whose every note is known, as values."""

from __future__ import annotations

from dataclasses import dataclass

from chartstudio.core.timing import TimingMap
from chartstudio.modes import MODES

LAYERS = ("drums", "bass", "lead", "chords")
"""What a chart's section may follow."""

TAUGHT_MODES: tuple[str, ...] = (
    *("dance-single", "dance-double", "pump-single", "pump-double"),
    *(f"mania-{n_keys}k" for n_keys in range(1, 11)),
    *("taiko", "osu"),
    *(mode.id for mode in MODES.values() if mode.level_unit == "rank"),
)
"""Modes that the teacher writes, in the network's order: the last is played with sabers."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One sounding note.

    Parameters
    ----------
    tick, end : int
        As played: human micro-timing is kept.
    pitch : int
        MIDI key; for drums the General MIDI drum key.
    velocity : int
        1 to 127, volume and expression included.
    layer : str
        One of `LAYERS`.
    part : int
        Which of the piece's instruments plays it; index into `Piece.programs`.
    """

    tick: int
    end: int
    pitch: int
    velocity: int
    layer: str
    part: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """A song whose every note is known.

    Parameters
    ----------
    name : str
    timing : TimingMap
        No sound starts before second 0.
    sounds : tuple of Sound
        Sorted by tick.
    programs : tuple of int
        General MIDI program (0-based) of each part, as the source has it.
    """

    name: str
    timing: TimingMap
    sounds: tuple[Sound, ...]
    programs: tuple[int, ...] = (0,)
