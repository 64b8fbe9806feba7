"""StepMania's timing tags as a timing map.

Everything lies on rows of 1/48 beat, as in the games: a BPM change written at beat 0.333 is
one at a third of a beat. Rules are those of ITGmania's ``NotesLoaderSM``, ``NotesLoaderSSC``
and ``TimingData``. This module knows tags' values, not files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.formats.text import plain

ROWS_PER_BEAT = 48
ROW_TICKS = TICKS_PER_BEAT // ROWS_PER_BEAT

SPLIT_TIMING_VERSION = 0.7
"""Files before it have no timing per chart, and warps with absolute ends."""

FASTEST_BPM = 9_999_999.0
"""Above it, .sm files mean a warp."""

_END_OF_TIME_BEATS = 1_000_000.0

END_OF_TIME_ROWS = round(_END_OF_TIME_BEATS * ROWS_PER_BEAT)
"""Where warps that never end do."""

LONGEST_PAUSE_S = 100_000.0
"""A stop or delay of more is no good."""

_BPM_RANGE = (1e-3, 1e12)

_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)")

Rows = tuple[tuple[int, float], ...]
"""Values by row, in order of rows."""


@dataclass(frozen=True, slots=True)
class Segments:
    """What the timing tags say, by row.

    Parameters
    ----------
    start_s : float
        Time of beat 0.
    bpms : tuple of (row, BPM)
        The first is on row 0.
    stops, delays : tuple of (row, seconds)
    warps : tuple of (row, number of rows)
    signatures : tuple of (row, beats per measure)
    """

    start_s: float
    bpms: Rows
    stops: Rows = ()
    delays: Rows = ()
    warps: Rows = ()
    signatures: Rows = ()


def number(text: str) -> float:
    """The number that a text starts with, 0 for none, as the games read it."""
    found = _NUMBER.match(text)
    value = float(found[1]) if found else 0.0
    return value if abs(value) < 1e300 else 0.0


def row_of(beat: float) -> int:
    """The row nearest to a beat; halves go to the even one (``lrint``)."""
    return round(beat * ROWS_PER_BEAT)


def entries(text: str) -> Iterable[list[str]]:
    """The fields of each ``a=b=c`` of a comma list; blank ones are left out."""
    for item in text.split(","):
        fields = [f for f in item.split("=") if f]
        if item.strip():
            yield fields


# Tags to segments ------------------------------------------------------------------------


@dataclass(slots=True)
class _Reader:
    """Reads the tags of one song or chart, noting what is skipped."""

    problems: list[str] = field(default_factory=list)

    def pairs(self, tag: str, text: str) -> list[tuple[float, float]]:
        found = []
        for fields in entries(text):
            if len(fields) != 2:
                self.skip(tag, "=".join(fields))
                continue
            beat, value = number(fields[0]), number(fields[1])
            if abs(beat) > _END_OF_TIME_BEATS or value == 0:
                self.skip(tag, "=".join(fields))
                continue
            found.append((beat, value))
        return found

    def skip(self, tag: str, what: str) -> None:
        self.problems.append(f"#{tag}: {what.strip()[:40]!r} was skipped")

    def keep(
        self, tag: str, pairs: list[tuple[float, float]], low: float, high: float
    ) -> list[tuple[float, float]]:
        kept = []
        for beat, value in pairs:
            if beat >= 0 and low <= value <= high:
                kept.append((beat, value))
            else:
                self.skip(tag, f"{plain(beat)}={plain(value)}")
        return kept


def read_segments(
    tags: Mapping[str, str], warp_tags: bool, version: float, start_s: float
) -> tuple[Segments, list[str]]:
    """Read the timing tags of a song or chart.

    Parameters
    ----------
    tags : mapping of tag to value
        ``OFFSET BPMS STOPS DELAYS WARPS TIMESIGNATURES``, any of them missing.
    warp_tags : bool
        Whether warps are tags (.ssc), or negative BPMs and stops (.sm).
    version : float
        The file's version; matters for .ssc only.
    start_s : float
        Time of beat 0 where there is no ``OFFSET``.

    Returns
    -------
    Segments
    problems : list of str
    """
    reader = _Reader()
    if "OFFSET" in tags:
        start_s = -number(tags["OFFSET"])
    bpms = reader.pairs("BPMS", tags.get("BPMS", ""))
    stops = reader.pairs("STOPS", tags.get("STOPS", ""))
    delays = reader.pairs("DELAYS", tags.get("DELAYS", ""))
    delays = reader.keep("DELAYS", delays, 0.0, LONGEST_PAUSE_S)
    if warp_tags:
        bpms = reader.keep("BPMS", bpms, *_BPM_RANGE)
        stops = reader.keep("STOPS", stops, 0.0, LONGEST_PAUSE_S)
        found = _Found(_by_row(bpms), _by_row(stops), _warps(reader, tags, version))
    else:
        stops = [s for s in stops if abs(s[1]) <= LONGEST_PAUSE_S]
        bpms = [b for b in bpms if abs(b[1]) >= _BPM_RANGE[0]]
        start_s += sum(seconds for beat, seconds in stops if beat < 0)
        found = _Debt.settle(bpms, [s for s in stops if s[0] >= 0])
    signatures = _signatures(reader, tags.get("TIMESIGNATURES", ""))
    # The first BPM holds from the start, wherever it is written.
    first, *others = sorted(found.bpms.items()) or [(0, 60.0)]
    bpms_found = [(0, first[1]), *others]
    changes = (b for a, b in pairwise(bpms_found) if b[1] != a[1])
    segments = Segments(
        start_s,
        (bpms_found[0], *changes),
        tuple(sorted(found.stops.items())),
        tuple(sorted(_by_row(delays).items())),
        tuple(sorted(found.warps.items())),
        tuple(sorted(signatures.items())),
    )
    return segments, reader.problems


@dataclass(slots=True)
class _Found:
    bpms: dict[int, float]
    stops: dict[int, float]
    warps: dict[int, float]


def _by_row(pairs: Iterable[tuple[float, float]]) -> dict[int, float]:
    return {row_of(beat): value for beat, value in pairs}


def _warps(reader: _Reader, tags: Mapping[str, str], version: float) -> dict[int, float]:
    found = {}
    pairs = reader.pairs("WARPS", tags.get("WARPS", ""))
    for beat, value in reader.keep("WARPS", pairs, 0.0, 2 * _END_OF_TIME_BEATS):
        absolute = version < SPLIT_TIMING_VERSION and value > beat
        n_rows = row_of(value - beat if absolute else value)
        if n_rows > 0:
            found[row_of(beat)] = float(n_rows)
    return found


def _signatures(reader: _Reader, text: str) -> dict[int, float]:
    """Beats per measure by row; a measure of broken beats (3/8) is taken for the next longer."""
    found = {}
    for fields in entries(text):
        values = [number(f) for f in fields[:3]]
        if len(values) < 3 or not 0 <= values[0] <= _END_OF_TIME_BEATS:
            reader.skip("TIMESIGNATURES", "=".join(fields))
            continue
        numerator, denominator = int(values[1]), int(values[2])
        if not (1 <= numerator <= 1000 and 1 <= denominator <= 1000):
            reader.skip("TIMESIGNATURES", "=".join(fields))
            continue
        found[row_of(values[0])] = float(-(-4 * numerator // denominator))
    return found


@dataclass(slots=True)
class _Debt:
    """Negative BPMs and stops of .sm files as warps: beats pass free until time is paid back.

    ``SMLoader::ProcessBPMsAndStops``.
    """

    found: _Found
    bpm: float
    last_beat: float = 0.0
    warp_start: float | None = None
    bpm_before: float = 0.0
    balance_s: float = 0.0

    @classmethod
    def settle(cls, bpms: list[tuple[float, float]], stops: list[tuple[float, float]]) -> _Found:
        bpms = sorted(bpms, key=lambda b: b[0])
        stops = sorted(stops, key=lambda s: s[0])
        early = [value for beat, value in bpms if beat <= 0]
        bpm = early[-1] if early else bpms[0][1] if bpms else 60.0
        debt = cls(_Found({}, {}, {}), bpm)
        if not debt.warping_bpm:
            debt.found.bpms[0] = bpm
        # On one beat the BPM comes first.
        changes = [(beat, 0, value) for beat, value in bpms if beat > 0]
        changes += [(beat, 1, value) for beat, value in stops]
        for beat, kind, value in sorted(changes, key=lambda c: c[:2]):
            debt._advance(beat)
            (debt._stop if kind else debt._change)(beat, value)
        debt._finish()
        return debt.found

    @property
    def warping_bpm(self) -> bool:
        return self.bpm < 0 or self.bpm > FASTEST_BPM

    def _advance(self, beat: float) -> None:
        if self.bpm <= FASTEST_BPM:
            self.balance_s += (beat - self.last_beat) * 60 / self.bpm
            if self.warp_start is not None and self.bpm > 0 and self.balance_s > 0:
                self._warp_until(beat - self.balance_s * self.bpm / 60)
        self.last_beat = beat

    def _change(self, beat: float, bpm: float) -> None:
        before, self.bpm = self.bpm, bpm
        if self.warp_start is None:
            if self.warping_bpm:
                self._start(beat, before, 0.0)
            else:
                self.found.bpms[row_of(beat)] = bpm

    def _stop(self, beat: float, seconds: float) -> None:
        if self.warp_start is None:
            if seconds < 0:
                self._start(beat, self.bpm, seconds)
            else:
                self.found.stops[row_of(beat)] = seconds
            return
        self.balance_s += seconds
        if seconds > 0 and self.balance_s > 0:
            over_s = self.balance_s
            before = self.bpm_before
            self._warp_until(beat)
            self.found.stops[row_of(beat)] = over_s
            if self.warping_bpm:
                self._start(beat, before, 0.0)

    def _start(self, beat: float, bpm_before: float, balance_s: float) -> None:
        self.warp_start, self.bpm_before, self.balance_s = beat, bpm_before, balance_s

    def _warp_until(self, end: float) -> None:
        assert self.warp_start is not None
        row = row_of(self.warp_start)
        length = row_of(min(end, _END_OF_TIME_BEATS) - self.warp_start)
        if length > 0:
            self.found.warps[row] = float(length)
        if self.bpm != self.bpm_before and not self.warping_bpm:
            self.found.bpms[row] = self.bpm
        self.warp_start = None

    def _finish(self) -> None:
        if self.warp_start is not None:
            paid_back = self.last_beat - self.balance_s * self.bpm / 60
            self._warp_until(_END_OF_TIME_BEATS if self.warping_bpm else paid_back)


# Segments to a map -----------------------------------------------------------------------


def to_map(segments: Segments) -> TimingMap:
    """The timing map of a song or chart.

    On one row the order is: end of a warp, tempo, delay, note, stop, start of a warp. Time
    passes in pauses inside warps too.
    """
    bpms, stops, delays = dict(segments.bpms), dict(segments.stops), dict(segments.delays)
    warps, signatures = dict(segments.warps), dict(segments.signatures)
    warp_ends = {row + int(length) for row, length in warps.items()}
    anchors: list[Anchor] = []
    at_s, bpm, meter, last, warp_end = segments.start_s, bpms[0], 4, 0, 0
    for row in sorted({*bpms, *stops, *delays, *warps, *warp_ends, *signatures}):
        warping = last < row <= warp_end
        if not warping:
            at_s += span_s(row - last, bpm)
        bpm = bpms.get(row, bpm)
        meter = int(signatures.get(row, meter))
        bar = row in signatures or row == 0
        cause = Cause.WARP if warping else Cause.TEMPO
        anchors.append(Anchor(row * ROW_TICKS, at_s, bpm, meter, bar, cause))
        for pauses, kind in ((delays, Cause.DELAY), (stops, Cause.STOP)):
            if row in pauses:
                at_s += pauses[row]
                anchors.append(Anchor(row * ROW_TICKS, at_s, bpm, meter, False, kind))
        if row in warps:
            warp_end = max(warp_end, row + int(warps[row]))
        last = row
    return TimingMap(tuple(anchors))


def span_s(n_rows: float, bpm: float) -> float:
    """How long a number of rows takes."""
    return n_rows * (60 / ROWS_PER_BEAT) / bpm
