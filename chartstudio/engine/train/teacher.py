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
from chartstudio.engine.train.placement import Body, Craft, Feet, Hands, Row
from chartstudio.engine.train.score import Score, Voice
from chartstudio.engine.train.synthesis import Piece
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
            "holds": (0.0, 1.0),
            "overlaps": (0.0, 0.5),
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
    rate, skill = _rate(mode, level), level
    notes: tuple[LaneNote, ...] = ()
    reached = 0.0
    for _ in range(4):
        task = _Task(mode, score, style, sections, level, skill, rate)
        notes = _place(task, _pick(task, np.random.default_rng(seed)), np.random.default_rng(seed))
        reached = mode.difficulty(Chart(mode_id, notes=notes), piece.timing)
        if not notes or abs(reached - level) < 0.04 * level + 0.05:
            break
        rate *= float(np.clip(level / max(reached, 0.1), 0.6, 1.6))
        skill = min(level, reached)
    follow = tuple(
        (int(score.starts[s.first]), int(score.starts[s.last]), score.voices[s.voice].layer)
        for s in sections
    )
    knobs = tuple((f.name, getattr(style, f.name)) for f in fields(style))
    extra = Extra((("teacher", knobs), ("follow", follow)))
    return Chart(mode_id, level=round(float(reached), 3), notes=notes, extra=extra)


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
    """What is to be written: asked level, level whose rules of play bind, rows per second."""

    mode: Mode
    score: Score
    style: Style
    sections: tuple[Section, ...]
    level: float
    skill: float
    rate: float


@dataclass(frozen=True, slots=True)
class _Moment:
    """One row before it has lanes; ``pattern`` names its place in a repeated measure."""

    tick: int
    size: int
    hold: int
    pitch: int
    pattern: tuple[int, int]


def _table(mode: Mode) -> tuple[tuple[float, float, int, int], ...]:
    return DENSITY["hands" if mode.level_unit == "stars" else "feet"]


def _scale(mode: Mode) -> float:
    return 5 / 3 if mode.id.startswith("pump") else 1.0


def _rate(mode: Mode, level: float) -> float:
    table = _table(mode)
    return float(np.interp(level / _scale(mode), [r[0] for r in table], [r[1] for r in table]))


def _allowed(mode: Mode, level: float, offsets: Ticks) -> NDArray[np.bool_]:
    """Which places of a measure the level's finest snaps reach."""
    level = level / _scale(mode)
    _, _, straight, triplet = [r for r in _table(mode) if r[0] <= max(level, _table(mode)[0][0])][
        -1
    ]
    found = offsets % snap_ticks(straight) == 0
    return found | (offsets % snap_ticks(triplet) == 0) if triplet else found


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
    limit = _accent_limit(task)
    for section in task.sections:
        for m in range(section.first, section.last):
            start, end = int(score.starts[m]), int(score.starts[m + 1])
            heard = _heard(task, section, start, end)
            n_wanted = _n_wanted(task, section, start, end, heard)
            key = (section.voice, end - start, n_wanted, *heard.offsets.tolist())
            pattern, moments = memory.get(key, (len(memory), []))
            if key not in memory or rng.random() > style.repeat:
                moments = _choose(task, heard, n_wanted, (pattern, limit), rng)
                memory.setdefault(key, (pattern, moments))
            chart += [
                replace(x, tick=start + x.tick, pitch=heard.pitch_at.get(x.tick, 0))
                for x in moments
            ]
    return chart


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
    found: dict[int, tuple[float, bool, int, int]] = {}
    for i, voice in enumerate(task.score.voices):
        low, high = np.searchsorted(voice.ticks, (start, end))
        own = i == section.voice
        for k in range(int(low), int(high)):
            offset = int(voice.ticks[k]) - start
            entry = (float(voice.salience[k]), own, int(voice.lengths[k]), int(voice.pitches[k]))
            if offset not in found or (own, entry[0]) > (found[offset][1], found[offset][0]):
                found[offset] = entry
    offsets = np.array(sorted(found), dtype=np.int64)
    offsets = offsets[_allowed(task.mode, task.level, offsets)]
    rows = [found[o] for o in offsets.tolist()]
    return _Heard(
        start,
        offsets,
        np.array([r[0] for r in rows]),
        np.array([r[1] for r in rows], dtype=bool),
        np.array([r[2] if r[1] else 0 for r in rows], dtype=np.int64),
        {o: r[3] for o, r in zip(offsets.tolist(), rows, strict=True) if r[1]},
    )


def _n_wanted(task: _Task, section: Section, start: int, end: int, heard: _Heard) -> int:
    """Notes of one measure: by level and section, fewer where the followed voice rests."""
    timing = task.score.timing
    seconds = timing.seconds_at(end) - timing.seconds_at(start)
    wanted = task.rate * section.density * seconds
    n_own = int(heard.own.sum())
    n_other = len(heard.offsets) - n_own
    beats = (end - start) / _BEAT
    fill = task.style.fill if n_own >= beats / 4 else 0.3 * task.style.fill
    return int(round(min(wanted, n_own + fill * n_other)))


def _choose(
    task: _Task,
    heard: _Heard,
    n_wanted: int,
    pattern_limit: tuple[int, float],
    rng: np.random.Generator,
) -> list[_Moment]:
    """The best places of a measure, none closer together than the level allows."""
    pattern, limit = pattern_limit
    timing, style = task.score.timing, task.style
    score = heard.worth * (1.4 - style.metre) + style.metre * _metre(heard.offsets)
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
        loud = task.score.loudness.get(heard.start + offset, 0.0) + 0.08 * (offset == 0)
        size = 1 + (loud >= limit) + (loud >= 1 - (1 - limit) / 4)
        held = int(heard.lengths[i]) if rng.random() < style.holds else 0
        moments.append(_Moment(offset, size, held, 0, (pattern, n)))
    return moments


def _accent_limit(task: _Task) -> float:
    """Loudness rank from which a moment is an accent; beginners get none."""
    table = _table(task.mode)
    ease = np.interp(task.level / _scale(task.mode), (table[1][0], table[-3][0]), (0.15, 1.0))
    return 1.0 - float(task.style.accents * ease)


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

    Without overlaps a hold ends half a beat, or the time of a repeat, before the next row.
    """
    timing, moment = task.score.timing, chart[i]
    shortest = _BEAT if task.level / _scale(task.mode) < _table(task.mode)[5][0] else _BEAT // 2
    if moment.hold < 0.9 * shortest:
        return 0
    room = moment.hold + _BEAT // 8
    if i + 1 < len(chart):
        next_tick = chart[i + 1].tick
        over = craft.most > 1 and rng.random() < task.style.overlaps
        if not over:
            release = timing.tick_at(timing.seconds_at(next_tick) - craft.jack_s)
            room = min(room, release - moment.tick, next_tick - _BEAT // 4 - moment.tick)
    return max((n for n in HOLD_LENGTHS if shortest <= n <= room), default=0)
