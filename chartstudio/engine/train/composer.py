"""Our own music: small pieces with a form, composed by rule from a seed.

They fill what the MIDI collection lacks: tempos from 60 to 240, swing, triplets, waltzes,
builds, breaks, and sections that come back exactly or varied. This module knows nothing of
sound or charts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.engine.train.piece import Piece, Sound

_BEAT = TICKS_PER_BEAT

PARTS = {"drums": 0, "bass": 1, "chords": 2, "lead": 3}
"""Part number of each layer in a composed piece."""


@dataclass(frozen=True, slots=True)
class Genre:
    """Patterns of one measure, as text: ``x`` strikes, ``o`` strikes softly, ``.`` rests.

    Parameters
    ----------
    bpm : (float, float)
    steps : int
        Steps per beat: 4, or 3 for triplets. Patterns have ``steps * meter`` characters and
        repeat when shorter.
    swing : (float, float)
        How far the second half of each swung pair is late: 0 is straight, 1 a triplet.
    kick, snare, hat, bass, chords : str
        A pattern; in ``chords`` every strike lasts until the next.
    lead : (float, float)
        Notes per beat of the tune.
    programs : tuple of int
        Of bass, chords, lead.
    """

    name: str
    bpm: tuple[float, float]
    kick: str
    snare: str
    hat: str
    bass: str
    chords: str
    lead: tuple[float, float]
    programs: tuple[int, int, int]
    steps: int = 4
    meter: int = 4
    swing: tuple[float, float] = (0.0, 0.0)


# fmt: off
GENRES = (
    Genre("house", (112, 134), "x...", "....x.......x...", "..x.", "..x...x...x...xx",
          "x..x..x...x.....", (1, 2.5), (38, 4, 81)),
    Genre("trance", (128, 150), "x...", "....x...", "..x.", ".xxx", "x...............",
          (2, 4), (38, 50, 81)),
    Genre("rock", (90, 160), "x.......x.x.....", "....x.......x...", "x.o.", "x.x.",
          "x.......x.......", (0.8, 2), (34, 29, 30)),
    Genre("punk", (160, 230), "x..x", "..x.", "x.x.", "x.x.", "x.x.", (0.5, 1.5), (34, 30, 29)),
    Genre("metal", (140, 240), "x.x.x.x.", "....x...", "x...", "x.x.x.xx", "x...x.x.",
          (1, 4), (34, 30, 29)),
    Genre("ballad", (60, 84), "x.........x.....", "........x.......", "x.o.", "x.......x.......",
          "x...x...x...x...", (0.7, 1.5), (33, 0, 73)),
    Genre("drum and bass", (165, 182), "x.........x.....", "....x.......x...", "x.x.",
          "x.....x...x.....", "x...............", (0.5, 2), (39, 89, 80)),
    Genre("hip hop", (70, 100), "x......x..x.....", "....x.......x..o", "x.xo", "x......x..x.....",
          "x.......x.......", (0.6, 1.6), (33, 4, 11), swing=(0.2, 0.8)),
    Genre("half time", (135, 150), "x.....x...x.....", "........x.......", "x.xxx.x.",
          "x.......x.......", "x...............", (0.5, 2), (38, 62, 87)),
    Genre("chiptune", (120, 200), "x.....x.", "....x...", "x.x.", "x.x.", "x.xx", (2, 4),
          (80, 81, 80)),
    Genre("samba", (90, 115), "x..xx..x", "..o...o...o..o..", "xoxx", "x..xx..x",
          "x..x..x...x.x...", (1, 2.5), (33, 24, 73)),
    Genre("shuffle", (80, 150), "x..x..", "...x..", "x.ox.o", "x..x.x", "x.....", (0.8, 2),
          (32, 16, 26), steps=3),
    Genre("jig", (100, 140), "x..x..", "...x..", "x.x", "x..x..", "x.xx.x", (2, 3), (32, 24, 40),
          steps=3),
    Genre("waltz", (80, 190), "x...........", "....x...x...", "o...o...o...", "x...........",
          "....x...x...", (0.7, 2), (32, 0, 71), meter=3),
    Genre("march", (100, 130), "x...", "....x..xx.....xx", "....", "x...x...", "..x.",
          (1, 2), (58, 61, 56)),
)
# fmt: on

FORMS: tuple[tuple[tuple[str, int], ...], ...] = (
    (("intro", 4), ("verse", 8), ("build", 4), ("chorus", 8), ("break", 4), ("chorus", 8)),
    (("verse", 8), ("chorus", 8), ("verse", 8), ("chorus", 8), ("outro", 4)),
    (("intro", 8), ("chorus", 16), ("break", 8), ("build", 8), ("chorus", 16), ("outro", 4)),
    (("verse", 4), ("chorus", 4)) * 4,
)
"""Sections and their measures."""

# fmt: off
MORE_GENRES = (
    Genre("swing", (110, 240), "x..x..", "...x..", "x..x.x", "x..x..", "..x..x", (1, 2.5),
          (32, 0, 65), steps=3),
    Genre("slow twelve", (60, 76), "x..x.x......", "......x..x.x", "x.x", "x.....x..x..",
          "x...........", (0.7, 1.6), (33, 0, 40), steps=3),
    Genre("doom", (60, 82), "x.......x.......", "....x...", "x...", "x.......", "x...............",
          (0.4, 1), (34, 30, 29)),
    Genre("hardcore", (180, 240), "x...", "....x...", "..x.", "..x.", "x.......", (1, 2),
          (38, 81, 80)),
    Genre("reggae", (66, 92), "........x.......", "........x.......", "x.xo", "x..x..x...x.....",
          "....x.......x...", (0.6, 1.6), (33, 16, 26), swing=(0.0, 0.6)),
    Genre("garage", (124, 138), "x.........x.....", "....x.......x..o", "..x.", "x..x......x..x..",
          "x.....x...x.....", (1, 2.5), (38, 4, 52), swing=(0.3, 0.9)),
    Genre("five", (90, 180), "x.....x.....x.......", "........x.......x...", "x.x.",
          "x.....x.....x...x...", "x...........x.......", (0.8, 2), (33, 11, 73), meter=5),
    Genre("seven", (100, 200), "x.......x...x.......x.......", "....x.......x...........x...",
          "x.", "x...x...x...x...x...x.x.....", "x...............x...........", (0.8, 2),
          (34, 29, 30), meter=7),
)
# fmt: on

MORE_FORMS: tuple[tuple[tuple[str, int], ...], ...] = (
    (("intro", 4), ("verse", 8), ("chorus", 7), ("stop", 1), ("half", 8), ("chorus", 8)),
    (("verse", 7), ("stop", 1), ("chorus", 8), ("half", 8), ("build", 8), ("chorus", 8)),
    (("chords", 8), ("verse", 8), ("stop", 2), ("chorus", 8), ("break", 8), ("verse", 8)),
)


@dataclass(frozen=True, slots=True)
class Repertoire:
    """What pieces are drawn from."""

    genres: tuple[Genre, ...] = GENRES
    forms: tuple[tuple[tuple[str, int], ...], ...] = FORMS


SMALL = Repertoire()
"""What a seed made before there was more still makes."""

WIDE = Repertoire((*GENRES, *MORE_GENRES), (*FORMS, *MORE_FORMS))

_PLAYING = {
    "intro": ("chords", "hat"),
    "verse": ("drums", "bass", "chords", "lead"),
    "build": ("roll", "chords"),
    "chorus": ("drums", "crash", "bass", "chords", "lead"),
    "break": ("chords", "lead"),
    "outro": ("bass", "chords", "kick"),
    "half": ("half drums", "bass", "chords", "lead"),
    "stop": ("hit",),
    "chords": ("chords",),
}

_PROGRESSIONS = (
    (0, 5, 3, 4), (0, 4, 5, 3), (5, 3, 0, 4), (0, 3, 4, 3), (0, 6, 5, 4), (0, 0, 3, 4),
    (1, 4, 0, 0),
)  # fmt: skip
"""Scale degrees of the chords, one per measure."""

_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10))

_Hit = tuple[float, float, int, int, str]
"""Beat within the measure, length in beats, pitch, velocity, layer."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is given from outside: the tempo and length to play to.

    Parameters
    ----------
    bpm : float
    meter : int
    n_measures : int
    """

    bpm: float
    meter: int
    n_measures: int


def compose(
    rng: np.random.Generator, frame: Frame | None = None, repertoire: Repertoire = SMALL
) -> Piece:
    """A new piece of 32 to 60 measures.

    Parameters
    ----------
    rng : Generator
    frame : Frame, optional
        To play with a drummer: the piece then has no drums of its own.
    repertoire : Repertoire

    Returns
    -------
    Piece
        Its name is the genre's with a number.
    """
    genres = [
        g for g in repertoire.genres if frame is None or g.meter == 4 or g.meter == frame.meter
    ]
    genre = genres[int(rng.integers(len(genres)))]
    if frame is not None:
        genre = replace(genre, meter=frame.meter)
    form = repertoire.forms[int(rng.integers(len(repertoire.forms)))]
    composer = _Composer(genre, rng)
    hits: list[list[_Hit]] = []
    while True:
        for kind, n_measures in form:
            hits += [composer.measure(kind, m, n_measures) for m in range(n_measures)]
        if frame is None or len(hits) >= frame.n_measures:
            break
    bpm = frame.bpm if frame else _tempo(genre, rng)
    if frame is not None:
        hits = [[h for h in measure if h[4] != "drums"] for measure in hits[: frame.n_measures]]
    sounds = _performed(hits, genre, rng)
    timing = _clock(bpm, genre.meter, len(hits), rng, frame)
    # No two pieces share a name: by their names they are kept apart for judging.
    name = f"{genre.name} {int(rng.integers(10**6)):06d}"
    return Piece(name, timing, sounds, (0, *genre.programs))


def _tempo(genre: Genre, rng: np.random.Generator) -> float:
    bpm = float(rng.uniform(*genre.bpm))
    return float(round(bpm)) if rng.random() < 0.6 else round(bpm, 3)


def _clock(
    bpm: float, meter: int, n_measures: int, rng: np.random.Generator, frame: Frame | None
) -> TimingMap:
    """Nearly always one tempo; one piece in ten changes it at half its length."""
    first = Anchor(0, 0.0, bpm, meter, bar=True)
    if frame is not None or rng.random() > 0.1:
        return TimingMap((first,))
    tick = n_measures // 2 * meter * _BEAT
    faster = bpm * float(rng.choice((0.75, 0.9, 1.1, 1.25)))
    return TimingMap((first, Anchor(tick, tick / _BEAT * 60 / bpm, faster, meter, bar=True)))


def _performed(
    measures: Sequence[Sequence[_Hit]], genre: Genre, rng: np.random.Generator
) -> tuple[Sound, ...]:
    """Hits as sounds: swung, and played by machines or by people."""
    swing = float(rng.uniform(*genre.swing))
    loose_ticks = float(rng.choice((0.0, 0.0, 0.012))) * _BEAT
    sounds = []
    for m, hits in enumerate(measures):
        for beat, length, pitch, velocity, layer in hits:
            late = swing / 12 if round(beat * 4) % 2 and genre.steps == 4 else 0.0
            tick = (m * genre.meter + beat + late) * _BEAT + rng.normal(0.0, 1.0) * loose_ticks
            start = max(round(tick), 0)
            loud = int(np.clip(velocity + rng.normal(0.0, 5.0), 20, 127))
            end = start + max(round(length * _BEAT), 1)
            sounds.append(Sound(start, end, pitch, loud, layer, PARTS[layer]))
    return tuple(sorted(sounds, key=lambda s: (s.tick, s.part, s.pitch)))


class _Composer:
    """Invents the measures of a piece and remembers them, so that they come back."""

    def __init__(self, genre: Genre, rng: np.random.Generator) -> None:
        self._genre, self._rng = genre, rng
        self._scale = _SCALES[int(rng.integers(len(_SCALES)))]
        self._key = int(rng.integers(12))
        self._exact = rng.random() < 0.5
        self._memory: dict[tuple[str, int], list[_Hit]] = {}
        self._progression: dict[str, tuple[int, ...]] = {}
        self._tune: dict[tuple[str, str], list[tuple[float, float, int]]] = {}

    def measure(self, kind: str, m: int, n_measures: int) -> list[_Hit]:
        """Measure ``m`` of a section; sections of one kind repeat every eight measures."""
        if kind == "build":
            return self._invent(kind, m, (m + 1) / n_measures)
        place = (kind, m % 8)
        if place not in self._memory:
            self._memory[place] = self._invent(kind, m % 8, 0.0)
            known = self._memory[place]
        else:
            known = self._memory[place] if self._exact else self._varied(self._memory[place])
        if m == n_measures - 1 and "drums" in _PLAYING[kind]:
            return self._fill(known)
        return known

    def _varied(self, hits: Sequence[_Hit]) -> list[_Hit]:
        """Now and then a tune note on another degree, or a soft drum left out."""
        out = []
        for hit in hits:
            beat, length, pitch, velocity, layer = hit
            if layer == "lead" and self._rng.random() < 0.08:
                pitch += int(self._rng.choice((-2, 2, 3, -3)))
            if layer == "drums" and velocity < 70 and self._rng.random() < 0.1:
                continue
            out.append((beat, length, pitch, velocity, layer))
        return out

    def _fill(self, hits: Sequence[_Hit]) -> list[_Hit]:
        """The last beat's drums give way to a roll over snare and toms."""
        start = self._genre.meter - 1
        kept = [h for h in hits if h[4] != "drums" or h[0] < start]
        steps = self._genre.steps
        keys = (38, 48, 45, 41)
        return kept + [
            (start + i / steps, 0.1, keys[i % len(keys)], 95 + 4 * i, "drums") for i in range(steps)
        ]

    def _invent(self, kind: str, m: int, rise: float) -> list[_Hit]:
        makers: dict[str, Callable[[str, int, float], list[_Hit]]] = {
            "drums": self._drums,
            "half drums": self._half_drums,
            "hit": self._hit,
            "kick": self._kick,
            "hat": self._hat,
            "crash": self._crash,
            "roll": self._roll,
            "bass": self._bass,
            "chords": self._chords,
            "lead": self._lead,
        }
        return [hit for name in _PLAYING[kind] for hit in makers[name](kind, m, rise)]

    # Drums -----------------------------------------------------------------------------

    def _struck(self, pattern: str, pitch: int, velocity: int, layer: str = "drums") -> list[_Hit]:
        genre = self._genre
        n = genre.steps * genre.meter
        marks = (pattern * -(-n // len(pattern)))[:n]
        return [
            (i / genre.steps, 0.2, pitch, velocity if mark == "x" else velocity - 35, layer)
            for i, mark in enumerate(marks)
            if mark != "."
        ]

    def _kick(self, kind: str, m: int, rise: float) -> list[_Hit]:
        return self._struck(self._genre.kick, 36, 112)

    def _hat(self, kind: str, m: int, rise: float) -> list[_Hit]:
        return self._struck(self._genre.hat, 51 if kind == "chorus" else 42, 85)

    def _drums(self, kind: str, m: int, rise: float) -> list[_Hit]:
        snare = self._struck(self._genre.snare, 38, 108)
        return self._kick(kind, m, rise) + snare + self._hat(kind, m, rise)

    def _half_drums(self, kind: str, m: int, rise: float) -> list[_Hit]:
        """Kick on the first beat, snare on the third, hats on beats: half the usual speed."""
        middle = float(self._genre.meter // 2)
        kick, snare = (0.0, 0.2, 36, 115, "drums"), (middle, 0.2, 38, 112, "drums")
        hats = [(float(b), 0.2, 42, 80, "drums") for b in range(self._genre.meter)]
        return [kick, snare, *hats]

    def _hit(self, kind: str, m: int, rise: float) -> list[_Hit]:
        """All together once, and silence."""
        struck = [(0.0, 0.5, key, 120, "drums") for key in (36, 49)]
        low = (0.0, 0.4, self._pitch(0, 33), 112, "bass")
        return [*struck, low] if m == 0 else []

    def _crash(self, kind: str, m: int, rise: float) -> list[_Hit]:
        return [(0.0, 2.0, 49, 118, "drums")] if m % 4 == 0 else []

    def _roll(self, kind: str, m: int, rise: float) -> list[_Hit]:
        """A snare roll that doubles its speed and swells."""
        per_beat = 1 if rise <= 0.5 else 2 if rise <= 0.75 else self._genre.steps
        return [
            (i / per_beat, 0.1, 38, round(60 + 60 * rise), "drums")
            for i in range(per_beat * self._genre.meter)
        ]

    # Pitches ---------------------------------------------------------------------------

    def _pitch(self, degree: int, low: int) -> int:
        """The scale's degree, in the octave that starts at ``low``."""
        octave, step = divmod(degree, 7)
        return low + (self._key + self._scale[step] - low) % 12 + 12 * octave

    def _chord(self, kind: str, m: int) -> int:
        if kind not in self._progression:
            choice = int(self._rng.integers(len(_PROGRESSIONS)))
            self._progression[kind] = _PROGRESSIONS[choice]
        return self._progression[kind][m % 4]

    def _bass(self, kind: str, m: int, rise: float) -> list[_Hit]:
        root = self._chord(kind, m)
        hits = self._struck(self._genre.bass, self._pitch(root, 33), 100, "bass")
        gate = 0.8 / self._genre.steps
        return [(b, gate, p + 12 * (self._rng.random() < 0.12), v, x) for b, _, p, v, x in hits]

    def _chords(self, kind: str, m: int, rise: float) -> list[_Hit]:
        root = self._chord(kind, m)
        hits = self._struck(self._genre.chords, 0, round(72 + 30 * rise), "chords")
        ends = [h[0] for h in hits[1:]] + [float(self._genre.meter)]
        return [
            (hit[0], 0.95 * (end - hit[0]), self._pitch(root + third, 55), hit[3], "chords")
            for hit, end in zip(hits, ends, strict=True)
            for third in (0, 2, 4)
        ]

    def _lead(self, kind: str, m: int, rise: float) -> list[_Hit]:
        """A phrase of four measures, A B A C; its notes on beats lean on the chord."""
        name = "ABAC"[m % 4]
        if (kind, name) not in self._tune:
            self._tune[kind, name] = self._motif()
        root = self._chord(kind, m)
        hits = []
        for beat, length, step in self._tune[kind, name]:
            degree = root + step
            if beat == int(beat) and step % 7 not in (0, 2, 4):
                degree += 1
            hits.append(
                (beat, length, self._pitch(degree, 64), 104 if beat % 2 == 0 else 94, "lead")
            )
        return hits

    def _motif(self) -> list[tuple[float, float, int]]:
        """Rhythm and steps of one measure: (beat, length, scale step above the chord)."""
        genre, rng = self._genre, self._rng
        n = genre.steps * genre.meter
        n_notes = int(np.clip(round(rng.uniform(*genre.lead) * genre.meter), 1, n))
        weight = np.array(
            [1.0 if i % genre.steps == 0 else 0.6 if i % 2 == 0 else 0.25 for i in range(n)]
        )
        steps = np.sort(rng.choice(n, n_notes, replace=False, p=weight / weight.sum()))
        gate = float(rng.choice((0.5, 0.9, 0.98)))
        walk = np.clip(np.cumsum(rng.choice((-2, -1, -1, 0, 1, 1, 2, 3), n_notes)), -4, 9)
        ends = np.append(steps[1:], n)
        return [
            (s / genre.steps, gate * (e - s) / genre.steps, int(d))
            for s, e, d in zip(steps.tolist(), ends.tolist(), walk.tolist(), strict=True)
        ]
