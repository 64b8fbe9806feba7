"""What a song holds, as plain values for the command line and for reports."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import lane_facts
from chartstudio.core.note import ends_of, ticks_of
from chartstudio.core.song import Chart, Song
from chartstudio.core.timing import Side, TimingMap
from chartstudio.formats.playable import counted, kinds_of, playable
from chartstudio.library.source import Source
from chartstudio.modes import MODES


def describe(source: Source, with_notes: bool = False) -> dict[str, Any]:
    """A song as the ``inspect`` command prints it.

    Parameters
    ----------
    source : Source
    with_notes : bool
        Whether to list every note.
    """
    song = source.song
    problems = list(song.problems)
    if not song.audio:
        problems.append("the song names no audio file")
    elif not source.audio_found:
        problems.append(f"audio file {song.audio} is missing")
    return {
        "format": source.format_id or "audio",
        "title": song.metadata.title,
        "artist": song.metadata.artist,
        "audio": song.audio,
        "audio_found": source.audio_found,
        "timing": describe_timing(song.timing),
        "charts": [describe_chart(song, chart, with_notes) for chart in song.charts],
        "issues": problems,
    }


def describe_timing(timing: TimingMap) -> dict[str, Any]:
    """Anchors as plain values; each with the meter in force."""
    anchors = []
    meter = 4
    for a in timing.anchors:
        meter = a.meter if a.bar else meter
        anchors.append({"tick": a.tick, "s": a.seconds, "bpm": a.bpm, "meter": meter})
    return {"anchors": anchors}


def describe_chart(song: Song, chart: Chart, with_notes: bool = False) -> dict[str, Any]:
    """A chart's figures, and its notes on request."""
    timing = song.timing_of(chart)
    mode = MODES.get(chart.mode)
    ticks = ticks_of(chart.notes)
    starts_s = timing.seconds_at(ticks)
    judged = playable(song, chart)
    kinds = kinds_of(chart)
    known = dict.fromkeys(mode.kinds if mode else (), 0)
    counts_all = known | Counter(kinds)
    counts = known | Counter(k for k, ok in zip(kinds, judged, strict=True) if ok)
    played = counted(chart) & judged
    described: dict[str, Any] = {
        "mode": chart.mode,
        "name": chart.name,
        "label": chart.label,
        "characteristic": chart.setting("characteristic"),
        **_level(chart, timing),
        "n_notes": int(played.sum()),
        "counts": counts,
        "counts_all": counts_all,
        "first_s": round(float(starts_s[played].min()), 6) if played.any() else None,
        "last_s": round(float(starts_s[played].max()), 6) if played.any() else None,
        "nps_peak": nps_peak(ticks[played], timing),
    }
    if chart.timing is not None:
        described["timing"] = describe_timing(chart.timing)
    if with_notes:
        facts_of = mode.facts if mode else lane_facts
        ends_s = timing.seconds_at(ends_of(chart.notes))
        described["notes"] = [
            {
                "tick": n.tick,
                "start_s": round(start_s, 6),
                "end_s": round(end_s, 6),
                "kind": kind,
                **facts_of(n),
                "playable": ok,
            }
            for n, start_s, end_s, kind, ok in zip(
                chart.notes,
                starts_s.tolist(),
                ends_s.tolist(),
                kinds,
                judged.tolist(),
                strict=True,
            )
        ]
    return described


def _level(chart: Chart, timing: TimingMap) -> dict[str, Any]:
    """The author's level; where the file says none the mode's estimate, and whose it is."""
    mode = MODES.get(chart.mode)
    if chart.level is not None or mode is None or not chart.notes:
        return {"level": chart.level, "level_by": chart.setting("level_by", "")}
    level = round(mode.difficulty(chart, timing), 3)
    return {"level": level, "level_by": mode.estimator or "ChartStudio"}


def nps_peak(ticks: NDArray[np.int64], timing: TimingMap) -> float:
    """Notes per second in the busiest measure, 0 for no notes.

    A measure that takes no time (inside a warp) is passed over.
    """
    if len(ticks) == 0:
        return 0.0
    low, high = timing.measures_around(ticks)
    starts, first, counts = np.unique(low, return_index=True, return_counts=True)
    ends_s = timing.seconds_at(high[first], Side.BEFORE)
    spans_s = ends_s - timing.seconds_at(starts, Side.BEFORE)
    dense = np.divide(counts, spans_s, out=np.zeros(len(counts)), where=spans_s > 1e-3)
    return round(float(dense.max()), 2)
