"""When things happen on a slider: its end, its repeats, its ticks, and the speed behind them.

Rules and the order of roundings are those of osu! (``Slider``, ``SliderEventGenerator``,
``LegacyRulesetExtensions`` of ppy/osu). The first functions need no chart, for those who read
and write files; the others take a slider's end from the slider, where the author put it. This
module knows no shapes: a length is what `curve.length_of` says.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.song import Chart, Effect
from chartstudio.core.timing import Seconds, TimingMap
from chartstudio.modes.osu.curve import length_of
from chartstudio.modes.osu.notes import Slider

Shares = NDArray[np.float64]
"""Places on a span as shares of its length, in rising order."""

SV_RANGE = (0.1, 10.0)
"""Slider velocities that osu!standard plays; others are clamped."""

MULTIPLIER_RANGE = (0.4, 3.6)
TICK_RATE_RANGE = (0.5, 8.0)

DEFAULT_MULTIPLIER = 1.4
"""Slider multiplier of a chart that says none: hundreds of pixels a beat."""

DEFAULT_TICK_RATE = 1.0
"""Slider ticks a beat of a chart that says none."""

RULES_VERSION = "rules_version"
"""Chart setting: the version of the .osu file by whose old rules the chart plays, where that is
below `LATE_RULES`. Charts without it play by the rules of today."""

LATE_RULES = 8
"""From this version on the distance between ticks grows with the slider velocity."""

LATE_STACKING = 6
"""From this version on objects are stacked from the last one backwards."""

SAME_END_S = 0.0015
"""A slider that the chart's velocity ends so near to its end was meant to have that velocity:
files hold no ends, and ends on ticks are rounded."""

_BASE_PX = 100.0
_NO_TICK_MS = 10.0
_LENIENCY_MS = 36.0
_LONGEST_PX = 100_000.0
"""Ticks are spread over no longer a path than this."""

_MAX_TICKS = 100_000
"""More ticks than this on one slider are left out; the game has no bound."""


def beat_ms_of(bpm: float) -> float:
    """Length of a beat in milliseconds, with the 15 digits that osu! (stable) writes it with."""
    return float(f"{60_000 / bpm:.15g}")


def _px_per_ms(beat_ms: float, slider_multiplier: float, sv: float) -> float:
    """Speed of the ball.

    The game turns the velocity into a beat of ``100 / sv`` percent, rounds that to a float and
    clamps it; NaN, which switches ticks off, plays as 1.
    """
    percent = 100.0
    if sv > 0:
        low, high = SV_RANGE
        slowed = 100.0 / min(max(sv, low), high)
        percent = min(max(float(np.float32(slowed)), 100 / high), 100 / low)
    return _BASE_PX * slider_multiplier / (beat_ms * (percent / 100.0))


def slider_duration_s(
    length_px: float, n_spans: int, beat_s: float, slider_multiplier: float, sv: float
) -> float:
    """How long the game plays a slider.

    Parameters
    ----------
    length_px : float
        Of one span, as `curve.length_of` gives it.
    n_spans : int
    beat_s : float
        Length of the beat at the slider's start.
    slider_multiplier : float
        The chart's.
    sv : float
        Slider velocity at the slider's start; NaN is 1.

    Returns
    -------
    float
        Seconds, 0 or more.
    """
    velocity = _px_per_ms(beat_s * 1000, slider_multiplier, sv)
    return max(n_spans, 1) * max(length_px, 0.0) / velocity / 1000


def needed_sv(
    length_px: float, n_spans: int, duration_s: float, beat_s: float, slider_multiplier: float
) -> float:
    """The slider velocity with which a slider takes a given time; see `slider_duration_s`.

    Outside of `SV_RANGE` no velocity does. Infinite for no time, 0 for no length.
    """
    if duration_s <= 0:
        return math.inf
    beats = duration_s / beat_s
    return max(n_spans, 1) * length_px / (_BASE_PX * slider_multiplier * beats)


def length_for(
    n_spans: int, duration_s: float, beat_s: float, slider_multiplier: float, sv: float
) -> float:
    """Length of one span, in osu! pixels, with which a slider takes a given time."""
    velocity = _px_per_ms(beat_s * 1000, slider_multiplier, sv)
    return duration_s * 1000 * velocity / max(n_spans, 1)


@dataclass(frozen=True, slots=True, eq=False)
class SliderTimes:
    """Moments of a slider that are judged or heard, in seconds.

    Attributes
    ----------
    start_s, end_s : float
    repeats_s : ndarray
        Where the ball turns, n_spans - 1 of them.
    ticks_s : ndarray
        Slider ticks, in order of time.
    legacy_last_tick_s : float
        Where osu! (stable) last looks whether the slider is held: 36 ms before the end, but
        not before its middle. osu! (lazer) judges the end there too, as leniency.
    """

    start_s: float
    end_s: float
    repeats_s: Seconds
    ticks_s: Seconds
    legacy_last_tick_s: float


def tick_shares(length_px: float, tick_px: float, px_per_ms: float) -> Shares:
    """Where ticks lie on one span, as shares of it from the head on.

    None comes within 10 ms of the end of the path. The distances are added up one by one as
    in the game, since editors end sliders right where that decides on a tick.

    Parameters
    ----------
    length_px : float
        Of the span.
    tick_px : float
        Distance between ticks; infinite for none.
    px_per_ms : float
        Speed of the ball.

    Returns
    -------
    ndarray of float64
        In rising order, at most 100,000.
    """
    length_px = min(length_px, _LONGEST_PX)
    until_px = length_px - px_per_ms * _NO_TICK_MS
    if not 0 < tick_px < until_px:
        return np.empty(0)
    n_most = min(int(length_px / tick_px) + 1, _MAX_TICKS)
    distances = np.cumsum(np.full(n_most, tick_px))
    found: Shares = distances[distances < until_px] / length_px
    return found


def slider_times(start_s: float, end_s: float, n_spans: int, shares: Shares) -> SliderTimes:
    """Ticks and repeats of a slider.

    Ticks lie at the same places of the path on the way back, so a repeat mirrors them.

    Parameters
    ----------
    start_s, end_s : float
    n_spans : int
    shares : ndarray of float64
        Of `tick_shares`.
    """
    n_spans = max(n_spans, 1)
    span_s = (end_s - start_s) / n_spans
    spans = np.arange(n_spans, dtype=np.float64)
    last_s = max((start_s + end_s) / 2, end_s - _LENIENCY_MS / 1000)
    repeats: Seconds = start_s + spans[1:] * span_s
    forth = shares[: _MAX_TICKS // n_spans]
    on_span = np.where(spans[:, None] % 2 == 0, forth, 1 - forth[::-1])
    ticks: Seconds = (start_s + (spans[:, None] + on_span) * span_s).ravel()
    return SliderTimes(start_s, end_s, repeats, ticks, last_s)


# With a chart ----------------------------------------------------------------------------


class Velocities:
    """Slider velocity along a chart.

    Parameters
    ----------
    effects : iterable of Effect
        Those of kind ``sv`` count; their value is a figure or ``"nan"``.
    """

    def __init__(self, effects: Iterable[Effect]) -> None:
        found = sorted((e for e in effects if e.kind == "sv"), key=lambda e: e.tick)
        self._ticks = [e.tick for e in found]
        self._values = [_value(e.values) for e in found]

    def at(self, tick: int) -> float:
        """Velocity from the last change at or before a tick; 1 before the first.

        NaN where ticks are switched off.
        """
        i = bisect_right(self._ticks, tick) - 1
        return self._values[i] if i >= 0 else 1.0


def _value(values: Sequence[float | str]) -> float:
    value = values[0] if values else 1.0
    if value == "nan":
        return math.nan
    sv = float(value)
    return sv if sv > 0 or math.isnan(sv) else 1.0


def slider_multiplier(chart: Chart) -> float:
    """The chart's slider multiplier, clamped as the game does, or the default."""
    return _clamped(chart.setting("slider_multiplier"), DEFAULT_MULTIPLIER, MULTIPLIER_RANGE)


def tick_rate(chart: Chart) -> float:
    """The chart's slider tick rate, clamped as the game does, or the default."""
    return _clamped(chart.setting("slider_tick_rate"), DEFAULT_TICK_RATE, TICK_RATE_RANGE)


def _clamped(value: object, default: float, limits: tuple[float, float]) -> float:
    figure = float(value) if isinstance(value, int | float) else default
    return min(max(figure, limits[0]), limits[1])


def rules_version(chart: Chart) -> int | None:
    """The version of .osu files by whose old rules a chart plays; None for those of today."""
    value = chart.setting(RULES_VERSION)
    return int(value) if isinstance(value, int | float) and 0 < value < LATE_RULES else None


def ticks_of_slider(slider: Slider, chart: Chart, timing: TimingMap) -> SliderTimes:
    """Ticks, repeats and end of one slider of a chart.

    Parameters
    ----------
    slider : Slider
        Its end is where the slider says, whatever its length and the chart's velocity make.
    chart : Chart
        Its settings and ``sv`` effects are read.
    timing : TimingMap
    """
    start_s, end_s = timing.seconds_at(slider.tick), timing.seconds_at(slider.end)
    sv = Velocities(chart.effects).at(slider.tick)
    old = rules_version(chart) is not None
    return slider_times(start_s, end_s, slider.n_spans, _shares(slider, chart, timing, sv, old))


def n_ticks_by_old_rules(chart: Chart, timing: TimingMap) -> int:
    """How many sliders have their ticks elsewhere than by the rules of today."""
    if rules_version(chart) is None:
        return 0
    velocities = Velocities(chart.effects)

    def differs(slider: Slider) -> bool:
        sv = velocities.at(slider.tick)
        then, now = (_shares(slider, chart, timing, sv, old) for old in (True, False))
        return not np.array_equal(then, now)

    return sum(differs(n) for n in chart.notes if isinstance(n, Slider))


def _shares(slider: Slider, chart: Chart, timing: TimingMap, sv: float, old: bool) -> Shares:
    """Where a slider's ticks lie on its path.

    Where its end is another than the chart's velocity makes, it has the velocity that makes
    it so, as a file of it would say.
    """
    duration_s = timing.seconds_at(slider.end) - timing.seconds_at(slider.tick)
    length_px = length_of(slider.curve, slider.x, slider.y, slider.points, slider.length_px)
    if math.isnan(sv) or duration_s <= 0 or length_px <= 0:
        return np.empty(0)
    multiplier, n_spans = slider_multiplier(chart), max(slider.n_spans, 1)
    beat_ms = beat_ms_of(timing.bpm_at(slider.tick))
    px_per_ms = _px_per_ms(beat_ms, multiplier, sv)
    if abs(n_spans * length_px / px_per_ms / 1000 - duration_s) > SAME_END_S:
        sv = needed_sv(length_px, n_spans, duration_s, beat_ms / 1000, multiplier)
        px_per_ms = n_spans * length_px / (duration_s * 1000)
    # By way of the speed, whose rounding the distance has in the game too.
    tick_px = px_per_ms * beat_ms / tick_rate(chart)
    if old:
        low, high = SV_RANGE
        tick_px *= 1 / min(max(sv, low), high)
    return tick_shares(length_px, tick_px, px_per_ms)


def duration_by_velocity_s(slider: Slider, chart: Chart, timing: TimingMap) -> float:
    """How long the chart's own velocity makes a slider last, whatever its end says."""
    beat_s = 60 / timing.bpm_at(slider.tick)
    sv = Velocities(chart.effects).at(slider.tick)
    return slider_duration_s(slider.length_px, slider.n_spans, beat_s, slider_multiplier(chart), sv)
