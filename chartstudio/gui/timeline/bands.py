"""Where things lie in the timeline, from top to bottom, as values.

Knows sizes in pixels; knows no song, no painter and no widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

GUTTER_PX = 70
"""Width of the column of names on the left."""

TEMPO_PX = 30
RULER_PX = 25
MARKS_PX = 24
"""Height of a strip's head: the band of marks and its labels."""
DENSITY_PX = 68
FOLLOW_PX = 20
GAP_PX = 16
"""Between two strips."""

MIN_LANE_PX = 9.0
MAX_LANE_PX = 76.0
MAX_ROW_PX = 112.0
"""Strips of a single row may be taller than a lane."""

SECOND_SHARE = 0.62
"""Lane height of the second strip, as a share of the first's."""

_WAVE_SHARE = 0.2
_MIN_WAVE_PX, _MAX_WAVE_PX = 44, 170


class Zone(Enum):
    """What part of the timeline a point lies in."""

    TEMPO = "tempo"
    WAVE = "wave"
    RULER = "ruler"
    DENSITY = "density"
    FOLLOW = "follow"
    STRIP = "strip"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Band:
    """A horizontal stretch of the widget, in pixels."""

    top: int
    height: int

    @property
    def bottom(self) -> int:
        """First pixel row below."""
        return self.top + self.height


@dataclass(frozen=True, slots=True)
class StripBand:
    """Where one chart is drawn.

    Parameters
    ----------
    chart : int
        Index in the song.
    head : Band
        Marks and their labels.
    lanes : Band
    n_lanes : int
    """

    chart: int
    head: Band
    lanes: Band
    n_lanes: int

    @property
    def lane_px(self) -> float:
        """Height of a lane."""
        return self.lanes.height / self.n_lanes

    def lane_y(self, lane: float) -> float:
        """Middle of a lane."""
        return self.lanes.top + (lane + 0.5) * self.lane_px

    def row_at(self, y: float) -> float:
        """Lanes from the strip's top, as a fraction: 0 is the first lane's upper edge."""
        return (y - self.lanes.top) / self.lane_px

    def lane_at(self, y: float) -> int:
        """The lane nearest to a height."""
        return min(max(int(self.row_at(y)), 0), self.n_lanes - 1)


@dataclass(frozen=True, slots=True)
class Bands:
    """The whole timeline."""

    width: int
    height: int
    tempo: Band
    wave: Band
    ruler: Band
    strips: tuple[StripBand, ...]
    density: Band | None = None
    follow: Band | None = None

    @property
    def view_px(self) -> int:
        """Width of the part that shows the song."""
        return max(self.width - GUTTER_PX, 1)

    @property
    def bottom(self) -> int:
        """First pixel row below everything that is drawn."""
        if self.strips:
            return self.strips[-1].lanes.bottom
        return (self.follow or self.density or self.ruler).bottom

    def zone_at(self, y: float) -> tuple[Zone, StripBand | None]:
        """The zone at a height, with its strip."""
        for zone, band in (
            (Zone.TEMPO, self.tempo),
            (Zone.WAVE, self.wave),
            (Zone.RULER, self.ruler),
        ):
            if band.top <= y < band.bottom:
                return zone, None
        if self.density is not None and self.density.top <= y < self.density.bottom:
            return Zone.DENSITY, None
        if self.follow is not None and self.follow.top <= y < self.follow.bottom:
            return Zone.FOLLOW, None
        for strip in self.strips:
            if strip.head.top <= y < strip.lanes.bottom:
                return Zone.STRIP, strip
        return Zone.NOTHING, None

    def strip_of(self, chart: int) -> StripBand | None:
        """Where a chart is drawn, if it is."""
        return next((s for s in self.strips if s.chart == chart), None)


def arrange(
    width: int,
    height: int,
    charts: Sequence[tuple[int, int]],
    density: bool = False,
    follow: bool = False,
) -> Bands:
    """Share out the height.

    Parameters
    ----------
    width, height : int
        Of the widget, in pixels.
    charts : sequence of (int, int)
        Index and number of lanes of each strip, from the top; the first gets more room.
    density, follow : bool
        Whether the lanes of that name are shown.
    """
    wave_px = int(min(max(height * _WAVE_SHARE, _MIN_WAVE_PX), _MAX_WAVE_PX))
    tempo = Band(0, TEMPO_PX)
    wave = Band(tempo.bottom, wave_px)
    ruler = Band(wave.bottom, RULER_PX)
    lane = Band(ruler.bottom, DENSITY_PX) if density else None
    above = (lane or ruler).bottom
    layers = Band(above, FOLLOW_PX) if follow else None
    above = (layers or lane or ruler).bottom
    room = height - above - len(charts) * MARKS_PX - max(len(charts) - 1, 0) * GAP_PX
    weights = [1.0 if i == 0 else SECOND_SHARE for i in range(len(charts))]
    total = sum(n * weight for (_, n), weight in zip(charts, weights, strict=True))
    most_px = MAX_ROW_PX if all(n == 1 for _, n in charts) else MAX_LANE_PX
    lane_px = min(max(room / total if total else 0.0, MIN_LANE_PX), most_px)
    strips = []
    top = above
    for (chart, n_lanes), weight in zip(charts, weights, strict=True):
        head = Band(top, MARKS_PX)
        lanes = Band(head.bottom, max(round(lane_px * weight * n_lanes), n_lanes))
        strips.append(StripBand(chart, head, lanes, n_lanes))
        top = lanes.bottom + GAP_PX
    return Bands(width, height, tempo, wave, ruler, tuple(strips), lane, layers)
