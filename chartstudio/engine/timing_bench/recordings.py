"""Recordings whose tempo is known: music beside its MIDI, and songs that humans charted.

Nothing is fitted on them. Offsets of the paired music were measured to 5 ms, charts sit
where their authors heard the beat: both bound what can be said of an offset.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chartstudio.audio.decode import load
from chartstudio.core.timing import TimingMap
from chartstudio.engine.timing_bench.song import BenchSong


def listed(data_dir: Path) -> list[dict[str, Any]]:
    """Rows of the manifest with audio and a tempo: aligned pairs, charted songs."""
    rows: list[dict[str, Any]] = json.loads(
        (data_dir / "manifest.json").read_text(encoding="utf-8")
    )
    return [r for r in rows if r["kind"] == "charted" or (r["kind"] == "paired" and r["aligned"])]


def recording(row: dict[str, Any], data_dir: Path) -> BenchSong:
    """The row's audio with its timing."""
    audio = load(data_dir / row["audio"])
    if row["kind"] == "charted":
        chart = (data_dir / row["charts"][0]["file"]).read_text(encoding="utf-8")
        first_line = chart.split("[TimingPoints]")[1].split()[0].split(",")
        offset_s, bpm, meter = float(first_line[0]) / 1000, 60_000 / float(first_line[1]), 4
    else:
        offset_s, bpm, meter = row["midi_to_audio_offset_s"], row["bpm"]["first"], 4
    return BenchSong(audio.mono(), audio.rate_hz, TimingMap.constant(bpm, offset_s, meter))
