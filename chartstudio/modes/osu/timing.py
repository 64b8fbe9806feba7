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

from chartstudio.core.song import Chart, Effect
from chartstudio.core.timing import Seconds, TimingMap
from chartstudio.modes.osu.notes import Slider

SV_RANGE = (0.1, 10.0)
"""Slider velocities that osu!standard plays; others are clamped."""

MULTIPLIER_RANGE = (0.4, 3.6)
TICK_RATE_RANGE = (0.5, 8.0)

DEFAULT_MULTIPLIER = 1.4
"""Slider multiplier of a chart that says none: hundreds of pixels a beat."""

DEFAULT_TICK_RATE = 1.0
"""Slider ticks a beat of a chart that says none."""

_BASE_PX = 100.0
_NO_TICK_MS = 10.0
_LENIENCY_MS = 36.0
_MAX_TICKS = 100_000
"""More ticks than this on one slider are left out; the game has no bound."""


def _px_per_ms(beat_s: float, slider_multiplier: float, sv: float) -> float:
    """Speed of the ball.

    The game turns the velocity into a beat of ``100 / sv`` percent, rounds that to a float and
    clamps it; NaN, which switches ticks off, plays as 1.
    """
    percent = 100.0
    if sv > 0:
        low, high = SV_RANGE
        slowed = 100.0 / min(max(sv, low), high)
        percent = min(max(float(np.float32(slowed)), 100 / high), 100 / low)
    return _BASE_PX * slider_multiplier / (beat_s * 1000 * (percent / 100.0))


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
    velocity = _px_per_ms(beat_s, slider_multiplier, sv)
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
    velocity = _px_per_ms(beat_s, slider_multiplier, sv)
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


def slider_times(start_s: float, end_s: float, n_spans: int, tick_gap_s: float) -> SliderTimes:
    """Ticks and repeats of a slider.

    Ticks stand ``tick_gap_s`` apart counted from the head's end of the path, on the way back
    too, so a repeat mirrors them. None comes within 10 ms of the end of the path.

    Parameters
    ----------
    start_s, end_s : float
    n_spans : int
    tick_gap_s : float
        The beat divided by the tick rate; infinite for no ticks. (Charts of file versions
        below 8 have it divided by the slider velocity too.)
    """
    n_spans = max(n_spans, 1)
    span_s = (end_s - start_s) / n_spans
    spans = np.arange(n_spans, dtype=np.float64)
    last_s = max((start_s + end_s) / 2, end_s - _LENIENCY_MS / 1000)
    repeats: Seconds = start_s + spans[1:] * span_s
    until = span_s - _NO_TICK_MS / 1000
    if not 0 < tick_gap_s < until:
        return SliderTimes(start_s, end_s, repeats, np.empty(0), last_s)
    n_ticks = max(min(math.ceil(until / tick_gap_s) - 1, _MAX_TICKS // n_spans), 0)
    forth = np.arange(1, n_ticks + 1) * tick_gap_s
    forth = forth[forth < until]
    offsets = np.where(spans[:, None] % 2 == 0, forth, span_s - forth[::-1])
    ticks: Seconds = (start_s + spans[:, None] * span_s + offsets).ravel()
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


def ticks_of_slider(slider: Slider, chart: Chart, timing: TimingMap) -> SliderTimes:
    """Ticks, repeats and end of one slider of a chart.

    Parameters
    ----------
    slider : Slider
        Its end is where the slider says, whatever its length and the chart's velocity make.
    chart : Chart
        Its ``slider_tick_rate`` and ``sv`` effects are read.
    timing : TimingMap
    """
    start_s, end_s = timing.seconds_at(slider.tick), timing.seconds_at(slider.end)
    gap_s = 60 / timing.bpm_at(slider.tick) / tick_rate(chart)
    if math.isnan(Velocities(chart.effects).at(slider.tick)):
        gap_s = math.inf
    return slider_times(start_s, end_s, slider.n_spans, gap_s)


def duration_by_velocity_s(slider: Slider, chart: Chart, timing: TimingMap) -> float:
    """How long the chart's own velocity makes a slider last, whatever its end says."""
    beat_s = 60 / timing.bpm_at(slider.tick)
    sv = Velocities(chart.effects).at(slider.tick)
    return slider_duration_s(slider.length_px, slider.n_spans, beat_s, slider_multiplier(chart), sv)
