import json
import weakref

import numpy as np
import pytest
import torch
from made_engine import tiny_model

from chartstudio.audio.decode import Audio
from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.core.job import run
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.engine import checkpoint
from chartstudio.engine.features import SongFeatures
from chartstudio.engine.requests import GenerateRequest
from chartstudio.engine.service import Engine


@pytest.fixture
def folder():
    """A model of the user's, with weights that are exact in float16."""
    model = tiny_model(scripted=False)
    place = paths.user_models() / "tiny"
    checkpoint.save(place, model.spec, model.net)
    (place / "README.md").write_text("# tiny\n", encoding="utf-8")
    return place


def ask(audio, timing, **changes):
    asked = {"start": 0, "end": 32 * BEAT, "level": 2.0, "n_times": 30, **changes}
    return GenerateRequest(audio, timing, Chart("dance-single"), **asked)


# Checkpoints


def test_a_model_comes_back_as_it_was_saved(folder):
    spec = tiny_model().spec
    loaded = checkpoint.load(folder)
    assert loaded.spec == spec
    again = folder.parent / "again"
    checkpoint.save(again, loaded.spec, loaded.net)
    for name in (checkpoint.SPEC_FILE, checkpoint.WEIGHTS_FILE):
        assert (again / name).read_bytes() == (folder / name).read_bytes()
    assert not list(again.glob("*.new"))


def _cut(path):
    path.write_bytes(path.read_bytes()[:1000])


def _foreign(path):
    found = json.loads(path.read_text(encoding="utf-8"))
    found["net"]["width"] = 16
    path.write_text(json.dumps(found), encoding="utf-8")


def _newer(path):
    found = json.loads(path.read_text(encoding="utf-8"))
    found["format"] = 99
    path.write_text(json.dumps(found), encoding="utf-8")


def _unknown_key(path):
    found = json.loads(path.read_text(encoding="utf-8"))
    found["net"]["depth"] = 1
    path.write_text(json.dumps(found), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("weights.safetensors", _cut),
        ("weights.safetensors", lambda p: p.unlink()),
        ("weights.safetensors", lambda p: p.write_bytes(b"\x80\x04pickle")),
        ("model.json", lambda p: p.unlink()),
        ("model.json", lambda p: p.write_text("{", encoding="utf-8")),
        ("model.json", lambda p: p.write_text("{}", encoding="utf-8")),
        ("model.json", _newer),
        ("model.json", _unknown_key),
        ("model.json", _foreign),
    ],
)
def test_broken_and_foreign_models_are_refused_by_file(folder, name, spoil):
    spoil(folder / name)
    with pytest.raises(EngineError, match=r"model\.json|weights\.safetensors") as refused:
        checkpoint.load(folder)
    assert "\n" not in str(refused.value)


# The service


def test_an_engine_drafts_and_says_with_what(folder, audio, timing):
    engine = Engine(device="cpu", model="tiny", number_type="float32")
    draft = run(engine.draft(ask(audio, timing)))
    assert draft.model == "tiny 0"
    assert (draft.device, draft.number_type) == ("cpu", "float32")
    assert set(draft.seconds) == {"features", "draft"}
    assert len({n.tick for n in draft.candidates[0].notes}) == 30


def test_a_second_draft_hears_nothing_anew(folder, audio, timing, monkeypatch):
    engine = Engine(device="cpu", model="tiny")
    first = run(engine.draft(ask(audio, timing)))
    monkeypatch.setattr(
        "chartstudio.engine.features.SongFeatures._raw", lambda *_: pytest.fail("heard again")
    )
    monkeypatch.setattr(
        "chartstudio.engine.service.mono", lambda *_: pytest.fail("resampled again")
    )
    assert run(engine.draft(ask(audio, timing))).candidates == first.candidates


def test_a_draft_hears_no_more_than_a_block_of_beats_in_a_step(folder, audio, timing, monkeypatch):
    heard = []
    compute = SongFeatures._compute

    def counted(self, block):
        heard.append(block not in self._blocks)
        compute(self, block)

    monkeypatch.setattr(SongFeatures, "_compute", counted)
    steps = []
    for _ in Engine(device="cpu", model="tiny").draft(ask(audio, timing, end=56 * BEAT)):
        steps.append(sum(heard))
        heard.clear()
    assert sum(steps) == 8
    assert max(steps) == 1


def test_songs_are_not_kept_alive(folder, audio, timing):
    engine = Engine(device="cpu", model="tiny")
    samples = audio.samples.copy()
    song, gone = Audio(samples, audio.rate_hz, audio.decoder), weakref.ref(samples)
    del samples
    first = run(engine.draft(ask(song, timing)))
    del song
    assert gone() is None
    assert run(engine.draft(ask(audio, timing))).candidates == first.candidates
    assert len(engine._heard._samples) == len(engine._heard._songs) == 1


def test_nothing_is_loaded_before_a_job_runs():
    engine = Engine(model="there-is-none")
    job = engine.draft(None)
    with pytest.raises(EngineError, match="there is no model 'there-is-none'; installed: base"):
        run(job)


def test_an_unknown_device_is_refused():
    with pytest.raises(EngineError, match="choose cpu or cuda"):
        Engine(device="abacus")


def test_an_unknown_mode_is_refused(folder, audio, timing):
    request = GenerateRequest(audio, timing, Chart("kazoo"), 0, BEAT, 1.0)
    with pytest.raises(EngineError, match="choose one of dance-single"):
        run(Engine(model="tiny").draft(request))


def test_without_a_gpu_cuda_falls_back_to_the_processor(folder, audio, timing, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert run(Engine(device="cuda", model="tiny").draft(ask(audio, timing))).device == "cpu"


def test_models_are_listed_with_their_cards(folder):
    (paths.user_models() / "broken").mkdir()
    (paths.user_models() / "broken" / "model.json").write_text("{}", encoding="utf-8")
    cards = {card.name: card for card in Engine(model="tiny").models()}
    assert set(cards) == {"tiny", "base"}
    assert cards["tiny"].active
    assert not cards["base"].active
    assert cards["tiny"].card == "# tiny\n"
    assert "mania-7k" in cards["tiny"].modes


def test_threads_are_as_asked():
    before = torch.get_num_threads()
    try:
        Engine(n_threads=1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_a_draft_leaves_the_threads_alone(folder, audio, timing):
    before = torch.get_num_threads()
    job = Engine(device="cpu", model="tiny").draft(ask(audio, timing))
    for progress in job:
        assert torch.get_num_threads() == before
        if progress.what == "Writing":
            break
    job.close()
    assert torch.get_num_threads() == before


# The model that ships


def test_the_shipped_model_drafts_every_mode_it_names(audio, timing):
    engine = Engine(device="cpu")
    (base,) = [card for card in engine.models() if card.name == "base"]
    assert base.active
    assert len(base.card) > 100
    for mode_id in base.modes:
        request = GenerateRequest(audio, timing, Chart(mode_id), 0, 28 * BEAT, 3.0, n_candidates=2)
        for candidate in run(engine.draft(request)).candidates:
            assert candidate.notes
            assert candidate.n_off_grid == candidate.n_bad_events == 0
            assert not [i for i in candidate.issues if i.severity == "error"]
            assert np.isfinite(candidate.level_reached)
