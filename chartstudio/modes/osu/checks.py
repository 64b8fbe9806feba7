"""What is wrong with an osu!standard chart.

Places and thresholds are those of osu!'s own editor (``Rulesets/Edit/Checks`` and
``Rulesets.Osu/Edit/Checks`` of ppy/osu). An error is what the game cannot play, or what its
ranking criteria forbid in any chart; what they advise is a warning or a hint. Stacking, which
moves circles by a few pixels, is left out of account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from chartstudio.core.mode import Issue, Severity
from chartstudio.core.note import ends_of, shift, sort_notes, ticks_of
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks
from chartstudio.core.timing import Seconds, TimingMap
from chartstudio.modes.osu.curve import Points, end_position, length_of, path_of
from chartstudio.modes.osu.field import SCREEN, osu_notes, radius_px
from chartstudio.modes.osu.notes import Circle, OsuNote, Slider, Spinner
from chartstudio.modes.osu.timing import SV_RANGE, length_for, needed_sv, slider_multiplier

CONCURRENT_S = 0.002
"""Objects that follow one another within this time are at one time."""

TOO_CLOSE_S = 0.010
"""Objects closer together can hardly be meant to be played one after the other."""

_ZERO_S = 0.0005
_DIVISORS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16)
"""Parts of a beat that osu!'s editors offer."""

_UNSNAPPED_S, _NEARLY_SNAPPED_S = 0.002, 0.001
_SV_SLACK = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class _Objects:
    """A chart's objects with their times.

    Attributes
    ----------
    notes : tuple of OsuNote, length N
    starts_s, ends_s : ndarray of float64, shape (N,)
    """

    notes: tuple[OsuNote, ...]
    starts_s: Seconds
    ends_s: Seconds

    @classmethod
    def of(cls, chart: Chart, timing: TimingMap) -> _Objects:
        notes = osu_notes(chart.notes)
        return cls(notes, timing.seconds_at(ticks_of(notes)), timing.seconds_at(ends_of(notes)))

    def __iter__(self) -> Iterator[tuple[OsuNote, float, float]]:
        return zip(self.notes, self.starts_s.tolist(), self.ends_s.tolist(), strict=True)


def _name(note: OsuNote) -> str:
    return type(note).__name__.lower()


# Time ------------------------------------------------------------------------------------


def check_overlaps(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Objects at one time, inside of longer ones, or almost so."""
    longest: OsuNote | None = None
    until_s = -np.inf
    for note, start_s, end_s in _Objects.of(chart, timing):
        gap_s = start_s - until_s
        if longest is not None and gap_s < TOO_CLOSE_S:
            yield _overlap(longest, note, gap_s)
        if end_s >= until_s:
            longest, until_s = note, end_s


def _overlap(first: OsuNote, note: OsuNote, gap_s: float) -> Issue:
    what = f"A {_name(note)}"
    if gap_s > CONCURRENT_S:
        text = f"{what} {gap_s * 1000:.0f} ms after the end of a {_name(first)}"
        return Issue("almost-at-once", "warning", text, note.tick, note.end)
    text = f"{what} while a {_name(first)} goes on"
    if note.tick == first.tick:
        text = f"{what} at the same time as a {_name(first)}"
    fix = _without(note) if isinstance(note, Circle) else None
    return Issue("overlap", "error", text, note.tick, note.end, fix)


def check_before_start(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Notes before the audio starts."""
    for note, start_s, _ in _Objects.of(chart, timing):
        if start_s >= 0:
            return
        yield Issue("before-start", "warning", "Before the audio starts", note.tick, note.end)


def check_snapping(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Heads, repeats and ends beside every grid of the editor."""
    notes = osu_notes(chart.notes)
    whose, what, ticks = _moments(notes)
    nearest, off_s = off_grid(ticks, timing)
    worst: dict[int, tuple[float, str, int]] = {}
    for i in np.flatnonzero(off_s >= _NEARLY_SNAPPED_S).tolist():
        worst[whose[i]] = max(
            worst.get(whose[i], (0.0, "", 0)), (float(off_s[i]), what[i], int(nearest[i]))
        )
    for n, (seconds, part, tick) in worst.items():
        note = notes[n]
        severity: Severity = "warning" if seconds >= _UNSNAPPED_S else "hint"
        text = f"{_part_name(note, part)} is {seconds * 1000:.1f} ms beside the grid"
        is_head_only = part == "head" and severity == "hint"
        fix = _shifted(note, tick - note.tick) if is_head_only else None
        yield Issue("off-grid", severity, text, note.tick, note.end, fix)


def _part_name(note: OsuNote, part: str) -> str:
    return "A circle" if isinstance(note, Circle) else f"The {part} of a {_name(note)}"


def _moments(notes: tuple[OsuNote, ...]) -> tuple[list[int], list[str], Ticks]:
    """Every head, repeat and end: of which note, what it is, and its tick."""
    whose: list[int] = []
    what: list[str] = []
    ticks: list[int] = []
    for n, note in enumerate(notes):
        parts = [("head", note.tick)]
        if note.end > note.tick:
            parts.append(("end", note.end))
        if isinstance(note, Slider) and note.n_spans > 1:
            # Repeats lie at even distances: the first stands for all.
            span = (note.end - note.tick) / note.n_spans
            parts.append(("repeat", note.tick + round(span)))
        for part, tick in parts:
            whose.append(n)
            what.append(part)
            ticks.append(tick)
    return whose, what, np.array(ticks, dtype=np.int64)


def off_grid(ticks: Ticks, timing: TimingMap) -> tuple[Ticks, Seconds]:
    """The nearest line of any grid that osu!'s editors offer.

    Parameters
    ----------
    ticks : ndarray of int64, shape (N,)
    timing : TimingMap

    Returns
    -------
    nearest : ndarray of int64, shape (N,)
    off_s : ndarray of float64, shape (N,)
        Time from each tick to its line.
    """
    origin = timing.grid_origin(ticks)
    phase = ticks - origin
    best: Ticks = np.rint(phase / TICKS_PER_BEAT).astype(np.int64) * TICKS_PER_BEAT
    for divisor in _DIVISORS:
        step = TICKS_PER_BEAT // divisor
        line = np.rint(phase / step).astype(np.int64) * step
        best = np.where(np.abs(line - phase) < np.abs(best - phase), line, best)
    nearest = best + origin
    bars = np.array([a.tick for a in timing.anchors if a.bar], dtype=np.int64)
    after = bars[np.minimum(np.searchsorted(bars, ticks), len(bars) - 1)]
    nearest = np.where(np.abs(after - ticks) < np.abs(nearest - ticks), after, nearest)
    return nearest, np.abs(timing.seconds_at(nearest) - timing.seconds_at(ticks))


# Length ----------------------------------------------------------------------------------


def check_lengths(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Sliders and spinners without length, and spinners too short to be spun.

    Within the limit for spinners, even the game's own player cannot reach 1000 points.
    """
    od = chart.setting("od")
    least_s, good_s = spinner_limits_s(float(od) if isinstance(od, int | float) else 5.0)
    for note, start_s, end_s in _Objects.of(chart, timing):
        place = (note.tick, note.end)
        if isinstance(note, Circle):
            continue
        if end_s - start_s < _ZERO_S:
            text = f"A {_name(note)} that takes no time"
            fix = _as_circle(note) if isinstance(note, Slider) else None
            yield Issue("zero-length", "error", text, *place, fix)
        elif isinstance(note, Spinner) and end_s - start_s < good_s:
            text = f"A spinner of {(end_s - start_s) * 1000:.0f} ms; {good_s * 1000:.0f} are enough"
            severity: Severity = "error" if end_s - start_s < least_s else "hint"
            yield Issue("spinner-too-short", severity, text, *place)
        elif isinstance(note, Slider) and _is_pathless(note):
            text = "A slider without a path"
            yield Issue("zero-length", "error", text, *place, _as_circle(note))


def _is_pathless(note: Slider) -> bool:
    """Whether the slider's path is its head and nothing else."""
    away = any((x, y) != (note.x, note.y) for _, x, y in note.points)
    return not (note.length_px > 0 and away)


def spinner_limits_s(od: float) -> tuple[float, float]:
    """Shortest spinner that may do, and the shortest that always does, at a difficulty."""
    step = od - 5.0
    return (
        (450 + step * 17) / 1000,
        (500 + step * (20 if step > 0 else 21.8)) / 1000,
    )


def check_velocity(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Sliders that would need a velocity which the game does not play."""
    low, high = SV_RANGE
    multiplier = slider_multiplier(chart)
    for note, start_s, end_s in _Objects.of(chart, timing):
        if not isinstance(note, Slider) or end_s - start_s < _ZERO_S:
            continue
        length_px = length_of(note.curve, note.x, note.y, note.points, note.length_px)
        beat_s = 60 / timing.bpm_at(note.tick)
        sv = needed_sv(length_px, note.n_spans, end_s - start_s, beat_s, multiplier)
        # What has no length at all is another check's.
        if sv == 0 or low * (1 - _SV_SLACK) <= sv <= high * (1 + _SV_SLACK):
            continue
        played = low if sv < low else high
        length_px = length_for(note.n_spans, end_s - start_s, beat_s, multiplier, played)
        fixed = replace(note, length_px=round(length_px, 6))
        text = f"A slider that needs velocity {sv:.2g}; the game plays {low:g} to {high:g}"
        yield Issue("slider-velocity", "warning", text, note.tick, note.end, _changed(note, fixed))


# Place -----------------------------------------------------------------------------------


def check_off_screen(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Circles and slider bodies that leave a 4:3 screen.

    A part of the rim outside is a warning; with its centre outside, an object cannot be seen
    well enough to be aimed at.
    """
    radius = radius_px(chart)
    for note in osu_notes(chart.notes):
        if isinstance(note, Spinner):
            continue
        outside_px = _outside_px(note, radius)
        if outside_px > 0:
            severity: Severity = "error" if outside_px > radius else "warning"
            text = f"A {_name(note)} leaves the screen by {outside_px:.0f} pixels"
            yield Issue("off-screen", severity, text, note.tick, note.end)


def _outside_px(note: Circle | Slider, radius: float) -> float:
    head = np.array([[note.x, note.y]])
    if isinstance(note, Circle):
        return _past_screen(head, radius)
    # No part of a slider is further from its head than its length. Lines and Bezier curves lie
    # between their control points, but for what they are stretched by.
    length_px = max(note.length_px, 0.0)
    if _past_screen(head, radius + length_px) <= 0:
        return 0.0
    if all(letter[:1] in ("", "B", "L") for letter in (note.curve, *(p[0] for p in note.points))):
        points = np.array([(note.x, note.y), *(p[1:] for p in note.points)])
        chord_px = float(np.hypot(*(points[-1] - points[0])))
        if _past_screen(points, radius + max(length_px - chord_px, 0.0)) <= 0:
            return 0.0
    return _past_screen(path_of(note), radius)


def _past_screen(points: Points, radius: float) -> float:
    """How far the farthest rim of circles at some places is outside the screen; or below 0."""
    left, top, right, bottom = SCREEN
    low_x, low_y = points.min(axis=0).tolist()
    high_x, high_y = points.max(axis=0).tolist()
    return float(max(left - low_x, top - low_y, high_x - right, high_y - bottom)) + radius


# Spread ----------------------------------------------------------------------------------

EASY_STARS, NORMAL_STARS = 2.0, 2.7
"""Below these ratings osu! takes a chart for an Easy, or for a Normal."""

_NORMAL_DENSITY_HZ = 4.0
"""No Normal has more objects a second than this, over the whole of it."""

_SHORT_SPAN_S, _BRIEF_SPAN_S = 0.125, 0.150
_MUST_OVERLAP_S, _MAY_OVERLAP_S, _MUST_NOT_OVERLAP_S = 0.150, 0.175, 0.250
_OVERLAP_PX = 5.0
_PATTERN_S, _STACKED_PX = 0.600, 12.0
_MEMORY_S, _SAME_GAP_S = 4.0, 0.016


def spread_check(
    stars: Callable[[Chart, TimingMap], float],
) -> Callable[[Chart, TimingMap], Iterator[Issue]]:
    """The checks of charts for beginners, given what rates a chart."""

    def check_spread(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
        """Too short sliders, misleading overlaps and uneven spacing in Easies and Normals."""
        objects = _Objects.of(chart, timing)
        if len(objects.notes) < 2 or _density_hz(objects) > _NORMAL_DENSITY_HZ:
            return
        rating = stars(chart, timing) if chart.level is None else chart.level
        if rating <= 0:
            return
        if rating < EASY_STARS:
            yield from _short_sliders(objects)
            yield from _overlapping(objects, chart)
        if rating < NORMAL_STARS:
            yield from _uneven(objects)

    return check_spread


def _density_hz(objects: _Objects) -> float:
    span_s = float(objects.ends_s[-1] - objects.starts_s[0])
    return len(objects.notes) / max(span_s, 1.0)


def _short_sliders(objects: _Objects) -> Iterator[Issue]:
    for note, start_s, end_s in objects:
        if not isinstance(note, Slider):
            continue
        span_s = (end_s - start_s) / max(note.n_spans, 1)
        if span_s < _BRIEF_SPAN_S:
            severity: Severity = "warning" if span_s < _SHORT_SPAN_S else "hint"
            text = f"A slider of {span_s * 1000:.0f} ms a span, in an Easy; 167 are usual"
            yield Issue("slider-too-short", severity, text, note.tick, note.end)


@dataclass(frozen=True, slots=True)
class _Step:
    """From one object to the next: neither is a spinner."""

    first: Circle | Slider
    second: Circle | Slider
    start_s: float
    gap_s: float
    distance_px: float


def _steps(objects: _Objects) -> Iterator[_Step]:
    found = list(objects)
    for (a, _, a_end_s), (b, b_start_s, _) in pairwise(found):
        if isinstance(a, Spinner) or isinstance(b, Spinner):
            continue
        from_x, from_y = end_position(a) if isinstance(a, Slider) else (a.x, a.y)
        distance_px = float(np.hypot(b.x - from_x, b.y - from_y))
        yield _Step(a, b, b_start_s, b_start_s - a_end_s, distance_px)


def _overlapping(objects: _Objects, chart: Chart) -> Iterator[Issue]:
    """Objects that beginners would read wrongly, because they touch or do not."""
    visible_s = preempt_s(chart)
    visible_s += 0.4 * min(1.0, visible_s / 0.45)
    touching_px = 2 * (radius_px(chart) - _OVERLAP_PX)
    for step in _steps(objects):
        if step.gap_s >= visible_s:
            continue
        place = (step.first.tick, step.second.end)
        apart = f"{step.gap_s * 1000:.0f} ms apart"
        if step.distance_px < touching_px and step.gap_s > _MUST_NOT_OVERLAP_S:
            text = f"Objects {apart} touch, in an Easy"
            yield Issue("misleading-overlap", "warning", text, *place)
        elif (
            step.distance_px >= touching_px
            and step.gap_s < _MAY_OVERLAP_S
            and not isinstance(step.first, Slider)
        ):
            severity: Severity = "warning" if step.gap_s < _MUST_OVERLAP_S else "hint"
            yield Issue("missing-overlap", severity, f"Objects {apart} should touch", *place)


def _uneven(objects: _Objects) -> Iterator[Issue]:
    """Distances that do not grow with time as those before them do."""
    seen: list[_Step] = []
    for step in _steps(objects):
        if step.gap_s > _PATTERN_S or step.distance_px < _STACKED_PX:
            continue
        expected_px = _expected_px(seen, step)
        off_px = abs(expected_px - step.distance_px)
        severity: Severity | None = None
        if expected_px > 0:
            if (off_px - 20) / step.distance_px > 0.3:
                severity = "warning"
            elif (off_px - 10) / step.distance_px > 0.15:
                severity = "hint"
        if severity is None:
            seen.append(step)
            continue
        text = f"Distance {step.distance_px:.0f} px, where those before make {expected_px:.0f}"
        yield Issue("uneven-spacing", severity, text, step.first.tick, step.second.end)


def _expected_px(seen: list[_Step], step: _Step) -> float:
    """Distance that a step has by the speed of the steps before it; 0 for not known."""
    speeds = []
    for past in reversed(seen):
        is_alike = abs(step.gap_s - past.gap_s) <= _SAME_GAP_S
        if step.start_s - past.start_s > _MEMORY_S or not is_alike:
            break
        speeds.append(past.distance_px / max(past.gap_s, 0.001))
    return sum(speeds) / len(speeds) * step.gap_s if speeds else 0.0


def preempt_s(chart: Chart) -> float:
    """How long before its time an object comes into view (osu!'s rule from approach rate)."""
    rate = chart.setting("ar")
    step = (min(max(float(rate), 0.0), 10.0) if isinstance(rate, int | float) else 5.0) - 5.0
    return 1.2 - step * (0.15 if step > 0 else 0.12)


# Fixes -----------------------------------------------------------------------------------


def _changed(old: OsuNote, *new: OsuNote) -> Callable[[Chart], Chart]:
    """Put others in place of a note: the last of those equal to it, which was reported."""

    def fix(chart: Chart) -> Chart:
        if old not in chart.notes:
            return chart
        i = len(chart.notes) - 1 - chart.notes[::-1].index(old)
        kept = (*chart.notes[:i], *new, *chart.notes[i + 1 :])
        return replace(chart, notes=sort_notes(kept))

    return fix


def _without(note: OsuNote) -> Callable[[Chart], Chart]:
    return _changed(note)


def _shifted(note: OsuNote, ticks: int) -> Callable[[Chart], Chart]:
    return _changed(note, shift(note, ticks))


def _as_circle(note: Slider) -> Callable[[Chart], Chart]:
    sound = note.sound.split(",", 1)[0] if note.sound else ""
    circle = Circle(note.tick, note.tick, note.x, note.y, note.new_combo, note.combo_skip, sound)
    return _changed(note, circle)
