"""Every container by its content, and a way out of every bad file."""

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from made_songs import CLICK_AT, RATE_HZ, encoded, song, vbr_mp3

from chartstudio.audio import decode as module
from chartstudio.audio import mp3
from chartstudio.audio.decode import Audio, decode, decode_job, load, load_job
from chartstudio.core.errors import FormatError
from chartstudio.core.job import run

FILES = {
    "wav": (lambda s: encoded(s, RATE_HZ, "WAV", "PCM_16"), 4e-5),
    "wav-float": (lambda s: encoded(s, RATE_HZ, "WAV", "FLOAT"), 0),
    "flac": (lambda s: encoded(s, RATE_HZ, "FLAC", "PCM_24"), 1e-6),
    "aiff": (lambda s: encoded(s, RATE_HZ, "AIFF", "PCM_16"), 4e-5),
    "vorbis": (lambda s: encoded(s, RATE_HZ, "OGG", "VORBIS"), 0.1),
    "mp3": (vbr_mp3, 0.1),
}


@pytest.mark.parametrize("kind", FILES)
def test_samples_come_back_where_they_were(kind):
    samples = song()
    write, tolerance = FILES[kind]
    audio = decode(write(samples), "song.bin")
    assert audio.samples.shape == samples.shape
    assert audio.samples.dtype == np.float32
    assert audio.rate_hz == RATE_HZ
    assert abs(audio.samples[0]).argmax() == CLICK_AT
    quiet = np.s_[:, 2000 : CLICK_AT - 2000]
    assert abs(audio.samples[quiet] - samples[quiet]).max() <= tolerance
    assert audio.duration_s == 3.0
    assert audio.notice == ""


def test_opus_starts_on_time_and_names_its_pre_skip():
    samples = song(rate_hz=48_000)
    audio = decode(encoded(samples, 48_000, "OGG", "OPUS"), "song.opus")
    assert audio.rate_hz == 48_000
    assert audio.samples.shape == samples.shape
    assert abs(abs(audio.samples[0]).argmax() - CLICK_AT) <= 1
    assert audio.trim_samples == 312


def test_the_decoder_is_named_with_its_version():
    named = {kind: decode(write(song(0.5)), "x").decoder for kind, (write, _) in FILES.items()}
    assert named.pop("mp3").startswith("miniaudio 1.")
    assert {name.split()[0] for name in named.values()} == {"soundfile"}


def test_mono_is_the_mean_of_the_channels():
    samples = song()
    assert np.allclose(Audio(samples, RATE_HZ, "x").mono(), samples.mean(axis=0))
    one = Audio(samples[:1], RATE_HZ, "x")
    assert one.mono().base is not None
    assert np.array_equal(one.mono(), samples[0])


def test_samples_are_read_only():
    audio = decode(FILES["wav"][0](song(0.2)), "x.wav")
    with pytest.raises(ValueError, match="read-only"):
        audio.samples[0, 0] = 1


def test_an_untagged_variable_rate_mp3_comes_back_whole():
    """libsndfile stops such files at a third."""
    rng = np.random.default_rng(0)
    samples = song(20)
    samples += rng.normal(0, np.linspace(0, 0.2, samples.shape[1]), samples.shape)
    data = vbr_mp3(samples)
    untagged = data[mp3.frame_header(data, 0).n_bytes :]
    audio = decode(untagged, "song.mp3")
    assert audio.samples.shape[1] >= samples.shape[1] + 1105


def test_a_suffix_does_not_decide(tmp_path):
    file = tmp_path / "song.wav"
    file.write_bytes(vbr_mp3(song(1)))
    assert load(file).decoder.startswith("miniaudio")


def test_an_id3_tag_before_a_flac():
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 1, 0]) + bytes(128)
    assert decode(tag + FILES["flac"][0](song(0.5)), "x.flac").duration_s == 0.5


@pytest.mark.parametrize("kind", FILES)
def test_a_song_of_a_fifth_of_a_second(kind):
    assert decode(FILES[kind][0](song(0.2)), "short").samples.shape == (2, 8820)


def test_real_songs_come_back_whole(real_songs):
    for file in real_songs[:2]:  # FFmpeg dated a page of the second one late
        audio = load(file)
        assert audio.notice == ""
        assert audio.duration_s > 20
        assert 0.01 < np.sqrt(np.square(audio.mono()).mean()) < 1
        assert np.isfinite(audio.samples).all()


# Bad input: one line, the file, the way out.


def refusal(data, name="my song.ogg"):
    with pytest.raises(FormatError) as caught:
        decode(data, name)
    text = str(caught.value)
    assert text.startswith(name)
    assert "\n" not in text
    return text


def test_an_empty_file():
    assert "empty" in refusal(b"")


@pytest.mark.parametrize(
    "text",
    [
        b"#TITLE:a song;\n#BPMS:0=120;\n",
        "歌".encode() * 3000,
        "\ufeffhello\r\n".encode(),
        b"x",
    ],
)
def test_a_text_file_named_ogg(text):
    message = refusal(text)
    assert "text file" in message
    assert "wav, flac, ogg" in message


def test_a_picture():
    message = refusal(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    assert "not a sound file" in message


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x00\x00\x00\x20ftypM4A " + bytes(100), "M4A"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(100), "Windows Media"),
        (b"PK\x03\x04" + bytes(100), "zip"),
        (b"MThd" + bytes(100), "MIDI"),
    ],
)
def test_sound_that_is_not_read_is_named(data, kind):
    message = refusal(data)
    assert kind in message
    assert "Convert it" in message


@pytest.mark.parametrize("n_bytes", [40, 200, 1000])
@pytest.mark.parametrize("kind", ["vorbis", "flac", "mp3"])
def test_a_file_cut_in_its_head_is_refused_or_short(kind, n_bytes):
    data = FILES[kind][0](song(1))[:n_bytes]
    try:
        duration_s, message = decode(data, "cut").duration_s, ""
    except FormatError as error:
        duration_s, message = 0, str(error)
    assert duration_s < 0.3
    assert duration_s or "complete copy" in message
    assert "BytesIO" not in message


def test_damage_from_the_start_on():
    data = FILES["vorbis"][0](song(1))
    assert "cannot be decoded" in refusal(data[:60] + bytes(len(data) - 60))


def test_a_truncated_mp3_gives_what_is_there_and_says_so():
    data = vbr_mp3(song(10))
    audio = decode(data[: len(data) // 2], "cut.mp3")
    assert 4 < audio.duration_s < 6
    assert abs(audio.samples[0]).argmax() == CLICK_AT
    assert "ends early" in audio.notice
    assert "of 0:10" in audio.notice


def test_a_truncated_flac_gives_what_is_there_and_says_so():
    data = FILES["flac"][0](song(10))
    audio = decode(data[: len(data) // 2], "cut.flac")
    assert 2 < audio.duration_s < 8
    assert "ends early" in audio.notice


def test_a_damaged_file_that_points_before_its_start():
    memory = module._Memory(b"abcdef")
    memory.seek(2)
    assert memory.seek(-1) == 2  # raised in a callback this would be noise on the terminal
    assert memory.seek(-2, 2) == 4


def test_a_wav_without_samples():
    assert "no sound" in refusal(encoded(song(0), RATE_HZ, "WAV", "PCM_16"))


def test_a_tag_and_nothing_else():
    assert "no sound" in refusal(b"ID3\x04\x00\x00" + bytes([0, 0, 1, 0]) + bytes(128))


def test_numbers_that_are_none_become_silence():
    samples = song(0.5, n_channels=1)
    samples[0, 100:110] = np.nan
    samples[0, 200] = np.inf
    audio = decode(encoded(samples, RATE_HZ, "WAV", "FLOAT"), "x.wav")
    assert np.isfinite(audio.samples).all()
    assert not audio.samples[0, 100:110].any()


def wav_claiming(duration_s, rate_hz, n_channels, tmp_path):
    """A sparse wav of silence: whole, and nearly nothing on the disk."""
    n_bytes = int(duration_s * rate_hz) * n_channels
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", n_bytes + 36, b"WAVE", b"fmt ", 16, 1, n_channels, rate_hz),
        *(rate_hz * n_channels, n_channels, 8, b"data", n_bytes),
    )
    file = Path(tmp_path) / "long.wav"
    with file.open("wb") as stream:
        stream.write(head)
        stream.truncate(len(head) + n_bytes)
    return file


def test_two_hours_are_refused_before_anything_is_allocated(tmp_path):
    data = wav_claiming(7200, 8000, 1, tmp_path).read_bytes()
    tracemalloc.start()
    try:
        message = refusal(data, "long.wav")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "2:00:00 long" in message
    assert "1:30:00" in message
    assert peak < 1 << 20


def test_an_hour_is_not_too_long(tmp_path):
    job = decode_job(wav_claiming(3600, 8000, 1, tmp_path).read_bytes(), "hour.wav")
    shares = [next(job).done for _ in range(4)]
    job.close()
    assert shares == sorted(shares)
    assert 0 < shares[-1] < 0.1


@pytest.fixture
def streamed_flac():
    """Ten seconds that do not say how long they are, as written to a pipe."""
    data = bytearray(FILES["flac"][0](song(10)))
    data[21] &= 0xF0  # FLAC's 36 bits of "total samples"
    data[22:26] = bytes(4)
    return bytes(data)


def test_a_stream_that_hides_its_length_comes_back_whole(streamed_flac):
    audio = decode(streamed_flac, "x.flac")
    assert audio.samples.shape == (2, 10 * RATE_HZ)
    assert abs(audio.samples - song(10)).max() < 1e-6
    assert audio.notice == ""


def test_a_stream_that_hides_its_length_is_refused_when_it_gets_too_long(
    streamed_flac, monkeypatch
):
    monkeypatch.setattr(module, "MAX_DURATION_S", 9.0)
    assert "is the limit" in refusal(streamed_flac)


def test_a_song_with_too_many_channels_for_memory(monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 1 << 20)
    assert "44.1 kHz stereo" in refusal(FILES["wav"][0](song(4)))


def test_too_little_memory(monkeypatch):
    def no_memory(*_):
        raise MemoryError

    monkeypatch.setattr(module.np, "empty", no_memory)
    assert "not enough free memory" in refusal(FILES["wav"][0](song(1)))


def load_refusal(path):
    with pytest.raises(FormatError) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))
    return str(caught.value)


def test_a_missing_file(tmp_path):
    assert "no such file" in load_refusal(tmp_path / "gone.ogg")


def test_a_folder(tmp_path):
    assert "folder" in load_refusal(tmp_path)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "no"), "no permission"),
        (OSError(5, "Input/output error"), "Input/output"),
    ],
)
def test_a_file_that_may_not_be_read(tmp_path, monkeypatch, error, words):
    file = tmp_path / "song.ogg"
    file.write_bytes(b"x")

    def refuse(_):
        raise error

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert words in load_refusal(file)


def test_a_huge_file_is_not_even_read(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    file = tmp_path / "song.wav"
    file.write_bytes(bytes(11))
    monkeypatch.setattr(Path, "read_bytes", None)
    assert "memory" in load_refusal(file)


# Jobs


@pytest.mark.parametrize("kind", ["vorbis", "mp3", "wav"])
def test_a_job_reports_and_can_be_closed_at_every_step(tmp_path, kind):
    file = tmp_path / f"my.{kind}"
    file.write_bytes(FILES[kind][0](song(15)))
    steps = list(load_job(file))
    shares = [step.done for step in steps]
    assert len(steps) >= 5
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    assert all(file.name in step.what for step in steps)
    for n_steps in range(1, len(steps)):
        job = load_job(file)
        for _ in range(n_steps):
            next(job)
        job.close()
    assert run(load_job(file)).duration_s == pytest.approx(15)
