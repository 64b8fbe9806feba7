"""What can be asked of the engine, and what comes back, as values without torch.

The window and the command line build these; `engine.service.Engine` answers them with jobs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from chartstudio.audio.decode import Audio
from chartstudio.core.mode import Issue
from chartstudio.core.note import Note
from chartstudio.core.song import Chart
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.engine.tune.recipe import Recipe
from chartstudio.modes import MODES

_BY_HAND = frozenset(("pump-double", *(f"mania-{n_keys}k" for n_keys in range(8, 19))))

DRAFTED_MODES: tuple[str, ...] = tuple(mode_id for mode_id in MODES if mode_id not in _BY_HAND)
"""Modes that a draft is offered for; a model may know more of them, or fewer."""

LOCKS = frozenset({"notes", "lanes", "rhythm", "placement"})
"""What `GenerateRequest.locks` may hold."""

LAYERS = ("none", "all", "drums", "lead", "bass", "chords")
"""What a stretch can be told to follow; ``none`` is a rest."""


Density = tuple[tuple[int, int, float], ...]
"""Stretches: start and end ticks, and note times per beat there."""

Label = tuple[str, tuple[tuple[str, float], ...]]
"""A named way of charting: its habits by name, each in its own unit."""


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """Draft or redraw one range of a chart.

    Parameters
    ----------
    audio : Audio
        The decoded song.
    timing : TimingMap
        The chart's timing.
    chart : Chart
        The context: its mode, and its notes outside ``[start, end)``, which are read and
        never changed. Notes inside the range are replaced, but for what is kept and locked.
    start, end : int
        Ticks, ``start < end``.
    level : float or None
        In the mode's own unit. None takes density and level from the author's own bars.
    grid : int
        Snap on which notes may fall: 16 for sixteenths.
    seed : int
        The same seed, model and number type give the same notes. Candidate ``i`` (from 0)
        uses ``seed + i``.
    n_candidates : int
    n_times : int or None
        That many distinct note times instead of the density that the level implies.
    only : tuple of int or None
        Ticks to choose from, such as the note times of a harder chart; None for every line
        of the grid.
    density : Density
        What is painted. With any, the level no longer decides how many times there are.
    keep : tuple of (int, int)
        Stretches of ticks ``[a, b)`` in the range that are the author's: their notes stay, and
        all the rest is written in their way.
    locks : frozenset of str
        What stays of the replaced notes. ``notes``: all of them; new ones are added at other
        times. ``rhythm``: their times; where and what they are is drawn anew.
        ``placement``: their rows, one after the other, as far as they can be played; the times
        are drawn anew. ``lanes``: their lanes, in the same order, while times and kinds are
        drawn anew; or, where ``lanes`` names some, all notes in those.
    lanes : frozenset of int
        With the lock of that name: lanes, from 0, whose notes stay and which get no others.
    follow : tuple of (int, int, str)
        Stretches: start and end ticks, and one of `LAYERS` that the notes follow there; several
        on one stretch are followed together.
    style : tuple of (str, float)
        Habits by name, each in its own unit between what the model's `ModelCard.styles` says;
        those of one of its `ModelCard.labels`, say. Others are those of its label where it has
        one alone.
    worth : tuple of float
        How much each of the ticks of ``only`` is worth, in their order. Where it is said, the
        best of them are taken, on the grid or not, whatever the sound is like; see
        `engine.spread`.
    cut_holds : bool
        Held notes that reach into what is written end where it begins. Without it they stay
        whole, and what is written leaves room for them.
    """

    audio: Audio
    timing: TimingMap
    chart: Chart
    start: int
    end: int
    level: float | None
    grid: int = 16
    seed: int = 0
    n_candidates: int = 1
    n_times: int | None = None
    only: tuple[int, ...] | None = None
    density: Density = ()
    keep: tuple[tuple[int, int], ...] = ()
    locks: frozenset[str] = frozenset()
    lanes: frozenset[int] = frozenset()
    follow: tuple[tuple[int, int, str], ...] = ()
    style: tuple[tuple[str, float], ...] = ()
    cut_holds: bool = False
    worth: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One proposal for the asked range.

    Parameters
    ----------
    notes : tuple of Note
        All that start in the range, in chart order, with those that were kept and locked.
    seed : int
    level_reached : float
        The mode's estimate of the chart with these notes in place.
    issues : tuple of Issue
        What the mode's checks find in the range, its edges included.
    n_off_grid : int
        Notes off the asked grid; those that stand at the author's own times do not count.
    n_bad_events : int
        Events that could not be decoded; 0 unless the model is broken.
    """

    notes: tuple[Note, ...]
    seed: int
    level_reached: float
    issues: tuple[Issue, ...] = ()
    n_off_grid: int = 0
    n_bad_events: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """The answer to a `GenerateRequest`, best candidate first.

    Parameters
    ----------
    candidates : tuple of Candidate
    model : str
        Name and version of the model, for provenance.
    device, number_type : str
        ``cpu`` or ``cuda``; ``float32`` or ``bfloat16``.
    seconds : dict of str to float
        Wall time by stage: ``features``, ``draft``.
    holes : tuple of (int, int)
        Stretches of ticks ``[a, b)`` that were written: the range but for what was kept.
    cut : tuple of (Note, Note)
        Held notes outside them that were cut short: as they were, and as they are now.
    notice : str
        What the user should know of how it was made, such as a GPU that failed; mostly empty.
    lacks_lines : bool
        Whether the level is not reached because the grid has no line left for more notes.
    """

    candidates: tuple[Candidate, ...]
    model: str
    device: str
    number_type: str
    seconds: dict[str, float] = field(default_factory=dict)
    holes: tuple[tuple[int, int], ...] = ()
    cut: tuple[tuple[Note, Note], ...] = ()
    notice: str = ""
    lacks_lines: bool = False


@dataclass(frozen=True, slots=True)
class KeyBarsRequest:
    """Which bars should the author chart by hand?

    Parameters
    ----------
    audio : Audio
    timing : TimingMap
        The chart's timing.
    chart : Chart
        Bars with notes are charted already; others are proposed.
    n : int
        At most so many.
    stretch : (int, int) or None
        Ticks ``[start, end)`` that are to be charted; None for the whole song. Bars outside are
        neither proposed nor stood for.
    """

    audio: Audio
    timing: TimingMap
    chart: Chart
    n: int
    stretch: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class KeyBars:
    """The answer to a `KeyBarsRequest`, the most useful bar first.

    Parameters
    ----------
    measures : tuple of int
        Their numbers, from 1.
    coverage : tuple of float
        How near the song as a whole is to something charted once this bar and those before it
        are, 0 to 1; rising.
    uncertainty : tuple of float
        How little is known of each before it is charted, 0 to 1.
    """

    measures: tuple[int, ...]
    coverage: tuple[float, ...]
    uncertainty: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TimingRequest:
    """Find the tempo of a song or of a stretch of it.

    Parameters
    ----------
    audio : Audio
    start_s, end_s : float
        The stretch, in seconds of the decoded audio; ``end_s`` None is its end.
    variable : bool
        Follow a tempo that changes: the answer then has as many anchors as that takes.
    """

    audio: Audio
    start_s: float = 0.0
    end_s: float | None = None
    variable: bool = False


@dataclass(frozen=True, slots=True)
class TempoCandidate:
    """One reading of the tempo.

    Parameters
    ----------
    bpm : float
    offset_s : float
        Time of a downbeat where one can be told, else of a beat.
    meter : int
    score : float
        Share of the onset energy that this reading explains, 0 to 1.
    """

    bpm: float
    offset_s: float
    meter: int
    score: float


@dataclass(frozen=True, slots=True)
class TempoAnchor:
    """Where a tempo sets in.

    Parameters
    ----------
    tick : int
        On a beat; tick 0 is a downbeat where one can be told.
    seconds : float
        Time of the tick in the decoded audio.
    bpm : float
        From here to the next anchor, on which it ends exactly.
    meter : int
    confidence : float
        Share of the onset energy up to the next anchor that these beats explain, 0 to 1:
        where it is low, look there first.
    """

    tick: int
    seconds: float
    bpm: float
    meter: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Tempo:
    """The answer to a `TimingRequest`: readings, best first; none when nothing is rhythmic.

    Parameters
    ----------
    candidates : tuple of TempoCandidate
        Readings with one tempo for the whole stretch.
    message : str
        Why there is none, or what to look out for; empty when all is well.
    anchors : tuple of TempoAnchor
        The song's tempo over time, the best reading only: one anchor where it stays the
        same, more where a request asked for changes and there are some.
    """

    candidates: tuple[TempoCandidate, ...]
    message: str = ""
    anchors: tuple[TempoAnchor, ...] = ()

    def timing(self) -> TimingMap | None:
        """The anchors as a timing map, or None where there are none."""
        if not self.anchors:
            return None
        return TimingMap(
            tuple(
                Anchor(a.tick, a.seconds, a.bpm, a.meter, bar=i == 0)
                for i, a in enumerate(self.anchors)
            )
        )


@dataclass(frozen=True, slots=True)
class ModelCard:
    """An installed model.

    Parameters
    ----------
    name : str
    active : bool
    card : str
        The text of its README.
    modes : tuple of str
        Modes it can draft.
    layers : tuple of str
        Those of `LAYERS` that it can be told to follow.
    styles : tuple of (str, float, float)
        Habits that it can be told, with the lowest and highest value of each.
    labels : tuple of Label
        Ways of charting that it was tuned on, the one of most songs first: ``style`` of a
        `GenerateRequest` takes their habits. One alone is told where nothing else is.
    """

    name: str
    active: bool
    card: str
    modes: tuple[str, ...]
    layers: tuple[str, ...] = ()
    styles: tuple[tuple[str, float, float], ...] = ()
    labels: tuple[Label, ...] = ()


# Tuning ----------------------------------------------------------------------------------

SPLITS = ("train", "validation", "test")
"""Sides of a split: what is learned from, what decides which weights are kept, and what the
report is about."""


@dataclass(frozen=True, slots=True)
class TrainChart:
    """A chart of the author's.

    Parameters
    ----------
    path : Path
        What to open: a folder, an archive or a chart file.
    index : int
        The chart's place in the song that is read from it.
    split : str
        One of `SPLITS`.
    song : str
        The same for all charts on one sound, and for no others; they are on one side.
    inside : str
        The folder within an archive that holds the song.
    """

    path: Path
    index: int
    split: str
    song: str
    inside: str = ""


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """Tune a model on an author's charts.

    Parameters
    ----------
    name : str
        Of the tuned model; a folder of that name is made among the user's models.
    charts : tuple of TrainChart
    base : str
        Name of the model to start from.
    recipe : Recipe
    device : str or None
        ``cpu`` or ``cuda``; None for CUDA where there is a GPU that works.
    resume : bool
        Go on with a tuning of that name that was stopped; the rest is as it was then.
    """

    name: str
    charts: tuple[TrainChart, ...] = ()
    base: str = "base"
    recipe: Recipe = field(default_factory=Recipe)
    device: str | None = None
    resume: bool = False

    def fitted(self) -> TrainRequest:
        """The request with a recipe that suits its songs."""
        return replace(self, recipe=self.recipe.for_songs(len({c.song for c in self.charts})))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A chart, or a whole song, that a tuning does without.

    Parameters
    ----------
    song : str
    chart : str
        Empty for all of the song's.
    why : str
    """

    song: str
    chart: str
    why: str


@dataclass(frozen=True, slots=True)
class TrainStep:
    """Where a tuning stands: what plots are drawn from.

    Parameters
    ----------
    step, n_steps : int
    losses : dict of str to float
        Of this step: ``times``, ``kinds``, ``events``.
    left_s : float
        Until the last step, by those so far.
    held_out : float or None
        Loss on the held-out songs, where this step looked at them.
    f1, f1_null : float or None
        Note times of a draft of a held-out song against the author's, and what filling by the
        metre alone scores; where this step drafted one.
    nps, nps_author : float or None
        Notes per second of that draft and of the author's chart.
    notices : tuple of str
        What had to be changed on the way, in words.
    """

    step: int
    n_steps: int
    losses: dict[str, float]
    left_s: float
    held_out: float | None = None
    f1: float | None = None
    f1_null: float | None = None
    nps: float | None = None
    nps_author: float | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainEstimate:
    """What a tuning will take.

    Parameters
    ----------
    step_s : float
        Measured on a few steps.
    n_steps : int
    total_s : float
        Reading what is not in the cache of features yet, all steps, those of tunings that leave
        songs out included, and judging.
    disk_bytes : int
        For features, checkpoints and the model.
    memory_bytes : int
        Of the process, at most.
    device : str
    """

    step_s: float
    n_steps: int
    total_s: float
    disk_bytes: int
    memory_bytes: int
    device: str


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What came of a tuning.

    Parameters
    ----------
    name, base : str
    folder : Path
        Of the model.
    verdict : str
        ``better``, ``even``, ``worse``, or ``unknown`` without held-out charts.
    text : tuple of str
        The whole report as lines, the verdict first.
    figures : dict
        What the report says, for plots.
    n_charts : dict of str to int
        Charts by split that were used.
    left_out : tuple of LeftOut
    seconds : float
        Of all steps, those of tunings that leave songs out included.
    """

    name: str
    base: str
    folder: Path
    verdict: str
    text: tuple[str, ...]
    figures: dict[str, object]
    n_charts: dict[str, int]
    left_out: tuple[LeftOut, ...] = ()
    seconds: float = 0.0
