"""The train command as other programs see it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from chartstudio.audio import encode
from chartstudio.cli import main, train
from chartstudio.core import paths
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.editor import settings
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import ModelSpec
from chartstudio.engine.net import Net
from chartstudio.engine.requests import TrainReport
from chartstudio.engine.vocab import Vocabulary
from chartstudio.formats import write_song
from chartstudio.formats.bundle import save_files
from chartstudio.library import fill, scan
from chartstudio.library.catalog import Catalog
from chartstudio.modes import MODES

TIMING = TimingMap.constant(150.0)
N_BEATS = 52
RECIPE = """
n_steps = 4
batch = 2
rank = 2
judge_every = 2
n_judged = 1
draft_every = 0
numbers = "float32"
n_workers = 1
"""


def tiny_base() -> None:
    vocabulary = Vocabulary.of([MODES["dance-single"]])
    sizes: dict[str, Any] = {"width": 8, "state": 8, "n_heads": 2, "n_layers": 1,
                             "dilations": (1, 12)}  # fmt: skip
    torch.manual_seed(0)
    spec = ModelSpec.fresh("tiny", vocabulary, **sizes)
    checkpoint.save(paths.user_models() / "tiny", spec, Net.fresh(spec.net, vocabulary))


def run(generator: Any) -> Any:
    try:
        while True:
            next(generator)
    except StopIteration as stop:
        return stop.value


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Three songs of 21 s in the library, read to the end."""
    for n in range(3):
        rng = np.random.default_rng(n)
        samples = np.zeros(round(N_BEATS * 0.4 * 22_050), np.float32)
        ticks = [b * BEAT for b in range(4, N_BEATS - 4) if b % 2 == 0 or rng.random() < 0.7]
        for tick in ticks:
            at = round(float(TIMING.seconds_at(tick)) * 22_050)
            samples[at : at + 400] = 0.3 * rng.normal(size=400)
        notes = tuple(LaneNote(t, t, i * (n + 1) % 4) for i, t in enumerate(ticks))
        song = Song(Metadata(f"Song {n}"), "song.wav", TIMING,
                    (Chart("dance-single", "Hard", 4.0, notes),))  # fmt: skip
        wav = encode.wav(samples[None], 22_050, "PCM_16")
        save_files(tmp_path / "songs" / f"{n}", {"song.wav": wav, **write_song(song, "ssc")})
    with Catalog() as catalog:
        run(scan.scan(catalog, [catalog.add_folder(tmp_path / "songs")]))
        run(fill.fill(catalog, 1))
    return tmp_path


def test_train_answers_as_promised(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_base()
    recipe = library / "mine.toml"
    recipe.write_text(RECIPE, "utf-8")
    argv = ["train", "--name", "mine", "--base", "tiny", "--recipe", str(recipe)]
    assert main([*argv, "--device", "cpu", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    answer = json.loads(out)
    assert (answer["name"], answer["base"]) == ("mine", "tiny")
    assert answer["charts"] == {"train": 3, "validation": 0, "test": 3}
    assert answer["verdict"] in ("better", "even", "worse")
    assert answer["left_out"] == []
    assert not answer["active"]
    assert (Path(answer["folder"]) / "adapter.safetensors").exists()
    # Its name is taken now; what was done can be gone on with, and says the same.
    assert main(argv) == 1
    assert "already: choose another name" in capsys.readouterr().err
    assert main(["train", "--name", "mine", "--resume"]) == 0
    out, _ = capsys.readouterr()
    assert answer["text"][0] in out
    assert "`chartstudio models use mine` switches it on" in out
    assert main(["models", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)["models"]
    assert {"mine", "tiny", "base"} <= {m["name"] for m in models}
    assert main(["models", "remove", "mine"]) == 0
    assert "mine" not in checkpoint.installed()


@pytest.mark.parametrize(
    ("argv", "status", "why"),
    [
        ([], 2, "--name"),
        (["--name", "mine", "--resume", "--base", "base"], 2, "--resume takes no --base"),
        (["--name", "mine", "--resume"], 1, "start it without --resume"),
        (["--name", "mine"], 1, "no charts to learn from"),
        (["--name", "base"], 1, "ships with the program"),
        (["--name", "mine", "--base", "none"], 1, "no model 'none'"),
        (["--name", "mine", "--recipe", "none.toml"], 1, "none.toml: cannot be read"),
    ],
)
def test_what_cannot_be_is_one_line(
    argv: list[str], status: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if status == 2:
        with pytest.raises(SystemExit, match="2"):
            main(["train", *argv])
    else:
        assert main(["train", *argv]) == status
    err = capsys.readouterr().err
    assert why in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("verdict", "used", "after"),
    [("better", "base", "mine"), ("worse", "base", "base"), ("better", "other", "other")],
)
def test_only_a_better_model_takes_its_base_s_place(verdict: str, used: str, after: str) -> None:
    settings.save(settings.Settings(model=used))
    report = TrainReport("mine", "base", Path(), verdict, (), {}, {})
    assert train._use(report) == (after == "mine")
    assert settings.load().model == after
