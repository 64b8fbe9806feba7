"""The demo song as a score: "Copper Aurora", 56 measures of 4/4 at 150 BPM in D and E minor.

Knows chords, patterns and tunes, and turns them into notes and controller moves; knows nothing
of MIDI files, soundfonts or audio. Times are sixteenths from the first downbeat. The same notes
come out every time.

Pattern strings hold one character per sixteenth, so sixteen of them are a measure. In drum and
chord patterns the character is the loudness (`LOUDNESS`), in bass patterns the step above the
root (`BASS_STEPS`), in arpeggios the number of the chord tone; a dot is a rest. Tunes are words
``pitch:length``, ``-`` being a rest and ``!`` an accent.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

TITLE = "Copper Aurora"
BPM = 150.0
STEPS_PER_MEASURE = 16
SEED = 20

LOUDNESS = {"X": 122, "x": 104, "o": 84, "-": 60, ",": 40}
BASS_STEPS = {"1": 0, "5": 7, "8": 12, "7": 10}
PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True, slots=True)
class Note:
    """One note of one part; times in sixteenths from the first downbeat."""

    part: str
    start: float
    length: float
    key: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Move:
    """A controller of one part set to a value."""

    part: str
    start: float
    controller: int
    value: int


@dataclass(frozen=True, slots=True)
class Part:
    """One instrument: General MIDI program (from 0), channel and its place in the mix."""

    channel: int
    program: int
    volume: int
    pan: int = 64
    reverb: int = 30


PARTS = {
    "bass": Part(0, 38, 104, reverb=0),
    "sub": Part(1, 39, 78, reverb=0),
    "pad": Part(2, 88, 100, reverb=60),
    "strings": Part(3, 48, 84, reverb=60),
    "arp": Part(4, 80, 90, pan=40, reverb=40),
    "stab": Part(5, 62, 82, pan=76),
    "lead": Part(6, 81, 127, pan=60, reverb=36),
    "octave": Part(7, 80, 80, pan=72, reverb=36),
    "mallet": Part(8, 10, 127, pan=50, reverb=50),
    "drums": Part(9, 16, 112, reverb=14),
    "answer": Part(10, 73, 118, pan=80, reverb=56),
    "piano": Part(11, 2, 122, reverb=50),
    "riser": Part(12, 119, 112, reverb=50),
}
PUMPED = ("pad", "strings", "arp")

KIT = {
    "kick": 36, "snare": 38, "clap": 39, "hat": 42, "open": 46, "crash": 49, "splash": 55,
    "ride": 51, "tamb": 54, "tom1": 50, "tom2": 47, "tom3": 43, "stick": 37,
}  # fmt: skip

# Pitch classes, the first one being the bass.
CHORDS = {
    "Dm": (2, 5, 9),
    "Dm9": (2, 5, 9, 0, 4),
    "Bb": (10, 2, 5),
    "Bbmaj7": (10, 2, 5, 9),
    "F": (5, 9, 0),
    "C": (0, 4, 7),
    "Gm7": (7, 10, 2, 5),
    "Am7": (9, 0, 4, 7),
    "A": (9, 1, 4),
    "B": (11, 3, 6),
}

DRUMS = {
    "silence": {},
    "start": {"kick": "X", "crash": "o"},
    "pulse": {"kick": "o.......o.......", "hat": "..,...,...,...,."},
    "ticks": {"kick": "x.......x.....o.", "hat": ",.-.,.-.,.-.,.--", "stick": "....o.......o..-"},
    "groove": {
        "kick": "X.....x.x.......", "snare": "....x.......x...",
        "hat": "-.o.-.o.-.o.-.o.", "tamb": "..,...,...,...,,",
    },
    "groove2": {
        "kick": "X.....x.x..x....", "snare": "....x..,....x..,",
        "hat": "-,o,-,o,-,o,-,o.", "open": "..............-.", "tamb": "..,...,...,...,,",
    },
    "fill": {
        "kick": "X.....x.x.......", "snare": "....x...x.x.xxxx", "hat": "-.o.-.o.",
        "tom1": "......o.", "tom2": "..........o.o...",
    },
    "drop": {
        "kick": "X...X...X...X...", "snare": "....X.......X...", "clap": "....x.......x...",
        "open": "..x...x...x...x.", "hat": "o,.-o,.-o,.-o,.-",
    },
    "drop2": {
        "kick": "X...X...X..xX.x.", "snare": "....X..,....X..-", "clap": "....x.......x...",
        "open": "..x...x...x...x.", "hat": "o,.-o,.-o,.-o,.-", "ride": "x...x...x...x...",
    },
    "dropfill": {
        "kick": "X...X...X.......", "snare": "....X...X..Xx.xx", "clap": "....x.......x...",
        "open": "..x...x.", "hat": "o,.-o,.-", "tom1": "..........x.", "tom3": ".............x",
    },
    "roll4": {"kick": "X...X...X...X...", "snare": "o...o...o...o...", "hat": "..-...-...-...-."},
    "roll8": {"kick": "X...X...X...X...", "snare": "o.o.o.o.o.o.o.o.", "hat": "..-...-...-...-."},
    "roll16": {"kick": "X.X.X.X.X.X.X.X.", "snare": "oooooooooooooooo"},
    "rolloff": {"kick": "X.X.X.X.", "snare": "xoxoxoxoxxxx....", "tom1": "........x...",
                "tom2": ".........x..", "tom3": "..........xx"},
    "heart": {"kick": "o.....-.........", "tamb": "....,.......,..."},
    "hits": {"kick": "X..X..X...X.X...", "snare": "X..X..X...X.X...", "crash": "x..............."},
    "last": {"kick": "X", "crash": "X", "snare": "X"},
}  # fmt: skip

BASS = {
    "none": "",
    "hold": "1",
    "verse": "1.....1.1...5...",
    "verse2": "1.....1.1..15.7.",
    "build": "1.1.1.1.1.1.1.1.",
    "drop": "1..81.8.1..81.88",
    "drop2": "1..81.8.1.818.57",
    "hits": "1..1..1...1.1...",
}
BASS_GATE = 0.85  # share of the time to the next bass note that one sounds

ARPS = {
    "none": "",
    "slow": "0.2.1.3.2.4.3.1.",
    "flow": "0213243502132435",
    "wide": "0324152603241526",
    "drip": "0...3...2.....4.",
}
STABS = {
    "none": "",
    "push": "x..x..x...x.o...",
    "push2": "x..x..x...x.x.o.",
    "hits": "X..X..X...X.X...",
}

# One string per measure; the part is named by the section that plays them.
TUNES = {
    "bells": (
        "A5:6 E5:6 F5:4", "-:16", "A5:6 D5:6 F5:4", "-:16",
        "C6:6 A5:6 F5:4", "E5:6 G5:6 C6:4", "Bb5:6 A5:6 F5:4", "E5:8 C#5:8",
    ),
    "call": (
        "-:2 A4:2 D5:3! E5:1 F5:4 E5:2 D5:2", "F5:3! D5:1 A4:4 -:8", "-:16", "-:16",
        "-:2 A4:2 D5:3! E5:1 F5:4 G5:2 A5:2", "F5:3! D5:1 A4:4 -:8", "-:16", "-:16",
    ),
    "response": (
        "-:16", "-:12 D5:2 E5:2", "F5:3! C5:3 A4:2 C5:3 D5:3 F5:2", "E5:3! C5:1 G4:8 -:4",
        "-:16", "-:12 D5:2 F5:2", "G5:3! F5:1 D5:2 Bb4:2 D5:4 F5:2 G5:2", "A5:6! G5:2 E5:4 C#5:4",
    ),
    "climb": (
        "G4:3! Bb4:3 D5:2 G4:3 Bb4:3 D5:2", "Bb4:3! D5:3 F5:2 Bb4:3 D5:3 F5:2",
        "A4:3! C#5:3 E5:2 A4:3 C#5:3 E5:2", "C#5:3! E5:3 A5:2 C#6:4! A5:1 Bb5:1 C6:1 C#6:1",
    ),
    "climb2": (
        "D4:3! G4:3 Bb4:2 D5:3 Bb4:3 G4:2", "E4:3! A4:3 C#5:2 E5:3 C#5:3 A4:2",
        "F4:3! Bb4:3 D5:2 F5:3 D5:3 Bb4:2", "B4:3! D#5:3 F#5:2 B5:4! F#5:1 A5:1 B5:1 D#6:1",
    ),
    "hook": (
        "D5:3! E5:3! F5:2 A5:4! G5:2 F5:2", "G5:3! E5:3! C5:2 D5:2 E5:2 G5:4",
        "E5:3! C5:3! A4:2 C5:2 E5:2 A5:2 G5:2", "F5:3! E5:1 D5:6 -:2 A4:2 C5:2",
        "D5:3! E5:3! F5:2 Bb5:3! A5:1 G5:2 F5:2", "G5:3! A5:3! C6:4! Bb5:2 A5:2 G5:2",
        "A5:3! G5:3! F5:2 A5:2 C6:2 F5:4", "E5:3! F5:1 E5:2 C#5:2 A4:4 A4:1 C#5:1 E5:1 G5:1",
    ),
    "hook2": (
        "D5:3! E5:3! F5:2 A5:4! G5:2 F5:2", "G5:3! E5:3! C5:2 D5:1 E5:1 G5:2 C6:4!",
        "E5:3! C5:3! A4:2 C5:1 D5:1 E5:2 A5:2 G5:2", "F5:3! E5:1 D5:4 D5:1 E5:1 F5:2 A5:2 C6:2",
        "D6:3! C6:3! Bb5:2 F5:3! G5:1 A5:2 Bb5:2", "C6:3! Bb5:3! G5:2 E5:2 G5:2 C6:2 Bb5:2",
        "A5:3! G5:3! F5:2 A5:2 C6:2 F6:4!", "E6:3! C#6:1 A5:2 G5:2 E5:2 C#5:2 A4:1 C#5:1 E5:1 G5:1",
        "D5:3! E5:3! F5:2 A5:4! G5:2 F5:2", "G5:3! A5:3! C6:4! D6:2 C6:2 A5:2",
        "F5:3! A5:3! D6:4! C6:2 A5:2 F5:2", "D6:3! C6:3 A5:2 F5:3 E5:3 D5:2",
    ),
    "memory": (
        "D5:6! E5:6 F5:4", "A5:8! G5:4 F5:4", "G5:6! E5:6 C5:4", "D5:12! A4:4",
        "D5:6! E5:6 F5:4", "C6:8! A5:8", "Bb5:6! A5:6 G5:4", "A5:6! G5:2 E5:4 C#5:4",
    ),
    "farewell": ("D5:3! E5:3! F5:4! A5:2! G5:4", "G5:3! E5:3! C5:4! E5:2! G5:4", "A5:16!", "-:16"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section:
    """Some measures in a row. In tuples shorter than ``chords`` the last entry goes on.

    Parameters
    ----------
    level : tuple of float
        Velocity factors at the start and the end.
    tunes : tuple of (part, tune) pairs
    pump : float
        How far chords duck under each beat, 0 to 1.
    """

    name: str
    chords: tuple[str, ...]
    drums: tuple[str, ...]
    bass: tuple[str, ...] = ("none",)
    arp: tuple[str, ...] = ("none",)
    stab: tuple[str, ...] = ("none",)
    held: tuple[str, ...] = ("pad",)
    tunes: tuple[tuple[str, str], ...] = ()
    level: tuple[float, float] = (1.0, 1.0)
    semitones: int = 0
    pump: float = 0.0
    risers: tuple[int, ...] = field(default=())  # measures that end in a reversed cymbal


DROP_CHORDS = ("Bb", "C", "Am7", "Dm", "Bb", "C", "F", "A")

SECTIONS = (
    Section(
        "intro", ("Dm9", "Dm9", "Bbmaj7", "Bbmaj7", "F", "C", "Gm7", "A"),
        ("start", "silence", "pulse", "pulse", "ticks", "ticks", "ticks", "ticks"),
        arp=("drip", "drip", "slow", "slow", "flow"), tunes=(("mallet", "bells"),),
        bass=("none", "none", "none", "none", "hold"), level=(0.78, 0.9), risers=(7,),
    ),
    Section(
        "verse", ("Dm", "Bbmaj7", "F", "C", "Dm", "Bbmaj7", "Gm7", "A"),
        ("groove", "groove2", "groove", "groove2", "groove", "groove2", "groove", "fill"),
        bass=("verse", "verse2") * 4, arp=("slow",),
        tunes=(("mallet", "call"), ("answer", "response")), level=(0.86, 0.92), pump=0.25,
    ),
    Section(
        "build", ("Gm7", "Bbmaj7", "A", "A"), ("roll4", "roll8", "roll16", "rolloff"),
        bass=("build", "build", "build", "none"), arp=("flow", "flow", "wide", "wide"),
        held=("pad", "strings"), tunes=(("lead", "climb"),), level=(0.72, 1.08), risers=(1, 3),
    ),
    Section(
        "drop", DROP_CHORDS,
        ("drop", "drop", "drop", "drop2", "drop", "drop", "drop", "dropfill"),
        bass=("drop", "drop", "drop", "drop2"), arp=("wide",), stab=("push",),
        held=("pad", "strings"), tunes=(("lead", "hook"), ("octave", "hook")), pump=0.7,
    ),
    Section(
        "break", ("Bbmaj7", "F", "C", "Dm", "Bbmaj7", "F", "Gm7", "A"),
        ("start", "silence", "silence", "silence", "heart"),
        bass=("none", "none", "none", "none", "hold"), arp=("none", "none", "none", "none", "drip"),
        tunes=(("piano", "memory"),), level=(0.8, 0.86),
    ),
    Section(
        "rise", ("Gm7", "A", "Bbmaj7", "B"), ("roll4", "roll8", "roll16", "rolloff"),
        bass=("build", "build", "build", "none"), arp=("flow", "flow", "wide", "wide"),
        held=("pad", "strings"), tunes=(("lead", "climb2"),), level=(0.7, 1.1), risers=(1, 3),
    ),
    Section(
        "last drop", (*DROP_CHORDS, "Bb", "C", "Dm", "Dm"),
        ("drop", "drop2", "drop", "drop2", "drop", "drop2", "drop", "dropfill",
         "drop2", "drop2", "drop2", "dropfill"),
        bass=("drop", "drop2") * 6, arp=("wide",), stab=("push", "push2") * 6,
        held=("pad", "strings"), tunes=(("lead", "hook2"), ("octave", "hook2")),
        level=(1.02, 1.05), semitones=2, pump=0.7,
    ),
    Section(
        "ending", ("Bb", "C", "Dm9", "Dm9"), ("hits", "hits", "last", "silence"),
        bass=("hits", "hits", "hold", "none"), stab=("hits", "hits", "none", "none"),
        arp=("none", "none", "slow", "drip"), held=("pad", "strings"),
        tunes=(("lead", "farewell"), ("octave", "farewell")), level=(1.05, 0.8), semitones=2,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Score:
    """Everything to play, in order of time, and where the sections start (measures from 1)."""

    notes: tuple[Note, ...]
    moves: tuple[Move, ...]
    sections: tuple[tuple[str, int], ...]
    n_measures: int


def compose() -> Score:
    """The whole song."""
    chance = random.Random(SEED)
    notes: list[Note] = []
    moves: list[Move] = []
    starts: list[tuple[str, int]] = []
    n_measures = 0
    for section in SECTIONS:
        starts.append((section.name, n_measures + 1))
        first_step = n_measures * STEPS_PER_MEASURE
        for note in _play(section):
            velocity = round(note.velocity * _level(section, note.start)) + chance.randint(-3, 3)
            start = note.start + first_step
            velocity = min(127, max(1, velocity))
            notes.append(Note(note.part, start, note.length, note.key, velocity))
        moves += (
            Move(move.part, move.start + first_step, move.controller, move.value)
            for move in _pump(section)
        )
        n_measures += len(section.chords)
    notes.sort(key=lambda note: (note.start, note.part, note.key))
    moves.sort(key=lambda move: (move.start, move.part))
    return Score(tuple(notes), tuple(moves), tuple(starts), n_measures)


def _level(section: Section, step: float) -> float:
    low, high = section.level
    return low + (high - low) * step / (STEPS_PER_MEASURE * len(section.chords))


def _play(section: Section) -> Iterator[Note]:
    """The section's notes, its own first downbeat being step 0."""
    for measure, name in enumerate(section.chords):
        at = measure * STEPS_PER_MEASURE
        chord = tuple(pitch + section.semitones for pitch in CHORDS[name])
        yield from _drums(_nth(section.drums, measure), at)
        yield from _bass(BASS[_nth(section.bass, measure)], chord, at)
        yield from _arp(ARPS[_nth(section.arp, measure)], chord, at)
        yield from _stabs(STABS[_nth(section.stab, measure)], chord, at)
        for part in section.held:
            for key in _voicing(chord, 57 if part == "pad" else 64):
                yield Note(part, at, STEPS_PER_MEASURE, key, 88)
        for part, tune in section.tunes:
            raised = section.semitones + (12 if part == "octave" else 0)
            yield from _tune(part, TUNES[tune][measure], at, raised)
    if section.pump > 0:  # where a beat sets in, cymbals say so
        yield from (Note("drums", 0, 1, KIT[name], 116) for name in ("crash", "splash"))
    for measure in section.risers:
        yield Note("riser", measure * STEPS_PER_MEASURE + 4, 12, 60, 110)


def _nth(names: tuple[str, ...], measure: int) -> str:
    """The name for a measure; the last one goes on."""
    return names[min(measure, len(names) - 1)]


def _drums(name: str, at: int) -> Iterator[Note]:
    for piece, pattern in DRUMS[name].items():
        for step, character in enumerate(pattern):
            if character != ".":
                yield Note("drums", at + step, 0.5, KIT[piece], LOUDNESS[character])


def _bass(pattern: str, chord: tuple[int, ...], at: int) -> Iterator[Note]:
    root = 33 + (chord[0] - 33) % 12  # A1 to G sharp 2
    steps = [step for step, character in enumerate(pattern) if character != "."]
    for step, after in zip(steps, [*steps, STEPS_PER_MEASURE][1:], strict=True):
        key = root + BASS_STEPS[pattern[step]]
        velocity = 112 if step % 4 == 0 else 96
        yield Note("bass", at + step, (after - step) * BASS_GATE, key, velocity)
        if pattern[step] == "1":
            yield Note("sub", at + step, (after - step) * BASS_GATE, root, velocity - 14)


def _arp(pattern: str, chord: tuple[int, ...], at: int) -> Iterator[Note]:
    tones = _voicing(chord, 62)
    for step, character in enumerate(pattern):
        if character != ".":
            octave, tone = divmod(int(character), len(tones))
            velocity = 100 if step % 8 in (0, 3, 6) else 74  # 3 + 3 + 2
            yield Note("arp", at + step, 0.9, tones[tone] + 12 * octave, velocity)


def _stabs(pattern: str, chord: tuple[int, ...], at: int) -> Iterator[Note]:
    for step, character in enumerate(pattern):
        if character != ".":
            for key in _voicing(chord, 60):
                yield Note("stab", at + step, 1.4, key, LOUDNESS[character])


def _voicing(chord: tuple[int, ...], low: int) -> list[int]:
    """The chord's tones within the octave above ``low``, so that neighbours stay close."""
    return sorted(low + (pitch - low) % 12 for pitch in chord)


def _tune(part: str, words: str, at: int, semitones: int) -> Iterator[Note]:
    step = 0
    for word in words.split():
        pitch, length, accent = re.fullmatch(r"(-|[A-G][b#]?\d):(\d+)(!?)", word).groups()
        if pitch != "-":
            velocity = 114 if accent else 98
            yield Note(part, at + step, int(length) * 0.92, _key(pitch) + semitones, velocity)
        step += int(length)
    if step != STEPS_PER_MEASURE:
        raise ValueError(f"{words!r} fills {step} sixteenths, not {STEPS_PER_MEASURE}")


def _key(pitch: str) -> int:
    """MIDI key of a name like ``Bb4``; C4 is 60."""
    bend = {"b": -1, "#": 1}.get(pitch[1], 0)
    return PITCH_CLASSES[pitch[0]] + bend + 12 * (int(pitch[-1]) + 1)


def _pump(section: Section) -> Iterator[Move]:
    """Expression moves that duck the held parts under each beat, and let them go after."""
    expression = 11
    for part in PUMPED:
        if section.pump == 0:
            yield Move(part, 0, expression, 127)
            continue
        for step in range(STEPS_PER_MEASURE * len(section.chords)):
            share = (0.0, 0.6, 1.0, 1.0)[step % 4]
            yield Move(part, step, expression, round(127 * (1 - section.pump * (1 - share))))
