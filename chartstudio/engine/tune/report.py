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
N_ARMS = 4
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
    gain = gain_of(base, tuned)
    return {"verdict": _verdict(gain, changes), "gain": round(gain, 5), "changes": changes} | whole


Scores = dict[str, list[Score]]
"""Scores by what was judged: `BASE` and at least one other."""


def gain_of(base: Sequence[Score], tuned: Sequence[Score]) -> float:
    """The weighted sum of all mean changes, chart by chart; 0 without charts."""
    pairs = [(s.measures, s.nulls) for s in beside(base, tuned)]
    gain = 0.0
    for w in WEIGHTS:
        key = f"{w.figure}.{BASE}"
        changes = [m[w.figure] - n[key] for m, n in pairs if w.figure in m and key in n]
        gain += w.worth * sum(changes) / max(len(changes), 1)
    return gain


def preferred(scores: Scores) -> str:
    """What does best; the base, where nothing else does clearly better."""
    gains = {arm: gain_of(scores[BASE], own) for arm, own in scores.items() if arm != BASE}
    arm = max(gains, key=lambda a: gains[a])
    return arm if gains[arm] >= _NOISE else BASE


def best(scores: Scores, deciding: Scores | None = None) -> dict[str, Any]:
    """What is used from now on, and what that is worth on charts that had no say in it.

    Parameters
    ----------
    scores : dict of str to list of Score
        Of the charts that the report is about.
    deciding : dict of str to list of Score, optional
        Of other charts, which decide. Without them the charts of the report do: which one is
        used is decided by all of them, and what it is worth is told by nested choice: the
        scores of each song are those of what the other songs would have chosen.

    Returns
    -------
    dict
        ``arm``: what is used. What `compared` says of it, or, where the base is used, of the
        best of the others; it is called ``shown``. ``arms``: gains and changes of all others.
        ``choice``: ``by`` (`validation`, `nested`, or `same` where there is one song only), and
        ``picks``, how many songs each was chosen for by the others.
    """
    others = [arm for arm in scores if arm != BASE]
    found = {arm: compared(scores[BASE], scores[arm]) for arm in others}
    decided_by = deciding if deciding and deciding[BASE] else None
    arm = preferred(decided_by or scores)
    judged = decided_by or scores
    shown = arm
    if arm == BASE:
        shown = max(others, key=lambda a: gain_of(judged[BASE], judged[a]))
    whole, choice = found[shown], {"by": "validation", "picks": {}}
    if decided_by is None:
        chosen, choice = _nested(scores)
        whole = compared(scores[BASE], chosen) if arm != BASE else whole
    if arm == BASE and whole["verdict"] == "better":
        # By other songs than those that decided: the base stays in use.
        whole = {**whole, "verdict": "even"}
    arms = {name: {key: f[key] for key in ("verdict", "gain", "changes", "groups")}
            for name, f in found.items()}  # fmt: skip
    return {"arm": arm, "shown": shown, "choice": choice, "arms": arms, **whole}


def _nested(scores: Scores) -> tuple[list[Score], dict[str, Any]]:
    """For each song the scores of what the others would have chosen, and what that was."""
    songs = list(dict.fromkeys(s.song for s in scores[BASE]))
    chosen: list[Score] = []
    picks: dict[str, int] = {}
    for song in songs:
        rest = {arm: [s for s in own if s.song != song] for arm, own in scores.items()}
        arm = preferred(rest if len(songs) > 1 else scores)
        picks[arm] = picks.get(arm, 0) + 1
        chosen += [s for s in scores[arm] if s.song == song]
    return chosen, {"by": "nested" if len(songs) > 1 else "same", "picks": picks}


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
        f"{len(charts)} charts of {n_songs} songs that were not learned from by what is judged on "
        "them; the change with 95 % by drawing songs."
    )
    if n_songs < _FEW_SONGS:
        lines.append("So few songs say little: take this as a hint.")
    if "arms" in found:
        lines += _choice(found)
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


_CHOSEN = {
    "validation": "Other songs, which are not judged here, chose it.",
    "nested": "What is told of each song is what the other songs would have chosen: {picks}.",
    "same": "One song chose and is judged: what is told is too good.",
}


def _choice(found: dict[str, Any]) -> list[str]:
    """What all that was tried is worth, which of it is used, and who chose."""
    gains = ", ".join(f"{arm} {told['gain']:+.3f}" for arm, told in found["arms"].items())
    lines = [f"Gains over the base, all figures weighed: {gains}; so it is {found['arm']}."]
    if found["n_folds"] > 1:
        lines.append(
            f"Songs were left out in turn, in {found['n_folds']} parts: each is judged by what was "
            "tuned and measured on the others. The model itself learned from all."
        )
    if found["arm"] == BASE:
        lines.append(f"The base stays in use; the model is {found['shown']}, for who insists.")
        return lines
    picks = ", ".join(f"{arm} for {n}" for arm, n in found["choice"]["picks"].items())
    return [*lines, _CHOSEN[found["choice"]["by"]].format(picks=picks)]


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
