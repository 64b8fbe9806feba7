"""Objects and human charts of Beat Saber for tests."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from chartstudio.core.note import Note, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.formats import read_song
from chartstudio.formats.bundle import Bundle
from chartstudio.modes.beatsaber.notes import Arc, Bomb, Chain, ColorNote, Wall
from chartstudio.modes.beatsaber.space import (
    ANY,
    DOWN,
    DOWN_LEFT,
    DOWN_RIGHT,
    LEFT,
    RIGHT,
    UP,
    UP_LEFT,
    UP_RIGHT,
)

ARROWS = {
    "u": UP, "d": DOWN, "l": LEFT, "r": RIGHT, "ul": UP_LEFT, "ur": UP_RIGHT,
    "dl": DOWN_LEFT, "dr": DOWN_RIGHT, "o": ANY,
}  # fmt: skip
SONGS = ("JOURNEY", "werewolf howls")


def tick(beat: float) -> int:
    return round(beat * BEAT)


def red(beat: float, x: int, y: int, arrow: str = "d", **more: Any) -> ColorNote:
    return ColorNote(tick(beat), tick(beat), x, y, 0, ARROWS[arrow], **more)


def blue(beat: float, x: int, y: int, arrow: str = "d", **more: Any) -> ColorNote:
    return ColorNote(tick(beat), tick(beat), x, y, 1, ARROWS[arrow], **more)


def bomb(beat: float, x: int, y: int) -> Bomb:
    return Bomb(tick(beat), tick(beat), x, y)


def wall(beat: float, end: float, x: int, y: int, width: int, height: int) -> Wall:
    return Wall(tick(beat), tick(end), x, y, width, height)


def arc(beat: float, end: float, x: int, y: int) -> Arc:
    return Arc(tick(beat), tick(end), x, y, 1, DOWN, x, 2, UP)


def chain(beat: float, end: float, x: int, y: int, **more: Any) -> Chain:
    return Chain(
        tick(beat), tick(end), x, y, 1, DOWN, **{"tail_x": x, "tail_y": 0, "n_slices": 4, **more}
    )


def chart_of(*notes: Note, name: str = "Expert", **settings: Any) -> Chart:
    return Chart("beatsaber", name, notes=sort_notes(notes), settings=(*sorted(settings.items()),))


@lru_cache(maxsize=1)
def human_charts(root: Path) -> tuple[tuple[str, Chart, TimingMap], ...]:
    """Every chart of both songs: its song, itself, its timing."""
    found = []
    for name in SONGS:
        song, _ = read_song(Bundle.open(root / name))
        found += [(name, chart, song.timing_of(chart)) for chart in song.charts]
    return tuple(found)
