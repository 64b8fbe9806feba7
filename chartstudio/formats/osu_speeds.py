"""How long sliders take in osu!'s modes, by the tempo and speeds of one file.

osu!standard's rule lives with its mode (`modes.osu.timing`); taiko's and mania's are here,
because only their files have sliders. The order of roundings is the game's
(``TaikoBeatmapConverter``, ``LegacyRulesetExtensions`` of ppy/osu). This module knows no line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chartstudio.formats.osu_timing import Controls
from chartstudio.modes.osu.timing import slider_duration_s

MULTIPLIER_RANGE = (0.4, 3.6)
TICK_RATE_RANGE = (0.5, 8.0)

_BASE_PX = 100.0
_TAIKO_FACTOR = float(np.float32(1.4))
_PERCENT_RANGE = (10.0, 10_000.0)
"""Beats that taiko and mania stretch to, in percent; osu!standard stops at 1,000."""

_MAX_TAIKO_MS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Speeds:
    """What the length of a slider is divided by.

    Parameters
    ----------
    multiplier, tick_rate : float
        The chart's, within the game's ranges.
    controls : Controls
    """

    multiplier: float
    tick_rate: float
    controls: Controls

    def osu_ms(
        self, start_ms: float, length_px: float, n_spans: int, sv: float | None = None
    ) -> float:
        """Duration in osu!standard, at a velocity of its own or the one in force.

        Parameters
        ----------
        start_ms : float
        length_px : float
            As `osu_paths.played_px` gives it.
        n_spans : int
        sv : float, optional
        """
        beat_s = self.controls.beat_ms_at(start_ms) / 1000
        if sv is None:
            sv = self.controls.sv_at(start_ms)
        return slider_duration_s(length_px, n_spans, beat_s, self.multiplier, sv) * 1000

    def mania_ms(self, start_ms: float, length_px: float, n_spans: int) -> float:
        """Duration in osu!mania, which plays sliders as holds."""
        return n_spans * length_px / (_BASE_PX * self.multiplier / self._beat_ms(start_ms))

    def taiko_ms(self, start_ms: float, length_px: float, n_spans: int) -> int:
        """Duration of a drumroll in whole milliseconds; a length of 0 stays 0."""
        distance = length_px * _TAIKO_FACTOR
        distance *= n_spans
        found = distance / self._taiko_velocity() * self._beat_ms(start_ms)
        return int(min(found, _MAX_TAIKO_MS))

    def taiko_length_px(self, start_ms: float, duration_ms: float) -> float:
        """Length of one span that lasts so long as a drumroll."""
        return duration_ms * self._taiko_velocity() / self._beat_ms(start_ms) / _TAIKO_FACTOR

    def _taiko_velocity(self) -> float:
        px_per_tick = _BASE_PX * (self.multiplier * _TAIKO_FACTOR) / self.tick_rate
        return px_per_tick * self.tick_rate

    def _beat_ms(self, start_ms: float) -> float:
        """The beat stretched by the speed in force, rounded on the way as the game does."""
        low, high = _PERCENT_RANGE
        percent = float(np.float32(100.0 / self.controls.sv_at(start_ms)))
        return self.controls.beat_ms_at(start_ms) * (min(max(percent, low), high) / 100.0)
