"""A timing map as StepMania's timing tags: the way back from `stepmania_timing`.

Numbers are the shortest that lead a reader to the same times on all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise

from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.formats.stepmania_timing import (
    END_OF_TIME_ROWS,
    FASTEST_BPM,
    LONGEST_PAUSE_S,
    ROW_TICKS,
    ROWS_PER_BEAT,
    SPLIT_TIMING_VERSION,
    Rows,
    Segments,
    read_segments,
    span_s,
    to_map,
)
from chartstudio.formats.text import plain

_TOLERANCE_S = 1e-6

_WARPING_BPM = 2 * FASTEST_BPM
"""A tempo that warps in .sm files: beats pass in no time, and nothing is owed for them."""


def of_map(timing: TimingMap) -> Segments:
    """The segments that `to_map` turns into the same times on all rows.

    Numbers are the shortest that do. Anchors off the rows are worked into their neighbours;
    see `n_off_rows`. The map must not begin before tick 0.
    """
    groups = [list(g) for _, g in groupby(_on_rows(timing), key=lambda a: a.tick)]
    out = _Writer(groups[0][0].seconds)
    for here, after in zip(groups, [*groups[1:], None], strict=True):
        out.group(here, after[0] if after else None)
    return out.segments()


def as_read(timing: TimingMap, warp_tags: bool) -> TimingMap:
    """A timing after it was written into tags and read again; `warp_tags` as in `tag_texts`.

    A map that bends time in no way that a file could spell wrong is given back as it is.
    """
    if not any(a.cause is Cause.WARP or a.bpm > FASTEST_BPM for a in timing.anchors):
        return timing
    texts = tag_texts(of_map(timing), warp_tags)
    return to_map(read_segments(texts, warp_tags, SPLIT_TIMING_VERSION, 0.0)[0])


def n_off_rows(timing: TimingMap) -> int:
    """How many anchors lie between the rows that StepMania knows."""
    return sum(a.tick % ROW_TICKS != 0 for a in timing.anchors)


def _on_rows(timing: TimingMap) -> list[Anchor]:
    """Anchors on rows only, the first at tick 0, that give every row its time."""
    by_tick: dict[int, list[Anchor]] = {}
    for anchor in timing.anchors:
        by_tick.setdefault(anchor.tick, []).append(anchor)
    bars = {round(a.tick / ROW_TICKS) * ROW_TICKS: a.meter for a in timing.anchors if a.bar}
    rows = {0} | {t // ROW_TICKS * ROW_TICKS for t in by_tick}
    rows |= {-(-t // ROW_TICKS) * ROW_TICKS for t in by_tick} | set(bars)
    found: list[Anchor] = []
    meter = next((a.meter for a in reversed(timing.anchors) if a.bar and a.tick <= 0), 4)
    for tick in sorted(r for r in rows if r >= 0):
        meter = bars.get(tick, meter)
        if tick in by_tick:
            *others, last = by_tick[tick]
            bar = last.bar or (tick in bars and not any(a.bar for a in others))
            found += [*others, replace(last, bar=bar, meter=meter)]
        else:
            at_s = timing.seconds_at(tick)
            warped = bool(found) and at_s <= found[-1].seconds
            cause = Cause.WARP if warped else Cause.TEMPO
            found.append(Anchor(tick, at_s, timing.bpm_at(tick), meter, tick in bars, cause))
    return found


@dataclass(slots=True)
class _Writer:
    """Collects segments; ``at_s`` is the time that a reader will have reached."""

    start_s: float
    at_s: float = field(init=False)
    bpms: list[tuple[int, float]] = field(default_factory=list)
    stops: list[tuple[int, float]] = field(default_factory=list)
    delays: list[tuple[int, float]] = field(default_factory=list)
    warps: list[tuple[int, float]] = field(default_factory=list)
    signatures: list[tuple[int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.at_s = self.start_s

    def group(self, here: list[Anchor], after: Anchor | None) -> None:
        """The anchors of one row, and the first of the next."""
        row = here[0].tick // ROW_TICKS
        bars = [a for a in here if a.bar]
        if bars and (row or bars[-1].meter != 4):
            self.signatures.append((row, float(bars[-1].meter)))
        for anchor in here[1:]:
            if anchor.seconds > self.at_s:
                self._pause(row, anchor)
        bpm = here[-1].bpm
        if after is not None:
            n_rows = after.tick // ROW_TICKS - row
            if after.seconds <= here[-1].seconds:
                self._warp(row, n_rows)
            else:
                bpm = self._tempo(n_rows, bpm, after.seconds)
                self.at_s += span_s(n_rows, bpm)
        if not self.bpms or self.bpms[-1][1] != bpm:
            self.bpms.append((row, bpm))

    def _pause(self, row: int, anchor: Anchor) -> None:
        def error_s(seconds: float) -> float:
            return self.at_s + seconds - anchor.seconds

        seconds = _shortest(anchor.seconds - self.at_s, error_s)
        pauses = self.stops if anchor.cause is Cause.STOP else self.delays
        if pauses and pauses[-1][0] == row:
            pauses[-1] = (row, pauses[-1][1] + seconds)
        else:
            pauses.append((row, seconds))
        self.at_s += seconds

    def _warp(self, row: int, n_rows: int) -> None:
        if self.warps and sum(self.warps[-1]) == row:
            self.warps[-1] = (self.warps[-1][0], self.warps[-1][1] + n_rows)
        else:
            self.warps.append((row, float(n_rows)))

    def _tempo(self, n_rows: int, bpm: float, until_s: float) -> float:
        """The BPM that leads to a time: the anchor's own where it does."""

        def error_s(value: float) -> float:
            return self.at_s + span_s(n_rows, value) - until_s if value > 0 else 1.0

        if abs(error_s(bpm)) < _TOLERANCE_S:
            return bpm
        return _shortest(span_s(n_rows, 1.0) / max(until_s - self.at_s, 1e-9), error_s)

    def segments(self) -> Segments:
        return Segments(
            self.start_s,
            tuple(self.bpms),
            tuple(self.stops),
            tuple(self.delays),
            tuple(self.warps),
            tuple(self.signatures),
        )


def _shortest(value: float, error_s: Callable[[float], float]) -> float:
    """The shortest decimal that leads to a time exactly, or else nearly, or the value itself."""
    for places in range(10):
        if error_s(round(value, places)) == 0:
            return round(value, places)
    near = (round(value, places) for places in range(13))
    return next((v for v in near if abs(error_s(v)) < _TOLERANCE_S), value)


# Segments to tags ------------------------------------------------------------------------


def beat_text(row: float) -> str:
    """A row as a beat with up to six decimals."""
    return f"{row / ROWS_PER_BEAT:.6f}".rstrip("0").rstrip(".")


def tag_texts(segments: Segments, warp_tags: bool) -> dict[str, str]:
    """Values of the timing tags.

    Parameters
    ----------
    segments : Segments
    warp_tags : bool
        Whether the format has a tag for warps (.ssc) or takes them as negative stops (.sm).
    """
    if not warp_tags:
        segments = _warps_as_stops(segments)
    signatures = dict(segments.signatures)
    measures = ((row, int(beats)) for row, beats in sorted(({0: 4.0} | signatures).items()))
    texts = {
        "OFFSET": plain(-segments.start_s),
        "BPMS": _listed(segments.bpms),
        "STOPS": _listed(segments.stops),
        "DELAYS": _listed(segments.delays),
        "TIMESIGNATURES": ",\n".join(f"{beat_text(row)}={beats}=4" for row, beats in measures),
    }
    if warp_tags:
        warps = (f"{beat_text(row)}={beat_text(length)}" for row, length in segments.warps)
        texts["WARPS"] = ",\n".join(warps)
    return texts


def _listed(rows: Rows) -> str:
    return ",\n".join(f"{beat_text(row)}={plain(value)}" for row, value in rows)


def _warps_as_stops(segments: Segments) -> Segments:
    """Warps as negative stops, which .sm readers pay back at the tempo that follows.

    One that takes longer to pay back than a stop may last, as those that end a chart do, is a
    tempo of `_WARPING_BPM` instead.
    """
    bpms = dict(segments.bpms)
    stops: list[tuple[int, float]] = list(segments.stops)
    paused = [row for row, _ in (*segments.stops, *segments.delays)]
    for start, length in segments.warps:
        end = start + int(length)
        inside = [row for row in bpms if start <= row <= end]
        bpm = bpms[max(inside)] if inside else _in_force(bpms, start)
        for row in inside:
            del bpms[row]
        bpms[start] = bpm
        cuts = sorted({start, end, *(row for row in paused if start < row < end)})
        # A stop inside the warp is paid first, then the next piece is owed.
        for a, b in pairwise(cuts):
            owed, racing = _piece(a, b, bpm)
            stops += owed
            bpms |= racing
    ordered = tuple(sorted(stops, key=lambda s: (s[0], -s[1])))
    return Segments(
        segments.start_s,
        tuple(sorted(bpms.items())),
        ordered,
        segments.delays,
        (),
        segments.signatures,
    )


def _piece(start: int, end: int, bpm: float) -> tuple[list[tuple[int, float]], dict[int, float]]:
    """One warp of an .sm file without pauses in it, as stops and as tempos."""
    owed_s = span_s(end - start, bpm)
    if owed_s <= LONGEST_PAUSE_S:
        return [(start, -owed_s)], {}
    if start > 0:
        racing = {start: _WARPING_BPM}
        return [], racing if end >= END_OF_TIME_ROWS else racing | {end: bpm}
    # A tempo at the very start warps nothing, so the first row is owed as above.
    owed, _ = _piece(0, 1, bpm)
    _, racing = _piece(1, end, bpm)
    return owed, {0: bpm} | racing


def _in_force(bpms: Mapping[int, float], row: int) -> float:
    return bpms[max(r for r in bpms if r <= row)]
