"""Star rating of taiko charts: the chart as the .osu text that the calculator reads.

Beside the hits, a rating depends on how fast they scroll: tempo, scroll speed and slider
multiplier are in the text. Samples, breaks and names are not. What a file is written as for
players is the business of the formats.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from chartstudio.core.note import ends_of, ticks_of
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.modes.lanes import lane_notes
from chartstudio.modes.osu_family import (
    HP,
    OD,
    SLIDER_MULTIPLIER,
    SLIDER_TICK_RATE,
    stars_of,
)

SETTINGS = (HP, OD, SLIDER_MULTIPLIER, SLIDER_TICK_RATE)
"""What a taiko chart sets as a whole."""

_TEXT = """osu file format v14

[General]
Mode: 1

[Difficulty]
HPDrainRate:{hp!r}
CircleSize:5
OverallDifficulty:{od!r}
ApproachRate:5
SliderMultiplier:{slider_multiplier!r}
SliderTickRate:{slider_tick_rate!r}

[TimingPoints]
{points}

[HitObjects]
{objects}
"""

_HIT_SOUNDS = {"don": 0, "kat": 8, "big-don": 4, "big-kat": 12}
"""osu! tells hits apart by their sounds: a clap is a kat, a finish is big."""

_SV_RANGE = (0.01, 10.0)


def stars(chart: Chart, timing: TimingMap) -> float:
    """Star rating by rosu-pp, which equals the game's for taiko; 0 for no notes."""
    if not chart.notes:
        return 0.0
    values = {setting.name: float(setting.of(chart)) for setting in SETTINGS}
    speeds = _speeds(chart, timing)
    multiplier = values["slider_multiplier"]
    return stars_of(
        _TEXT.format(
            **values,
            points="\n".join(_points(speeds, timing)),
            objects="\n".join(_objects(chart, timing, speeds, multiplier)),
        )
    )


def _speeds(chart: Chart, timing: TimingMap) -> dict[int, float]:
    """Scroll speed by the tick from which it holds; anchors say again what holds there."""
    said: dict[int, float] = {}
    for effect in chart.effects:
        if effect.kind == "sv":
            sv = math.nan if effect.values[0] == "nan" else float(effect.values[0])
            low, high = _SV_RANGE
            said[effect.tick] = 1.0 if math.isnan(sv) else min(max(sv, low), high)
    found: dict[int, float] = {}
    sv = 1.0
    for tick in sorted({*said, *(anchor.tick for anchor in timing.anchors)}):
        sv = found[tick] = said.get(tick, sv)
    return found


def _points(speeds: dict[int, float], timing: TimingMap) -> Iterator[str]:
    """Lines of [TimingPoints]: a red one for each anchor, a green one for each speed."""
    # Of anchors on one tick, as around a stop, the last one's tempo goes on.
    reds = {anchor.tick: anchor for anchor in timing.anchors}
    for tick, sv in speeds.items():
        anchor = reds.get(tick)
        if anchor is None:
            # Rounded as the notes are, so that neither passes the other.
            time_ms = float(round(timing.seconds_at(tick) * 1000))
        else:
            time_ms = anchor.seconds * 1000
            yield f"{time_ms!r},{60_000 / anchor.bpm!r},{anchor.meter},1,0,100,1,0"
        yield f"{time_ms!r},{-100 / sv!r},4,1,0,100,0,0"


def _objects(
    chart: Chart, timing: TimingMap, speeds: dict[int, float], multiplier: float
) -> Iterator[str]:
    notes = lane_notes(chart.notes)
    starts_ms = np.rint(timing.seconds_at(ticks_of(notes)) * 1000).astype(int).tolist()
    ends_ms = np.rint(timing.seconds_at(ends_of(notes)) * 1000).astype(int).tolist()
    changes = np.array(list(speeds), dtype=np.int64)
    at = np.searchsorted(changes, ticks_of(notes), "right") - 1
    for note, start_ms, end_ms, i in zip(notes, starts_ms, ends_ms, at.tolist(), strict=True):
        if note.kind == "denden":
            yield f"256,192,{start_ms},12,0,{end_ms},0:0:0:0:"
        elif note.kind == "drumroll":
            beat_ms = 60_000 / timing.bpm_at(note.tick)
            sv = speeds[int(changes[i])] if i >= 0 else 1.0
            length_px = (end_ms - start_ms) / beat_ms * 100 * multiplier * sv
            yield f"256,192,{start_ms},2,0,L|257:192,1,{length_px!r}"
        else:
            yield f"256,192,{start_ms},1,{_HIT_SOUNDS[note.kind]},0:0:0:0:"
