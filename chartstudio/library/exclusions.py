"""What training leaves out of a library, each with its reason in words.

Knows songs and charts as values. What their files say around them (opt-outs, mods they need,
marks of other tools) is told by `header` and `look`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from chartstudio.core.note import ticks_of
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import SNAPS
from chartstudio.core.timing import Cause, TimingMap
from chartstudio.formats.playable import counted, effects_of, kinds_of
from chartstudio.library.header import ChartHeader, Header
from chartstudio.modes import MODES

MAX_FAKE_SHARE = 0.05
"""A chart of more fakes is made for the show."""

MAX_OFF_BEAT_SHARE = 0.2
"""A chart with more times between the grids was timed wrongly, or by ear."""

_GRIDS = (48, 64)
_ON_BEAT = tuple(s for s in SNAPS if any(grid % s == 0 for grid in _GRIDS))

_MODS = ("noodle extensions", "mapping extensions")
"""Mods whose charts are laid out where the game has no place for them."""

_SABER_CELLS = (4, 3)
_MOVED_BY_MODS = ("coordinates", "_position", "flip", "_flip")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is left out.

    Parameters
    ----------
    id : str
        A key of `TITLES`.
    text : str
        In words, with what was found.
    """

    id: str
    text: str


TITLES = {
    "robots": "the author says no",
    "ai": "charted by a machine",
    "gimmick": "made for the show",
    "off-beat": "off the beat",
    "broken": "cannot be read",
    "no-audio": "no audio",
    "no-charts": "no charts",
    "empty": "no notes",
    "hand": "left out by hand",
    "unread": "not read yet",
}
"""Reasons in short, in the order in which lists show them."""

OVERRULABLE = ("gimmick", "off-beat")
"""Reasons that judge what a chart is like, which its library's owner may know better. The others
stand: they say what its author allows, who charted it, or that there is nothing to learn from."""

ROBOTS = Reason("robots", "its author does not allow training (robots: disallow)")
AI = Reason("ai", "marked as charted by a machine")
HAND = Reason("hand", "left out by hand")
UNREAD = Reason("unread", "its notes were not read yet")
NO_CHARTS = Reason("no-charts", "holds no chart of a mode that ChartStudio reads")


def broken(what: str) -> Reason:
    """A song that cannot be read."""
    return Reason("broken", " ".join(what.split())[:300])


def no_audio(name: str) -> Reason:
    """A song without its sound."""
    return Reason("no-audio", f"its audio {name} is missing" if name else "it names no audio file")


def of_song(header: Header, opts_out: bool, audio_found: bool) -> tuple[Reason, ...]:
    """Why a whole song is left out, as far as its header tells."""
    found = []
    if opts_out:
        found.append(ROBOTS)
    if not header.charts:
        found.append(NO_CHARTS)
    if not audio_found:
        found.append(no_audio(header.audio))
    return tuple(found)


def of_header(chart: ChartHeader) -> tuple[Reason, ...]:
    """Why a chart is left out, as far as its header tells."""
    found = [AI] if chart.is_ai else []
    needs = [need for need in chart.needs if need.strip().lower() in _MODS]
    if needs:
        found.append(Reason("gimmick", f"needs {' and '.join(needs)}"))
    return tuple(found)


def of_chart(song: Song, chart: Chart) -> tuple[Reason, ...]:
    """Why a chart is left out by its timing and its notes."""
    if not counted(chart).any():
        return (Reason("empty", "holds no notes"),)
    timing = song.timing_of(chart)
    return (*_gimmicks(song, chart, timing), *_off_beat(chart, timing))


def _gimmicks(song: Song, chart: Chart, timing: TimingMap) -> Iterator[Reason]:
    n_warps = sum(a.cause is Cause.WARP for a in timing.anchors)
    if n_warps:
        yield Reason("gimmick", f"jumps in time {n_warps} x (warps or negative tempos)")
    share = fake_share(song, chart)
    if share > MAX_FAKE_SHARE:
        yield Reason("gimmick", f"{share:.0%} of its notes are fakes")
    n_moved = sum(map(_is_out_of_place, chart.notes)) if _is_in_space(chart) else 0
    if n_moved:
        yield Reason("gimmick", f"{n_moved} notes lie where only mods put them")


def fake_share(song: Song, chart: Chart) -> float:
    """How many of a chart's notes are shown but never judged, 0 to 1; warps are told apart."""
    kinds = np.array(kinds_of(chart))
    ticks = ticks_of(chart.notes)
    fake = kinds == "fake"
    for effect in effects_of(song, chart):
        if effect.kind == "fakes":
            fake |= (ticks >= effect.tick) & (ticks < effect.tick + float(effect.values[0]))
    # Mines are no notes, and showers of fake ones are common.
    notes = (counted(chart) | (kinds == "fake")) & ~np.isin(kinds, ("mine",))
    return float(fake[notes].mean()) if notes.any() else 0.0


def _is_in_space(chart: Chart) -> bool:
    """Whether the notes of a chart's mode are hit in space, on a grid of cells."""
    mode = MODES.get(chart.mode)
    return mode is not None and "chain" in mode.kinds


def _is_out_of_place(note: object) -> bool:
    """Whether a note lies outside the game's cells, or custom data puts it elsewhere."""
    if not hasattr(note, "direction"):
        # Walls of mods are scenery more often than not.
        return False
    inside = all(0 <= getattr(note, axis) < n for axis, n in zip("xy", _SABER_CELLS, strict=True))
    custom = getattr(note, "custom", "")
    return not inside or any(f'"{word}"' in custom for word in _MOVED_BY_MODS)


def _off_beat(chart: Chart, timing: TimingMap) -> Iterable[Reason]:
    share = off_beat_share(chart, timing)
    if share > MAX_OFF_BEAT_SHARE:
        return (
            Reason("off-beat", f"{share:.0%} of its note times lie off the 1/48 and 1/64 grids"),
        )
    return ()


def off_beat_share(chart: Chart, timing: TimingMap) -> float:
    """Share of a chart's note times that lie on neither grid, 0 to 1."""
    times = np.unique(ticks_of(chart.notes)[counted(chart)])
    if len(times) == 0:
        return 0.0
    return float(np.mean(~np.isin(timing.snaps_of(times), _ON_BEAT)))
