"""Moments of the music as osu!standard objects in time: what is clicked, held, spun.

Half of the art of osu! is rhythm: a strong sound is clicked and the weak one after it falls on
a slider's end; sounds that repeat are a slider that turns back; what lasts is followed or
spun. Measures that share a pattern get the same decisions, because the dice are thrown once
per place of a pattern. This module knows no places on the playfield.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.engine.train.moments import Moment, Scene
from chartstudio.modes.lanes import HOLD_LENGTHS

_BEAT = TICKS_PER_BEAT


@dataclass(frozen=True, slots=True)
class Band:
    """What charts of a difficulty may ask in time.

    The figures are those of the osu! wiki (Ranking criteria/osu!), which gives them in beats at
    180 BPM and wants them scaled with the tempo; here they are seconds.

    Parameters
    ----------
    below : float
        Stars at which the next band starts (osu!'s ``StarDifficulty`` names).
    span_s : float
        Shortest span of a slider. In an Easy half a beat is the least and "too fast to be
        comprehended" below; here it is so long that the ball can be seen to move away.
    rest_s : float
        Shortest time from a slider's end to the next object.
    most_spans : int
        A Normal should turn back once.
    spinner_s, recovery_s : float
        Shortest spinner, and from its end to the next object: 4 and 4 beats in an Easy, 3 and
        2 in a Normal, 2 and 1 in a Hard.
    burst_s : float
        Circles closer in time than this are not to be clicked one by one where a slider can
        take them: streams are for Insanes.
    least_s : float
        What is closer in time to the object before is left out.
    """

    below: float
    span_s: float
    rest_s: float
    most_spans: int
    spinner_s: float
    recovery_s: float
    burst_s: float
    least_s: float


BANDS = (
    Band(2.0, 0.300, 0.30, 2, 2.0, 1.33, 0.30, 0.20),
    Band(2.7, 0.190, 0.20, 2, 2.0, 0.67, 0.22, 0.14),
    Band(4.0, 0.110, 0.10, 3, 1.8, 0.33, 0.15, 0.08),
    Band(5.3, 0.068, 0.07, 3, 1.5, 0.25, 0.00, 0.06),
    Band(np.inf, 0.065, 0.06, 3, 1.5, 0.20, 0.00, 0.05),
)
"""Easy, Normal, Hard, Insane, Expert."""

_LONGEST_COVER_S = 1.3
"""A slider from one sound to the next takes no longer."""

_SHORTEST_HELD = 9 * _BEAT // 20
_HELD_S = 0.16
"""Shorter sounds are struck rather than held, as are those that leave room for less."""

_LONGEST_SPINNER_S = 6.0
_LONGEST_SLIDER_S = 2.4
_BETWEEN_SPINNERS_S = 15.0
_QUIET_SHARE, _HELD_SHARE = 0.5, 0.9
"""So many of the moments that there are usually in the time of a spinner may be spun through:
where it is quiet, and where a sound goes on."""

_METRE = ((4 * _BEAT, 1.0), (2 * _BEAT, 0.8), (_BEAT, 0.6), (_BEAT // 2, 0.35), (_BEAT // 3, 0.3))
_WEAKEST = 0.15


@dataclass(frozen=True, slots=True)
class Stroke:
    """One object before it has a place.

    Parameters
    ----------
    kind : str
        ``circle``, ``slider`` or ``spinner``.
    tick, end : int
    n_spans : int
    measure : int
        In which it starts.
    pattern : (int, int)
        Of its moment.
    accent : float
        0 to 1: how far it stands out by size, metre and loudness.
    again : bool
        Whether it sounds like the object before.
    new_combo : bool
    """

    kind: str
    tick: int
    end: int
    n_spans: int
    measure: int
    pattern: tuple[int, int]
    accent: float
    again: bool
    new_combo: bool = False


def band(level: float) -> Band:
    """The difficulty that a level belongs to."""
    return next(b for b in BANDS if level < b.below)


def strokes(
    moments: Sequence[Moment], scene: Scene, rng: np.random.Generator, eager: float = 0.0
) -> tuple[Stroke, ...]:
    """Objects for all moments; those that fall on a slider's body or end have none.

    Parameters
    ----------
    moments : sequence of Moment
        In order, one per tick.
    scene : Scene
        Habits ``sliders`` (share of pairs that a slider takes), ``reverses``, ``spinners`` and
        ``combos`` (longer ones) are read.
    rng : Generator
    eager : float
        1 to click most of what sliders could take, -1 to leave them all that they can take, 0
        for what the habits say. The same dice are thrown.
    """
    found = list(_Rhythm(moments, scene, rng, eager))
    return _with_combos(found, scene)


class _Rhythm:
    """Walks along the moments and decides what each becomes."""

    def __init__(
        self, moments: Sequence[Moment], scene: Scene, rng: np.random.Generator, eager: float
    ) -> None:
        self._moments = moments
        self._eager = eager
        self._band = band(min(scene.level, scene.skill + 0.3))
        self._sliders = scene.habits.get("sliders", 0.5)
        self._reverses = scene.habits.get("reverses", 0.5)
        self._spinners = scene.habits.get("spinners", 0.5)
        self._level = scene.level
        self._rng = rng
        self._dice: dict[tuple[int, int], tuple[float, ...]] = {}
        self._timing = scene.timing
        ticks = np.array([m.tick for m in moments], dtype=np.int64)
        self._times_s: list[float] = scene.timing.seconds_at(ticks).tolist()
        self._measure = np.searchsorted(scene.starts, ticks, "right") - 1
        self._offsets = (ticks - scene.starts[np.maximum(self._measure, 0)]).tolist()
        self._weights = [_weight(o) for o in self._offsets]
        self._spun_until_s = -_BETWEEN_SPINNERS_S
        self._end_s = float(scene.timing.seconds_at(int(scene.starts[-1])))
        self._rate_hz = len(moments) / max(self._end_s - self._times_s[0], 1.0)

    def __iter__(self) -> Iterator[Stroke]:
        i = 0
        while i < len(self._moments):
            stroke, i = self._next(i)
            yield stroke
            i = self._first_from(i, float(self._timing.seconds_at(stroke.end)))

    def _first_from(self, i: int, end_s: float) -> int:
        """The first moment from ``i`` on that can be played after an object's end."""
        return max(i, bisect_left(self._times_s, end_s + self._band.least_s - 1e-6))

    def _thrown(self, i: int) -> tuple[float, ...]:
        """Dice of a moment: the same wherever its pattern comes back."""
        pattern = self._moments[i].pattern
        if pattern not in self._dice:
            self._dice[pattern] = tuple(self._rng.random(4).tolist())
        return self._dice[pattern]

    def _next(self, i: int) -> tuple[Stroke, int]:
        """What moment ``i`` becomes, and the first moment after it."""
        for what in (self._spinner, self._reversing, self._held, self._covering):
            found = what(i)
            if found is not None:
                kind, length, n_spans, after = found
                return self._stroke(i, kind, length, n_spans), after
        return self._stroke(i, "circle", 0, 1), i + 1

    def _stroke(self, i: int, kind: str, length: int, n_spans: int) -> Stroke:
        moment = self._moments[i]
        before = self._moments[i - 1] if i else None
        again = before is not None and before.pitch == moment.pitch and before.size == moment.size
        heard = 0.4 * (moment.size - 1) + 0.35 * self._weights[i] + 0.35 * moment.loudness
        return Stroke(
            kind,
            moment.tick,
            moment.tick + length,
            n_spans,
            int(self._measure[i]),
            moment.pattern,
            min(heard, 1.0),
            again,
        )

    # Each of these gives (kind, length, number of spans, first moment after), or nothing.

    def _spinner(self, i: int) -> tuple[str, int, int, int] | None:
        """A strong moment in a quiet place: the few weak ones after it are spun through.

        So where a sound goes on for seconds, or where a section fades out.
        """
        moment, start_s, least_s = self._moments[i], self._times_s[i], self._band.spinner_s
        strong = self._weights[i] >= 0.8 or moment.size > 1
        too_soon = start_s - self._spun_until_s < _BETWEEN_SPINNERS_S
        if not strong or too_soon or self._thrown(i)[0] > 0.25 + 0.65 * self._spinners:
            return None
        after = bisect_left(self._times_s, start_s + least_s + self._band.recovery_s)
        room_s = self._end_s - start_s
        if after < len(self._moments):
            room_s = self._times_s[after] - start_s - self._band.recovery_s
        inner = self._moments[i + 1 : after]
        goes_on = self._seconds(moment.tick, moment.hold) >= 0.8 * least_s
        usual = self._rate_hz * max(room_s, least_s)
        if len(inner) > (_HELD_SHARE if goes_on else _QUIET_SHARE) * usual:
            return None
        length = self._longest(moment.tick, least_s, min(room_s, _LONGEST_SPINNER_S))
        if not length or any(m.size > 1 for m in inner):
            return None
        self._spun_until_s = start_s + self._seconds(moment.tick, length)
        return "spinner", length, 1, after

    def _reversing(self, i: int) -> tuple[str, int, int, int] | None:
        """Sounds that repeat at one distance: a slider that turns back on them."""
        gap = self._gap(i)
        gap_s = self._gap_s(i)
        if not self._band.span_s <= gap_s <= 0.45 or gap < _BEAT // 4:
            return None
        first = self._moments[i]
        is_burst = gap_s <= self._band.burst_s
        for n in range(self._band.most_spans, 1, -1):
            last = i + n
            if last >= len(self._moments) or n * gap not in HOLD_LENGTHS:
                continue
            inner = self._moments[i + 1 : last + 1]
            even = all(b.tick - a.tick == gap for a, b in zip((first, *inner), inner, strict=False))
            alike = is_burst or all(m.pitch == first.pitch for m in inner)
            plain = all(m.size == 1 for m in inner)
            likely = 0.75 if is_burst else 0.45 * self._reverses / (n - 1)
            strong = max(self._weights[i + 1 : last + 1]) >= 1.0
            if even and alike and plain and not strong and self._leaves_rest(last):
                turns = self._thrown(i)[1] < self._swayed(likely)
                return ("slider", n * gap, n, last + 1) if turns else None
        return None

    def _held(self, i: int) -> tuple[str, int, int, int] | None:
        """A sound that lasts."""
        moment = self._moments[i]
        if moment.hold < _SHORTEST_HELD:
            return None
        room_s = min(self._gap_s(i, 60.0) - self._band.rest_s, _LONGEST_SLIDER_S)
        room_s = min(room_s, 1.1 * self._seconds(moment.tick, moment.hold))
        length = self._longest(moment.tick, max(self._band.span_s, _HELD_S), room_s)
        return ("slider", length, 1, i + 1) if length else None

    def _covering(self, i: int) -> tuple[str, int, int, int] | None:
        """A sound and one after it that is no stronger: the slider ends there."""
        # What is too close to be clicked is passed over.
        n = self._first_from(i + 1, self._times_s[i])
        if n == len(self._moments):
            return None
        after = self._moments[n]
        gap, gap_s = after.tick - self._moments[i].tick, self._times_s[n] - self._times_s[i]
        if gap not in HOLD_LENGTHS or not self._band.span_s <= gap_s <= _LONGEST_COVER_S:
            return None
        weaker = self._weights[n] <= self._weights[i] or gap_s <= self._band.burst_s
        if after.size > 1 or not weaker or not self._leaves_rest(n):
            return None
        likely = 0.55 + 0.4 * self._sliders - 0.03 * max(self._level - 3.0, 0.0)
        if gap <= _BEAT // 4:
            # Clicked where the level has bursts; else too quick for two circles.
            likely = 0.9 if gap_s <= self._band.burst_s else 0.1 * self._sliders
        return ("slider", gap, 1, n + 1) if self._thrown(i)[2] < self._swayed(likely) else None

    def _swayed(self, likely: float) -> float:
        """A chance of a slider, less for the eager and more for the lazy."""
        eager = self._eager
        return likely * (1 - 0.6 * eager) if eager > 0 else likely - eager * (1 - likely)

    def _leaves_rest(self, i: int) -> bool:
        """Whether a slider may end on a moment."""
        return self._gap_s(i, 60.0) >= self._band.rest_s

    def _gap(self, i: int) -> int:
        moments = self._moments
        return moments[i + 1].tick - moments[i].tick if i + 1 < len(moments) else 0

    def _gap_s(self, i: int, at_end: float = 0.0) -> float:
        times_s = self._times_s
        return times_s[i + 1] - times_s[i] if i + 1 < len(times_s) else at_end

    def _seconds(self, tick: int, length: int) -> float:
        return float(self._timing.seconds_at(tick + length) - self._timing.seconds_at(tick))

    def _longest(self, tick: int, least_s: float, most_s: float) -> int:
        """The longest length that can be spelled within bounds, on the place's own grid; or 0."""
        lengths = _ON_TRIPLETS if tick % (_BEAT // 4) else _ON_QUARTERS
        lasts_s = self._timing.seconds_at(tick + lengths) - self._timing.seconds_at(tick)
        fitting = lengths[(lasts_s >= least_s) & (lasts_s <= most_s)]
        return int(fitting.max()) if len(fitting) else 0


_ON_QUARTERS, _ON_TRIPLETS = (
    np.array([n for n in HOLD_LENGTHS if n % (_BEAT // part) == 0], dtype=np.int64)
    for part in (4, 3)
)


def _weight(offset: int) -> float:
    """How strong a place of a measure is: its start 1, odd sixteenths 0.15."""
    if offset == 0:
        return 1.0
    return next((w for grid, w in _METRE if offset % grid == 0), _WEAKEST)


# Combos ----------------------------------------------------------------------------------

_BREAK_S = 2.5
_LONGEST_COMBO = 16


def _with_combos(found: Sequence[Stroke], scene: Scene) -> tuple[Stroke, ...]:
    """Combos that follow the measures: "bars of music" (osu! wiki, Ranking criteria).

    A new one starts with the first object of a measure, unless the one before is still too
    short, as in sparse charts and slow music; in full measures one starts halfway too; and
    always with and after spinners and after breaks.
    """
    if not found:
        return ()
    timing, starts = scene.timing, scene.starts
    habit = scene.habits.get("combos", 0.5)
    least = 3 + round(1.5 * habit)
    full = 7 + round(4 * habit)
    in_measure = np.bincount([max(s.measure, 0) for s in found])
    starts_s = timing.seconds_at(np.array([s.tick for s in found], dtype=np.int64))
    ends_s = timing.seconds_at(np.array([s.end for s in found], dtype=np.int64))
    out: list[Stroke] = []
    n_since, half_since = 0, (-1, 0)
    for i, stroke in enumerate(found):
        measure = max(stroke.measure, 0)
        start = int(starts[measure])
        length = int(starts[measure + 1]) - start if measure + 1 < len(starts) else 4 * _BEAT
        second = 2 * (stroke.tick - start) >= length and in_measure[measure] >= full
        half = (measure, int(second))
        new = (
            i == 0
            or stroke.kind == "spinner"
            or found[i - 1].kind == "spinner"
            or starts_s[i] - ends_s[i - 1] >= _BREAK_S
            or (half != half_since and n_since >= least)
            or n_since >= _LONGEST_COMBO
        )
        n_since = 1 if new else n_since + 1
        half_since = half if new or n_since < least else half_since
        out.append(replace(stroke, new_combo=bool(new)))
    return tuple(out)
