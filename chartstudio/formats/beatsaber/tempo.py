"""Tempo in Beat Saber's files: changes by beat, regions of samples, and timing maps.

Difficulties of version 2 and 3 hold tempo changes by beat, which run on from the Info's tempo;
version 4 has one table of regions for all, each from one sample and beat to another. Beat 0
plays at the audio's start, or ``_songTimeOffset`` seconds later: the game takes that off the
audio's time (``AudioTimeSyncController``), so it is read as where tick 0 lies. The field is
deprecated, since it goes wrong at other speeds, and version 4 has none.
Stops and warps are none of the game's: `plain` makes beats of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from chartstudio.core.note import Note, ends_of, sort_notes, ticks_of
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.formats.beatsaber.json_text import Json
from chartstudio.formats.beatsaber.values import (
    Object,
    beats_of,
    figure,
    objects,
    plain_number,
    tick_of,
)
from chartstudio.formats.text import shortest

RATE_HZ = 44_100
"""What the audio is taken to be sampled at where nobody said."""

TAIL_S = 8.0
"""How long the audio is taken to go on after the last note where nobody said."""

DEFAULT_BPM = 120.0

_MIN_BPM, _MAX_BPM = 1e-3, 1e8
_SLACK_S = 1e-6
_MAX_SAMPLES = 1e12


@dataclass(frozen=True, slots=True)
class Tempo:
    """From a beat on, so many beats per minute."""

    beat: float
    bpm: float

    @classmethod
    def checked(cls, beat: float, bpm: float | None) -> Tempo | None:
        """A tempo change, or None where the figure is none that time can run by."""
        if bpm is None or not _MIN_BPM <= bpm <= _MAX_BPM:
            return None
        return cls(beat, bpm)


def sound_bpm(bpm: float | None) -> bool:
    """Whether a song's tempo is one that time can run by."""
    return Tempo.checked(0.0, bpm) is not None


def map_of(bpm: float, offset_s: float, tempos: Iterable[Tempo]) -> TimingMap:
    """The timing of a difficulty with tempo changes by beat.

    Parameters
    ----------
    bpm : float
        The song's tempo, from beat 0 on.
    offset_s : float
        Time of beat 0 in the audio.
    tempos : iterable of Tempo
        By beat; one at or before beat 0 replaces the song's tempo.
    """
    anchors = [Anchor(0, offset_s, bpm, 4, bar=True)]
    at, seconds = 0.0, offset_s
    for tempo in tempos:
        last = anchors[-1]
        if tempo.beat <= 0:
            anchors[-1] = replace(last, bpm=tempo.bpm)
            continue
        if tempo.bpm == last.bpm:
            continue
        seconds += (tempo.beat - at) * 60 / last.bpm
        at = tempo.beat
        tick = tick_of(at)
        if tick == last.tick:
            anchors[-1] = replace(last, bpm=tempo.bpm)
        else:
            anchors.append(Anchor(tick, seconds, tempo.bpm))
    return TimingMap(tuple(anchors))


# Regions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of audio with one tempo."""

    start_sample: float
    end_sample: float
    start_beat: float
    end_beat: float


_REGION_KEYS = {
    4: ("bpmData", ("si", "ei", "sb", "eb"), "songFrequency"),
    2: (
        "_regions",
        ("_startSampleIndex", "_endSampleIndex", "_startBeat", "_endBeat"),
        "_songFrequency",
    ),
}
"""List, keys and sample rate in AudioData.dat (4) and BPMInfo.dat (2)."""


def regions_of(value: Object) -> tuple[list[Region], float, int]:
    """The regions of an audio data file, its sample rate, and how many made no sense."""
    major = 4 if "bpmData" in value or "songFrequency" in value else 2
    name, keys, rate_key = _REGION_KEYS[major]
    rate_hz = figure(value, rate_key) or 0.0
    if not 100 <= rate_hz <= 1e7:
        rate_hz = RATE_HZ
    found = []
    n_bad = 0
    for item in objects(value, name):
        figures = [figure({**item, key: item.get(key, 0)}, key) for key in keys]
        if any(f is None for f in figures):
            n_bad += 1
            continue
        found.append(Region(*(f for f in figures if f is not None)))
    return sorted(found, key=lambda r: r.start_beat), rate_hz, n_bad


def map_of_regions(value: Object, song_bpm: float) -> tuple[TimingMap | None, int]:
    """The timing that an audio data file says, and how many regions made no sense.

    None where it says none. The tempo of a region is the shortest decimal by which it ends on
    its last beat's tick.
    """
    regions, rate_hz, n_bad = regions_of(value)
    anchors: list[Anchor] = []
    for region in regions:
        seconds = region.start_sample / rate_hz
        tick = tick_of(region.start_beat)
        bpm = _region_bpm(region, rate_hz, song_bpm)
        later = not anchors or (tick > anchors[-1].tick and seconds > anchors[-1].seconds)
        if bpm is None or not later:
            n_bad += 1
            continue
        anchors.append(Anchor(tick, seconds, bpm, 4, bar=not anchors))
    return (TimingMap(tuple(anchors)) if anchors else None), n_bad


def _region_bpm(region: Region, rate_hz: float, song_bpm: float) -> float | None:
    length_s = (region.end_sample - region.start_sample) / rate_hz
    n_beats = region.end_beat - region.start_beat
    if length_s <= 0 or n_beats <= 0:
        return None
    exact = n_beats * 60 / length_s
    tempo = Tempo.checked(0.0, exact)
    if tempo is None:
        return None

    def reads_back(bpm: float) -> bool:
        return bpm > 0 and abs(length_s * bpm / 60 - n_beats) * TICKS_PER_BEAT < 0.5

    if reads_back(song_bpm):
        return song_bpm
    return float(shortest(exact, reads_back))


def audio_data(timing: TimingMap, n_samples: int, rate_hz: int) -> dict[str, Json]:
    """An AudioData.dat for a timing without stops and warps (`plain`)."""
    return {
        "version": "4.0.0",
        "songChecksum": "",
        "songSampleCount": n_samples,
        "songFrequency": rate_hz,
        "bpmData": _regions(timing, n_samples, rate_hz),
        "lufsData": [],
    }


def _regions(timing: TimingMap, n_samples: int, rate_hz: int) -> list[dict[str, Json]]:
    """Regions from the audio's start to its end."""
    starts = [a.tick for a in timing.anchors]
    seconds = [a.seconds for a in timing.anchors]
    if seconds[0] < 0 or starts[0] > 0:
        # Beat 0, or the audio's first sample where that is later, comes first.
        first = max(0, math.ceil(timing.tick_at(0.0)))
        keep = [i for i, tick in enumerate(starts) if tick > first and seconds[i] > 0]
        starts = [first, *(starts[i] for i in keep)]
        seconds = [max(timing.seconds_at(first), 0.0), *(seconds[i] for i in keep)]
    samples = [round(s * rate_hz) for s in seconds]
    found = []
    for i, (tick, sample) in enumerate(zip(starts, samples, strict=True)):
        if i + 1 < len(starts):
            end_sample, end_beat = samples[i + 1], beats_of(starts[i + 1])
        else:
            end_sample = max(n_samples, sample + rate_hz)
            length = (end_sample - sample) / rate_hz * timing.bpm_at(tick) / 60
            end_beat = plain_number(tick / TICKS_PER_BEAT + length)
        if end_sample > sample:
            found.append({"si": sample, "ei": end_sample, "sb": beats_of(tick), "eb": end_beat})
    return found


def n_samples_after(timing: TimingMap, last_tick: int) -> int:
    """Samples that an audio is taken to have whose last note is on a tick."""
    end_s = max(timing.seconds_at(last_tick), timing.anchors[-1].seconds, 0.0) + TAIL_S
    return round(min(end_s * RATE_HZ, _MAX_SAMPLES))


def resampled(value: dict[str, Json], n_samples: int, rate_hz: int) -> dict[str, Json]:
    """An AudioData.dat for audio of another length and sample rate; beats keep their seconds."""
    regions, old_hz, _ = regions_of(value)
    ratio = rate_hz / old_hz
    scaled = []
    for i, region in enumerate(regions):
        start, end, last_beat = region.start_sample, region.end_sample, region.end_beat
        if i + 1 == len(regions) and end > start:
            per_sample = (last_beat - region.start_beat) / (end - start)
            end = max(n_samples / ratio, start + old_hz)
            last_beat = region.start_beat + (end - start) * per_sample
        beats = {"sb": plain_number(region.start_beat), "eb": plain_number(last_beat)}
        scaled.append({"si": round(start * ratio), "ei": round(end * ratio), **beats})
    facts = {"songSampleCount": n_samples, "songFrequency": rate_hz, "bpmData": scaled}
    return {**value, **facts}


# Timing maps to tempo changes ------------------------------------------------------------


def tempos_of(timing: TimingMap, bpm: float, offset_s: float) -> tuple[Tempo, ...]:
    """Tempo changes that make a plain timing of the song's tempo and offset.

    A tempo that is not quite the one by which the next anchor is reached is written as the
    one that reaches it, so that no error adds up.
    """
    anchors = [a for a in timing.anchors if a.tick > 0]
    found: list[Tempo] = []
    at, written_s, running = 0, offset_s, bpm
    said = timing.bpm_at(0)
    for anchor in [*anchors, None]:
        if anchor is not None:
            length = (anchor.tick - at) / TICKS_PER_BEAT
            left_s = anchor.seconds - written_s
            if left_s > 0 and abs(length * 60 / said - left_s) > _SLACK_S:
                said = min(max(length * 60 / left_s, _MIN_BPM), _MAX_BPM)
            written_s += length * 60 / said
        if said != running:
            found.append(Tempo(at / TICKS_PER_BEAT, said))
            running = said
        if anchor is not None:
            at, said = anchor.tick, anchor.bpm
    return tuple(found)


def is_plain(timing: TimingMap) -> bool:
    """Whether every anchor is later and further than the one before."""
    return not any(a.cause is not Cause.TEMPO for a in timing.anchors) and _runs_on(timing.anchors)


def _runs_on(anchors: Sequence[Anchor]) -> bool:
    return all(b.tick > a.tick and b.seconds > a.seconds for a, b in pairwise(anchors))


def plain(timing: TimingMap) -> TimingMap:
    """A timing without stops and warps in which every moment keeps its second.

    Stops become beats at the tempo in force, warps become nothing, so later ticks move.
    """
    if is_plain(timing):
        return timing
    first = timing.anchors[0]
    made = [first]
    for before, after in pairwise(timing.anchors):
        passed_s, ticks = after.seconds - before.seconds, after.tick - before.tick
        if ticks <= 0:
            ticks = max(tick_of(passed_s * before.bpm / 60), 1) if passed_s > 0 else 0
        last = made[-1]
        if passed_s <= 0 or ticks == 0:
            made[-1] = replace(last, bpm=after.bpm)
        else:
            made.append(Anchor(last.tick + ticks, after.seconds, after.bpm))
    return TimingMap(tuple(made))


def moved(notes: Sequence[Note], old: TimingMap, new: TimingMap) -> tuple[Note, ...]:
    """Notes of one timing on the ticks that another has at their seconds."""
    if old == new or not notes:
        return tuple(notes)
    starts = new.tick_at(np.atleast_1d(old.seconds_at(ticks_of(notes))))
    ends = new.tick_at(np.atleast_1d(old.seconds_at(ends_of(notes))))
    pairs = zip(notes, starts.tolist(), ends.tolist(), strict=True)
    return sort_notes(_at(note, start, max(start, end)) for note, start, end in pairs)


def _at(note: Note, start: int, end: int) -> Note:
    return replace(note, tick=start, end=end)  # type: ignore[type-var]
