"""Frame headers, tags and the trim they cause."""

import pytest
from made_songs import CLICK_AT, RATE_HZ, song, vbr_mp3

from chartstudio.audio import mp3
from chartstudio.audio.decode import decode

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
