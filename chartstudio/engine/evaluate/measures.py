"""The table of what is measured: each measure with its figures, their nulls, and what they say.

A measure is a job on a `Trial`: it asks for the drafts that it looks at and returns figures.
Only what can be told of a chart is in its `Found`; a figure that is missing or NaN counts for
nothing in the means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from chartstudio.core.job import Job
from chartstudio.core.mode import Mode
from chartstudio.engine.evaluate import on_context, on_drafts, on_games, on_use
from chartstudio.engine.evaluate.objects import has_hands
from chartstudio.engine.evaluate.trial import Found, Trial

Unit = Literal["%", "", "n", "s", "MB", "level"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a chart.

    Parameters
    ----------
    name : str
        Its key in the answer; a null's key is ``name.null``.
    title : str
    nulls : tuple of str
        What it is set beside.
    unit : str
        ``%`` for shares, which are stored as 0 to 1; ``n`` for counts, whose sum is told.
    """

    name: str
    title: str
    nulls: tuple[str, ...] = ()
    unit: Unit = "%"


@dataclass(frozen=True, slots=True)
class Measure:
    """Figures that are found together.

    Parameters
    ----------
    name : str
        As ``--only`` takes it.
    says : str
        What the figures tell.
    figures : tuple of Figure
    run : callable
        ``(trial) -> job of Found``.
    fits : callable
        ``(mode) -> bool``: whether it makes sense for a mode.
    """

    name: str
    says: str
    figures: tuple[Figure, ...]
    run: Callable[[Trial], Job[Found]]
    fits: Callable[[Mode], bool] = lambda mode: True


_TIMES = ("metro_fill", "best_metronome", "uniform", "shuffled_measures", "flux", "flux_metre")
_CLASSES = ((4, "beats"), (8, "off-8ths"), (16, "off-16ths"))
_SHARES = (
    ("jack_share", "Rows that repeat a place of the row before"),
    ("chord_share", "Rows with several notes"),
    ("hold_share", "Rows with a long note"),
    ("repetition", "Runs of four rows played before"),
)


def _finish_figures() -> tuple[Figure, ...]:
    found = []
    for n in on_context.FINISHED_FROM:
        nulls: tuple[str, ...] = ("copy", "vote", "copy_random", "copy_first", "metro_fill")
        if n == on_context.COMPARED_AT:
            nulls = ("random_bars", "first_bars", *nulls)
        found.append(Figure(f"finish_{n}_f1", f"F1 of the rest, {n} chosen bars given", nulls))
    for n in on_context.LANES_FROM:
        title = f"Same row at agreed times, {n} chosen bars given"
        found.append(Figure(f"finish_{n}_rows", title, ("fixed_pattern", "copy", "random_bar")))
    return tuple(found)


MEASURES: tuple[Measure, ...] = (
    Measure(
        "times",
        "Agreement with a human on when to play; true timing and the human's count are given.",
        (
            Figure("f1_20ms", "Note times, F1 within 20 ms", _TIMES),
            Figure("f1_50ms", "Note times, F1 within 50 ms", _TIMES),
            Figure("count_miss", "Note times too many or too few"),
        ),
        on_drafts.times,
    ),
    Measure(
        "listening",
        "Are the human's lines scored above the empty ones of their metrical class? "
        "A metronome has 50.",
        (
            Figure("listening_auc", "Listening AUC", ("metronome", "flux")),
            Figure(
                "drafting_auc",
                "The same of what a draft chooses by, rises and alike bars included",
                ("metronome", "flux"),
            ),
            *(
                Figure(f"listening_auc_{snap}", f"Listening AUC, {title}", ("metronome", "flux"))
                for snap, title in _CLASSES
            ),
        ),
        on_drafts.listening,
    ),
    Measure(
        "density",
        "Does the draft get busy where the human does?",
        (
            Figure(
                "density_correlation",
                "Correlation of notes per measure",
                ("shuffled_measures", "metro_fill", "flux_metre"),
                "",
            ),
            Figure(
                "density_8_beats",
                "Correlation of notes per 8 beats",
                ("shuffled_measures", "metro_fill", "flux_metre"),
                "",
            ),
        ),
        on_drafts.density,
    ),
    Measure(
        "shuffled_audio",
        "With another song's audio under the same beats all must fall to the null.",
        (
            Figure("shuffled_audio_f1", "F1 within 20 ms", ("metro_fill", "own_audio")),
            Figure("shuffled_audio_auc", "Listening AUC", ("metronome", "own_audio")),
            Figure("shuffled_audio_density", "Density correlation", ("own_audio",), ""),
        ),
        on_drafts.shuffled_audio,
    ),
    Measure(
        "infill",
        "Half of the measures are given: does reading both sides help?",
        (
            Figure(
                "infill_f1",
                "F1 of the other half within 20 ms",
                ("no_context", "copy", "vote", "metro_fill"),
            ),
        ),
        on_context.infill,
    ),
    Measure(
        "finish",
        "Some bars are given: is the rest charted the author's way?",
        _finish_figures(),
        on_context.finish,
    ),
    Measure(
        "spread",
        "Lower levels from the hardest chart.",
        (
            Figure(
                "spread_f1",
                "F1 with the human's lower level, times chosen from the human's hardest",
                ("metre_thinning", "even_thinning", "from_audio"),
            ),
            Figure("spread_subset", "Times that the hardest has too", ("human",)),
            Figure("spread_order", "Strictly easier than the next harder level", ("human",)),
        ),
        on_context.spread,
    ),
    Measure(
        "patterns",
        "Does it look like a chart? Shares stand beside the human's own.",
        (
            Figure("transition_distance", "Distance of row-to-row moves", ("random_places",), ""),
            Figure("row_agreement", "Same row at agreed times", ("fixed_pattern", "random_places")),
            *(Figure(name, title, ("human",)) for name, title in _SHARES),
            *(
                Figure(f"{name}_in_range", f"{title}: within the humans' range of that level")
                for name, title in _SHARES
            ),
        ),
        on_drafts.patterns_of,
    ),
    Measure(
        "level",
        "Is a draft as hard as was asked?",
        (
            Figure("level_miss", "Level reached minus asked", (), "level"),
            Figure("level_abs_miss", "The same without its sign", (), "level"),
            Figure("level_within", "Drafts within the tolerance"),
        ),
        on_use.level,
    ),
    Measure(
        "own_timing",
        "What a user gets of raw audio: our own timing, then a draft.",
        (
            Figure("own_timing_f1_20ms", "F1 within 20 ms", ("true_timing", "metro_fill")),
            Figure("own_timing_f1_50ms", "F1 within 50 ms", ("true_timing", "metro_fill")),
        ),
        on_use.own_timing,
    ),
    Measure(
        "objects",
        "osu!: are objects where and when the human's are?",
        (
            Figure("hit_f1", "Objects within 50 ms and 50 px, F1", ("shuffled_places",)),
            Figure("timing_mae_s", "Mean time between paired objects", (), "s"),
            Figure("edit_distance", "Edit distance of kinds and gaps", ("shuffled_measures",)),
            Figure("slider_iou", "Area shared by paired sliders"),
        ),
        on_games.objects,
        lambda mode: mode.layout.space == "osu",
    ),
    Measure(
        "hands",
        "Two hands: do they swing well, and as much as asked?",
        (
            Figure("parity_rate", "Swings that break the parity", ("human",)),
            Figure("vision_block_rate", "Notes that hide others", ("human",)),
            Figure("strained_rate", "Awkward swings", ("human",)),
            Figure("nps", "Notes per second", ("human",), ""),
            Figure("nps_accuracy", "Likeness of notes per second"),
            Figure("balance", "Notes of the idler hand by the busier's", ("human",)),
            Figure("composite", "Composite of all that is told of swings", ("human",)),
        ),
        on_games.hands,
        has_hands,
    ),
    Measure(
        "safety",
        "All of these must be 0.",
        (
            Figure("errors", "Errors by the mode's checks", (), "n"),
            Figure("off_grid", "Notes off the grid", (), "n"),
            Figure("broken_locks", "Given notes or times not kept", (), "n"),
            Figure("illegal_borders", "Errors where drafts meet given notes", (), "n"),
            Figure("drafts", "Drafts that were judged", (), "n"),
        ),
        on_use.safety,
    ),
    Measure(
        "speed",
        "On this machine, the model loaded.",
        (
            Figure("draft_s_per_min", "Seconds per minute of music, drafting", (), "s"),
            Figure("features_s_per_min", "Seconds per minute of music, features", (), "s"),
            Figure("candidates_per_s", "Candidates of eight bars per second", (), ""),
            Figure("memory_mb", "Most memory so far", (), "MB"),
        ),
        on_use.speed,
    ),
)
"""Everything that is measured, in the order in which it is run and told."""

FIGURES: dict[str, Figure] = {f.name: f for m in MEASURES for f in m.figures}
"""Every figure by its name."""
