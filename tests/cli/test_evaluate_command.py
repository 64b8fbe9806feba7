"""The evaluate command as other programs see it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chartstudio.audio import encode
from chartstudio.cli import main
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.formats import write_song
from chartstudio.formats.bundle import save_files

TIMING = TimingMap.constant(150.0)
N_BEATS = 52


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One song of 21 s with a chart of dance and one of a mode that nobody drafts."""
    ticks = [b * BEAT for b in range(4, N_BEATS - 4)]
    notes = tuple(LaneNote(t, t, i * 3 % 4) for i, t in enumerate(ticks))
    charts = (Chart("dance-single", "Hard", 4.0, notes), Chart("mania-12k", "Hard", 4.0, notes))
    rng = np.random.default_rng(0)
    samples = np.zeros(round(N_BEATS * 0.4 * 22_050), np.float32)
    for tick in ticks:
        at = round(float(TIMING.seconds_at(tick)) * 22_050)
        samples[at : at + 400] = 0.3 * rng.normal(size=400)
    song = Song(Metadata("One"), "song.wav", TIMING, charts)
    wav = encode.wav(samples[None], 22_050, "PCM_16")
    save_files(tmp_path / "data" / "one", {"song.wav": wav, **write_song(song, "project")})
    return tmp_path / "data"


def evaluated(capsys: pytest.CaptureFixture[str], *argv: object) -> dict[str, Any]:
    status = main(["evaluate", *(str(a) for a in argv), "--device", "cpu", "--json"])
    out, err = capsys.readouterr()
    assert (status, err) == (0, "")
    answer: dict[str, Any] = json.loads(out)
    return answer


def test_evaluate_answers_as_promised(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    answer = evaluated(
        capsys, "--model", "base", "--data", folder, "--only", "times,density", "--out", out
    )
    (chart,) = answer["charts"]
    assert (chart["song"], chart["chart"], chart["mode"]) == ("one", "Hard", "dance-single")
    assert chart["level"] > 0
    assert chart["measures"]["f1_20ms"] == chart["nulls"]["f1_20ms.metro_fill"] == 1
    assert set(chart["measures"]) <= set(answer["means"])
    assert set(answer["intervals"]) == set(answer["means"])
    assert "finish_4_f1" not in answer["means"]
    (left_out,) = answer["skipped"]
    assert left_out["mode"] == "mania-12k"
    saved = {path.name for path in out.iterdir()}
    assert saved == {"evaluation.json", "evaluation.txt", "times.svg", "charts.svg"}
    assert json.loads((out / "evaluation.json").read_text("utf-8")) == answer
    assert "Note times, F1 within 20 ms" in (out / "evaluation.txt").read_text("utf-8")


def test_evaluate_prints_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--data", str(folder), "--only", "listening", "--quick"]) == 0
    out, _ = capsys.readouterr()
    assert "quick: a part of the folder only" in out
    assert "left out: one mania-12k Hard" in out
    assert "minutes of music" in out


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (("--model", "nobody"), "there is no model 'nobody'"),
        (("--only", "times,sparkle"), "there is no measure 'sparkle'"),
        (("--data", "nowhere"), "nowhere: is no folder"),
    ],
)
def test_evaluate_says_what_is_wrong(
    argv: tuple[str, ...], why: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = () if "--data" in argv else ("--data", str(folder))
    assert main(["evaluate", *data, *argv]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {why}")
    assert err.count("\n") == 1
