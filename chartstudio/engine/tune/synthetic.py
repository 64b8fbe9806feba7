"""An author made by rule, to measure how far a tuning takes a model towards an author's style.

``python -m chartstudio.engine.tune.synthetic --work FOLDER --out FILE.json`` composes and renders
songs, charts them by rule, tunes a model on some of them as users do, and drafts the others with
the model before and after. Whatever is in the folder already is not made again.

The author writes two notes where the snare is struck and one elsewhere, holds nothing, keeps to
eighths, and never steps left off the beat. Knows where every drum of its songs is; what is tuned
is told nothing but the songs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chartstudio.audio import encode
from chartstudio.audio.decode import load
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import Job, Progress, run
from chartstudio.core.note import LaneNote, Note, sort_notes
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.evaluate.ear import Ear
from chartstudio.engine.net import Net
from chartstudio.engine.requests import SPLITS, GenerateRequest, TrainChart, TrainRequest
from chartstudio.engine.train import synthesis
from chartstudio.engine.train.composer import GENRES, Repertoire, compose
from chartstudio.engine.train.piece import Piece
from chartstudio.engine.train.score import Score
from chartstudio.engine.tune import adapters
from chartstudio.engine.tune.folder import Folder
from chartstudio.engine.tune.habits import with_rates, with_weights
from chartstudio.engine.tune.job import tune
from chartstudio.engine.tune.judging import Drafter, songs_of
from chartstudio.engine.tune.recipe import Recipe, read_recipe
from chartstudio.engine.tune.team import Team
from chartstudio.engine.tune.work import Work, prepare, read_all
from chartstudio.formats import Bundle, read_song, write_song
from chartstudio.formats.bundle import save_files
from chartstudio.modes import MODES

MODE = "dance-single"
_BEAT, _HALF = TICKS_PER_BEAT, TICKS_PER_BEAT // 2
_TRAIN, _VALIDATION, _ = SPLITS

# The songs -------------------------------------------------------------------------------

_BPM = (90, 182)
_MUSIC = Repertoire(
    tuple(
        genre
        for genre in GENRES
        if genre.meter == genre.steps == 4
        and genre.swing == (0.0, 0.0)
        and _BPM[0] <= genre.bpm[0] < genre.bpm[1] <= _BPM[1]
    ),
    ((("verse", 8), ("chorus", 8), ("break", 4), ("chorus", 8)),),
)
"""Straight common time, 35 to 75 seconds, charts of much the same level: what is measured is
learning, not hearing."""

_KICKS, _SNARES = frozenset((35, 36)), frozenset((38, 40))


def piece_of(n_song: int) -> Piece:
    """The music of a song; it follows from its number."""
    return compose(np.random.default_rng([n_song, 0]), repertoire=_MUSIC)


def snares_of(piece: Piece) -> NDArray[np.int64]:
    """Ticks at which a snare is struck, rising."""
    drums = Score.of(piece).drums
    return np.array([t for t in sorted(drums) if _SNARES & set(drums[t])], dtype=np.int64)


def save_song(folder: Path, n_song: int) -> None:
    """Render a song and save it with the author's chart."""
    piece = piece_of(n_song)
    samples = synthesis.render(piece, np.random.default_rng([n_song, 1]))
    audio = encode.ogg_vorbis(samples[None], synthesis.RATE_HZ)
    metadata = Metadata(title=piece.name, artist="nobody", credit="rule")
    song = Song(metadata, "song.ogg", piece.timing, (chart_of(piece),))
    save_files(folder, {"song.ogg": audio, **write_song(song, "ssc")})


# The author ------------------------------------------------------------------------------

_ON_BEAT, _OFF_BEAT = (0, 2, 1, 3), (1, 3, 2)
"""Lanes in turn, on the beat and off it."""


def chart_of(piece: Piece) -> Chart:
    """What the author makes of a piece: kicks, snares and the tune, as far as on eighths."""
    score = Score.of(piece)
    drums = {t for t, keys in score.drums.items() if (_KICKS | _SNARES) & set(keys)}
    tune_ = {t for v in score.voices if v.layer == "lead" for t in v.ticks.tolist()}
    snares = frozenset(snares_of(piece).tolist())
    notes: list[LaneNote] = []
    last: tuple[int, ...] = ()
    turns = {_ON_BEAT: 0, _OFF_BEAT: 0}
    for tick in sorted(t for t in drums | tune_ if t % _HALF == 0):
        lanes = _OFF_BEAT if tick % _BEAT else _ON_BEAT
        at = turns[lanes]
        # No lane twice in a row as long as there are others.
        in_turn = sorted((*lanes[at:], *lanes[:at]), key=lambda lane: lane in last)
        last = tuple(in_turn[: 1 + (tick in snares)])
        turns[lanes] = (at + 1) % len(lanes)
        notes += [LaneNote(tick, tick, lane) for lane in last]
    chart = Chart(MODE, "Hard", notes=sort_notes(notes))
    return replace(chart, level=MODES[MODE].difficulty(chart, piece.timing))


# What a style is -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Charts as figures are taken of them, one entry per note time; several charts add up.

    Attributes
    ----------
    span_s : float
        From the first to the last note time.
    sizes : ndarray of int64, shape (R,)
        Notes that start there.
    held, off_beat, eighth, snare : ndarray of bool, shape (R,)
        Whether one of them lasts, and where the time is: off the beat, on a half of one, where
        a snare is struck.
    lanes : ndarray of bool, shape (R, 4)
    """

    span_s: float
    sizes: NDArray[np.int64]
    held: NDArray[np.bool_]
    off_beat: NDArray[np.bool_]
    eighth: NDArray[np.bool_]
    snare: NDArray[np.bool_]
    lanes: NDArray[np.bool_]

    @classmethod
    def of(cls, notes: Sequence[Note], timing: TimingMap, snares: NDArray[np.int64]) -> Rows:
        """The rows of one chart's taps and holds."""
        counted = [n for n in notes if isinstance(n, LaneNote) and MODES[MODE].counts(n)]
        ticks, at = np.unique([n.tick for n in counted], return_inverse=True)
        lanes = np.zeros((len(ticks), len(MODES[MODE].layout.lanes)), dtype=bool)
        lanes[at, [n.lane for n in counted]] = True
        held = np.zeros(len(ticks), dtype=bool)
        held[at[[n.end > n.tick for n in counted]]] = True
        seconds = timing.seconds_at(ticks[[0, -1]])
        return cls(
            span_s=float(seconds[1] - seconds[0]),
            sizes=lanes.sum(axis=1),
            held=held,
            off_beat=ticks % _BEAT != 0,
            eighth=ticks % _BEAT == _HALF,
            snare=np.isin(ticks, snares),
            lanes=lanes,
        )

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """All rows of some charts."""
        arrays = [
            np.concatenate([getattr(p, name) for p in parts])
            for name in cls.__dataclass_fields__
            if name != "span_s"
        ]
        return cls(sum(p.span_s for p in parts), *arrays)


def _share(of: NDArray[np.bool_], among: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.array([np.mean(of[among]) if among.any() else 0.0])


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    return counts / max(int(counts.sum()), 1)


STATISTICS: dict[str, Callable[[Rows], NDArray[np.float64]]] = {
    "jumps on snares": lambda r: _share(r.sizes > 1, r.snare),
    "jumps elsewhere": lambda r: _share(r.sizes > 1, ~r.snare),
    "left lane off the beat": lambda r: _shares(r.lanes[r.off_beat].sum(axis=0))[:1],
    "held rows": lambda r: _share(r.held, np.ones_like(r.held)),
    "rows per second": lambda r: np.array([len(r.sizes) / max(r.span_s, 1.0)]),
    "rows on snares": lambda r: _share(r.snare, np.ones_like(r.snare)),
    "lanes": lambda r: _shares(r.lanes.sum(axis=0)),
    "beats, eighths, finer": lambda r: _shares(
        np.array([(~r.off_beat).sum(), r.eighth.sum(), (r.off_beat & ~r.eighth).sum()])
    ),
}
"""Shares of rows, of notes off the beat, and of all notes and rows by lane and place."""

_NEAR = 0.02
"""A statistic in which the base is this near to the author has no way to go."""


def moved(
    author: NDArray[np.float64], base: NDArray[np.float64], tuned: NDArray[np.float64]
) -> float | None:
    """How much of the way from the base to the author was gone.

    Of a single number that is ``(tuned - base) / (author - base)``, which is below 0 for a step
    away and above 1 for one too far. Of several shares it is what is gone of the distance, the
    sum of their differences. None where there is no way to go.
    """
    if np.abs(author - base).max() < _NEAR:
        return None
    if len(author) == 1:
        return float((tuned - base)[0] / (author - base)[0])
    return float(1 - np.abs(tuned - author).sum() / np.abs(base - author).sum())


def compared(rows: Mapping[str, Rows]) -> dict[str, dict[str, Any]]:
    """Every statistic of the author, the base and the others, and how far those moved.

    Parameters
    ----------
    rows : mapping of str to Rows
        By name; ``author`` and ``base`` are among them.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, statistic in STATISTICS.items():
        values = {who: statistic(own) for who, own in rows.items()}
        author, base = values["author"], values["base"]
        others = {who: v for who, v in values.items() if who not in ("author", "base")}
        found[name] = {who: np.round(v, 4).tolist() for who, v in values.items()} | {
            "moved": {who: moved(author, base, v) for who, v in others.items()}
        }
    return found


def table(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The comparison as lines of text."""
    who = [w for w in next(iter(found.values())) if w != "moved"]
    others = [w for w in who if w not in ("author", "base")]
    heads = [*who, *(f"{w} moved" for w in others)]
    lines = [f"{'':24}" + "".join(f"{h:>22}" for h in heads)]
    for name, values in found.items():
        numbers = [" ".join(f"{v:.2f}" for v in values[w]) for w in who]
        shares = [values["moved"][w] for w in others]
        ways = ["-" if share is None else f"{100 * share:.0f} %" for share in shares]
        lines.append(f"{name:24}" + "".join(f"{text:>22}" for text in (*numbers, *ways)))
    return lines


# The measurement -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Parameters
    ----------
    work : Path
        Songs, features and models lie here.
    name : str
        Of the tuning.
    base : str
    n_songs, n_unseen : int
        Songs that are learned from, one in ten of which decide which weights are kept; and
        songs that are drafted.
    recipe : Recipe
    """

    work: Path
    name: str
    base: str
    n_songs: int
    n_unseen: int
    recipe: Recipe

    def folder(self, n_song: int) -> Path:
        """Where a song lies."""
        return self.work / "songs" / f"{n_song:03d}"

    def request(self) -> TrainRequest:
        """The tuning."""
        n_deciding = max(self.n_songs // 10, 1)
        splits = [_VALIDATION] * n_deciding + [_TRAIN] * (self.n_songs - n_deciding)
        charts = tuple(
            TrainChart(self.folder(n), 0, split, f"song {n}") for n, split in enumerate(splits)
        )
        # The habits are measured here, on the weights that are compared, and drafts judge them.
        recipe = replace(self.recipe, habits=False, folds=1)
        resume = Folder.of(self.name).is_begun
        return TrainRequest(self.name, charts, self.base, recipe, "cpu", resume)


def measure(plan: Plan) -> Job[dict[str, Any]]:
    """Make the songs, tune, draft and compare."""
    n_all = plan.n_songs + plan.n_unseen
    for n in range(n_all):
        if not any(plan.folder(n).glob("*.ssc")):
            save_song(plan.folder(n), n)
            yield Progress(0.0, f"Song {n + 1} of {n_all}")
    folder = Folder.of(plan.name)
    if not (folder.path / checkpoint.SPEC_FILE).exists() or not _is_done(folder, plan.recipe):
        yield from tune(plan.request())
    models = yield from _models(plan)
    unseen = range(plan.n_songs, n_all)
    rows: dict[str, list[Rows]] = {who: [] for who in ("author", *models)}
    for n in unseen:
        for who, notes, timing in _drafts(plan.folder(n), models):
            rows[who].append(Rows.of(notes, timing, snares_of(piece_of(n))))
            yield Progress(1.0, f"Drafted song {n + 1}: {who}")
    steps = folder.steps()
    return {
        "statistics": compared({who: Rows.joined(own) for who, own in rows.items()}),
        "n_songs": plan.n_songs,
        "n_unseen": plan.n_unseen,
        "held_out": {s.step: s.held_out for s in steps if s.held_out is not None},
        "kept": folder.kept()[0].step,
        "recipe": plan.recipe.to_json(),
    }


def _is_done(folder: Folder, recipe: Recipe) -> bool:
    steps = folder.steps()
    return bool(steps) and steps[-1].step >= recipe.n_steps


def _models(plan: Plan) -> Job[dict[str, Model]]:
    """The base, its tuned weights, and these with the plan by the author's habits."""
    request = replace(plan.request(), resume=True)
    work = prepare(request, Team(), Team().device("cpu"))
    read = yield from read_all(work)
    base, tuned = work.base, _tuned(work)
    rated = replace(tuned.spec, plan=with_rates(tuned.spec.plan, read.spelled))
    songs = songs_of([s.chart for s in read.spelled], tuned.spec.vocabulary.mode_ids, [])
    weighed = yield from with_weights(Model(rated, tuned.net), songs)
    return {"base": base, "tuned": tuned, "both": Model(replace(rated, plan=weighed), tuned.net)}


def _tuned(work: Work) -> Model:
    """The base with the best weights, whatever the tuning's own verdict made of them."""
    net = Net(work.base.spec.net)
    learned = work.folder.kept()[0].load()
    net.load_state_dict(adapters.merged(work.base.net.state_dict(), learned))
    spec = replace(work.base.spec, name=work.request.name)
    return Model(spec, net.eval().requires_grad_(False))


def _drafts(
    folder: Path, models: Mapping[str, Model]
) -> Iterator[tuple[str, Sequence[Note], TimingMap]]:
    """The author's chart of a song, and one by each model at its level."""
    song, _ = read_song(Bundle.open(folder))
    chart, timing = song.charts[0], song.timing_of(song.charts[0])
    yield "author", chart.notes, timing
    audio = load(folder / song.audio)
    level = MODES[MODE].difficulty(chart, timing)
    request = GenerateRequest(
        audio, timing, replace(chart, notes=()), 0, chart.notes[-1].tick + 1, level
    )
    for who, model in models.items():
        draft = run(Drafter(Ear(model)).draft(request))
        yield who, draft.candidates[0].notes, timing


# The command line ------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 0 when done, 1 with a line of why not."""
    parser = argparse.ArgumentParser(
        prog="python -m chartstudio.engine.tune.synthetic",
        description="How far a tuning takes a model towards the style of an author made by rule.",
    )
    parser.add_argument("--work", type=Path, required=True, help="songs, features and models")
    parser.add_argument("--out", type=Path, required=True, help="the figures as JSON")
    parser.add_argument("--base", default="base", help="the model to start from (base)")
    parser.add_argument("--name", default="synthetic", help="of the tuning (synthetic)")
    parser.add_argument("--songs", type=int, default=20, help="to learn from (20)")
    parser.add_argument("--unseen", type=int, default=5, help="to draft (5)")
    parser.add_argument("--recipe", type=Path, help="TOML with what differs")
    parser.add_argument("--steps", type=int, help="in place of the recipe's")
    args = parser.parse_args(argv)
    # What is made here stays here, and the user's own models are left alone.
    os.environ["CHARTSTUDIO_HOME"] = str(args.work / "home")
    try:
        recipe = read_recipe(args.recipe) if args.recipe else Recipe()
        recipe = replace(recipe, n_steps=args.steps or recipe.n_steps).for_songs(args.songs)
        plan = Plan(args.work, args.name, args.base, args.songs, args.unseen, recipe)
        found = run(measure(plan), lambda p: print(p.what, file=sys.stderr, flush=True))
    except ChartStudioError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    args.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print("\n".join(table(found["statistics"])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
