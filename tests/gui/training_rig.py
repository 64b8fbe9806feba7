"""What tests of the Train tab share: a tuning that is none, models on disk, a library."""

import json
import time
from dataclasses import asdict, replace

from chartstudio.core import paths
from chartstudio.core.job import Progress
from chartstudio.engine.requests import TrainEstimate, TrainReport, TrainStep
from chartstudio.engine.tune import sample, shelf
from chartstudio.library import fill
from chartstudio.library.catalog import Catalog
from chartstudio.library.entries import ChartEntry, NewSong, Sound
from chartstudio.library.places import Place

MANY = 100_000


class FakeTuning:
    """Tunes in ten steps, or for ages; writes what the engine would write."""

    def __init__(self):
        self.requests = []
        self.n_steps = 10
        self.error = None
        self.verdict = "better"
        self.n_taken = 0
        self.closed = False
        self.sample = None
        self.gpus = self.groups = ()

    def play_in(self, window):
        """Take the place of what tunes elsewhere."""
        training = window.studio.training
        training.tune, training.measure_with = self.tune, self.measure
        training.find_gpus, training.find_groups = self.look, self.tell_apart

    def look(self):
        yield Progress(0.0, "Looking")
        return self.gpus

    def tell_apart(self, request):
        yield Progress(0.0, "Reading")
        return self.groups

    def tune(self, request):
        self.requests.append(request)
        folder = paths.user_models() / request.name
        begun = 0
        if request.resume:
            begun = shelf.read_steps(folder)[-1].step
        else:
            make_tuning(request.name, request.base, 0, self.n_steps)
        try:
            step = begun
            while step < self.n_steps:
                step += 1
                self.n_taken += 1
                said = TrainStep(step, 10, {"times": 1.0 / step}, 1.0, held_out=0.5)
                if self.sample is not None and step == 3:
                    sample.keep(folder / "training", self.sample, step)
                    said = replace(said, f1=0.5, f1_null=0.4)
                with (folder / "training" / "log.jsonl").open("a") as file:
                    file.write(json.dumps(asdict(said)) + "\n")
                time.sleep(0.002)
                yield Progress(step / self.n_steps, f"Step {step}", said)
                if self.error:
                    raise self.error
        finally:
            self.closed = True
        make_model(request.name, verdict=self.verdict)
        text = (f"{self.verdict}.", "9 charts.", "", "figures")
        return TrainReport(request.name, request.base, folder, self.verdict, text, {}, {"train": 1})

    def measure(self, request):
        self.requests.append(request)
        yield Progress(0.5, "Measuring")
        return TrainEstimate(
            2.0, request.fitted().recipe.n_steps, 400.0, 5_000_000, 700_000_000, "cpu"
        )


def make_model(name, base="base", verdict=""):
    folder = paths.user_models() / name
    folder.mkdir(parents=True, exist_ok=True)
    modes = [{"id": "dance-single", "events": []}]
    spec = {"name": name, "modes": modes, "base": {"name": base, "version": "1", "weights": "x"}}
    (folder / "model.json").write_text(json.dumps(spec))
    (folder / "README.md").write_text(f"# {name}\n\nA model.\n")
    if verdict:
        (folder / "report.json").write_text(json.dumps({"verdict": verdict, **FIGURES}))
        (folder / "report.txt").write_text(f"{verdict}.\n9 charts.\n\nfigures\n")


def make_tuning(name, base="base", step=4, n_steps=10):
    folder = paths.user_models() / name / "training"
    folder.mkdir(parents=True, exist_ok=True)
    request = {"base": base, "charts": [], "recipe": {"n_steps": n_steps}}
    (folder / "request.json").write_text(json.dumps(request))
    steps = [TrainStep(n, 10, {"times": 1.0}, 1.0) for n in range(1, step + 1)]
    (folder / "log.jsonl").write_text("".join(json.dumps(asdict(s)) + "\n" for s in steps))


CHANGE = {"base": 0.5, "tuned": 0.6, "change": 0.1, "interval": [0.0, 0.2], "title": "note times",
           "nulls": {"metre": 0.4, "random": 0.2, "human": 0.9}, "worth": 1.0}  # fmt: skip
_MEANS = {"f1": 0.61, "f1.base": 0.51, "f1.metre": 0.41}
FIGURES = {
    "arm": "tuned",
    "changes": {"f1": CHANGE},
    "groups": {"dance-single": {"5": {"n": 3, "means": _MEANS}}},
    "arms": {
        "tuned": {
            "changes": {"f1": CHANGE},
            "groups": {"dance-single": {"5": {"n": 3, "means": _MEANS}}},
        },
        "habits": {"changes": {"f1": {**CHANGE, "tuned": 0.55}}},
    },
}


def add_songs(n=4, modes=("dance-single",)):
    """A library of songs that were read, without reading any."""
    with Catalog() as catalog:
        root = paths.state() / "Songs"
        root.mkdir()
        home = catalog.add_folder(root)
        for i in range(n):
            place = Place(root / str(i), "", "Pack", str(i))
            charts = tuple(
                ChartEntry(mode, "Hard", 5.0 + i, estimate=5.0, n_notes=9, nps=1.0, nps_peak=2.0,
                           density=(1.0,))
                for mode in modes
            )  # fmt: skip
            song = NewSong(place, home.id, str(i), "stepmania", f"Song {i}", "A", "C", "Pack",
                           "song.ogg", "", charts=charts, reasons=())  # fmt: skip
            catalog.put([song])
            known = catalog.known()[place.path, ""]
            heard = Sound(90.0, f"sound {i}", b"")
            catalog.put_filled(known, fill.VERSION, charts, (), heard)


def trigger(window, command):
    window.actions_.refresh()
    assert window.actions_[command].isEnabled(), command
    window.actions_[command].trigger()


def is_enabled(window, command):
    window.actions_.refresh()
    return window.actions_[command].isEnabled()


def said_of(window):
    return [window.train.models.list.topLevelItem(i).text(1)
            for i in range(window.train.models.list.topLevelItemCount())]  # fmt: skip
