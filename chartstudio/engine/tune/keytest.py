"""The key test: does a tuning learn an author, or only songs?

Charts of several authors are tuned on and judged in every way: on an author's own songs, one left
out in turn, and on all songs of each other author. What helps on the author's own left-out songs
and not on the others' is style; what helps on both is practice; what helps on neither is none.
For the base, the habits measured without training, the tuned weights, and both, this prints

- note times: F1 within 20 ms with the human's count, beside filling by the metre and the rise of
  the sound with twice the metre, which know no author;
- places: the same row at agreed times, beside the best fixed pattern, and the distance of
  row-to-row moves, beside random places;
- density per measure, shares of chords and held rows beside the author's, and how often the
  network thought the author's next event likeliest;
- changes to the base with a 95 % interval by drawing songs, all figures weighed as a report
  weighs them, and the minutes that it took.

Every part is kept as it is done, so that a test that was stopped goes on:

    python -m chartstudio.engine.tune.keytest --data FOLDER --out FILE.json

Knows which songs are whose; refuses to know how a tuning is done.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from chartstudio.core.errors import ChartStudioError, EngineError
from chartstudio.core.job import Job, part, run
from chartstudio.engine import checkpoint
from chartstudio.engine.requests import SPLITS, TrainChart, TrainRequest
from chartstudio.engine.tune.charts import Read
from chartstudio.engine.tune.folder import Folder, write_text
from chartstudio.engine.tune.folds import Judged, but_for, left_out
from chartstudio.engine.tune.opened import open_song
from chartstudio.engine.tune.recipe import Recipe, read_recipe
from chartstudio.engine.tune.report import BASE, best, compared
from chartstudio.engine.tune.team import Team
from chartstudio.engine.tune.work import Work, base_folder, read_all

MEASURES = ("times", "listening", "density", "patterns")
"""What is judged; all of it on one draft of each chart, with the human's number of times."""

_TRAIN = SPLITS[0]
_CLAIM = "test.json"

_COLUMNS = (
    ("f1_20ms", "times F1", ("metro_fill", "flux_metre")),
    ("density_correlation", "density", ()),
    ("row_agreement", "same row", ("fixed_pattern",)),
    ("transition_distance", "style", ("random_places",)),
    ("chord_share_miss", "chords off", ()),
    ("hold_share_miss", "holds off", ()),
)
"""Figures of the table, their titles, and the nulls that stand beside them."""


@dataclass(frozen=True, slots=True)
class Part:
    """One tuning, and what it is judged on.

    Parameters
    ----------
    way : str
        What the part belongs to.
    learned, judged : frozenset of str
        Songs.
    """

    way: str
    learned: frozenset[str]
    judged: frozenset[str]

    @property
    def name(self) -> str:
        """What its folder is called."""
        return re.sub(r"[^\w-]+", "-", f"{self.way}-{'-'.join(sorted(self.judged))}")[:120]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tested.

    Parameters
    ----------
    data : Path
        A folder of songs, each in a folder of its own.
    work : Path
        Where parts are kept.
    base : str
    recipe : Recipe
    """

    data: Path
    work: Path
    base: str
    recipe: Recipe


# Songs and ways --------------------------------------------------------------------------


def charts_by_author(data: Path) -> dict[str, list[TrainChart]]:
    """All charts of the songs in a folder, by who is named as having written them.

    Raises
    ------
    ChartStudioError
        When the folder has no two songs each of two authors.
    """
    found: dict[str, list[TrainChart]] = {}
    for path in sorted(data.iterdir()) if data.is_dir() else ():
        if path.is_dir():
            song, _ = open_song(path)
            own = found.setdefault(song.metadata.credit, [])
            own += [TrainChart(path, i, _TRAIN, path.name) for i in range(len(song.charts))]
    authors = {a: charts for a, charts in found.items() if len(_songs(charts)) > 1}
    if len(authors) < 2:
        raise EngineError(f"{data}: charts of two authors, on two songs each, are needed")
    return authors


def _songs(charts: Sequence[TrainChart]) -> list[str]:
    return list(dict.fromkeys(c.song for c in charts))


def parts_of(authors: dict[str, list[TrainChart]]) -> Iterator[Part]:
    """Every author's own songs, one left out in turn, then each other author's."""
    for author, charts in authors.items():
        songs = frozenset(_songs(charts))
        for song in _songs(charts):
            yield Part(f"within {author}", songs - {song}, frozenset((song,)))
        for other, theirs in authors.items():
            if other != author:
                yield Part(f"from {author} to {other}", songs, frozenset(_songs(theirs)))


# Measuring -------------------------------------------------------------------------------


def measure(plan: Plan) -> Job[dict[str, Any]]:
    """Tune and judge every part, but for those that are done.

    Returns
    -------
    dict
        ``ways``: of each what `table` prints; ``recipe``, ``base``.

    Raises
    ------
    ChartStudioError
        When songs cannot be read, there is no such base, or parts are there of another test.
    """
    authors = charts_by_author(plan.data)
    charts = tuple(c for own in authors.values() for c in own)
    base = checkpoint.load(base_folder(plan.base))
    _claim(plan, base.spec.version)
    request = TrainRequest("key test", charts, plan.base, plan.recipe, "cpu")
    work = Work(request, Folder(plan.work), base, Team(), torch.device("cpu"))
    read = yield from part(read_all(work), 0.0, 0.1)
    parts = list(parts_of(authors))
    ways: dict[str, Judged] = {}
    for n, one in enumerate(parts):
        span = (0.1 + 0.9 * n / len(parts), 0.1 + 0.9 * (n + 1) / len(parts))
        judged = yield from part(_judged(work, read, one), *span)
        ways.setdefault(one.way, Judged.nothing()).add(judged)
    told = {way: _told(judged) for way, judged in ways.items()}
    return {"ways": told, "recipe": plan.recipe.to_json(), "base": plan.base}


def _claim(plan: Plan, version: str) -> None:
    """Note whose parts these are; those of another recipe or base would be taken for its own.

    Raises
    ------
    EngineError
    """
    path = plan.work / _CLAIM
    plan.work.mkdir(parents=True, exist_ok=True)
    whole = json.dumps({"base": [plan.base, version], "recipe": plan.recipe.to_json()})
    if path.exists() and path.read_text(encoding="utf-8") != whole:
        raise EngineError(f"{plan.work}: holds parts of another test; name another --work")
    write_text(path, whole)


def _judged(work: Work, read: Read, one: Part) -> Job[Judged]:
    """One tuning and its scores."""
    songs = one.learned | one.judged
    charts = tuple(c for c in work.request.charts if c.song in songs)
    request = but_for(replace(work.request, charts=charts), one.judged)
    folder = Folder(work.folder.path / one.name)
    judged = yield from left_out(replace(work, request=request, folder=folder), read, MEASURES)
    return judged


def _told(judged: Judged) -> dict[str, Any]:
    """The figures of one way."""
    scores = judged.scores
    arms = {arm: compared(scores[BASE], own) for arm, own in scores.items()}
    found = best(scores)
    return {
        "arms": {arm: {k: a[k] for k in ("gain", "means", "changes")} for arm, a in arms.items()},
        "accuracy": judged.accuracy(),
        "n_charts": len(scores[BASE]),
        "n_songs": len({s.song for s in scores[BASE]}),
        "chosen": {k: found[k] for k in ("arm", "gain", "choice")},
        "learning_s": round(judged.seconds, 1),
        "judging_s": round(judged.judging_s, 1),
        "left_out": [f"{left.song} {left.chart}: {left.why}" for left in judged.left_out],
    }


# In words --------------------------------------------------------------------------------


def table(ways: dict[str, Any]) -> list[str]:
    """The figures as lines: the base with what guessing scores, then changes to it."""
    lines = []
    for way, found in ways.items():
        minutes = (found["learning_s"] + found["judging_s"]) / 60
        lines += [
            "",
            f"{way}: {found['n_charts']} charts of {found['n_songs']} songs, {minutes:.1f} min",
            f"{'':10}" + "".join(f"{title:>24}" for _, title, _ in _COLUMNS) + f"{'events':>8}",
        ]
        for arm, told in found["arms"].items():
            cells = [_cell(arm, told, figure) for figure, _, _ in _COLUMNS]
            accuracy = found["accuracy"].get(arm)
            events = f"{accuracy:8.3f}" if accuracy is not None else f"{'':8}"
            gain = "" if arm == BASE else f"  all weighed {told['gain']:+.3f}"
            lines.append(f"{arm:10}" + "".join(f"{cell:>24}" for cell in cells) + events + gain)
        lines.append(f"{'guessing':10}" + "".join(f"{n:>24}" for n in _guesses(found)))
        chosen = found["chosen"]
        lines.append(f"chosen: {chosen['arm']}, by nested choice worth {chosen['gain']:+.3f}")
    return lines


def _cell(arm: str, told: dict[str, Any], figure: str) -> str:
    change = told["changes"].get(figure)
    if change is None:
        return ""
    if arm == BASE:
        return f"{change['base']:.3f}"
    low, high = change["interval"]
    return f"{change['change']:+.3f} ({low:+.3f} {high:+.3f})"


def _guesses(found: dict[str, Any]) -> Iterator[str]:
    means = found["arms"][BASE]["means"]
    for figure, _, nulls in _COLUMNS:
        yield " ".join(f"{means[k]:.3f}" for n in nulls if (k := f"{figure}.{n}") in means)


def main(argv: Sequence[str] | None = None) -> int:
    """Test and print; 0 when done, 1 with a line of why not."""
    parser = argparse.ArgumentParser(
        prog="python -m chartstudio.engine.tune.keytest",
        description="Tune on one author, judge on their own left-out songs and on the others'.",
    )
    parser.add_argument("--data", type=Path, required=True, help="a folder of songs")
    parser.add_argument("--out", type=Path, required=True, help="the figures as JSON")
    parser.add_argument("--work", type=Path, help="where parts are kept (FILE.parts)")
    parser.add_argument("--base", default="base", help="the model to start from (base)")
    parser.add_argument("--recipe", type=Path, help="TOML with what differs")
    parser.add_argument("--steps", type=int, help="in place of the recipe's")
    args = parser.parse_args(argv)
    try:
        recipe = read_recipe(args.recipe) if args.recipe else Recipe()
        recipe = replace(recipe, n_steps=args.steps or recipe.n_steps)
        work = args.work or args.out.with_suffix(".parts")
        plan = Plan(args.data, work, args.base, recipe)
        found = run(measure(plan), lambda p: print(p.what, file=sys.stderr, flush=True))
    except ChartStudioError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    args.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print("\n".join(table(found["ways"])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
