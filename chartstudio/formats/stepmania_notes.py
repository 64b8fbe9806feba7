"""StepMania's note data as notes, and back, measure by measure.

Rules are those of ``NoteDataUtil::LoadFromSMNoteDataString``. A measure is four beats
whatever the time signature says. This module knows note data, not tags or files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from chartstudio.core.errors import ModeError
from chartstudio.core.note import LaneNote, Note, sort_notes
from chartstudio.core.song import Effect
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.formats.stepmania_timing import ROW_TICKS, ROWS_PER_BEAT

MEASURE_TICKS = 4 * TICKS_PER_BEAT
_ROWS_PER_MEASURE = 4 * ROWS_PER_BEAT

STYLES = {
    "dance-single": 4,
    "dance-double": 8,
    "dance-couple": 8,
    "dance-solo": 6,
    "dance-threepanel": 3,
    "pump-single": 5,
    "pump-halfdouble": 6,
    "pump-double": 10,
    "pump-couple": 10,
    "kb7-single": 7,
    "ez2-single": 5,
    "ez2-double": 10,
    "ez2-real": 7,
    "para-single": 5,
    "ds3ddx-single": 8,
    "bm-single5": 6,
    "bm-versus5": 6,
    "bm-double5": 12,
    "bm-single7": 8,
    "bm-versus7": 8,
    "bm-double7": 16,
    "maniax-single": 4,
    "maniax-double": 8,
    "techno-single4": 4,
    "techno-single5": 5,
    "techno-single8": 8,
    "techno-double4": 8,
    "techno-double5": 10,
    "techno-double8": 16,
    "pnm-five": 5,
    "pnm-nine": 9,
    "kickbox-human": 4,
    "kickbox-quadarm": 4,
    "kickbox-insect": 6,
    "kickbox-arachnid": 8,
}
"""Lanes of each style that one player reads as lanes. Others (routine, lights) are kept raw."""

_OLD_STYLES = {"para": "para-single", "ez2-single-hard": "ez2-single"}

KEYSOUND = "keysound"
"""Kind of effect for a sample that plays by itself: ``(lane, sample number or "")``."""

_SOUND = "sm:"
_HEADS = {"2": "hold", "4": "roll"}
_POINTS = {"1": "tap", "M": "mine", "L": "lift", "F": "fake"}
_CHARS = {kind: char for char, kind in (_HEADS | _POINTS).items()}
_LONG = frozenset(_HEADS.values())
_TAIL = "3"
_KNOWN = frozenset("1234MKLF")
_BLANK = " \t\r\n"
_N_ROWS = tuple(n for n in range(4, 193, 4) if MEASURE_TICKS % n == 0)
_COMMENT = re.compile(r"//[^\n]*")
_OPENING = re.compile(r"(?:[ \t]*(?://[^\n]*)?\r?\n)+")
_CELL = re.compile(r"(.)(?:\[([^\]]*)\]?)?")
_INTEGER = re.compile(r"\s*(\d{1,9})")

Cell = tuple[int, int, str, str]
"""Tick within the measure, lane, character, sample number or nothing."""


# Reading ---------------------------------------------------------------------------------


def style_of(text: str) -> str:
    """The style that a file's text means: in any case, under old names too."""
    style = text.strip().lower()
    return _OLD_STYLES.get(style, style)


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of note data.

    Parameters
    ----------
    text : str
        As in the file, between the commas.
    index : int
        Counted from 0; -1 for one that the games pass over (nothing between two commas).
    n_rows : int
    cells : tuple of Cell
        All but the empty ones, by row and lane.
    """

    text: str
    index: int
    n_rows: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class NoteData:
    """What note data holds.

    Parameters
    ----------
    notes : tuple of LaneNote
    keysounds : tuple of Effect
        Samples that play by themselves.
    problems : tuple of str
    """

    notes: tuple[LaneNote, ...]
    keysounds: tuple[Effect, ...]
    problems: tuple[str, ...]


def split_measures(text: str, n_lanes: int) -> list[Measure]:
    """The measures of note data, comments still in their text.

    Parameters
    ----------
    text : str
        Without escapes.
    n_lanes : int
    """
    masked = _COMMENT.sub(lambda m: " " * len(m[0]), text)
    start = len(masked) - len(masked.lstrip(_BLANK))
    end = len(masked.rstrip(_BLANK))
    found = []
    index = 0
    pieces = masked[start:end].split(",") if end > start else []
    at = start
    for i, piece in enumerate(pieces):
        low = 0 if i == 0 else at
        at += len(piece) + 1
        high = len(text) if i + 1 == len(pieces) else at - 1
        skipped = not piece
        rows = [r for r in (line.strip(_BLANK) for line in piece.split("\n")) if r]
        cells = () if skipped else _settled(_cells(rows, n_lanes, index))
        found.append(Measure(text[low:high], -1 if skipped else index, len(rows), cells))
        index += not skipped
    return found


def _row_ticks(n_rows: int, measure: int) -> list[int]:
    """Where each row of a measure lies, in ticks from the measure's start.

    The games know 192 places in a measure, in single precision (``BeatToNoteRow``); rows
    between them go to the nearest.
    """
    if _ROWS_PER_MEASURE % n_rows == 0:
        return [MEASURE_TICKS * r // n_rows for r in range(n_rows)]
    share = np.arange(n_rows, dtype=np.float32) / np.float32(n_rows)
    beats = (np.float32(measure) + share) * np.float32(4)
    found = np.rint(beats * np.float32(ROWS_PER_BEAT)).astype(np.int64)
    ticks: list[int] = ((found - measure * _ROWS_PER_MEASURE) * ROW_TICKS).tolist()
    return ticks


def _cells(rows: Sequence[str], n_lanes: int, measure: int) -> Iterable[Cell]:
    if not rows:
        return
    for tick, row in zip(_row_ticks(len(rows), measure), rows, strict=True):
        if not row.strip("0"):
            continue
        if "[" not in row:
            for lane, char in enumerate(row[:n_lanes]):
                if char in _KNOWN:
                    yield tick, lane, char, ""
            continue
        for lane, cell in zip(range(n_lanes), _CELL.finditer(row), strict=False):
            if cell[1] in _KNOWN:
                number = _INTEGER.match(cell[2] or "")
                yield tick, lane, cell[1], number[1] if number else ""


def _settled(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Cells of which no two share a place: of several rows on one, the last counts."""
    found = {(tick, lane, char == _TAIL): (tick, lane, char, s) for tick, lane, char, s in cells}
    return tuple(found.values())


def read_notes(measures: Iterable[Measure]) -> NoteData:
    """Notes of a chart; heads without tails and tails without heads are left out."""
    pairing = _Pairing()
    for measure in measures:
        start = measure.index * MEASURE_TICKS
        for tick, lane, char, sound in measure.cells:
            pairing.add(start + tick, lane, char, sound)
    return pairing.finish()


@dataclass(slots=True)
class _Pairing:
    """Matches heads with tails, lane by lane."""

    notes: list[LaneNote] = field(default_factory=list)
    keysounds: list[Effect] = field(default_factory=list)
    open: dict[int, tuple[int, str, str]] = field(default_factory=dict)
    lost_heads: list[int] = field(default_factory=list)
    lost_tails: list[int] = field(default_factory=list)

    def add(self, tick: int, lane: int, char: str, sound: str) -> None:
        if char == "K":
            self.keysounds.append(Effect(tick, KEYSOUND, (lane, sound)))
            return
        if char == _TAIL and self.open.get(lane, (-1,))[0] == tick:
            # The games look for a head on the rows before only.
            self.lost_tails.append(tick)
            return
        head = self.open.pop(lane, None)
        if char == _TAIL:
            if head is None:
                self.lost_tails.append(tick)
            else:
                start, kind, its_sound = head
                self.notes.append(LaneNote(start, tick, lane, kind, its_sound))
            return
        if head is not None:
            # A note inside a hold takes the tail from it.
            self.lost_heads.append(head[0])
        sound = _SOUND + sound if sound else ""
        if char in _HEADS:
            self.open[lane] = (tick, _HEADS[char], sound)
        else:
            self.notes.append(LaneNote(tick, tick, lane, _POINTS[char], sound))

    def finish(self) -> NoteData:
        self.lost_heads += [start for start, _, _ in self.open.values()]
        problems = []
        for what, ticks in (
            ("hold without an end", self.lost_heads),
            ("end of a hold without a start", self.lost_tails),
        ):
            if ticks:
                measure = min(ticks) // MEASURE_TICKS + 1
                problems.append(f"{len(ticks)} x {what} left out, the first in measure {measure}")
        return NoteData(sort_notes(self.notes), tuple(self.keysounds), tuple(problems))


# Fitting notes to what the format can say --------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fitted:
    """Notes as cells, and what had to give.

    Parameters
    ----------
    cells : dict of measure to list of Cell
    n_moved : int
        Notes moved to the nearest 1/192.
    n_cut : int
        Holds that end early because another note lies in them.
    n_dropped : int
        Notes for which there was no place or no sign.
    """

    cells: dict[int, list[Cell]]
    n_moved: int
    n_cut: int
    n_dropped: int


def fit_notes(
    notes: Sequence[Note],
    keysounds: Iterable[Effect],
    n_lanes: int,
    measures: Iterable[Measure] = (),
) -> Fitted:
    """Notes as cells of note data.

    Parameters
    ----------
    notes : sequence of LaneNote
        From tick 0 on.
    keysounds : iterable of Effect
    n_lanes : int
    measures : iterable of Measure
        The file's own, whose rows may be finer or odder than ours.

    Raises
    ------
    ModeError
        When a note lies in no lane of the style.
    """
    known = [n for n in notes if isinstance(n, LaneNote) and n.kind in _CHARS]
    for note in known:
        if not 0 <= note.lane < n_lanes:
            raise ModeError(f"a note lies in lane {note.lane + 1} of {n_lanes}; move or remove it")
    samples = [k for k in keysounds if 0 <= int(k.values[0]) < n_lanes]
    lanes, n_cut, n_dropped = _untangle(known)
    grid = _Grid([n for lane in lanes for n in lane], samples, measures)
    snapped = [grid.snap(n) for lane in lanes for n in lane]
    lanes, n_cut_later, n_dropped_later = _untangle(snapped)
    placed: dict[tuple[int, int], tuple[str, str]] = {}
    for lane in lanes:
        for note in lane:
            placed |= _signs(note)
    for effect in samples:
        place = (grid.place(effect.tick), int(effect.values[0]))
        placed.setdefault(place, ("K", str(effect.values[1])))
    cells: dict[int, list[Cell]] = defaultdict(list)
    for (tick, lane_number), (char, sound) in sorted(placed.items()):
        index, offset = divmod(tick, MEASURE_TICKS)
        cells[index].append((offset, lane_number, char, sound))
    n_unknown = len(notes) - len(known)
    return Fitted(
        dict(cells),
        grid.n_moved,
        n_cut + n_cut_later,
        n_unknown + n_dropped + n_dropped_later,
    )


def _untangle(notes: Iterable[LaneNote]) -> tuple[list[list[LaneNote]], int, int]:
    """Notes by lane so that no two share a place and no hold reaches the next note.

    Returns
    -------
    lanes : list of list of LaneNote
    n_cut, n_dropped : int
    """
    by_lane: dict[int, list[LaneNote]] = defaultdict(list)
    n_cut = n_dropped = 0
    for note in sort_notes(notes):
        lane = by_lane[note.lane]
        if lane and lane[-1].tick == note.tick:
            n_dropped += 1
            continue
        if lane and lane[-1].kind in _LONG and lane[-1].end >= note.tick:
            n_cut += 1
            row = (note.tick - 1) // ROW_TICKS * ROW_TICKS
            lane[-1] = replace(lane[-1], end=max(row, lane[-1].tick))
        lane.append(note)
    return list(by_lane.values()), n_cut, n_dropped


def _signs(note: LaneNote) -> dict[tuple[int, int], tuple[str, str]]:
    """Characters of a note by place. A hold with no room for its end becomes a tap."""
    sound = note.sound.removeprefix(_SOUND) if note.sound.startswith(_SOUND) else ""
    start = (note.tick, note.lane)
    if note.kind not in _LONG:
        return {start: (_CHARS[note.kind], sound)}
    if note.end <= note.tick:
        return {start: ("1", sound)}
    return {start: (_CHARS[note.kind], sound), (note.end, note.lane): (_TAIL, "")}


class _Grid:
    """Where notes can be written: exactly where a measure has few enough rows, else 1/192."""

    def __init__(
        self, notes: Sequence[LaneNote], keysounds: Sequence[Effect], measures: Iterable[Measure]
    ) -> None:
        own = {m.index: m.n_rows for m in measures}
        offsets: dict[int, set[int]] = defaultdict(set)
        starts = [*(n.tick for n in notes), *(k.tick for k in keysounds)]
        for tick in (*starts, *(n.end for n in notes if n.kind in _LONG)):
            index, offset = divmod(tick, MEASURE_TICKS)
            offsets[index].add(offset)
        self._rough = {
            index for index, where in offsets.items() if not _n_rows(where, own.get(index, 0))
        }
        self._moved: set[int] = set()

    def place(self, tick: int) -> int:
        if tick % ROW_TICKS == 0:
            return tick
        # The games round what the file says exactly, too.
        self._moved.add(tick)
        if tick // MEASURE_TICKS not in self._rough:
            return tick
        return round(tick / ROW_TICKS) * ROW_TICKS

    def snap(self, note: LaneNote) -> LaneNote:
        start = self.place(note.tick)
        end = self.place(note.end) if note.kind in _LONG else start
        return note if (start, end) == (note.tick, note.end) else replace(note, tick=start, end=end)

    @property
    def n_moved(self) -> int:
        return len(self._moved)


def _n_rows(offsets: Iterable[int], own: int) -> int:
    """Rows with which a measure can hold notes at these ticks; 0 when none will do."""
    wanted = set(offsets)
    fits = (n for n in _N_ROWS if all(o % (MEASURE_TICKS // n) == 0 for o in wanted))
    fewest = next(fits, 0)
    fewer = not fewest or _N_ROWS[0] < own < fewest
    if own and fewer and wanted <= set(_row_ticks(own, 0)):
        return own
    return fewest


# Writing ---------------------------------------------------------------------------------


def write_measures(
    cells: dict[int, list[Cell]], n_lanes: int, measures: Sequence[Measure] = ()
) -> str:
    """Note data.

    Parameters
    ----------
    cells : dict of measure to list of Cell
    n_lanes : int
    measures : sequence of Measure
        The file's own. Those that hold the same cells keep their text.
    """
    pieces = []
    for measure in measures:
        wanted = cells.get(measure.index, [])
        if measure.index < 0 or sorted(measure.cells) == sorted(wanted):
            pieces.append(measure.text)
        else:
            pieces.append(_opening(measure.text) + _rows(wanted, n_lanes, measure.n_rows))
    done = max((m.index for m in measures), default=-1) + 1
    last = max(cells, default=-1)
    if last >= done:
        # Nothing between two commas would be passed over: add where the last measure ends.
        n_kept = max((i for i, m in enumerate(measures) if m.index >= 0), default=-1) + 1
        del pieces[n_kept:]
        if pieces and not pieces[-1].endswith("\n"):
            pieces[-1] += "\n"
    pieces += ["\n" + _rows(cells.get(i, []), n_lanes, 0) for i in range(done, last + 1)]
    return ",".join(pieces) if pieces else "\n"


def _opening(text: str) -> str:
    """What precedes a measure's first row: line ends and comments."""
    found = _OPENING.match(text)
    return found[0] if found else ""


def _rows(cells: Sequence[Cell], n_lanes: int, own: int) -> str:
    n_rows = _n_rows((c[0] for c in cells), own) or _N_ROWS[-1]
    rows = [["0"] * n_lanes for _ in range(n_rows)]
    places = {tick: r for r, tick in enumerate(_row_ticks(n_rows, 0))}
    for tick, lane, char, sound in cells:
        row = places.get(tick, min(round(tick * n_rows / MEASURE_TICKS), n_rows - 1))
        rows[row][lane] = f"{char}[{sound}]" if sound else char
    return "".join("".join(row) + "\n" for row in rows)
