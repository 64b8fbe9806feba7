"""Whether a tuning was worth it: base against tuned on charts that neither has seen.

Figures are those of `evaluate`; here they are set beside each other, chart by chart, and put
into words. Knows scores; refuses to know networks and files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from chartstudio.engine.evaluate.measures import FIGURES
from chartstudio.engine.evaluate.on_drafts import SHARES
from chartstudio.engine.evaluate.report import Score, summary

BASE, TUNED, HABITS, BOTH = "base", "tuned", "habits", "both"
"""What is set against each other: the base, its weights tuned, its plan by the author's habits,
and both at once."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What a change of a figure counts for.

    Parameters
    ----------
    figure : str
    worth : float
        Per unit of the figure; negative where less is better.
    title : str
    """

    figure: str
    worth: float
    title: str


WEIGHTS = (
    Weight("f1_20ms", 1.0, "note times, F1 within 20 ms"),
    Weight("density_correlation", 0.25, "rhythm: busy where the author is"),
    Weight("row_agreement", 0.5, "same row at agreed times"),
    Weight("transition_distance", -0.5, "style: distance of row-to-row moves"),
    Weight("chord_share_miss", -0.25, "share of chords, beside the author's"),
    Weight("hold_share_miss", -0.25, "share of long notes, beside the author's"),
    Weight("jack_share_miss", -0.25, "share of repeated places, beside the author's"),
    Weight("level_abs_miss", -0.05, "level reached beside the asked one"),
)
"""What the verdict is made of: times first, then what is played, then when it is busy. Lanes
vary even where an author repeats a rhythm, so half as much is asked of them."""

TOLD = (*(w.figure for w in WEIGHTS), "listening_auc", "chord_share", "jack_share", "hold_share")

_MISS = "_miss"

_NOISE = 0.005
"""Changes below this are none: drafts of one model differ as much by their seeds."""

_FEW_SONGS = 3


def beside(base: Sequence[Score], tuned: Sequence[Score]) -> list[Score]:
    """Scores of the tuned model with the base's among the nulls, chart by chart."""
    of_base = {(s.song, s.chart, s.mode, s.level): s.measures for s in map(_with_misses, base)}
    found = []
    for score in map(_with_misses, tuned):
        known = of_base.get((score.song, score.chart, score.mode, score.level))
        if known is not None:
            nulls = {f"{name}.{BASE}": value for name, value in known.items()}
            found.append(replace(score, nulls={**score.nulls, **nulls}))
    return found


def _with_misses(score: Score) -> Score:
    """A score with how far its shares are from the author's own, in the same chart."""
    misses = {
        f"{name}{_MISS}": abs(score.measures[name] - score.nulls[f"{name}.human"])
        for name in SHARES
        if name in score.measures and f"{name}.human" in score.nulls
    }
    return replace(score, measures={**score.measures, **misses})


def compared(base: Sequence[Score], tuned: Sequence[Score]) -> dict[str, Any]:
    """All figures of a report.

    Returns
    -------
    dict
        ``verdict`` (`better`, `even`, `worse`, or `unknown` without charts), ``gain`` (the
        weighted sum of all changes), ``changes`` by figure (``base``, ``tuned``, ``change``,
        ``interval``, ``nulls``, ``title``, ``worth``), and what `evaluate.report.summary` tells.
    """
    whole = summary(beside(base, tuned))
    means, gains = whole["means"], whole["gains"]
    weights = {w.figure: w for w in WEIGHTS}
    changes = {}
    for figure in TOLD:
        key = f"{figure}.{BASE}"
        if key not in gains:
            continue
        nulls = (*FIGURES[figure].nulls, "human") if figure in FIGURES else ()
        changes[figure] = {
            "base": means[key],
            "tuned": means[figure],
            "change": gains[key]["mean"],
            "interval": gains[key]["interval"],
            "share_above": gains[key]["share_above"],
            "nulls": {n: means[k] for n in nulls if (k := f"{figure}.{n}") in means},
            "title": _title(figure),
            "worth": weights[figure].worth if figure in weights else 0.0,
        }
    gain = sum(w.worth * changes[w.figure]["change"] for w in WEIGHTS if w.figure in changes)
    return {"verdict": _verdict(gain, changes), "gain": round(gain, 5), "changes": changes} | whole


def best(scores: dict[str, list[Score]]) -> dict[str, Any]:
    """What helped most.

    Parameters
    ----------
    scores : dict of str to list of Score
        By `BASE` and at least one other.

    Returns
    -------
    dict
        What `compared` says of the best one, with its name as ``arm`` and the gains of all
        (and their ``groups``) as ``arms``.
    """
    found = {arm: compared(scores[BASE], own) for arm, own in scores.items() if arm != BASE}
    arm = max(found, key=lambda a: float(found[a]["gain"]))
    arms = {name: {key: f[key] for key in ("verdict", "gain", "changes", "groups")}
            for name, f in found.items()}  # fmt: skip
    return {"arm": arm, "arms": arms, **found[arm]}


def _title(figure: str) -> str:
    titles = {w.figure: w.title for w in WEIGHTS}
    return titles.get(figure) or FIGURES[figure].title.lower()


def _verdict(gain: float, changes: dict[str, Any]) -> str:
    if not changes:
        return "unknown"
    if abs(gain) < _NOISE:
        return "even"
    return "better" if gain > 0 else "worse"


# In words --------------------------------------------------------------------------------

_SENTENCES = {
    "better": "Better: on held-out songs the new model is nearer to these charts than its base.",
    "even": "No difference: on held-out songs the new model does as well as its base.",
    "worse": "Worse: on held-out songs the base is nearer to these charts; keep using it.",
    "unknown": "Unknown: no held-out chart could be judged; set songs aside to find out.",
}


def told(found: dict[str, Any]) -> tuple[str, ...]:
    """A report as lines of text, the verdict first."""
    charts = found["charts"]
    lines = [_SENTENCES[found["verdict"]], *found.get("notices", ())]
    n_songs = len({c["song"] for c in charts})
    if not charts:
        return tuple(lines)
    lines.append(
        f"{len(charts)} charts of {n_songs} songs that were not learned from; the change with "
        "95 % by drawing songs."
    )
    if n_songs < _FEW_SONGS:
        lines.append("So few songs say little: take this as a hint.")
    if "arms" in found:
        gains = ", ".join(f"{arm} {told['gain']:+.3f}" for arm, told in found["arms"].items())
        lines.append(f"Gains over the base, all figures weighed: {gains}; so it is {found['arm']}.")
    lines += ["", f"{'':48}{'base':>8}{'new':>8}{'change':>9}"]
    for figure, c in found["changes"].items():
        low, high = c["interval"]
        lines.append(
            f"{_title(figure):48}{c['base']:8.3f}{c['tuned']:8.3f}{c['change']:+9.3f} "
            f"({low:+.3f} to {high:+.3f})"
        )
        if c["nulls"]:
            nulls = ", ".join(f"{name} {value:.3f}" for name, value in c["nulls"].items())
            lines.append(f"    beside {nulls}")
    lines += ["", *_by_level(found["groups"])]
    return tuple(lines)


def _by_level(groups: dict[str, dict[str, Any]]) -> list[str]:
    """Each mode and level: base, tuned."""
    lines = []
    for mode, levels in groups.items():
        for level, group in levels.items():
            means = group["means"]
            parts = [
                f"{w.figure} {means[f'{w.figure}.{BASE}']:.3f} > {means[w.figure]:.3f}"
                for w in WEIGHTS
                if w.figure in means and f"{w.figure}.{BASE}" in means
            ]
            lines.append(f"{mode} {level} ({group['n']} charts): {', '.join(parts)}")
    return lines
