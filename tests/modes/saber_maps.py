"""Objects and human charts of Beat Saber for tests.

The loader knows just enough of the two map versions of the fixtures to get their notes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from chartstudio.core.note import Note, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
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
    return tuple(_human_charts(root))


def _human_charts(root: Path) -> Iterator[tuple[str, Chart, TimingMap]]:
    for song in SONGS:
        info = json.loads((root / song / "Info.dat").read_text("utf-8-sig"))
        timing = TimingMap.constant(info["_beatsPerMinute"])
        for group in info["_difficultyBeatmapSets"]:
            for entry in group["_difficultyBeatmaps"]:
                text = (root / song / entry["_beatmapFilename"]).read_text("utf-8-sig")
                settings = {
                    "characteristic": group["_beatmapCharacteristicName"],
                    "njs": float(entry["_noteJumpMovementSpeed"]),
                    "jump_offset": float(entry["_noteJumpStartBeatOffset"]),
                }
                notes = _notes(json.loads(text))
                yield song, chart_of(*notes, name=entry["_difficulty"], **settings), timing


def _notes(data: dict[str, Any]) -> Iterator[Note]:
    return _version_2(data) if "_notes" in data else _version_3(data)


def _version_2(data: dict[str, Any]) -> Iterator[Note]:
    for n in data["_notes"]:
        at, x, y = tick(n["_time"]), n["_lineIndex"], n["_lineLayer"]
        if n["_type"] == 3:
            yield Bomb(at, at, x, y)
        else:
            yield ColorNote(at, at, x, y, n["_type"], n["_cutDirection"])
    for o in data["_obstacles"]:
        y, height = ((0, 5), (2, 3))[o["_type"]]
        yield wall(o["_time"], o["_time"] + o["_duration"], o["_lineIndex"], y, o["_width"], height)


def _version_3(data: dict[str, Any]) -> Iterator[Note]:
    def get(item: dict[str, Any], *keys: str) -> list[Any]:
        return [item.get(key, 0) for key in keys]

    for n in data["colorNotes"]:
        beat, *rest = get(n, "b", "x", "y", "c", "d", "a")
        yield ColorNote(tick(beat), tick(beat), *rest)
    for n in data["bombNotes"]:
        yield bomb(*get(n, "b", "x", "y"))
    for o in data["obstacles"]:
        beat, length, *rest = get(o, "b", "d", "x", "y", "w", "h")
        yield wall(beat, beat + length, *rest)
    for s in data["sliders"]:
        beat, end, *rest = get(s, "b", "tb", "x", "y", "c", "d", "tx", "ty", "tc")
        yield Arc(tick(beat), tick(end), *rest)
