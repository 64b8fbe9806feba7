"""Frame headers, tags and the trim they cause."""

import io
import struct

import pytest
import soundfile
from made_songs import CLICK_AT, RATE_HZ, encoded, song, vbr_mp3

from chartstudio.audio import mp3
from chartstudio.audio.decode import bass_lead_s, decode, origin_of
from chartstudio.core.errors import FormatError

LAME_DELAY = 576
"""What libmp3lame writes into its tag."""


@pytest.fixture(scope="module")
def tagged():
    return vbr_mp3(song())


def test_frames_follow_each_other_to_the_end(tagged):
    at = n_frames = 0
    while at < len(tagged):
        header = mp3.frame_header(tagged, at)
        assert header is not None, f"no frame at byte {at}"
        at += header.n_bytes
        n_frames += 1
    assert at == len(tagged)
    assert n_frames == pytest.approx(3 * RATE_HZ / 1152, abs=4)


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xfe\x00\x00",  # UTF-16 text
        b"\xff\xf1\x50\x80",  # AAC
        b"\xff\xfb\xf0\x00",  # bit rate 15
        b"\xff\xfb\x9c\x00",  # rate 3
        b"\xff\xfb\x90",
        b"ID3\x04",
    ],
)
def test_what_is_no_header(head):
    assert mp3.frame_header(head, 0) is None


def test_a_padded_frame_is_a_byte_longer():
    plain, padded = (mp3.frame_header(bytes([0xFF, 0xFB, b, 0x00]), 0) for b in (0x90, 0x92))
    assert plain.n_bytes == 144 * 128_000 // 44_100
    assert padded.n_bytes == plain.n_bytes + 1


def test_mpeg_2_frames_are_half_as_long():
    header = mp3.frame_header(bytes([0xFF, 0xF3, 0x80, 0xC0]), 0)  # 64 kbit/s, 22,050 Hz, mono
    assert (header.n_bytes, header.side_info_bytes) == (72 * 64_000 // 22_050, 9)


def test_id3_tags_are_stepped_over(tagged):
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 2, 44]) + bytes(300)
    with_footer = b"ID3\x04\x00\x10" + bytes([0, 0, 0, 5]) + bytes(15)
    assert mp3.after_id3(tag + with_footer + tagged) == len(tag) + len(with_footer)
    assert mp3.after_id3(tagged) == 0


def test_junk_before_the_first_frame(tagged):
    junk = bytes(500) + b"\xff\xfb\x90\x00" + bytes(200)  # one header that nothing follows
    assert mp3.first_frame(junk + tagged) == len(junk)
    assert mp3.first_frame(junk) is None or mp3.first_frame(junk) >= len(junk) - 417


def test_a_click_after_the_stated_trim_is_where_it_was(tagged):
    """Without its tag frame the same file starts ``trim`` samples earlier."""
    tag_bytes = mp3.frame_header(tagged, 0).n_bytes
    with_tag, without = decode(tagged, "a"), decode(tagged[tag_bytes:], "b")
    assert with_tag.trim_samples == LAME_DELAY + mp3.DECODER_DELAY_SAMPLES
    assert without.trim_samples == 0
    assert abs(with_tag.samples[0]).argmax() == CLICK_AT
    assert abs(without.samples[0]).argmax() == CLICK_AT + with_tag.trim_samples


@pytest.mark.parametrize(
    ("delay_and_padding", "name", "trim"),
    [
        (b"\x24\x03\xf0", b"Lavf", 576 + 529),
        (b"\x00\x00\x00", b"LAME", 529),
        (b"\x24\x03\xf0", b"\x00\x00\x00\x00", 0),
    ],
)
def test_odd_tags_trim_what_the_decoder_drops(tagged, delay_and_padding, name, trim):
    at = tagged.index(b"LAME")
    data = bytearray(tagged)
    data[at : at + 4] = name
    data[at + 21 : at + 24] = delay_and_padding
    audio = decode(bytes(data), "odd.mp3")
    assert audio.trim_samples == trim
    assert abs(audio.samples[0]).argmax() == CLICK_AT + LAME_DELAY + 529 - trim


def test_junk_before_the_tag_does_not_move_the_song(tagged):
    assert abs(decode(bytes(700) + tagged, "junk.mp3").samples[0]).argmax() == CLICK_AT


# Where each decoder starts: the table of what BASS, soundfile and miniaudio drop

TAIL = 1105
"""What a decoder that knows no tag leaves at the start: 576 of the encoder, 529 of its own."""


def with_tag(tagged, name=b"LAME", delay_and_padding=None):
    at = tagged.index(b"LAME")
    data = bytearray(tagged)
    data[at : at + 4] = name
    if delay_and_padding is not None:
        data[at + 21 : at + 24] = delay_and_padding
    return bytes(data)


def without_tag(tagged):
    return tagged[mp3.frame_header(tagged, 0).n_bytes :]


def with_vbri(tagged, delay):
    """The tag frame made into Fraunhofer's."""
    frame = bytearray(mp3.frame_header(tagged, 0).n_bytes)
    frame[:4] = tagged[:4]
    frame[36:44] = b"VBRI" + struct.pack(">HH", 1, delay)
    return bytes(frame) + without_tag(tagged)


@pytest.mark.parametrize(
    ("make", "ours", "bass"),
    [
        (lambda t: t, 1105, 1105),
        (lambda t: with_tag(t, b"Lavf"), 1105, 1105),
        (lambda t: with_tag(t, b"LAME", b"\x00\x00\x10"), 529, 529),  # padding alone
        (lambda t: with_tag(t, b"LAME", b"\x00\x00\x00"), 529, 0),
        (lambda t: with_tag(t, bytes(4)), 0, 0),
        (without_tag, 0, 0),
        (lambda t: with_vbri(t, 1105), 0, 1105),
        (lambda t: with_vbri(t, 100), 0, 529),
    ],
)
def test_what_is_dropped_here_and_in_osu(tagged, make, ours, bass):
    data = make(tagged)
    assert (mp3.start_trim_samples(data), mp3.bass_trim_samples(data)) == (ours, bass)
    audio = decode(data, "song.mp3")
    tag_frame = 1152 if b"VBRI" in data else 0  # both play it, as silence
    assert abs(audio.samples[0]).argmax() == CLICK_AT + TAIL + tag_frame - ours
    assert bass_lead_s(data) == pytest.approx((bass - ours) / RATE_HZ)
    assert bass_lead_s(b"ID3\x04\x00\x00" + bytes([0, 0, 0, 20]) + bytes(20) + data) == (
        bass_lead_s(data)
    )


@pytest.mark.parametrize(("make", "at"), [(lambda t: t, CLICK_AT), (without_tag, CLICK_AT + TAIL)])
def test_soundfile_and_miniaudio_start_alike(tagged, make, at):
    """Tagged exact, untagged 25 ms late; soundfile cuts the untagged one short, so as CBR."""
    data = make(encoded(song(), RATE_HZ, "MP3", bitrate_mode="CONSTANT"))
    assert abs(decode(data, "song.mp3").samples[0]).argmax() == at
    samples, _ = soundfile.read(io.BytesIO(data))
    if len(samples) > at:
        assert abs(samples[:, 0]).argmax() == at


def test_other_files_start_alike_everywhere():
    assert bass_lead_s(encoded(song(0.5), RATE_HZ, "OGG", "VORBIS")) == 0.0
    assert bass_lead_s(encoded(song(0.5), RATE_HZ, "WAV", "PCM_16")) == 0.0
    assert bass_lead_s(b"no sound") == 0.0


def test_the_origin_is_known_without_decoding(tagged):
    audio = decode(tagged, "song.mp3")
    assert origin_of(tagged, "song.mp3") == audio.origin
    assert audio.origin.trim_s == pytest.approx(1105 / RATE_HZ)
    assert audio.origin.decoder.startswith("miniaudio ")
    with pytest.raises(FormatError, match="text file"):
        origin_of(b"no sound", "x.mp3")
