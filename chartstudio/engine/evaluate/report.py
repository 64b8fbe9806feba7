"""From figures of charts to what is told: means, intervals, gains over nulls, groups, a table.

Intervals are 95 % by drawing songs with replacement: charts of one song are not independent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.evaluate.cases import Case
from chartstudio.engine.evaluate.levels import group_of, named_rank, order_agreement
from chartstudio.engine.evaluate.measures import FIGURES, MEASURES, Figure, Measure
from chartstudio.engine.evaluate.on_drafts import SHARES

_N_DRAWN = 2000
_DIGITS = 5

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of one chart.

    Parameters
    ----------
    song, chart, mode : str
    level : float
        The mode's estimate of the human chart.
    group : str
        Levels that it is reported with.
    author_level : float or None
        The author's own figure.
    measures : dict of str to float
        By figure.
    nulls : dict of str to float
        By ``figure.null``.
    """

    song: str
    chart: str
    mode: str
    level: float
    group: str
    author_level: float | None
    measures: dict[str, float]
    nulls: dict[str, float]

    @classmethod
    def of(cls, case: Case, measures: dict[str, float], nulls: dict[str, float]) -> Score:
        """Figures of a case; what could not be told is left out."""
        return cls(
            song=case.song,
            chart=case.chart.name,
            mode=case.mode.id,
            level=round(case.level, _DIGITS),
            group=group_of(case.mode, case.level),
            author_level=case.chart.level,
            measures=_told(measures),
            nulls=_told(nulls),
        )

    @property
    def all(self) -> dict[str, float]:
        """Figures and nulls."""
        return {**self.measures, **self.nulls}


def _told(values: dict[str, float]) -> dict[str, float]:
    return {k: round(float(v), _DIGITS) for k, v in values.items() if np.isfinite(v)}


# Means -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Values by chart and name, with the songs to draw from."""

    names: tuple[str, ...]
    values: NDArray[np.float64]
    songs: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[dict[str, float]], songs: Sequence[str]) -> _Table:
        names = tuple(dict.fromkeys(name for row in rows for name in row))
        values = np.array([[row.get(n, np.nan) for n in names] for row in rows], dtype=np.float64)
        _, where = np.unique(np.array(songs), return_inverse=True)
        return cls(names, values.reshape(len(rows), len(names)), where)

    def means(self) -> dict[str, float]:
        known = np.isfinite(self.values)
        sums = np.where(known, self.values, 0.0).sum(axis=0)
        return _told(dict(zip(self.names, sums / np.maximum(known.sum(axis=0), 1), strict=True)))

    def counts(self) -> dict[str, int]:
        return dict(zip(self.names, np.isfinite(self.values).sum(axis=0).tolist(), strict=True))

    def intervals(self) -> dict[str, list[float]]:
        n_songs = int(self.songs.max()) + 1
        known = np.isfinite(self.values)
        sums, counts = (
            np.stack([column[self.songs == s].sum(axis=0) for s in range(n_songs)])
            for column in (np.where(known, self.values, 0.0), known.astype(np.float64))
        )
        rng = np.random.default_rng(0)
        drawn = rng.multinomial(n_songs, np.full(n_songs, 1 / n_songs), size=_N_DRAWN)
        totals, sizes = drawn @ sums, drawn @ counts
        means = np.where(sizes > 0, totals / np.maximum(sizes, 1), np.nan)
        found = {}
        for name, column in zip(self.names, means.T, strict=True):
            # A draw without any chart that has the figure says nothing of it.
            edges = np.quantile(column[np.isfinite(column)], (0.025, 0.975))
            found[name] = edges.round(_DIGITS).tolist()
        return found


def summary(scores: Sequence[Score]) -> dict[str, Any]:
    """What is told of all charts.

    Returns
    -------
    dict
        ``charts``; ``means`` and ``intervals`` by figure and ``figure.null``; ``counts`` of
        charts behind each; ``totals`` of counts; ``gains`` of figures over their nulls, chart
        by chart; ``groups`` with means by mode and level; ``estimators``.
    """
    scores = with_ranges(scores)
    if not scores:
        keys = ("means", "intervals", "counts", "totals", "gains", "groups", "estimators")
        return {"charts": [], **{key: {} for key in keys}}
    table = _Table.of([s.all for s in scores], [s.song for s in scores])
    totals = {
        f.name: sum(s.measures.get(f.name, 0.0) for s in scores)
        for f in FIGURES.values()
        if f.unit == "n" and any(f.name in s.measures for s in scores)
    }
    return {
        "charts": [asdict(s) for s in scores],
        "means": table.means(),
        "intervals": table.intervals(),
        "counts": table.counts(),
        "totals": totals,
        "gains": gains(scores),
        "groups": _groups(scores),
        "estimators": estimators(scores),
    }


def gains(scores: Sequence[Score]) -> dict[str, dict[str, Any]]:
    """Each figure minus each of its nulls, chart by chart.

    Returns
    -------
    dict
        By ``figure.null``: ``mean``, ``interval``, ``share_above`` of the charts, ``n``.
    """
    rows = [
        {key: s.measures[name] - v for key, v in s.nulls.items()
         if (name := key.split(".")[0]) in s.measures}
        for s in scores
    ]  # fmt: skip
    table = _Table.of(rows, [s.song for s in scores])
    means, intervals, counts = table.means(), table.intervals(), table.counts()
    above = (table.values > 0).sum(axis=0).tolist()
    return {
        name: {
            "mean": means[name],
            "interval": intervals[name],
            "share_above": round(n_above / counts[name], _DIGITS),
            "n": counts[name],
        }
        for name, n_above in zip(table.names, above, strict=True)
    }


def _groups(scores: Sequence[Score]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for mode, group in dict.fromkeys((s.mode, s.group) for s in scores):
        some = [s for s in scores if (s.mode, s.group) == (mode, group)]
        table = _Table.of([s.all for s in some], [s.song for s in some])
        found.setdefault(mode, {})[group] = {"n": len(some), "means": table.means()}
    return found


def with_ranges(scores: Sequence[Score]) -> list[Score]:
    """The scores with whether each share lies within what humans of that level do.

    The range is from the least to the most of the humans' charts in the same mode and group
    of levels, of other songs than the draft's own; with fewer than three of them nothing is
    told.
    """
    found = []
    for score in scores:
        extra = {}
        for name in SHARES:
            known = [
                s.nulls[f"{name}.human"]
                for s in scores
                if (s.mode, s.group) == (score.mode, score.group)
                and s.song != score.song
                and f"{name}.human" in s.nulls
            ]
            if len(known) >= 3 and name in score.measures:
                inside = min(known) <= score.measures[name] <= max(known)
                extra[f"{name}_in_range"] = float(inside)
        found.append(replace(score, measures={**score.measures, **extra}))
    return found


def estimators(scores: Sequence[Score]) -> dict[str, dict[str, Any]]:
    """Level estimates of the human charts beside their authors' own figures, by mode.

    Returns
    -------
    dict
        By mode: ``n`` charts with an author's figure, ``mean_error`` (estimate minus figure),
        ``mean_abs_error`` and ``rank_correlation`` with it; ``n_named`` charts with a name
        that says how hard they are, and ``named_rank_correlation``. What cannot be told is
        None.
    """
    found = {}
    for mode in dict.fromkeys(s.mode for s in scores):
        mine = [s for s in scores if s.mode == mode]
        rated = [(s.level, s.author_level) for s in mine if s.author_level is not None]
        named = [(s.level, float(r)) for s in mine if (r := named_rank(s.chart)) is not None]
        errors = np.array([estimate - own for estimate, own in rated])
        found[mode] = {
            "n": len(rated),
            "mean_error": _or_none(float(errors.mean())) if rated else None,
            "mean_abs_error": _or_none(float(np.abs(errors).mean())) if rated else None,
            "rank_correlation": _order(rated),
            "n_named": len(named),
            "named_rank_correlation": _order(named),
        }
    return found


def _order(pairs: Sequence[tuple[float, float]]) -> float | None:
    return _or_none(order_agreement([a for a, _ in pairs], [b for _, b in pairs]))


def _or_none(value: float) -> float | None:
    return round(value, _DIGITS) if np.isfinite(value) else None


# The table -------------------------------------------------------------------------------

_SCALE = {"%": 100.0}
_PLACES = {"%": 1, "": 3, "n": 0, "s": 2, "MB": 0, "level": 2}


def table(answer: dict[str, Any]) -> list[str]:
    """The whole answer as lines of text."""
    found = [_head(answer)]
    for measure in MEASURES:
        found += _measure_lines(measure, answer)
    found += _group_lines(answer)
    for mode, e in answer["estimators"].items():
        found.append(f"{mode}: {_estimator_text(e)}")
    for skipped in answer.get("skipped", ()):
        where = " ".join(w for w in (skipped["song"], skipped["mode"], skipped["chart"]) if w)
        found.append(f"left out: {where}: {skipped['why']}")
    return found


def _head(answer: dict[str, Any]) -> str:
    charts = answer["charts"]
    n_songs = len({c["song"] for c in charts})
    quick = "; quick: a part of the folder only" if answer.get("quick") else ""
    return (
        f"{answer.get('model', '')}: {len(charts)} charts of {n_songs} songs; means, in brackets "
        f"95 % by drawing songs; behind nulls the gain over them and on how many charts{quick}"
    )


def _measure_lines(measure: Measure, answer: dict[str, Any]) -> Iterable[str]:
    figures = [f for f in measure.figures if f.name in answer["means"]]
    if not figures:
        return
    yield ""
    yield f"{measure.name}: {measure.says}"
    for figure in figures:
        n = answer["counts"][figure.name]
        if figure.unit == "n":
            yield f"  {figure.title:58} {answer['totals'][figure.name]:8.0f}          {n} charts"
            continue
        yield f"  {figure.title:58} {_value(figure, figure.name, answer)}  {n} charts"
        for null in figure.nulls:
            name = f"{figure.name}.{null}"
            if name in answer["means"]:
                yield f"    {null:56} {_value(figure, name, answer)}  {_gain(figure, name, answer)}"


def _value(figure: Figure, name: str, answer: dict[str, Any]) -> str:
    low, high = (_number(figure, v) for v in answer["intervals"][name])
    return f"{_number(figure, answer['means'][name]):>8} ({low} to {high})"


def _gain(figure: Figure, name: str, answer: dict[str, Any]) -> str:
    gain = answer["gains"].get(name)
    if gain is None:
        return ""
    low, high = (_number(figure, v, "+") for v in gain["interval"])
    mean = _number(figure, gain["mean"], "+")
    return f"{mean} ({low} to {high}), above on {gain['share_above']:.0%}"


def _number(figure: Figure, value: float, sign: str = "") -> str:
    return f"{value * _SCALE.get(figure.unit, 1.0):{sign}.{_PLACES[figure.unit]}f}"


_BY_GROUP = ("f1_20ms", "f1_20ms.metro_fill", "listening_auc", "density_correlation")


def _group_lines(answer: dict[str, Any]) -> Iterable[str]:
    yield ""
    for mode, groups in answer["groups"].items():
        for group, told in groups.items():
            parts = [f"{k} {told['means'][k]:.3f}" for k in _BY_GROUP if k in told["means"]]
            yield f"{mode} {group}: {told['n']} charts  {', '.join(parts)}"


def _estimator_text(e: dict[str, Any]) -> str:
    if e["n"]:
        rank = "unknown" if e["rank_correlation"] is None else f"{e['rank_correlation']:.2f}"
        own = (
            f"estimates minus authors' figures {e['mean_error']:+.2f}, without sign "
            f"{e['mean_abs_error']:.2f}, rank correlation {rank}, {e['n']} charts"
        )
    else:
        own = "no author's figures to set level estimates beside"
    if e["named_rank_correlation"] is None:
        return own
    named = e["named_rank_correlation"]
    return (
        f"{own}; rank correlation with the difficulties' names {named:.2f}, {e['n_named']} charts"
    )
