"""Charts written by rule over music whose every note is known.

What makes them like an author's, in order of worth: each section follows one voice of the
music and rests when it rests; density follows the sections and the level; identical
measures are charted identically; strong beats come before weak ones; accents are chords;
sustained sounds are held. `placement` then gives the notes their lanes.

Levels are conditions, not wishes: a chart's level is its mode's own estimate of what was
written, which the teacher steers towards the level asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import Mode
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Extra
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks, snap_ticks
from chartstudio.engine.train.piece import Piece
from chartstudio.engine.train.placement import Body, Craft, Feet, Hands, Row
from chartstudio.engine.train.score import Score, Voice
from chartstudio.modes import MODES
from chartstudio.modes.lanes import HOLD_LENGTHS

_BEAT = TICKS_PER_BEAT

DENSITY: dict[str, tuple[tuple[float, float, int, int], ...]] = {
    "feet": (
        (1, 0.8, 4, 0),
        (2, 1.2, 4, 0),
        (3, 1.6, 8, 0),
        (4, 2.1, 8, 12),
        (5, 2.7, 8, 12),
        (6, 3.3, 16, 12),
        (7, 3.9, 16, 12),
        (8, 4.6, 16, 24),
        (9, 5.3, 16, 24),
        (10, 6.1, 16, 24),
        (12, 7.7, 32, 24),
        (15, 10.0, 32, 24),
    ),
    "hands": (
        (0.5, 0.8, 4, 0),
        (1.0, 2.0, 8, 0),
        (1.5, 3.3, 8, 12),
        (2.0, 4.6, 16, 12),
        (2.5, 5.8, 16, 24),
        (3.0, 7.0, 16, 24),
        (4.0, 9.5, 32, 24),
        (5.0, 12.0, 32, 24),
        (6.0, 14.5, 32, 48),
        (8.0, 19.0, 32, 48),
    ),
}
"""Level, rows per second where the music is busy, finest straight snap, finest triplet snap
(0: none). Feet by dance meter (Pump's meter counts five thirds of it), hands by stars. A
first guess: `write` corrects the rate by the mode's own estimate."""

_METRE = ((4, 0.75), (8, 0.45), (12, 0.3), (16, 0.15), (24, 0.08))
"""Weight of the coarsest snap that a place in the measure lies on; the measure's start
weighs 1, anything finer 0."""


_RELEASE_S = 0.1
"""Shortest time between the end of a hold and the next row."""


@dataclass(frozen=True, slots=True)
class Style:
    """An author's habits; all 0 to 1 unless said.

    Parameters
    ----------
    lead, drums, bass, chords : float
        Liking for each layer as the one that a section follows.
    section_measures : int
        Longest stretch under one followed voice.
    repeat : float
        Chance that a measure heard before is charted as before.
    mirror : float
        Chance that such a measure comes back with left and right exchanged.
    metre : float
        Preference for strong beats over loud ones.
    contrast : float
        How far density follows the music's.
    fill : float
        Willingness to borrow from other voices where the followed one is sparse.
    accents : float
        Share of notes that become chords, before the level's own limit.
    holds : float
        Chance that a sustained sound is held.
    overlaps : float
        Chance that other notes go on during a hold.
    jacks, crossovers, contour, stairs : float
        See `placement.Craft`.
    """

    lead: float
    drums: float
    bass: float
    chords: float
    section_measures: int
    repeat: float
    mirror: float
    metre: float
    contrast: float
    fill: float
    accents: float
    holds: float
    overlaps: float
    jacks: float
    crossovers: float
    contour: float
    stairs: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Style:
        """Habits of a random author."""
        liking = rng.dirichlet((2.5, 2.0, 0.5, 1.0))
        low_high = {
            "repeat": (0.7, 1.0),
            "mirror": (0.0, 0.4),
            "metre": (0.3, 1.0),
            "contrast": (0.3, 1.0),
            "fill": (0.0, 1.0),
            "accents": (0.0, 0.35),
            "holds": (0.0, 0.8),
            "overlaps": (0.0, 1.0),
            "jacks": (0.0, 0.6),
            "crossovers": (0.0, 1.0),
            "contour": (0.0, 1.0),
            "stairs": (0.0, 0.8),
        }
        knobs = {name: round(float(rng.uniform(*span)), 3) for name, span in low_high.items()}
        lead, drums, bass, chords = (round(float(x), 3) for x in liking)
        measures = int(rng.choice((4, 8, 8, 16)))
        return cls(lead, drums, bass, chords, section_measures=measures, **knobs)


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


def write(
    piece: Piece, mode_id: str, level: float, rng: np.random.Generator, style: Style | None = None
) -> Chart:
    """A chart of the piece.

    Parameters
    ----------
    piece : Piece
    mode_id : str
        A lane mode of `MODES`.
    level : float
        Level to aim for, in the mode's unit.
    rng : Generator
    style : Style, optional
        Drawn when absent.

    Returns
    -------
    Chart
        Its ``level`` is the mode's estimate of what was written: less than asked where the
        music has too few notes. ``extra`` holds under ``"teacher"`` the style's knobs as
        (name, value) pairs and, under ``"follow"``, one (start tick, end tick, layer) per
        section.

    Raises
    ------
    ModeError
        When the mode is unknown or has no lanes.
    """
    mode = MODES.get(mode_id)
    if mode is None or mode.layout.space != "lanes":
        raise ModeError(f"no teacher for {mode_id!r}")
    style = style or Style.drawn(rng)
    score = Score.of(piece)
    sections = _sections(score, style, rng)
    seed = int(rng.integers(2**63))
    task = _Task(mode, score, style, sections, level, level, _rate(mode, level))
    best: tuple[float, float, tuple[LaneNote, ...]] = (np.inf, 0.0, ())
    for _ in range(7):
        notes = _place(task, _pick(task, np.random.default_rng(seed)), np.random.default_rng(seed))
        reached = mode.difficulty(Chart(mode_id, notes=notes), piece.timing)
        best = min(best, (abs(reached - level), reached, notes), key=lambda b: b[0])
        if best[0] < 0.04 * level + 0.05:
            break
        task = _corrected(task, reached)
    _, reached, notes = best
    follow = tuple(
        (int(score.starts[s.first]), int(score.starts[s.last]), score.voices[s.voice].layer)
        for s in sections
    )
    knobs = tuple((f.name, getattr(style, f.name)) for f in fields(style))
    extra = Extra((("teacher", knobs), ("follow", follow)))
    return Chart(mode_id, level=round(float(reached), 3), notes=notes, extra=extra)


def _corrected(task: _Task, reached: float) -> _Task:
    """The task for the next try, after one that reached this level.

    Too easy a chart is first made denser from what the music has, then thicker.
    """
    ratio = task.level / max(reached, 0.1)
    rate = task.rate * float(np.clip(ratio, 0.6, 1.5))
    push = float(np.clip(task.push + (0.3 if ratio > 1 else -0.1), 0.0, 1.0))
    return replace(task, rate=rate, push=push, skill=min(task.level, reached))


# Choosing what to follow ---------------------------------------------------------------


def _sections(score: Score, style: Style, rng: np.random.Generator) -> tuple[Section, ...]:
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


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be written.

    Parameters
    ----------
    level, skill : float
        Level asked for, and the one whose rules of play bind.
    rate : float
        Rows per second in busy sections.
    push : float
        0 to 1: how far a level that the followed voices cannot fill is forced, by
        borrowing from other voices, then by notes in between and thicker chords.
    """

    mode: Mode
    score: Score
    style: Style
    sections: tuple[Section, ...]
    level: float
    skill: float
    rate: float
    push: float = 0.0


@dataclass(frozen=True, slots=True)
class _Moment:
    """One row before it has lanes; ``pattern`` names its place in a repeated measure."""

    tick: int
    hold: int
    pattern: tuple[int, int]
    pitch: int = 0
    size: int = 1


def _table(mode: Mode) -> tuple[tuple[float, float, int, int], ...]:
    return DENSITY["hands" if mode.level_unit == "stars" else "feet"]


def _scale(mode: Mode) -> float:
    return 5 / 3 if mode.id.startswith("pump") else 1.0


def _rate(mode: Mode, level: float) -> float:
    table = _table(mode)
    return float(np.interp(level / _scale(mode), [r[0] for r in table], [r[1] for r in table]))


def _allowed(task: _Task, start: int, offsets: Ticks) -> NDArray[np.bool_]:
    """Which places of a measure the level reaches: its finest snaps, finer in slow music."""
    mode, timing = task.mode, task.score.timing
    table = _table(mode)
    level = max(task.level / _scale(mode), table[0][0])
    _, rate, straight, triplet = [r for r in table if r[0] <= level][-1]
    beat_s = timing.seconds_at(start + _BEAT) - timing.seconds_at(start)
    slow = [snap for snap in (4, 8, 12, 16, 24) if beat_s * 4 / snap * rate >= 0.5]
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


def _pick(task: _Task, rng: np.random.Generator) -> list[_Moment]:
    """Moments of the whole chart, measure by measure, with sizes and holds."""
    score, style = task.score, task.style
    memory: dict[tuple[object, ...], tuple[int, list[_Moment]]] = {}
    chart: list[_Moment] = []
    for section in task.sections:
        owed = 0.0
        for m in range(section.first, section.last):
            start, end = int(score.starts[m]), int(score.starts[m + 1])
            heard = _heard(task, section, start, end)
            # Less than two notes a measure: what is no whole note goes to the next measure.
            # More are rounded, so that equal measures ask for equally many.
            wanted = _n_wanted(task, section, start, end, heard)
            n_wanted = int(wanted + 0.5 + (owed if wanted < 2 else 0.0))
            owed += wanted - n_wanted if wanted < 2 else 0.0
            key = (section.voice, end - start, n_wanted, *heard.offsets.tolist())
            pattern, moments = memory.get(key, (len(memory), []))
            if key not in memory or rng.random() > style.repeat:
                moments = _choose(task, heard, n_wanted, pattern, rng)
                memory.setdefault(key, (pattern, moments))
            chart += [
                replace(x, tick=start + x.tick, pitch=heard.pitch_at.get(x.tick, 0))
                for x in moments
            ]
    return _accented(task, chart)


def _accented(task: _Task, chart: list[_Moment]) -> list[_Moment]:
    """The loudest moments as chords; the same in every repeat of a measure."""
    table = _table(task.mode)
    ease = np.interp(task.level / _scale(task.mode), (table[1][0], table[-3][0]), (0.1, 1.0))
    thicker = (1.0 if task.mode.level_unit == "stars" else 0.4) * max(task.push - 0.5, 0.0)
    share = (task.style.accents + thicker) * float(ease)
    heard: dict[tuple[int, int], list[float]] = {}
    for x in chart:
        heard.setdefault(x.pattern, []).append(task.score.loudness.get(x.tick, 0.0))
    loud = [float(np.mean(heard[x.pattern])) + 0.05 * (x.pattern[1] == 0) for x in chart]
    if not loud or share <= 0:
        return chart
    fewer = 5.0 - 2.5 * task.push * (task.mode.level_unit == "stars")
    limits = np.quantile(loud, (1 - share, 1 - share / fewer, 1 - share / fewer**2))
    sizes = 1 + (np.array(loud)[:, None] > limits).sum(axis=1)
    return [replace(x, size=size) for x, size in zip(chart, sizes.tolist(), strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """Places of one measure that could have a note, relative to its start.

    ``own`` marks the followed voice; the others only fill.
    """

    start: int
    offsets: Ticks
    worth: NDArray[np.float64]
    own: NDArray[np.bool_]
    lengths: Ticks
    pitch_at: dict[int, int]


def _heard(task: _Task, section: Section, start: int, end: int) -> _Heard:
    found: dict[int, tuple[float, bool, int]] = {}
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
            entry = (float(voice.salience[k]), own, int(voice.pitches[k]))
            if offset not in found or (own, entry[0]) > (found[offset][1], found[offset][0]):
                found[offset] = entry
    for offset in _between(task, section, sorted(found), start, end - start):
        found[offset] = (0.0, False, 0)
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
        {o: r[2] for o, r in zip(offsets.tolist(), rows, strict=True) if r[1]},
    )


def _under(offset: int, led: dict[int, int]) -> bool:
    """Whether a sustained sound of the followed voice goes on there: it is to be held."""
    return any(
        start < offset < start + length - _BEAT // 8
        for start, length in led.items()
        if length > 0.7 * _BEAT
    )


def _between(
    task: _Task, section: Section, offsets: Sequence[int], start: int, length: int
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
    snap = 32 if beat_s / 8 >= 0.9 / task.rate else 16
    grid = np.arange(0, length, snap_ticks(snap))
    played = np.array(offsets)
    near = np.abs(grid[:, None] - played).min(axis=1)
    # A straight line through triplets is no rhythm.
    apart = snap_ticks(24 if snap == 16 else 48)
    return [int(g) for g, d in zip(grid, near, strict=True) if apart < d <= _BEAT // 2]


def _n_wanted(task: _Task, section: Section, start: int, end: int, heard: _Heard) -> float:
    """Notes of one measure: by level and section, fewer where the followed voice rests."""
    timing = task.score.timing
    seconds = timing.seconds_at(end) - timing.seconds_at(start)
    wanted = task.rate * section.density * seconds
    n_own = int(heard.own.sum())
    fill = max(task.style.fill, min(2 * task.push, 1.0))
    fill *= 1.0 if n_own >= (end - start) / _BEAT / 4 else 0.3
    return float(min(wanted, n_own + fill * (len(heard.offsets) - n_own)))


def _choose(
    task: _Task,
    heard: _Heard,
    n_wanted: int,
    pattern: int,
    rng: np.random.Generator,
) -> list[_Moment]:
    """The best places of a measure, none closer together than the level allows."""
    timing, style = task.score.timing, task.style
    score = heard.worth * (1.4 - style.metre) + style.metre * _metre(heard.offsets)
    score += 0.3 * np.minimum(heard.lengths / _BEAT, 1.0) * style.holds
    score += 0.6 * heard.own + rng.normal(0.0, 0.08, len(score))
    times_s = timing.seconds_at(heard.start + heard.offsets)
    apart_s = 0.9 / (2.4 * task.rate + 0.6)
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
        moments.append(_Moment(offset, held, (pattern, n)))
    return moments


# Placing -------------------------------------------------------------------------------


def _craft(task: _Task) -> Craft:
    """What bodies may be asked at this level.

    Repeats and chords stay within what the modes' grammars allow drafts of the level that
    was reached (`modes.dance.pad_rules`, `modes.mania`), with a margin.
    """
    style, skill = task.style, 0.93 * task.skill
    if task.mode.level_unit == "stars":
        n_keys = len(task.mode.layout.lanes)
        jack_s = max(0.085, 0.47 / (1 + 0.6 * skill))
        most = min(n_keys, 1 + int(np.ceil(skill * n_keys / 8)))
        return Craft(jack_s, most, contour=style.contour, stairs=style.stairs)
    ease = float(np.clip((skill / _scale(task.mode) - 5) / 6, 0.0, 1.0))
    return Craft(
        jack_s=max(0.12, 0.52 / (1 + 0.3 * (skill - 1))) if skill > 1 else 0.52,
        most=1 if skill < 3 else 2,
        jacks=style.jacks * (0.4 + 0.6 * ease),
        crossovers=style.crossovers * ease,
        contour=style.contour,
        stairs=style.stairs,
        one_foot_s=0.45 - 0.2 * ease,
    )


def _place(task: _Task, chart: Sequence[_Moment], rng: np.random.Generator) -> tuple[LaneNote, ...]:
    """Lanes for every moment; a measure that comes back gets its own lanes again."""
    craft = _craft(task)
    lanes = task.mode.layout.lanes
    keys = task.mode.level_unit == "stars"
    body: Body = Hands(len(lanes), craft, rng) if keys else Feet(lanes, craft, rng)
    flip = {n.lane: i for i, n in enumerate(_mirrored(task.mode))}
    memory: dict[tuple[int, int], tuple[int, ...]] = {}
    times_s = task.score.timing.seconds_at(np.array([x.tick for x in chart], dtype=np.int64))
    notes: list[LaneNote] = []
    turned = False
    for i, moment in enumerate(chart):
        if moment.pattern[1] == 0:
            turned = rng.random() < task.style.mirror
        wanted = memory.get(moment.pattern, ())
        if turned:
            wanted = tuple(flip[lane] for lane in wanted)
        held = _hold_length(task, chart, i, craft, rng)
        end_s = float(task.score.timing.seconds_at(moment.tick + held))
        row = Row(float(times_s[i]), end_s - float(times_s[i]), moment.size, moment.pitch)
        placed = body.place(row, wanted)
        if moment.pattern not in memory:
            memory[moment.pattern] = placed
        for n, lane in enumerate(placed):
            length = held if n == 0 else 0
            kind = "hold" if length else "tap"
            notes.append(LaneNote(moment.tick, moment.tick + length, lane, kind))
    return sort_notes(notes)


def _mirrored(mode: Mode) -> tuple[LaneNote, ...]:
    row = tuple(LaneNote(i, i, i) for i in range(len(mode.layout.lanes)))
    mirrored = sorted(mode.mirror(row, "horizontal"), key=lambda n: n.tick)
    return tuple(n for n in mirrored if isinstance(n, LaneNote))


def _hold_length(
    task: _Task, chart: Sequence[_Moment], i: int, craft: Craft, rng: np.random.Generator
) -> int:
    """How long the moment's sound is held, in ticks: a length that the modes can spell, or 0.

    Without overlaps a hold ends a quarter of a beat before the next row, or sooner where
    that is too quick to let go.
    """
    timing, moment = task.score.timing, chart[i]
    beginner = task.level / _scale(task.mode) < _table(task.mode)[3][0]
    shortest = 3 * _BEAT // 4 if beginner else _BEAT // 2
    if moment.hold < 0.9 * shortest:
        return 0
    room = moment.hold + _BEAT // 8
    if i + 1 < len(chart):
        next_tick = chart[i + 1].tick
        over = craft.most > 1 and rng.random() < task.style.overlaps
        if not over:
            release = timing.tick_at(timing.seconds_at(next_tick) - _RELEASE_S)
            room = min(room, release - moment.tick, next_tick - _BEAT // 4 - moment.tick)
    return max((n for n in HOLD_LENGTHS if shortest <= n <= room), default=0)
