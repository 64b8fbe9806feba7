"""Make the demo song in ``resources/demo`` from its score: audio, facts about it, cover.

Needs the ``fluidsynth`` command and the FluidR3 soundfont (Debian: ``fluidsynth`` and
``fluid-soundfont-gm``), and the project's environment:

    python3 packaging/bootstrap.py python packaging/make_demo.py [--report]

The same samples come out every time; only the stream number inside the Ogg file differs.
"""

import argparse
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import mido
import numpy as np
import soundfile
from demo_score import BPM, PARTS, STEPS_PER_MEASURE, TITLE, Score, compose
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "resources" / "demo"
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")

RATE_HZ = 44_100
TICKS_PER_BEAT = 480
TICKS_PER_STEP = TICKS_PER_BEAT // 4
LEAD_IN_S = 0.5
# The kit's kicks and snares start this long after their note; cut off, so that beats lie where
# they are written.
ATTACK_S = 0.0053
TAIL_S = 2.4
PEAK = 10 ** (-2 / 20)  # Vorbis overshoots; decoded, the peak comes to about -1 dBFS
OGG_COMPRESSION = 0.55
# Larger writes of Vorbis crash libsndfile.
OGG_BLOCK = 16_384

AUDIO = FOLDER / "copper-aurora.ogg"
COVER = FOLDER / "cover.png"
COVER_PX = 384

VOLUME, PAN, REVERB = 7, 10, 91


def step_s(step: float) -> float:
    """Seconds from the first downbeat to a sixteenth."""
    return step * 60 / BPM / 4


def write_midi(score: Score) -> mido.MidiFile:
    """The score as a Standard MIDI File whose first downbeat lies at ``LEAD_IN_S``."""
    lead_in = round(LEAD_IN_S * BPM / 60 * TICKS_PER_BEAT)

    def tick(step: float) -> int:
        return lead_in + round(step * TICKS_PER_STEP)

    # (tick, rank, message): on one tick notes end, then controllers move, then notes start.
    events: list[tuple[int, int, mido.Message | mido.MetaMessage]] = [
        (0, 0, mido.MetaMessage("track_name", name=TITLE)),
        (0, 0, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(BPM))),
    ]
    for part in PARTS.values():
        set_up = {VOLUME: part.volume, PAN: part.pan, REVERB: part.reverb}
        events.append((0, 1, _message("program_change", part.channel, program=part.program)))
        events += (
            (0, 1, _message("control_change", part.channel, control=control, value=value))
            for control, value in set_up.items()
        )
    for move in score.moves:
        message = _message(
            "control_change", PARTS[move.part].channel, control=move.controller, value=move.value
        )
        events.append((tick(move.start), 1, message))
    for note in score.notes:
        channel = PARTS[note.part].channel
        on = _message("note_on", channel, note=note.key, velocity=note.velocity)
        off = _message("note_off", channel, note=note.key)
        events += [(tick(note.start), 2, on), (tick(note.start + note.length), 0, off)]
    events.sort(key=lambda event: event[:2])

    track = mido.MidiTrack()
    before = 0
    for at, _, message in events:
        track.append(message.copy(time=at - before))
        before = at
    return mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_BEAT, tracks=[track])


def _message(kind: str, channel: int, **values: int) -> mido.Message:
    return mido.Message(kind, channel=channel, **values)


def render(midi: mido.MidiFile) -> NDArray[np.float32]:
    """What FluidSynth makes of it, shape (N, 2)."""
    with tempfile.TemporaryDirectory() as folder:
        song, audio = Path(folder, "song.mid"), Path(folder, "song.wav")
        midi.save(song)
        command = ["fluidsynth", "-ni", "-q", "-g", "0.35", "-r", str(RATE_HZ), "-O", "float"]
        command += ["-o", "synth.reverb.room-size=0.55", "-o", "synth.reverb.level=0.6"]
        command += ["-o", "synth.chorus.active=0", "-o", "synth.polyphony=512"]
        command += ["-T", "wav", "-F", str(audio), str(SOUNDFONT), str(song)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        samples, rate_hz = soundfile.read(audio, dtype="float32", always_2d=True)
    assert rate_hz == RATE_HZ
    return samples[round(ATTACK_S * RATE_HZ) :]


def master(samples: NDArray[np.float32], end_s: float) -> NDArray[np.float32]:
    """Cut to ``end_s`` with a fade, made louder, its peaks held at ``PEAK``."""
    n_samples = round(end_s * RATE_HZ)
    samples = np.pad(samples, ((0, max(0, n_samples - len(samples))), (0, 0)))[:n_samples]
    fade = np.ones(n_samples, np.float32)
    n_fade = round(TAIL_S * RATE_HZ)
    fade[-n_fade:] = np.cos(np.linspace(0, np.pi / 2, n_fade)) ** 2
    samples = samples * fade[:, None]
    # The loudest tenth of a percent goes to the limiter; everything below keeps its shape.
    samples = samples * (PEAK / np.quantile(np.abs(samples), 0.999))
    return limit(samples).astype(np.float32)


def limit(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Hold peaks at ``PEAK`` with a gain that starts to move 6 ms before it is needed."""
    block, reach = 64, 4
    n_blocks = -(-len(samples) // block)
    padded = np.pad(np.abs(samples).max(axis=1), (0, n_blocks * block - len(samples)))
    gain = np.minimum(1, PEAK / np.maximum(padded.reshape(n_blocks, block).max(axis=1), 1e-9))
    # Least gain around each block, then a mean over as many: it never exceeds what is needed.
    around = np.pad(gain, 2 * reach, constant_values=1)
    least = np.lib.stride_tricks.sliding_window_view(around, 2 * reach + 1).min(axis=1)
    smooth = np.convolve(least, np.full(2 * reach + 1, 1 / (2 * reach + 1)), "valid")
    centres = (np.arange(n_blocks) + 0.5) * block
    curve = np.interp(np.arange(len(samples)), centres, smooth)
    return np.clip(samples * curve[:, None], -PEAK, PEAK)


def write_ogg(path: Path, samples: NDArray[np.float32]) -> None:
    options = {"format": "OGG", "subtype": "VORBIS", "compression_level": OGG_COMPRESSION}
    with soundfile.SoundFile(path, "w", RATE_HZ, 2, **options) as file:
        for start in range(0, len(samples), OGG_BLOCK):
            file.write(samples[start : start + OGG_BLOCK])


def drum_offsets_s(samples: NDArray[np.float32], score: Score) -> NDArray[np.float64]:
    """Where kicks and snares are heard to start, against where they are written.

    The start is the steepest rise of the loudness above 4 kHz or so (first differences weigh
    treble), in windows of 2 ms every half one, within 30 ms of the written time.
    """
    treble = np.diff(samples.mean(axis=1), n=2) ** 2
    hop = round(0.0005 * RATE_HZ)
    n_hops = len(treble) // hop
    power = treble[: n_hops * hop].reshape(n_hops, hop).mean(axis=1)
    level = np.log(np.convolve(power, np.full(4, 0.25), "same") + 1e-9)
    rise = level[4:] - level[:-4]
    steps = {n.start for n in score.notes if n.part == "drums" and n.key in (36, 38)}
    offsets = []
    for step in sorted(steps):
        at_s = LEAD_IN_S + step_s(step)
        middle = round(at_s * RATE_HZ / hop) - 2
        reach = round(0.03 * RATE_HZ / hop)
        peak = middle - reach + int(np.argmax(rise[middle - reach : middle + reach]))
        if rise[peak] > 1:
            offsets.append((peak + 2) * hop / RATE_HZ - at_s)
    return np.array(offsets)


def report(samples: NDArray[np.float32], score: Score) -> None:
    """Print what can be measured of the sections, in place of listening."""
    mono = samples.mean(axis=1)
    bounds = [first for _, first in score.sections] + [score.n_measures + 1]
    print("section      from s  RMS dB  centroid Hz  note times/s  drum hits/s")
    for (name, first), after in zip(score.sections, bounds[1:], strict=True):
        start, end = ((m - 1) * STEPS_PER_MEASURE for m in (first, after))
        first_s, length_s = LEAD_IN_S + step_s(start), step_s(end - start)
        part = mono[round(first_s * RATE_HZ) : round((first_s + length_s) * RATE_HZ)]
        power = np.abs(np.fft.rfft(part)) ** 2
        centroid = power @ np.fft.rfftfreq(len(part), 1 / RATE_HZ) / power.sum()
        notes = [n for n in score.notes if start <= n.start < end]
        n_times = len({n.start for n in notes})
        n_hits = sum(n.part == "drums" for n in notes)
        rms_db = 20 * np.log10(np.sqrt(np.mean(part**2)))
        print(
            f"{name:12} {first_s:6.2f}  {rms_db:6.1f}  {centroid:11.0f}"
            f"  {n_times / length_s:12.1f}  {n_hits / length_s:11.1f}"
        )
    offsets_ms = 1000 * drum_offsets_s(samples, score)
    low, middle, high = np.percentile(offsets_ms, [10, 50, 90])
    print(f"peak {20 * np.log10(np.abs(samples).max()):.2f} dBFS")
    print(
        f"{len(offsets_ms)} kicks and snares start {middle:.1f} ms after their time (median;"
        f" 10 to 90 %: {low:.1f} to {high:.1f})"
    )


def draw_cover(size: int) -> NDArray[np.uint8]:
    """Copper and teal curtains of light over a dark hill, shape (size, size, 3)."""
    y, x = np.mgrid[0:size, 0:size] / size
    image = np.outer((1 - y).ravel(), (0.05, 0.06, 0.13)) + np.outer(y.ravel(), (0.01, 0.02, 0.05))
    curtains = (  # colour, height, waves, thickness, phase
        ((0.95, 0.45, 0.18), 0.34, 1.3, 0.16, 0.4),
        ((0.10, 0.75, 0.66), 0.50, 1.7, 0.13, 2.1),
        ((0.90, 0.22, 0.38), 0.24, 2.3, 0.08, 4.0),
    )
    for colour, height, waves, thickness, phase in curtains:
        turn = 2 * np.pi * waves * x + phase
        edge = height + 0.07 * np.sin(turn) + 0.025 * np.sin(2.7 * turn + 1)
        above = edge - y
        glow = np.where(above > 0, np.exp(-above / thickness), np.exp(above / 0.012))
        folds = 0.62 + 0.38 * np.sin(9 * turn + 4 * np.sin(turn))
        image += np.outer((0.75 * glow * folds).ravel(), colour)
    rng = np.random.default_rng(5)
    image = image.reshape(size, size, 3)
    stars = rng.integers(0, [[size * 3 // 4], [size]], (2, 90))
    image[stars[0], stars[1]] += rng.uniform(0.2, 0.7, (90, 1))
    hill = 0.76 + 0.04 * np.sin(5 * x + 0.6) + 0.02 * np.sin(13 * x)
    image = np.where((y > hill)[..., None], np.array((0.015, 0.02, 0.035)), image)
    # Notes on four lanes that run from the foot of the picture to the horizon.
    for lane in range(4):
        for step, colour in ((0.05, (0.95, 0.45, 0.18)), (0.10, (0.10, 0.75, 0.66))):
            row = 0.985 - step * (1 + (lane * 3) % 4 * 0.35)
            middle = 0.5 + (lane - 1.5) * 0.14 * (row - 0.62) / 0.3
            half = 0.045 * (row - 0.62) / 0.3
            bar = np.clip(
                1.5 - np.maximum(np.abs(x - middle) / half, np.abs(y - row) / 0.009), 0, 1
            )
            image += np.outer((bar * 0.9).ravel(), colour).reshape(size, size, 3)
    return (255 * np.clip(image, 0, 1) ** 0.8 + 0.5).astype(np.uint8)


def png(image: NDArray[np.uint8]) -> bytes:
    """An RGB picture as a PNG file; every row stores differences to the row above."""
    rows = np.diff(image.astype(np.int16), axis=0, prepend=0).astype(np.uint8)
    filtered = b"".join(b"\x02" + row.tobytes() for row in rows)
    height, width = image.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered, 9)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def facts(score: Score, duration_s: float) -> dict[str, object]:
    """What ``demo.json`` says; measures count from 1, the first starting at ``offset_s``."""
    return {
        "title": TITLE,
        "artist": "ChartStudio",
        "licence": "CC0-1.0",
        "audio": AUDIO.name,
        "cover": COVER.name,
        "bpm": BPM,
        "meter": 4,
        "offset_s": LEAD_IN_S,
        "duration_s": round(duration_s, 3),
        "n_measures": score.n_measures,
        "sections": [{"name": name, "start_measure": first} for name, first in score.sections],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--report", action="store_true", help="only measure what is there")
    score = compose()
    if not parser.parse_args().report:
        if not SOUNDFONT.is_file() or shutil.which("fluidsynth") is None:
            print(f"error: this needs the fluidsynth command and {SOUNDFONT}", file=sys.stderr)
            return 1
        FOLDER.mkdir(parents=True, exist_ok=True)
        end_s = LEAD_IN_S + step_s(score.n_measures * STEPS_PER_MEASURE) + TAIL_S
        samples = master(render(write_midi(score)), end_s)
        write_ogg(AUDIO, samples)
        COVER.write_bytes(png(draw_cover(COVER_PX)))
        text = json.dumps(facts(score, len(samples) / RATE_HZ), indent=2)
        (FOLDER / "demo.json").write_text(text + "\n", "utf-8")
    decoded, _ = soundfile.read(AUDIO, dtype="float32", always_2d=True)
    report(decoded, score)
    return 0


if __name__ == "__main__":
    sys.exit(main())
