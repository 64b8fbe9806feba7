"""Music whose every note is known: MIDI read, mixed, varied and rendered for training.

Pieces come from the manifest of a data folder (multi-track music and human drum
performances) and from our own composer; FluidSynth turns them into sound. This module
knows nothing of charts, windows or features, and never touches recordings or songs that
humans have charted.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import mido
import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import EngineError
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks, snap_ticks
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.engine.train import composer
from chartstudio.engine.train.piece import Piece, Sound

RATE_HZ = 22_050
"""Sample rate of everything that `render` gives."""

SOUNDFONTS = (
    Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"),
    Path("/usr/share/soundfonts/FluidR3_GM.sf2"),
)
"""Where systems install the FluidR3 General MIDI soundfont (MIT licence)."""

LATENCY_S = 0.0065
"""How late a struck drum is heard, median of kick, snare, hi-hat and claves at a tenth of
the peak: 2.6 ms because events wait for the next block of 64 samples and the player counts
whole milliseconds, the rest in the soundfont's samples. `render` takes it out again; a
spread of 1.4 ms either way stays."""

TEMPO_BPM = (30.0, 400.0)
"""Tempos beyond these are gimmicks, which nothing here is trained for."""

MIN_GRID_SHARE = 0.65
"""A piece with fewer of its onsets near sixteenths and sextuplets was played without a
click: its ticks are no beats."""

_MAX_PARTS = 15
_TAIL_S = 1.5
_DRUM_CHANNEL = 9


# Reading MIDI --------------------------------------------------------------------------

_BASS_PROGRAMS = frozenset((*range(32, 40), 43, 58))
_PAD_PROGRAMS = frozenset((*range(48, 55), *range(88, 96)))
_NO_INSTRUMENT = frozenset((119, *range(120, 128)))
_TUNED_DRUMS = {113: 67, 115: 76, 116: 41, 117: 45, 118: 47}
"""Percussive programs on melodic channels, and the drum key that stands in for each."""

_DRUM_KEYS = {22: 42, 26: 46, 58: 43}
"""Electronic kit zones outside General MIDI: hi-hat edges, rim of the floor tom."""


@dataclass(slots=True)
class _Track:
    """Notes of one channel of one MIDI track: (tick, end, pitch, velocity)."""

    program: int
    drums: bool
    notes: list[tuple[int, int, int, int]]


def read_midi(path: Path, name: str = "") -> Piece:
    """A standard MIDI file as a piece.

    Parameters
    ----------
    path : Path
    name : str
        Defaults to the file's name.

    Raises
    ------
    EngineError
        When the file cannot be read, is no MIDI file, or holds no notes.
    """
    try:
        file = mido.MidiFile(str(path), clip=True)
    except (OSError, EOFError, ValueError, IndexError, mido.KeySignatureError) as error:
        raise EngineError(f"{path}: not a readable MIDI file ({error}); remove it") from None
    if file.ticks_per_beat <= 0:
        raise EngineError(f"{path}: timed in SMPTE frames, not in beats; remove it")
    scale = TICKS_PER_BEAT / file.ticks_per_beat
    tempos: dict[int, float] = {0: 120.0}
    meters: dict[int, tuple[int, int]] = {}
    tracks: list[_Track] = []
    for messages in file.tracks:
        tracks.extend(_read_track(messages, scale, tempos, meters))
    tracks = [t for t in tracks if t.notes and t.program not in _NO_INSTRUMENT]
    if not tracks:
        raise EngineError(f"{path}: holds no notes; remove it")
    sounds, programs = _assign_layers(tracks)
    return Piece(name or path.stem, _timing(tempos, meters), sounds, programs)


def _read_track(
    messages: Iterable[Any],
    scale: float,
    tempos: dict[int, float],
    meters: dict[int, tuple[int, int]],
) -> list[_Track]:
    """Notes by channel; tempos and meters go into the file's own tables."""
    found: dict[int, _Track] = {}
    program: dict[int, int] = defaultdict(int)
    control: dict[tuple[int, int], int] = {}
    held: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    at = 0
    for message in messages:
        at += message.time
        tick = round(at * scale)
        if message.type == "set_tempo":
            tempos[tick] = mido.tempo2bpm(max(message.tempo, 1))
        elif message.type == "time_signature":
            meters[tick] = (message.numerator, message.denominator)
        elif message.type == "program_change":
            program[message.channel] = message.program
        elif message.type == "control_change":
            control[message.channel, message.control] = message.value
        elif message.type in ("note_on", "note_off"):
            channel, key = message.channel, (message.channel, message.note)
            if message.type == "note_on" and message.velocity:
                # General MIDI: 100 is the volume, 127 the expression of a fresh channel.
                volume = control.get((channel, 7), 100) * control.get((channel, 11), 127)
                loudness = round(message.velocity * volume / 12_700)
                held[key].append((tick, min(max(loudness, 1), 127)))
            elif held[key]:
                start, loudness = held[key].pop(0)
                drums = channel == _DRUM_CHANNEL
                track = found.setdefault(channel, _Track(program[channel], drums, []))
                track.notes.append((start, max(tick, start + 1), message.note, loudness))
    return list(found.values())


def _timing(tempos: dict[int, float], meters: dict[int, tuple[int, int]]) -> TimingMap:
    """Anchors at every tempo and meter; measures of 5/8 and the like are joined in pairs."""
    anchors: list[Anchor] = []
    seconds, bpm, meter, last = 0.0, 120.0, 4, 0
    for tick in sorted(tempos.keys() | meters.keys()):
        seconds += (tick - last) * 60.0 / bpm / TICKS_PER_BEAT
        last, bpm = tick, tempos.get(tick, bpm)
        if tick in meters:
            numerator, denominator = meters[tick]
            n_joined = next(n for n in (1, 2, 4, 8, 16) if n * numerator * 4 % denominator == 0)
            meter = n_joined * numerator * 4 // denominator
        anchors.append(Anchor(tick, seconds, bpm, meter, bar=tick in meters))
    return TimingMap(tuple(anchors))


def _assign_layers(tracks: Sequence[_Track]) -> tuple[tuple[Sound, ...], tuple[int, ...]]:
    """Layer and part of each track.

    Channel 10 is drums; bass is a bass program or a low voice; chords are pads and whatever
    sounds mostly several notes at once; everything else leads. Where nothing leads, the
    busiest of the chords does.
    """
    layers = [_layer(track) for track in tracks]
    if "lead" not in layers and "chords" in layers:
        chords = [i for i, layer in enumerate(layers) if layer == "chords"]
        layers[max(chords, key=lambda i: len({n[0] for n in tracks[i].notes}))] = "lead"
    order = sorted(range(len(tracks)), key=lambda i: -len(tracks[i].notes))
    drums = [i for i in order if layers[i] == "drums"]
    tuned = [i for i in order if layers[i] != "drums"]
    part_of = {i: 0 for i in drums} | {i: k % _MAX_PARTS + 1 for k, i in enumerate(tuned)}
    programs = (0, *(tracks[i].program for i in tuned[:_MAX_PARTS]))
    sounds = []
    for i, track in enumerate(tracks):
        for tick, end, note, velocity in track.notes:
            pitch = note
            if layers[i] == "drums":
                pitch = (
                    _TUNED_DRUMS[track.program] if not track.drums else _DRUM_KEYS.get(note, note)
                )
            sounds.append(Sound(tick, end, pitch, velocity, layers[i], part_of[i]))
    return _sorted(sounds), programs


def _layer(track: _Track) -> str:
    if track.drums or track.program in _TUNED_DRUMS:
        return "drums"
    pitches = [pitch for _, _, pitch, _ in track.notes]
    together = len(pitches) / len({tick for tick, *_ in track.notes})
    low = float(np.median(pitches)) < 46 and together < 1.5
    if track.program in _BASS_PROGRAMS or low:
        return "bass"
    return "chords" if track.program in _PAD_PROGRAMS or together >= 1.8 else "lead"


def _sorted(sounds: Iterable[Sound]) -> tuple[Sound, ...]:
    return tuple(sorted(sounds, key=lambda s: (s.tick, s.part, s.pitch, s.end)))


# Choosing and varying pieces -----------------------------------------------------------


def pieces(data_dir: Path, seed: int) -> Iterator[Piece]:
    """Endless music for training, in an order that the seed fixes; see `piece_at`."""
    return (piece_at(data_dir, seed, number) for number in count())


def piece_at(data_dir: Path, seed: int, number: int) -> Piece:
    """One of the endless pieces that a seed stands for; each can be had without those before.

    Parameters
    ----------
    data_dir : Path
        Folder with ``manifest.json``. Only rows of kind ``midi`` and ``drums`` with
        ``train_ok`` are ever opened.
    seed, number : int

    Returns
    -------
    Piece
        Multi-track music, at times under a human drummer; drummers with a composed
        accompaniment; composed pieces. All but the last varied in tempo and key. Neighbouring
        numbers go through all of the music before any of it comes again.

    Raises
    ------
    EngineError
        When the manifest cannot be read or allows nothing.
    """
    rng = np.random.default_rng([seed, number])
    rows = manifest(data_dir)
    music = [r for r in rows if r["kind"] == "midi"]
    drummers = [r for r in rows if r["kind"] == "drums"]
    source = rng.random()
    if source < 0.3:
        return composer.compose(rng, repertoire=composer.WIDE)
    drummer = _usable_at(drummers, data_dir, (seed, 1), number)
    if source < 0.5:
        return vary(_accompanied(drummer, rng), rng)
    piece = _usable_at(music, data_dir, (seed, 0), number)
    if rng.random() < 0.4:
        piece = with_drummer(piece, drummer)
    return vary(piece, rng)


def manifest(data_dir: Path) -> list[dict[str, Any]]:
    """Rows of the data folder's list that may train a model.

    Raises
    ------
    EngineError
        When the list is missing or broken.
    """
    path = data_dir / "manifest.json"
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"{path}: cannot read the list of training music ({error})") from None
    return [r for r in rows if r.get("train_ok") is True]


def _usable_at(
    rows: Sequence[dict[str, Any]], data_dir: Path, seed: tuple[int, int], number: int
) -> Piece:
    """The usable piece at a place of endless rounds over these rows, each shuffled anew."""
    for at in range(number, number + 2 * len(rows)):
        turn, place = divmod(at, len(rows))
        order = np.random.default_rng([*seed, turn]).permutation(len(rows))
        row = rows[order[place]]
        piece = read_midi(data_dir / row["midi"], row["title"])
        if usable(piece):
            return piece
    raise EngineError(f"{data_dir}: the manifest lists no usable music to train on")


def usable(piece: Piece) -> bool:
    """Whether the piece has beats: eight measures or more, sane tempos, played to a click."""
    timing = piece.timing
    if not all(TEMPO_BPM[0] <= a.bpm <= TEMPO_BPM[1] for a in timing.anchors):
        return False
    ticks = np.array([s.tick for s in piece.sounds])
    return int(ticks.max()) >= 16 * TICKS_PER_BEAT and grid_share(ticks) >= MIN_GRID_SHARE


def grid_share(ticks: Ticks) -> float:
    """Share of ticks within 1/32 of a beat of a sixteenth or a sextuplet, 0 to 1."""
    near = np.zeros(len(ticks), dtype=bool)
    for snap in (16, 24):
        step = snap_ticks(snap)
        phase = ticks % step
        near |= np.minimum(phase, step - phase) <= TICKS_PER_BEAT // 32
    return float(near.mean())


def with_drummer(piece: Piece, drummer: Piece) -> Piece:
    """The piece with its drums replaced by a human performance, repeated to its length.

    Micro-timing scales with the tempo. Where the measures do not agree the piece stays as
    it is.
    """
    meters = {a.meter for p in (piece, drummer) for a in p.timing.anchors if a.bar}
    if len(meters) > 1:
        return piece
    measure = meters.pop() * TICKS_PER_BEAT
    own = [s for s in piece.sounds if s.layer != "drums"]
    if not own:
        return piece
    beats = drummer.sounds
    # The performance starts on a measure; its last, unfinished measure is not repeated.
    loop = max(beats[-1].tick // measure, 1) * measure
    first, last = own[0].tick // measure * measure, max(s.tick for s in own)
    for start in range(first, last, loop):
        own += [
            replace(s, tick=start + s.tick, end=start + s.end, part=0)
            for s in beats
            if s.tick < loop and start + s.tick <= last
        ]
    return replace(piece, name=f"{piece.name} / {drummer.name}", sounds=_sorted(own))


def _accompanied(drummer: Piece, rng: np.random.Generator) -> Piece:
    """A human drummer with composed bass, chords and tune."""
    meter = drummer.timing.anchors[0].meter
    n_measures = drummer.sounds[-1].tick // (meter * TICKS_PER_BEAT) + 1
    frame = composer.Frame(drummer.timing.anchors[0].bpm, meter, max(n_measures, 32))
    return with_drummer(composer.compose(rng, frame, composer.WIDE), drummer)


def vary(piece: Piece, rng: np.random.Generator) -> Piece:
    """The piece in another tempo (0.8 to 1.25 times) and key (up to 5 semitones)."""
    bpms = [a.bpm for a in piece.timing.anchors]
    slowest, fastest = TEMPO_BPM[0] / min(bpms), TEMPO_BPM[1] / max(bpms)
    factor = float(np.clip(np.exp(rng.uniform(-0.223, 0.223)), slowest, fastest))
    anchors = tuple(
        replace(a, seconds=a.seconds / factor, bpm=a.bpm * factor) for a in piece.timing.anchors
    )
    shift = int(rng.integers(-5, 6))
    sounds = tuple(
        s if s.layer == "drums" else replace(s, pitch=min(max(s.pitch + shift, 0), 127))
        for s in piece.sounds
    )
    return replace(piece, timing=TimingMap(anchors), sounds=sounds)


# Rendering -----------------------------------------------------------------------------

_LAYER_PROGRAMS: dict[str, tuple[int, ...]] = {
    "drums": (0, 0, 0, 8, 16, 24, 25, 32, 40),
    "bass": (32, 33, 34, 35, 36, 37, 38, 39, 87),
    "lead": (
        *(0, 1, 4, 5, 6, 7, 11, 12, 13, 16, 18, 21, 22, 24, 25, 26, 27, 28, 29, 30, 40, 46, 53),
        *(56, 57, 59, 61, 62, 63, 64, 65, 66, 68, 71, 73, 75, 80, 80, 81, 81, 82, 84, 85, 87),
    ),
    "chords": (0, 1, 2, 4, 5, 16, 18, 24, 25, 27, 29, 30, 46, 48, 50, 51, 61, 62, 63, 81, 90),
}
"""Programs with an audible attack, by layer; for drums, kits."""


def render(piece: Piece, rng: np.random.Generator) -> NDArray[np.float32]:
    """The piece as sound.

    Programs, gains, chorus and reverb are drawn anew at every call; now and then one layer
    stands out or the others step back.

    Parameters
    ----------
    piece : Piece
    rng : Generator
        The same state gives the same samples.

    Returns
    -------
    ndarray, shape (N,), float32
        Mono at `RATE_HZ`, sample 0 at second 0 of the piece's timing, peak 0.9.

    Raises
    ------
    EngineError
        When FluidSynth or its soundfont is missing, or fails.
    """
    program, soundfont = _fluidsynth()
    settings = _room(rng)
    midi = _midi_of(piece, rng)
    with tempfile.TemporaryDirectory(prefix="chartstudio-") as folder:
        score, sound = Path(folder, "piece.mid"), Path(folder, "piece.raw")
        midi.save(str(score))
        command = [program, "-ni", "-q", "-r", str(RATE_HZ), "-T", "raw", "-O", "float"]
        command += ["-F", str(sound), *settings, str(soundfont), str(score)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not sound.exists():
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise EngineError(f"FluidSynth could not render {piece.name!r}: {reason}")
        stereo = np.fromfile(sound, dtype="<f4").reshape(-1, 2)
    mono = stereo.mean(axis=1, dtype=np.float32)[round(LATENCY_S * RATE_HZ) :]
    ends = piece.timing.seconds_at(np.array([s.end for s in piece.sounds]))
    n_samples = round((float(ends.max()) + _TAIL_S) * RATE_HZ)
    mono = np.pad(mono[:n_samples], (0, max(n_samples - len(mono), 0)))
    peak = float(np.abs(mono).max(initial=0.0))
    return mono * np.float32(0.9 / peak) if peak > 0 else mono


def _fluidsynth() -> tuple[str, Path]:
    program = shutil.which("fluidsynth")
    soundfont = next((p for p in SOUNDFONTS if p.exists()), None)
    if program is None or soundfont is None:
        missing = "FluidSynth" if program is None else "the FluidR3 soundfont"
        raise EngineError(
            f"{missing} is missing, which renders training music; "
            "install it (Debian: apt install fluidsynth fluid-soundfont-gm)"
        )
    return program, soundfont


def _room(rng: np.random.Generator) -> list[str]:
    """FluidSynth settings for the room and the level."""
    values = {
        "synth.gain": 0.4,
        "synth.reverb.active": int(rng.random() < 0.7),
        "synth.reverb.room-size": rng.uniform(0.1, 0.9),
        "synth.reverb.damp": rng.uniform(0.0, 0.8),
        "synth.reverb.level": rng.uniform(0.1, 0.8),
        "synth.chorus.active": int(rng.random() < 0.4),
        "synth.dynamic-sample-loading": 1,
    }
    return [word for key, value in values.items() for word in ("-o", f"{key}={value:.4g}")]


def _midi_of(piece: Piece, rng: np.random.Generator) -> Any:
    """A MIDI file whose clock runs at 20,000 ticks per second, with a drawn mix."""
    per_second = 20_000
    midi = mido.MidiFile(type=0, ticks_per_beat=per_second // 2)
    layer_of = {s.part: s.layer for s in piece.sounds}
    gains = _mix(layer_of, rng)
    events: list[tuple[int, int, Any]] = []
    channel_of = {}
    for part, layer in sorted(layer_of.items()):
        is_drums = layer == "drums"
        channel = _DRUM_CHANNEL if is_drums else (part - 1) % _MAX_PARTS
        channel += not is_drums and channel >= _DRUM_CHANNEL
        channel_of[part] = channel
        choices = _LAYER_PROGRAMS[layer]
        own = piece.programs[part] if part < len(piece.programs) else choices[0]
        drawn = own if rng.random() < 0.4 else int(rng.choice(choices))
        pan = 64 if layer in ("drums", "bass") else int(rng.integers(30, 98))
        for order, (kind, values) in enumerate(
            (
                ("program_change", {"program": drawn}),
                ("control_change", {"control": 7, "value": gains[part]}),
                ("control_change", {"control": 10, "value": pan}),
                ("control_change", {"control": 91, "value": int(rng.integers(0, 100))}),
            )
        ):
            events.append((0, order - 9, mido.Message(kind, channel=channel, **values)))
    starts = piece.timing.seconds_at(np.array([s.tick for s in piece.sounds])) * per_second
    ends = piece.timing.seconds_at(np.array([s.end for s in piece.sounds])) * per_second
    for sound, start, end in zip(
        piece.sounds, np.rint(starts).astype(int), np.rint(ends).astype(int), strict=True
    ):
        words = {"channel": channel_of[sound.part], "note": sound.pitch}
        on = mido.Message("note_on", velocity=sound.velocity, **words)
        # A struck drum rings out: its written end says nothing.
        last = start + per_second // 4 if sound.layer == "drums" else max(end, start + 20)
        events.append((int(start), 1, on))
        events.append((int(last), 0, mido.Message("note_off", **words)))
    events.sort(key=lambda e: e[:2])
    track = mido.MidiTrack()
    now = 0
    for at, _, message in events:
        track.append(message.copy(time=at - now))
        now = at
    midi.tracks.append(track)
    return midi


def _mix(layer_of: dict[int, str], rng: np.random.Generator) -> dict[int, int]:
    """Channel volume of each part, 20 to 127.

    In three of ten mixes one layer stands out by 6 to 12 dB, never alone: what the others
    play stays audible, so a chart that follows them stays true.
    """
    spread_db = rng.uniform(1.0, 5.0)
    level_db = {part: float(rng.normal(0.0, spread_db)) for part in layer_of}
    if rng.random() < 0.3:
        chosen = str(rng.choice(sorted(set(layer_of.values()))))
        boost_db = rng.uniform(6.0, 12.0)
        level_db = {p: g - boost_db * (layer_of[p] != chosen) for p, g in level_db.items()}
    loudest = max(level_db.values(), default=0.0)
    crowd = Counter(layer_of.values())
    # Volume is quadratic in amplitude (General MIDI level 2); many parts share one layer.
    return {
        part: int(
            np.clip(127 * 10 ** ((g - loudest) / 40) / crowd[layer_of[part]] ** 0.25, 20, 127)
        )
        for part, g in level_db.items()
    }
