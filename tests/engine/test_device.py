"""The encoder's number type, and what becomes of a GPU that fails."""

import json

import numpy as np
import pytest
import torch
from made_engine import ScriptedEncoder, tiny_model

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.core.job import run
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.engine import checkpoint, device
from chartstudio.engine.device import faster
from chartstudio.engine.generate import generate
from chartstudio.engine.requests import GenerateRequest
from chartstudio.engine.service import Engine
from chartstudio.engine.task import prepare
from chartstudio.modes import MODES


class Gpu(ScriptedEncoder):
    """An encoder on a device that is not the CPU, which can hear so many windows at once."""

    def __init__(self, spec, n_at_most, error=torch.OutOfMemoryError):
        super().__init__(spec)
        self.n_at_most, self.error, self.seen = n_at_most, error, []
        self.unused = torch.nn.Parameter(torch.zeros(1, device="meta"))

    def to(self, place):
        assert place == "cpu"
        self.unused = torch.nn.Parameter(torch.zeros(1))
        return self

    def forward(self, heard):
        n = len(heard.features)
        if heard.features.device.type != "cpu":
            self.seen.append(n)
            if n > self.n_at_most:
                raise self.error("CUDA went wrong\nin many lines")
        return super().forward(heard)


def ask(audio, timing, **changes):
    asked = {"start": 0, "end": 56 * BEAT, "level": 2.0, "n_times": 40, **changes}
    return GenerateRequest(audio, timing, Chart("mania-4k"), **asked)


def drafted(audio, timing, song, encoder=None):
    model = tiny_model()
    if encoder is not None:
        model.net.encoder = encoder
    task = prepare(ask(audio, timing), MODES["mania-4k"], model, song)
    return run(generate(task)), model


# Falling back


def test_a_full_gpu_hears_one_window_at_a_time(audio, timing, song):
    gpu = Gpu(tiny_model().spec.net, 1)
    draft, model = drafted(audio, timing, song, gpu)
    assert gpu.seen == [2, 1, 1, 1, 1]
    assert draft.device == "meta"
    assert draft.notice == "The GPU is short of memory: it hears less at once."
    plain, _ = drafted(audio, timing, song)
    assert plain.notice == ""
    assert draft.candidates == plain.candidates
    assert model.ear.news() == ""


def test_a_gpu_too_small_for_one_window_is_given_up(audio, timing, song):
    gpu = Gpu(tiny_model().spec.net, 0)
    draft, model = drafted(audio, timing, song, gpu)
    assert gpu.seen == [2, 1]
    assert draft.device == "cpu"
    assert draft.notice.endswith("The GPU is out of memory: drafts are made on the CPU.")
    assert draft.candidates == drafted(audio, timing, song)[0].candidates
    run(generate(prepare(ask(audio, timing), MODES["mania-4k"], model, song)))
    assert gpu.seen == [2, 1]


def test_a_gpu_that_fails_otherwise_is_given_up_at_once(audio, timing, song):
    gpu = Gpu(tiny_model().spec.net, 0, RuntimeError)
    draft, _ = drafted(audio, timing, song, gpu)
    assert gpu.seen == [2]
    assert draft.notice == "The GPU failed (CUDA went wrong): drafts are made on the CPU."


def test_what_fails_on_the_cpu_is_an_error(audio, timing, song):
    model = tiny_model()
    task = prepare(ask(audio, timing), MODES["mania-4k"], model, song)

    class Broken(ScriptedEncoder):
        def forward(self, heard):
            raise RuntimeError("broken")

    model.net.encoder = Broken(model.spec.net)
    with pytest.raises(RuntimeError, match="broken"):
        run(generate(task))


def test_a_gpu_that_was_asked_for_and_is_none_is_said(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    ear = tiny_model().ear
    ear.move("cuda")
    assert (ear.device.type, ear.number_type) == ("cpu", "float32")
    assert ear.news() == "There is no GPU that works: drafts are made on the CPU."
    ear.move(None)
    assert ear.news() == ""


# Number types


@pytest.mark.parametrize(
    ("exact_s", "rough_s", "chosen"),
    [(1.0, 0.5, "bfloat16"), (1.0, 0.9, "float32"), (1.0, 3.0, "float32")],
)
def test_the_number_type_changes_only_for_what_is_clearly_faster(exact_s, rough_s, chosen):
    now = [0.0]
    tried = []

    def work(number_type):
        # The first of each takes longer, and is not to count.
        first = number_type not in tried
        tried.append(number_type)
        now[0] += (exact_s if number_type == "float32" else rough_s) + 9.0 * first

    assert faster(work, clock=lambda: now[0]) == chosen
    assert set(tried) == set(device.NUMBER_TYPES)


@pytest.fixture
def folder():
    model = tiny_model(scripted=False)
    place = paths.user_models() / "tiny"
    checkpoint.save(place, model.spec, model.net)
    return place


def test_a_choice_is_made_once_and_kept(folder, audio, timing, monkeypatch):
    timed = []
    monkeypatch.setattr(device, "faster", lambda work: (timed.append(work), "bfloat16")[1])
    drafts = [run(Engine(device="cpu", model="tiny").draft(ask(audio, timing))) for _ in range(2)]
    assert len(timed) == 1
    assert [d.number_type for d in drafts] == ["bfloat16"] * 2
    assert drafts[0].candidates == drafts[1].candidates
    (file,) = paths.cache().glob("number_types.json")
    assert list(json.loads(file.read_text(encoding="utf-8")).values()) == ["bfloat16"]


@pytest.mark.parametrize("text", ["{", "[]", '{"tiny": 5}', '{"tiny 0 cpu": "int3"}'])
def test_a_broken_choice_is_made_anew(folder, text, monkeypatch):
    (paths.cache() / "number_types.json").write_text(text, encoding="utf-8")
    monkeypatch.setattr(device, "faster", lambda work: "bfloat16")
    ear = checkpoint.load(folder).ear
    ear.settle("tiny 0", 32)
    assert ear.number_type == "bfloat16"


def test_the_timing_runs_the_encoder_in_both_types(monkeypatch):
    monkeypatch.setattr(device, "faster", faster)
    model = tiny_model()
    model.ear.settle("tiny 0", 32)
    assert model.net.encoder.n_calls >= 4
    assert model.ear.number_type in device.NUMBER_TYPES


def test_rough_numbers_are_near_the_exact_ones(folder, audio, timing):
    exact, rough = (checkpoint.load(folder).ear for _ in range(2))
    rough.number_type = "bfloat16"
    heard = device._silence(checkpoint.load_spec(folder).net, 32)
    (states, scores), (rough_states, rough_scores) = exact.hear(heard), rough.hear(heard)
    assert rough_states.dtype == rough_scores.dtype == torch.float32
    assert not torch.equal(scores, rough_scores)
    for a, b in ((states, rough_states), (scores, rough_scores)):
        assert np.abs((a - b).numpy()).max() < 0.1


def test_a_number_type_can_be_asked_for(folder, audio, timing, monkeypatch):
    monkeypatch.setattr(device, "faster", lambda work: pytest.fail("timed"))
    for number_type in device.NUMBER_TYPES:
        engine = Engine(device="cpu", model="tiny", number_type=number_type)
        assert run(engine.draft(ask(audio, timing))).number_type == number_type
    with pytest.raises(EngineError, match="'int3' is no number type: float32 or bfloat16"):
        Engine(number_type="int3")
