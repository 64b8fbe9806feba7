"""What a chart follows, and which moments of it become notes: a teacher's ear.

Each section follows one voice of the music and rests when it rests; density follows the
sections and the level; identical measures are chosen identically; strong beats come before
weak ones; the loudest moments are accents; sustained sounds are held. This module knows no
lanes, places or kinds of notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks, snap_ticks
from chartstudio.engine.train.demands import Demand
from chartstudio.engine.train.moments import Moment
from chartstudio.engine.train.score import Score, Voice
from chartstudio.engine.train.style import Style

_BEAT = TICKS_PER_BEAT

_METRE = ((4, 0.75), (8, 0.45), (12, 0.3), (16, 0.15), (24, 0.08))
"""Weight of the coarsest snap that a place in the measure lies on; the measure's start
weighs 1, anything finer 0."""

_RESTS = 0.25
"""A voice with fewer moments per beat rests; other voices fill in there only reluctantly."""


@dataclass(frozen=True, slots=True)
class Section:
    """Neighbouring measures that follow one voice.

    Parameters
    ----------
    first, last : int
        Measures, counted from 0, ``last`` excluded.
    voice : int
        Index into the score's voices.
    density : float
        Notes there, relative to the piece's busy sections: 0 to about 1.3.
    """

    first: int
    last: int
    voice: int
    density: float


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be written.

    Parameters
    ----------
    demand : Demand
        What levels of the mode ask for.
    score : Score
    style : Style
    sections : tuple of Section
    level, skill : float
        Level asked for, and the one whose rules of play bind.
    rate_hz : float
        Rows per second in busy sections.
    push : float
        0 to 1: how far a level that the followed voices cannot fill is forced, by
        borrowing from other voices, then by notes in between and thicker chords.
    """

    demand: Demand
    score: Score
    style: Style
    sections: tuple[Section, ...]
    level: float
    skill: float
    rate_hz: float
    push: float = 0.0

    def supplied_hz(self, chart: Sequence[Moment]) -> float:
        """What a chart has of the task's rate, in the measures in which its voices play."""
        starts = self.score.starts
        starts_s = self.score.timing.seconds_at(starts)
        rows = np.histogram([x.tick for x in chart], starts)[0]
        found, busy_s = 0, 0.0
        for section in self.sections:
            here = slice(section.first, section.last + 1)
            heard = np.histogram(self.score.voices[section.voice].ticks, starts[here])[0]
            plays = heard >= np.diff(starts[here]) * _RESTS / _BEAT
            found += int(rows[section.first : section.last][plays].sum())
            busy_s += section.density * float(np.diff(starts_s[here])[plays].sum())
        return max(found, 1) / max(busy_s, 1.0)


# Choosing what to follow ---------------------------------------------------------------


def find_sections(score: Score, style: Style, rng: np.random.Generator) -> tuple[Section, ...]:
    """Stretches of similar measures, each with the voice that an author would follow.

    Borders lie where the set of playing voices changes, looked for every second measure, or
    after the style's longest stretch. Sections that sound alike follow the same voice.
    """
    activity = score.activity()
    presence = np.minimum(activity, 4.0)
    borders = [0]
    for m in range(2, len(activity), 2):
        here = presence[borders[-1] : m].mean(axis=0)
        ahead = presence[m : m + 4].mean(axis=0)
        changed = np.abs(here - ahead).sum() > 0.35 * max(here.sum(), ahead.sum(), 1e-9)
        if (m - borders[-1] >= 4 and changed) or m - borders[-1] >= style.section_measures:
            borders.append(m)
    spans = list(zip(borders, [*borders[1:], len(activity)], strict=True))
    liking = np.array([_liking(style, v) for v in score.voices]) + 1e-3
    busy = max(float(np.quantile([activity[a:b].sum(axis=1).mean() for a, b in spans], 0.8)), 1e-9)
    sections: list[Section] = []
    known: list[tuple[NDArray[np.float64], int]] = []
    for first, last in spans:
        mean = presence[first:last].mean(axis=0)
        size = float(np.linalg.norm(mean)) or 1.0
        alike = [v for sound, v in known if float(sound @ mean) / size > 0.97]
        if alike:
            voice = alike[0]
        else:
            chance = liking * np.sqrt(mean)
            total = float(chance.sum())
            voice = int(rng.choice(len(chance), p=chance / total)) if total > 0 else 0
            known.append((mean / size, voice))
        share = float(activity[first:last].sum(axis=1).mean()) / busy
        sections.append(Section(first, last, voice, min(share**style.contrast, 1.3)))
    return tuple(sections)


def _liking(style: Style, voice: Voice) -> float:
    """The style's taste for a layer times how well the voice is heard."""
    return float(getattr(style, voice.layer)) * float(voice.salience.mean()) ** 2


# Choosing the moments ------------------------------------------------------------------


def choose(task: Task, rng: np.random.Generator) -> list[Moment]:
    """Moments of the whole chart, measure by measure, with sizes and held sounds."""
    score, style = task.score, task.style
    memory: dict[tuple[object, ...], tuple[int, list[Moment]]] = {}
    rounding: dict[tuple[int, ...], float] = {}
    chart: list[Moment] = []
    for section in task.sections:
        owed = 0.0
        for m in range(section.first, section.last):
            start, end = int(score.starts[m]), int(score.starts[m + 1])
            heard = _heard(task, section, start, end)
            # Less than two notes a measure: what is no whole note goes to the next measure.
            # More are rounded, so that equal measures ask for equally many; each kind of
            # measure has its own fraction from which it is rounded up.
            wanted = _n_wanted(task, section, start, end, heard)
            kind = (section.voice, end - start, *heard.offsets.tolist())
            up = rounding.setdefault(kind, float(rng.random()))
            n_wanted = int(wanted + (0.5 + owed if wanted < 2 else up))
            owed += wanted - n_wanted if wanted < 2 else 0.0
            key = (n_wanted, *kind)
            pattern, moments = memory.get(key, (len(memory), []))
            if key not in memory or rng.random() > style.repeat:
                moments = _best(task, heard, n_wanted, pattern, rng)
                memory.setdefault(key, (pattern, moments))
            chart += [heard.sounding(x, score) for x in moments]
    return _accented(task, chart)


def _accented(task: Task, chart: list[Moment]) -> list[Moment]:
    """Moments with their loudness, the loudest as accents; the same in every repeat."""
    demand = task.demand
    thicker = demand.thicken * max(task.push - 0.5, 0.0)
    share = (task.style.accents + thicker) * demand.ease(task.level)
    heard: dict[tuple[int, int], list[float]] = {}
    for x in chart:
        heard.setdefault(x.pattern, []).append(task.score.loudness.get(x.tick, 0.0))
    loudness = {pattern: float(np.mean(found)) for pattern, found in heard.items()}
    chart = [replace(x, loudness=loudness[x.pattern]) for x in chart]
    if not chart or share <= 0:
        return chart
    loud = np.array([x.loudness + 0.05 * (x.pattern[1] == 0) for x in chart])
    fewer = 5.0 - demand.pile * task.push
    limits = np.quantile(loud, (1 - share, 1 - share / fewer, 1 - share / fewer**2))
    sizes = 1 + (loud[:, None] > limits).sum(axis=1)
    return [replace(x, size=size) for x, size in zip(chart, sizes.tolist(), strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """Places of one measure that could have a note, relative to its start.

    ``own`` marks the followed voice; the others only fill. ``sounds`` holds the pitch, 0 for
    what is not followed, and the layer of each place.
    """

    start: int
    offsets: Ticks
    worth: NDArray[np.float64]
    own: NDArray[np.bool_]
    lengths: Ticks
    sounds: dict[int, tuple[int, str]]

    def sounding(self, moment: Moment, score: Score) -> Moment:
        """A moment of the measure, counted from its start, as what sounds in this repeat."""
        tick = self.start + moment.tick
        pitch, layer = self.sounds.get(moment.tick, (0, ""))
        drums = score.drums.get(tick, ())
        return replace(moment, tick=tick, pitch=pitch, layer=layer, drums=drums)


def _allowed(task: Task, start: int, offsets: Ticks) -> NDArray[np.bool_]:
    """Which places of a measure the level reaches: its finest snaps, finer in slow music.

    Thirty-seconds in slow music are only for levels that nothing else fills.
    """
    timing, rate_hz = task.score.timing, task.demand.rate_hz(task.level)
    straight, triplet = task.demand.snaps(task.level)
    beat_s = timing.seconds_at(start + _BEAT) - timing.seconds_at(start)
    finer = (4, 8, 12, 16, 24, *((32,) if task.push > 0.5 else ()))
    slow = [snap for snap in finer if beat_s * 4 / snap * rate_hz >= 0.7]
    found = offsets % snap_ticks(straight) == 0
    for snap in (*slow, *([triplet] if triplet else [])):
        found |= offsets % snap_ticks(snap) == 0
    return found


def _metre(offsets: Ticks) -> NDArray[np.float64]:
    weight = np.zeros(len(offsets))
    for snap, value in reversed(_METRE):
        weight[offsets % snap_ticks(snap) == 0] = value
    weight[offsets % (2 * _BEAT) == 0] += 0.1
    weight[offsets == 0] = 1.0
    return weight


def _heard(task: Task, section: Section, start: int, end: int) -> _Heard:
    found: dict[int, tuple[float, bool, int, str]] = {}
    # Drums do not last: above them, what leads is held.
    led: dict[int, int] = {}
    under_drums = task.score.voices[section.voice].layer == "drums"
    for i, voice in enumerate(task.score.voices):
        low, high = np.searchsorted(voice.ticks, (start, end))
        own = i == section.voice
        for k in range(int(low), int(high)):
            offset = int(voice.ticks[k]) - start
            if own or (under_drums and voice.layer == "lead"):
                led[offset] = max(led.get(offset, 0), int(voice.lengths[k]))
            salience = float(voice.salience[k])
            if offset not in found or (own, salience) > (found[offset][1], found[offset][0]):
                pitch = int(voice.pitches[k]) if own else 0
                found[offset] = (salience, own, pitch, voice.layer)
    for offset in _between(task, section, sorted(found), start, end - start):
        found[offset] = (0.0, False, 0, "")
    offsets = np.array(sorted(found), dtype=np.int64)
    offsets = offsets[_allowed(task, start, offsets)]
    if task.style.holds > 0.3 and task.push < 0.5:
        offsets = np.array([o for o in offsets.tolist() if found[o][1] or not _under(o, led)])
        offsets = offsets.astype(np.int64)
    rows = [found[o] for o in offsets.tolist()]
    return _Heard(
        start,
        offsets,
        np.array([r[0] for r in rows]),
        np.array([r[1] for r in rows], dtype=bool),
        np.array([led.get(o, 0) for o in offsets.tolist()], dtype=np.int64),
        {o: r[2:] for o, r in zip(offsets.tolist(), rows, strict=True)},
    )


def _under(offset: int, led: dict[int, int]) -> bool:
    """Whether a sustained sound of the followed voice goes on there: it is to be held."""
    return any(
        start < offset < start + length - _BEAT // 8
        for start, length in led.items()
        if length > 0.7 * _BEAT
    )


def _between(
    task: Task, section: Section, offsets: Sequence[int], start: int, length: int
) -> list[int]:
    """Sixteenths that nobody plays, for levels that the music alone cannot fill.

    In music too slow for the level they are thirty-seconds.

    Only where it is busy: within half a beat of something that is played, in sections of
    more than half the usual density.
    """
    if task.push <= 0.5 or section.density < 0.5 or not offsets:
        return []
    timing = task.score.timing
    beat_s = timing.seconds_at(start + _BEAT) - timing.seconds_at(start)
    snap = 32 if beat_s / 4 >= 0.9 / task.rate_hz else 16
    grid = np.arange(0, length, snap_ticks(snap))
    played = np.array(offsets)
    near = np.abs(grid[:, None] - played).min(axis=1)
    # A straight line through triplets is no rhythm.
    apart = snap_ticks(24 if snap == 16 else 48)
    return [int(g) for g, d in zip(grid, near, strict=True) if apart < d <= _BEAT // 2]


def _n_wanted(task: Task, section: Section, start: int, end: int, heard: _Heard) -> float:
    """Notes of one measure: by level and section, fewer where the followed voice rests."""
    timing = task.score.timing
    seconds = timing.seconds_at(end) - timing.seconds_at(start)
    wanted = task.rate_hz * section.density * seconds
    n_own = int(heard.own.sum())
    fill = max(task.style.fill, min(2 * task.push, 1.0))
    if n_own < (end - start) * _RESTS / _BEAT:
        fill = max(0.3 * task.style.fill, 0.5 * min(2 * task.push - 1, 1.0))
    return float(min(wanted, n_own + fill * (len(heard.offsets) - n_own)))


def _best(
    task: Task,
    heard: _Heard,
    n_wanted: int,
    pattern: int,
    rng: np.random.Generator,
) -> list[Moment]:
    """The best places of a measure, none closer together than the level allows.

    Beginners get strong beats whatever the author prefers.
    """
    timing, style = task.score.timing, task.style
    metre = max(style.metre, 1 - task.demand.ease(task.level))
    score = heard.worth * (1.4 - metre) + metre * _metre(heard.offsets)
    score += 0.3 * np.minimum(heard.lengths / _BEAT, 1.0) * style.holds
    score += 0.6 * heard.own + rng.normal(0.0, 0.08, len(score))
    times_s = timing.seconds_at(heard.start + heard.offsets)
    apart_s = 0.9 / (2.4 * task.rate_hz + 0.6)
    taken: list[int] = []
    for i in np.argsort(-score, kind="stable").tolist():
        if len(taken) >= n_wanted:
            break
        if all(abs(times_s[i] - times_s[j]) >= apart_s for j in taken):
            taken.append(i)
    moments = []
    for n, i in enumerate(sorted(taken)):
        offset = int(heard.offsets[i])
        held = int(heard.lengths[i]) if rng.random() < style.holds else 0
        moments.append(Moment(offset, held, (pattern, n)))
    return moments
