"""Charts that people made and play: the checks may hardly call anything in them an error."""

from collections import Counter
from pathlib import Path

import pytest

from chartstudio.core.note import ticks_of
from chartstudio.editor.checks import issues
from chartstudio.formats import Bundle, read_song

MOST_ERRORS_PER_MINUTE = 1.0

SONGS = (
    *(f"fixtures/stepmania/{name}" for name in ("L9", "Springtime", "nekonabe")),
    "fixtures/osu",
    *(f"fixtures/beatsaber/{name}" for name in ("JOURNEY", "werewolf howls")),
)


def test_errors_in_human_charts_are_rare(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [shared / name for name in SONGS]
    folders += sorted(p for p in (shared / "data" / "charted").iterdir() if p.is_dir())
    lines, too_many = [], []
    for folder in folders:
        song, _ = read_song(Bundle.open(folder))
        found = issues(song)
        for index, chart in enumerate(song.charts):
            seconds = song.timing_of(chart).seconds_at(ticks_of(chart.notes))
            if not len(seconds):
                continue
            minutes = max(float(seconds[-1] - seconds[0]), 1.0) / 60
            counts = Counter(i.severity for i in found if i.chart == index)
            rates = tuple(counts[s] / minutes for s in ("error", "warning", "hint"))
            name = f"{folder.name} {chart.mode} {chart.name}"
            lines.append(f"{name[:56]:56} " + " ".join(f"{rate:8.2f}" for rate in rates))
            if rates[0] > MOST_ERRORS_PER_MINUTE:
                too_many.append(lines[-1])
    with capsys.disabled():
        print(f"\n{'issues per minute':56}   errors warnings  hints")
        print("\n".join(lines))
    assert len(lines) > 50
    assert too_many == []
