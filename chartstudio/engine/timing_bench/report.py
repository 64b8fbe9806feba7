"""Results as tables: one row per family, the goals, every miss by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.timing_bench.judge import Result, Verdict
from chartstudio.engine.timing_bench.plans import (
    CHANGING,
    MADE,
    NOTHING,
    NOTHING_FOLLOWED,
    RECORDED,
    RENDERED,
)

BPM_GOAL, OFFSET_GOAL_S, BEAT_GOAL_S = 0.003, 0.002, 0.015

Get = Callable[[Result], Verdict | None]


def ours(result: Result) -> Verdict | None:
    """The finder's verdict."""
    return result.ours


def theirs(result: Result) -> Verdict | None:
    """The rival's verdict."""
    return result.theirs


@dataclass(frozen=True, slots=True)
class Figures:
    """What a set of songs with one tempo came to; shares are of all its songs.

    Attributes
    ----------
    bpm, offset, both : float
        Shares with the tempo, the offset and both within the goals for made songs.
    median_s, p95_s : float
        Distance of the offset from the truth, after the bias, where the tempo is right.
    first, first_three : float
        Shares with the right tempo first, and among the first three.
    downbeat : float
        Share whose offset is a downbeat of the right meter, where the tempo is right.
    seconds : float
        Median time for three minutes of sound.
    """

    n: int
    bpm: float
    offset: float
    both: float
    median_s: float
    p95_s: float
    first: float
    first_three: float
    downbeat: float
    seconds: float


def bias_s(results: Sequence[Result], get: Get) -> float:
    """The one constant by which all offsets of a group differ from the truth: their median."""
    offsets_s = [v.steady.offset_s for v in map(get, results) if v and v.steady and v.steady.place]
    return float(np.median(offsets_s)) if offsets_s else 0.0


def away_s(results: Sequence[Result], get: Get) -> dict[int, float]:
    """Offset less its group's bias, by place in the sequence, where the tempo is right.

    Sounds of our own, those of FluidSynth and recordings each have one constant: what their
    truths mean by the start of a sound differs by that.
    """
    found = {}
    for families in GROUPS.values():
        group = [(i, get(r)) for i, r in enumerate(results) if r.family in families]
        bias = bias_s([results[i] for i, _ in group], get)
        for i, verdict in group:
            if verdict and verdict.steady and verdict.steady.place:
                found[i] = verdict.steady.offset_s - bias
    return found


def figures(results: Sequence[Result], get: Get) -> Figures:
    """Sum up songs with one tempo.

    Parameters
    ----------
    results : sequence of Result
        Whole groups, so that each group's bias is known.
    get : callable
        `ours` or `theirs`.
    """
    return _figures(results, get, away_s(results, get))


def _figures(results: Sequence[Result], get: Get, offsets_s: dict[int, float]) -> Figures:
    judged = [(v, offsets_s.get(i, np.inf)) for i, r in enumerate(results) if (v := get(r))]
    verdicts = [v for v, _ in judged]
    read = [v.steady for v in verdicts if v.steady]
    bpm = np.array([s.bpm_error <= BPM_GOAL for s in read])
    away = np.abs(np.array([off for _, off in judged]))
    known = away[np.isfinite(away)] if np.isfinite(away).any() else np.array([np.nan])
    asked = [v.downbeat for v in verdicts if v.downbeat is not None]
    places = np.array([s.place for s in read])
    return Figures(
        n=len(read),
        bpm=float(bpm.mean()),
        offset=float((away <= OFFSET_GOAL_S).mean()),
        both=float((bpm & (away <= OFFSET_GOAL_S)).mean()),
        median_s=float(np.median(known)),
        p95_s=float(np.percentile(known, 95)),
        first=float((places == 1).mean()),
        first_three=float(((places >= 1) & (places <= 3)).mean()),
        downbeat=float(np.mean(asked)) if asked else float("nan"),
        seconds=float(np.median([v.seconds for v in verdicts])),
    )


_HEAD = (
    "| family | songs | BPM ok | offset median | p95 | <= 2 ms | both | first | in 3 "
    "| downbeat | s / 3 min |"
)
_RULE = "|---|" + "---:|" * 10


def table(results: Sequence[Result], get: Get) -> list[str]:
    """Songs with one tempo, a row per family and per group."""
    lines = [_HEAD, _RULE]
    for group, families in GROUPS.items():
        chosen = [r for r in _of(results, families) if get(r)]
        if not chosen:
            continue
        offsets_s = away_s(chosen, get)
        for family in families:
            part = [(i, r) for i, r in enumerate(chosen) if r.family == family]
            if part:
                own = {k: offsets_s[i] for k, (i, _) in enumerate(part) if i in offsets_s}
                lines.append(_row(family, _figures([r for _, r in part], get, own)))
        bias = bias_s(chosen, get)
        lines.append(_row(f"**{group}** (bias {bias * 1000:+.1f} ms)", figures(chosen, get)))
    return lines


GROUPS = {"all made": MADE, "all rendered": RENDERED, "all recorded": RECORDED}
STEADY = (*MADE, *(f for f in RENDERED if f != "drummers"))
"""What the goals for synthetic songs with one tempo count: not people's loose playing."""


def _of(results: Iterable[Result], families: Sequence[str]) -> list[Result]:
    return [r for r in results if r.family in families]


def _row(name: str, f: Figures) -> str:
    cells = [name, str(f.n), _percent(f.bpm), f"{f.median_s * 1000:.1f}", f"{f.p95_s * 1000:.1f}"]
    cells += [_percent(f.offset), _percent(f.both), _percent(f.first), _percent(f.first_three)]
    cells += [_percent(f.downbeat), f"{f.seconds:.1f}"]
    return "| " + " | ".join(cells) + " |"


def _percent(share: float) -> str:
    return "-" if np.isnan(share) else f"{100 * share:.0f} %"


def changing_table(results: Sequence[Result]) -> list[str]:
    """Songs whose tempo moves: beat errors, ours and theirs."""
    lines = [
        "| family | songs | beat median | p95 | p95 <= 15 ms | octave | anchors | s / 3 min "
        "| theirs: median | p95 |",
        "|---|" + "---:|" * 9,
    ]
    chosen = _of(results, CHANGING)
    for family in (*dict.fromkeys(r.family for r in chosen), "**all**"):
        part = chosen if family == "**all**" else [r for r in chosen if r.family == family]
        own = [r.ours.changing for r in part if r.ours.changing]
        other = [r.theirs.changing for r in part if r.theirs and r.theirs.changing]
        if not own:
            continue
        errors = np.concatenate([c.errors_s for c in own])
        p95s = np.array([_p95(c.errors_s) for c in own])
        cells = [family, str(len(own)), *_spread(errors), _percent(float((p95s <= 0.015).mean()))]
        cells.append(_percent(float(np.mean([c.octave == 1.0 for c in own]))))
        cells.append(f"{np.mean([c.n_anchors for c in own]):.1f}")
        cells.append(f"{np.median([r.ours.seconds for r in part]):.1f}")
        cells += _spread(np.concatenate([c.errors_s for c in other])) if other else ["-", "-"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _p95(errors_s: NDArray[np.float64]) -> float:
    return float(np.percentile(errors_s, 95, method="nearest"))


def _spread(errors_s: NDArray[np.float64]) -> list[str]:
    # Beats of a song without an answer are infinitely far off.
    return [f"{1000 * np.percentile(errors_s, q, method='nearest'):.1f}" for q in (50, 95)]


def misses(results: Sequence[Result]) -> list[str]:
    """Every song that falls short of a goal, with what was said of it."""
    lines = []
    for families in GROUPS.values():
        group = _of(results, families)
        offsets_s = away_s(group, ours)
        for i, result in enumerate(group):
            why = _short_of(result, offsets_s.get(i, 0.0), families is not RECORDED)
            if why:
                lines.append(_miss(result, why))
    for result in _of(results, CHANGING):
        judged = result.ours.changing
        p95_s = _p95(judged.errors_s) if judged else float("inf")
        if judged and p95_s > BEAT_GOAL_S:
            median_ms = 1000 * float(np.median(judged.errors_s))
            why = f"beats {median_ms:.1f} ms median, {1000 * p95_s:.0f} ms p95"
            why += f", octave {judged.octave:g}" if judged.octave != 1.0 else ""
            lines.append(_miss(result, [why]))
    lines += [_miss(r, ["a made-up tempo"]) for r in made_up(results)]
    return lines


def made_up(results: Sequence[Result]) -> list[Result]:
    """Sounds without a rhythm in which a tempo was found."""
    return [r for r in results if r.ours.is_made_up]


def _miss(result: Result, why: Sequence[str]) -> str:
    truth = f", truth {result.bpm:.3f}" if result.bpm else ""
    return f"- {result.family}: {result.name}{truth}: {'; '.join(why)} [{result.ours.text}]"


def _short_of(result: Result, away_s: float, in_made: bool) -> list[str]:
    judged = result.ours.steady
    if judged is None:
        return []
    if not judged.place:
        return ["right tempo missing" if judged.n_readings else "no tempo found"]
    why = []
    if judged.place > (3 if in_made else 1):
        why.append(f"right tempo at place {judged.place}")
    if in_made and judged.bpm_error > BPM_GOAL:
        why.append(f"BPM off by {judged.bpm_error:.4f}")
    if abs(away_s) > (OFFSET_GOAL_S if in_made else 0.010):
        beats = away_s * result.bpm / 60
        why.append(f"beat off by {1000 * away_s:+.1f} ms ({beats:+.2f} beats)")
    return why


def goals(results: Sequence[Result]) -> list[str]:
    """Each goal beside its figure."""
    lines = ["| goal | asked | reached |", "|---|---:|---:|"]
    made, recorded = _of(results, STEADY), _of(results, RECORDED)

    def line(what: str, asked: str, reached: str) -> None:
        lines.append(f"| {what} | {asked} | {reached} |")

    if made:
        f = figures(made, ours)
        line("made, one tempo: BPM within 0.003 and offset within 2 ms", "95 %", _percent(f.both))
        line("made: right tempo among the first three", "100 %", _percent(f.first_three))
    if recorded:
        f = figures(recorded, ours)
        line("recorded: right tempo first", "90 %", _percent(f.first))
        line("recorded: right tempo among the first three", "97 %", _percent(f.first_three))
        line("recorded: median offset", "3 ms", f"{1000 * f.median_s:.1f} ms")
        line("recorded: p95 of the offset", "10 ms", f"{1000 * f.p95_s:.1f} ms")
        for kind in RECORDED:
            alone = [r for r in recorded if r.family == kind]
            if alone:
                f = figures(alone, ours)
                both = f"{1000 * f.median_s:.1f} ms, {1000 * f.p95_s:.1f} ms"
                line(f"{kind} alone, with its own bias: median, p95", "3 ms, 10 ms", both)
    moving = [r.ours.changing for r in _of(results, ("steps", "ramps")) if r.ours.changing]
    if moving:
        p95_ms = 1000 * _p95(np.concatenate([c.errors_s for c in moving]))
        line("steps and ramps: p95 beat error", "15 ms", f"{p95_ms:.1f} ms")
    if _of(results, (NOTHING, NOTHING_FOLLOWED)):
        line("nothing rhythmic: tempos made up", "0", str(len(made_up(results))))
    slowest = max(r.ours.seconds for r in results)
    median = float(np.median([r.ours.seconds for r in results]))
    line("seconds for 3 minutes (median, worst)", "5 s", f"{median:.1f} s, {slowest:.1f} s")
    longest = max(r.longest_step_s for r in results)
    line("longest single step", "100 ms", f"{1000 * longest:.0f} ms")
    return lines


def side_by_side(results: Sequence[Result]) -> list[str]:
    """Song by song: errors of both."""
    lines = ["| song | truth | our BPM error | our offset | their BPM error | their offset |"]
    lines.append("|---|" + "---:|" * 5)
    for r in results:
        if r.ours.steady is None or r.theirs is None or r.theirs.steady is None:
            continue
        a, b = r.ours.steady, r.theirs.steady
        cells = [f"{r.family}: {r.name}", f"{r.bpm:.3f}", f"{a.bpm_error:.4f}", _ms(a.offset_s)]
        lines.append("| " + " | ".join([*cells, f"{b.bpm_error:.4f}", _ms(b.offset_s)]) + " |")
    return lines


def _ms(seconds: float) -> str:
    return "-" if np.isnan(seconds) else f"{1000 * seconds:+.1f} ms"


def whole(results: Sequence[Result], songs: bool) -> list[str]:
    """The whole report, in Markdown."""
    lines = ["## Goals", "", *goals(results), "", "## One tempo: ChartStudio", ""]
    lines += [*table(results, ours), ""]
    if any(r.theirs for r in results):
        lines += ["## One tempo: librosa.beat.beat_track and a straight line", ""]
        lines += [*table(results, theirs), ""]
    lines += ["## Changing tempo", "", *changing_table(results), "", "## Misses", ""]
    lines += misses(results) or ["none"]
    if songs:
        lines += ["", "## Song by song", "", *side_by_side(results)]
    return lines


def values(results: Sequence[Result]) -> dict[str, Any]:
    """The figures for one JSON document."""
    out: dict[str, Any] = {"goals": [line.strip("| ").split(" | ") for line in goals(results)[2:]]}
    for name, families in (("made", STEADY), ("recorded", RECORDED)):
        chosen = _of(results, families)
        if chosen:
            f = figures(chosen, ours)
            out[name] = {key: getattr(f, key) for key in Figures.__slots__}
    out["misses"] = misses(results)
    return out
