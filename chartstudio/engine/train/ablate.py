"""What of the network and of its inputs matters: the same short training, each time without one.

    python -m chartstudio.engine.train.ablate --store STORE --data CHARTED --out FILE.json

trains all variants side by side, from the same weights as far as they share them, on the same
batches, and judges each on the store's held-out music and on human charts. Trainings are short:
the table says what helps soon, not what the best network would reach.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from chartstudio.core.errors import ChartStudioError
from chartstudio.engine.features import SLOTS_PER_BEAT, FeatureSpec
from chartstudio.engine.net import Encoder, Heard
from chartstudio.engine.plan import metrical_prior
from chartstudio.engine.train.ablate_charts import Figures, HumanChart, Told, human_charts
from chartstudio.engine.train.ablate_frames import FramesEncoder
from chartstudio.engine.train.ablate_joint import JointEntrant
from chartstudio.engine.train.dataset import Batch, Cut, Windows
from chartstudio.engine.train.loop import Recipe, Shelves, fresh_state, train_step
from chartstudio.engine.train.losses import Numbers, figures
from chartstudio.engine.train.masks import hide
from chartstudio.engine.train.state import Counts, State, optimizer_of
from chartstudio.engine.train.store import Store
from chartstudio.engine.vocab import Vocabulary
from chartstudio.engine.windows import stitch
from chartstudio.modes import MODES

_log = logging.getLogger(__name__)

TASKS = ("draft", "bars")
"""Kinds of task that the held-out music is judged by."""

_AT_ONCE = 8
_WARM_UP = 40
_CUTS_SEED = 4711


# The variants ----------------------------------------------------------------------------


def _rises_gone(heard: Heard, features: FeatureSpec) -> Heard:
    kept = torch.ones(features.n_channels)
    start = 0
    for group in features.groups:
        own = kept[start : start + group.n_channels].view(-1, 2, group.n_mels)
        own[:, 1] = 0.0
        start += group.n_channels
    return replace(heard, features=heard.features * kept)


def _no_raster(heard: Heard, _: FeatureSpec) -> Heard:
    return replace(heard, raster=torch.zeros_like(heard.raster))


def _unsaid(*names: str) -> Callable[[Heard, FeatureSpec], Heard]:
    def alter(heard: Heard, _: FeatureSpec) -> Heard:
        return replace(heard, **{name: torch.zeros(0) for name in names})

    return alter


@dataclass(frozen=True, slots=True)
class Variant:
    """A network and how it is taught.

    Parameters
    ----------
    what : str
        What is changed, for the reader of the table.
    alter : callable, optional
        What the encoder is shown instead, while training and while judging.
    sizes : mapping
        Changes of the standard `NetSpec`.
    roughened : bool
        Whether the sound is roughened while training.
    made : str
        ``slots``, ``frames`` or ``joint``.
    luck : int
        Added to the seed of the first weights.
    """

    what: str
    alter: Callable[[Heard, FeatureSpec], Heard] | None = None
    sizes: Mapping[str, Any] = field(default_factory=dict)
    roughened: bool = True
    made: str = "slots"
    luck: int = 0


VARIANTS: dict[str, Variant] = {
    "full": Variant("nothing"),
    "full again": Variant("only the first weights: how much is luck", luck=1),
    "no raster": Variant("the known chart is never shown", _no_raster),
    "no echo": Variant("what similar known bars hold is never shown", _unsaid("echo")),
    "no rises": Variant("no onset channels, mels alone", _rises_gone),
    "no guidance": Variant(
        "density, layer and style are never said", _unsaid("density", "layer", "style")
    ),
    "no roughening": Variant("the sound is heard as it was rendered", roughened=False),
    "half width": Variant("64 channels instead of 128", sizes={"width": 64, "state": 64}),
    "frames": Variant("frames of equal time instead of places in the beat", made="frames"),
    "joint": Variant("times and rows in one autoregressive stream", made="joint"),
}


class Entrant(Protocol):
    """A variant with its training; ``seconds`` of processor time in steps so far."""

    seconds: float

    @property
    def counts(self) -> Counts:
        """How far its training is."""
        ...

    @property
    def net(self) -> nn.Module:
        """Its network."""
        ...

    def learn(self, cuts: Sequence[Cut], batch: Batch) -> None:
        """One step."""
        ...

    def figures(self, cuts: Sequence[Cut], batch: Batch) -> Tensor:
        """Sums over held-out windows: times, beats, events, right ones, and all of them.

        The losses of times are those of the whole pattern of notes, whatever it is made of.
        """
        ...

    def follow(self, chart: HumanChart) -> Figures:
        """Its figures on a human chart."""
        ...


class _Altered(Encoder):
    """An encoder that is shown something else."""

    def __init__(self, shown: Callable[[Heard], Heard], like: Encoder) -> None:
        super().__init__(like.spec)
        self.load_state_dict(like.state_dict())
        self._shown = shown

    def forward(self, heard: Heard) -> tuple[Tensor, Tensor]:
        return super().forward(self._shown(heard))


@dataclass(eq=False)
class SlotEntrant:
    """A network with a score for each slot."""

    state: State
    recipe: Recipe
    numbers: Numbers
    seconds: float = 0.0

    @classmethod
    def of(cls, variant: Variant, state: State, recipe: Recipe, numbers: Numbers) -> SlotEntrant:
        """Put the variant's ears on a fresh network."""
        features, alter = state.spec.features, variant.alter
        if variant.made == "frames":
            state.net.encoder = FramesEncoder.of(state.net.encoder, features).train()
        elif alter is not None:
            state.net.encoder = _Altered(lambda h: alter(h, features), state.net.encoder).train()
        state.optimizer = optimizer_of(state.net, recipe.rate, recipe.weight_decay)
        return cls(state, recipe, numbers)

    @property
    def net(self) -> nn.Module:
        """Encoder and placer."""
        return self.state.net

    @property
    def counts(self) -> Counts:
        """How far its training is."""
        return self.state.counts

    def learn(self, cuts: Sequence[Cut], batch: Batch) -> None:
        """One step of the usual training."""
        started = process_time()
        train_step(self.state, batch, self.recipe, self.numbers)
        self.seconds += process_time() - started

    def figures(self, cuts: Sequence[Cut], batch: Batch) -> Tensor:
        """See `Entrant`."""
        times, beats, _, _, *events = figures(self.state.net, batch, self.numbers)
        return torch.stack((times, beats, *events))

    def follow(self, chart: HumanChart) -> Figures:
        """F1 of as many lines as the human has times, and the listening AUC."""
        metre = metrical_prior(chart.lines, chart.case.timing)
        found = {}
        for name, told in chart.tellings.items():
            scores = self._scores(chart, told)
            found[name] = told.score(chart, told.top(chart, scores + metre))
            if name == "draft":
                found["no metre"] = told.score(chart, told.top(chart, scores))
                found["listening"] = chart.listening(scores)
        return found

    def _scores(self, chart: HumanChart, told: Told) -> NDArray[np.float32]:
        parts = []
        for i in range(0, len(chart.windows), _AT_ONCE):
            with torch.inference_mode():
                _, scores = self.state.net.encoder(_some(told.heard, i, i + _AT_ONCE))
            parts += [one[:, 0].numpy() for one in scores]
        whole = stitch(chart.windows, parts, SLOTS_PER_BEAT)
        found: NDArray[np.float32] = whole[
            chart.slots - chart.windows[0].core_start * SLOTS_PER_BEAT
        ]
        return found


def _some(heard: Heard, low: int, high: int) -> Heard:
    return Heard(**{f.name: getattr(heard, f.name)[low:high] for f in fields(Heard)})


def entrants(
    names: Sequence[str], shelves: Shelves, vocabulary: Vocabulary, recipe: Recipe, numbers: Numbers
) -> dict[str, Entrant]:
    """Fresh networks of some variants, those of one seed with the same weights."""
    found: dict[str, Entrant] = {}
    for name in names:
        variant = VARIANTS[name]
        own = replace(recipe, seed=recipe.seed + variant.luck)
        state = fresh_state(shelves, name, vocabulary, own, **variant.sizes)
        if variant.made == "joint":
            found[name] = JointEntrant.of(state.spec, recipe, numbers)
        else:
            found[name] = SlotEntrant.of(variant, state, recipe, numbers)
    return found


# Training and held-out music -------------------------------------------------------------


def teach(runners: Mapping[str, Entrant], windows: Windows, recipe: Recipe) -> Iterator[int]:
    """Train all entrants step by step on the same windows.

    Yields
    ------
    int
        Steps done.
    """
    started, counts = perf_counter(), Counts()
    while recipe.share(counts) < 1.0:
        rng = np.random.default_rng((recipe.seed, counts.step))
        cuts = [windows.draw(rng, recipe.share(counts)) for _ in range(recipe.batch)]
        rough = {name: VARIANTS[name].roughened for name in runners}
        batches = {r: windows.collate(cuts, rng if r else None) for r in set(rough.values())}
        for name, runner in runners.items():
            # Where the time is given, it is that of all together, so that all fall alike.
            runner.counts.elapsed_s = counts.elapsed_s
            runner.learn(cuts, batches[rough[name]])
        counts.step, counts.elapsed_s = counts.step + 1, perf_counter() - started
        yield counts.step


def judge_held_out(
    runners: Mapping[str, Entrant], windows: Windows, n_each: int
) -> dict[str, dict[str, Figures]]:
    """Losses on music that nobody was trained on, by entrant and kind of task.

    Parameters
    ----------
    runners : mapping of str to Entrant
    windows : Windows
        Of held-out pieces.
    n_each : int
        Windows of each mode and kind.
    """
    found: dict[str, dict[str, Figures]] = {name: {} for name in runners}
    for kind in TASKS:
        cuts = _cuts(windows, kind, n_each)
        sums = {name: torch.zeros(5) for name in runners}
        for i in range(0, len(cuts), _AT_ONCE):
            some = cuts[i : i + _AT_ONCE]
            batch = windows.collate(some, None)
            for name, runner in runners.items():
                with torch.inference_mode():
                    sums[name] += runner.figures(some, batch)
        for name, (times, beats, events, right, n) in sums.items():
            each = (times / beats.clamp(min=1), events / n.clamp(min=1), right / n.clamp(min=1))
            keys = ("times", "events", "right")
            found[name][kind] = dict(zip(keys, map(float, each), strict=True))
    return found


def _cuts(windows: Windows, kind: str, n_each: int) -> list[Cut]:
    """The same windows every time, spread over the charts of each mode."""
    rng = np.random.default_rng(_CUTS_SEED)
    found = []
    for mode_id in windows.mode_ids:
        own = [e for e in windows.examples if e.chart.mode.id == mode_id]
        for i in range(n_each):
            example = own[i % len(own)]
            mask = hide(kind, example.chart.rows, example.chart.song.bars.beats, rng)
            first = windows.first_beat(example, mask, rng)
            found.append(windows.cut(example, mask, first, rng))
    return found


def judge_charts(runners: Mapping[str, Entrant], charts: Iterator[HumanChart]) -> Iterator[Met]:
    """All entrants, and what needs no network, on human charts."""
    for chart in charts:
        found = {name: runner.follow(chart) for name, runner in runners.items()}
        yield Met(chart.case.song, chart.case.chart.name, chart.blind() | found)


# The table -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Met:
    """Figures on one human chart, by entrant."""

    song: str
    chart: str
    figures: dict[str, Figures]


def mean_of(met: Sequence[Met], name: str, figure: str) -> float:
    """Mean over the charts where it can be told; NaN for none."""
    values = [m.figures[name].get(figure, math.nan) for m in met]
    told = [v for v in values if math.isfinite(v)]
    return float(np.mean(told)) if told else math.nan


def against(met: Sequence[Met], name: str, other: str, figure: str) -> tuple[float, float]:
    """Mean difference of two entrants on the same charts, and its standard error over songs.

    Charts of one song are no independent witnesses: the error is that of the songs' means.
    """
    by_song: dict[str, list[float]] = {}
    for m in met:
        gap = m.figures[name].get(figure, math.nan) - m.figures[other].get(figure, math.nan)
        if math.isfinite(gap):
            by_song.setdefault(m.song, []).append(gap)
    gaps = [gap for song in by_song.values() for gap in song]
    if not gaps:
        return math.nan, math.nan
    means = [float(np.mean(song)) for song in by_song.values()]
    error = np.std(means, ddof=1) / math.sqrt(len(means)) if len(means) > 1 else math.nan
    return float(np.mean(gaps)), float(error)


CHART_FIGURES = {
    "draft": "F1",
    "no metre": "F1 without metre",
    "painted": "F1, density painted",
    "half": "F1, half given",
    "listening": "listening AUC",
    "sampled": "F1 sampled",
    "count miss": "count miss",
    "sampled count miss": "count miss sampled",
}
"""Figures on human charts, with their headings; times 100 in the table."""


def report(
    runners: Mapping[str, Entrant],
    held_out: Mapping[str, Mapping[str, Figures]],
    met: Sequence[Met],
    recipe: Recipe,
) -> dict[str, Any]:
    """All that was found, for a JSON file."""
    names = [*(met[0].figures if met else ()), *(n for n in runners if not met)]
    return {
        "recipe": asdict(recipe),
        "n_charts": len(met),
        "n_songs": len({m.song for m in met}),
        "variants": {
            name: {
                "what": VARIANTS[name].what,
                "n_parameters": sum(p.numel() for p in runner.net.parameters()),
                "n_steps": runner.counts.step,
                "step_s": round(runner.seconds / max(runner.counts.step, 1), 4),
                "held_out": held_out[name],
            }
            for name, runner in runners.items()
        },
        "charts": {n: {f: mean_of(met, n, f) for f in CHART_FIGURES} for n in names if met},
        "against_full": {
            n: {f: against(met, n, "full", f) for f in CHART_FIGURES}
            for n in names
            if met and "full" in runners and n != "full"
        },
        "by_chart": [asdict(m) for m in met],
    }


def tables(found: Mapping[str, Any]) -> str:
    """A report as two tables in Markdown: the figures, and the differences from ``full``."""
    heads = ["variant", "parameters", "CPU s/step"]
    heads += [f"{what} {kind}" for what in ("times", "right %") for kind in TASKS]
    kept = [f for f in CHART_FIGURES if any(_told(c[f]) for c in found["charts"].values())]
    lines = [_row(heads + [CHART_FIGURES[f] for f in kept]), _row(["---"] * (len(heads + kept)))]
    for name in dict.fromkeys((*found["variants"], *found["charts"])):
        own, charts = found["variants"].get(name), found["charts"].get(name, {})
        cells = [name] + [""] * (len(heads) - 1)
        if own:
            judged = own["held_out"]
            cells = [name, f"{own['n_parameters'] / 1e6:.2f} M", f"{own['step_s']:.2f}"]
            cells += [f"{judged[kind]['times']:.2f}" for kind in TASKS]
            cells += [f"{100 * judged[kind]['right']:.1f}" for kind in TASKS]
        lines.append(_row(cells + [_percent(charts.get(f, math.nan)) for f in kept]))
    gaps = [f for f in ("draft", "no metre", "painted", "half", "listening") if f in kept]
    lines += ["", _row(["less full", *(CHART_FIGURES[f] for f in gaps)])]
    lines.append(_row(["---"] * (1 + len(gaps))))
    for name, own in found["against_full"].items():
        lines.append(_row([name, *(_gap(*own[f]) for f in gaps)]))
    return "\n".join(lines)


def _told(value: float) -> bool:
    return math.isfinite(value)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}" if _told(value) else ""


def _gap(mean: float, error: float) -> str:
    return f"{100 * mean:+.1f} ± {100 * error:.1f}" if _told(mean) else ""


# The command -----------------------------------------------------------------------------


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chartstudio.engine.train.ablate")
    parser.add_argument("--store", type=Path, required=True, help="folder of rendered pieces")
    parser.add_argument("--data", type=Path, required=True, help="human charts with their audio")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--steps", type=int, default=500, help="0 to train for --minutes")
    parser.add_argument("--minutes", type=float, default=30.0, help="of all variants together")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--modes", default="dance-single,mania-4k,mania-5k")
    parser.add_argument("--judged", type=int, default=24, help="windows of each mode and task")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--numbers", choices=("float32", "bfloat16"), default="float32")
    return parser.parse_args()


def ablate(asked: argparse.Namespace) -> dict[str, Any]:
    """Train and judge what a command line asks for, and write it."""
    recipe = Recipe(
        n_steps=asked.steps,
        batch=asked.batch,
        minutes=asked.minutes,
        warm_up=_WARM_UP,
        seed=asked.seed,
        numbers=asked.numbers,
        device="cpu",
    )
    numbers = Numbers(torch.device("cpu"), asked.numbers == "bfloat16")
    vocabulary = Vocabulary.of(MODES[mode_id] for mode_id in asked.modes.split(","))
    shelves = Shelves.of(Store.open(asked.store, FeatureSpec()), vocabulary)
    spec = fresh_state(shelves, "full", vocabulary, recipe).spec
    runners = entrants(asked.only, shelves, vocabulary, recipe, numbers)
    training, judged = (
        Windows(examples, vocabulary, spec.features, spec.net, spec.windows.n_beats)
        for examples in (shelves.training, shelves.judged)
    )
    for step in teach(runners, training, recipe):
        if step == 1 or step % 25 == 0:
            spent = ", ".join(f"{name} {r.seconds / step:.2f}" for name, r in runners.items())
            _log.info("step %d; s per step: %s", step, spent)
    for runner in runners.values():
        runner.net.eval()
    held_out = judge_held_out(runners, judged, asked.judged)
    met: list[Met] = []
    _write(asked.out, report(runners, held_out, met, recipe))
    for one in judge_charts(runners, human_charts(asked.data, spec)):
        met.append(one)
        _log.info("%s, %s", one.song, one.chart)
    found = report(runners, held_out, met, recipe)
    _write(asked.out, found)
    return found


def _write(path: Path, found: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Entry of ``python -m``."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asked = _arguments()
    torch.set_num_threads(asked.threads)
    try:
        print(tables(ablate(asked)))
    except ChartStudioError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
