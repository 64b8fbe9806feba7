"""How long a chart of 10,000 notes takes to read, for each format and game.

Not part of the tests::

    python -m pytest -o addopts= tests/formats/bench_reading.py
"""

from typing import Any

import pytest

from chartstudio.core.note import LaneNote, Note, sort_notes
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.formats import FORMATS, find_format
from chartstudio.modes.beatsaber.notes import ColorNote
from chartstudio.modes.osu.notes import Circle, Slider

N_NOTES = 10_000
_STEP = TICKS_PER_BEAT // 4


def _lane(i: int, kind: str = "tap", n_lanes: int = 4) -> Note:
    return LaneNote(i * _STEP, i * _STEP, i * 7 % n_lanes, kind)


def _hold(i: int) -> Note:
    return LaneNote(i * _STEP, (i + 2) * _STEP, i * 5 % 4, "hold") if i % 8 == 0 else _lane(i)


def _osu(i: int) -> Note:
    x, y = float(i * 37 % 400), float(i * 53 % 300)
    if i % 4:
        return Circle(i * _STEP, i * _STEP, x, y)
    points = (("", x + 60, y + 20), ("", x + 100, y))
    return Slider(i * _STEP, (i + 1) * _STEP, x, y, "B", points, 70.0)


def _saber(i: int) -> Note:
    return ColorNote(i * _STEP, i * _STEP, i % 4, i % 3, i % 2, i % 9)


NOTES: dict[str, Any] = {
    "dance-single": _hold,
    "mania-4k": _hold,
    "taiko": lambda i: _lane(i, ("don", "kat")[i * i % 3 == 0], 1),
    "osu": _osu,
    "beatsaber": _saber,
}

CASES = [
    (fmt.id, mode)
    for fmt in FORMATS
    for mode in NOTES
    if (fmt.modes is None and mode == "dance-single") or mode in (fmt.modes or ())
]


@pytest.mark.parametrize(("format_id", "mode"), CASES)
def test_reading(benchmark: Any, format_id: str, mode: str) -> None:
    fmt = find_format(format_id)
    notes = sort_notes(NOTES[mode](i) for i in range(8, N_NOTES + 8))
    song = Song(timing=TimingMap.constant(160.0), charts=(Chart(mode, "Hard", 5.0, notes),))
    files = fmt.write(song)
    read = benchmark.pedantic(lambda: fmt.read(files, None), rounds=7, warmup_rounds=1)
    assert len(read.charts[0].notes) == N_NOTES
