"""What an export says of generated charts, and the difficulties it files them under."""

from dataclasses import replace

import pytest

from chartstudio.core.note import LaneNote
from chartstudio.core.provenance import Generated, mark, touched
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.formats import find_format, read_song, write_song
from chartstudio.formats.bundle import Bundle, save_files
from chartstudio.formats.marks import AI_MARK, is_generated, osu_prepare, stepmania_prepare

NOTES = tuple(LaneNote(i * BEAT, i * BEAT, i % 4) for i in range(8))
PLAIN = Chart("dance-single", "Hard", 9, NOTES)
DRAFTED = mark(PLAIN, Generated(2 * BEAT, 4 * BEAT, "base", 1, "2026-01-01"))
GONE = touched(DRAFTED, replace(DRAFTED, notes=(*NOTES[:2], *NOTES[4:])))
EDITED = touched(DRAFTED, replace(DRAFTED, notes=(*NOTES[:3], *NOTES[4:])))


@pytest.mark.parametrize(
    ("chart", "expected"), [(PLAIN, False), (DRAFTED, True), (EDITED, True), (GONE, False)]
)
def test_a_chart_is_generated_while_generated_notes_are_left(chart: Chart, expected: bool) -> None:
    assert is_generated(chart) is expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("", "ai-assisted chartstudio"),
        ("rock live", "rock live ai-assisted chartstudio"),
        ("AI-assisted ChartStudio rock", "AI-assisted ChartStudio rock"),
        ("chartstudio", "chartstudio ai-assisted"),
    ],
)
def test_osu_says_it_in_the_tags_once(tags: str, expected: str) -> None:
    song = Song(Metadata(tags=tags), charts=(PLAIN, DRAFTED))
    assert osu_prepare(song).metadata.tags == expected
    assert osu_prepare(osu_prepare(song)) == osu_prepare(song)
    assert osu_prepare(replace(song, charts=(PLAIN, GONE))).metadata.tags == tags


def test_stepmania_says_it_of_each_chart() -> None:
    song = Song(charts=(replace(PLAIN, name="Easy"), replace(DRAFTED, credit="Me")))
    plain, drafted = stepmania_prepare("credit")(song).charts
    assert (plain.credit, drafted.credit) == ("", f"Me, {AI_MARK}")
    plain, drafted = stepmania_prepare("label")(song).charts
    assert (plain.label, drafted.label, drafted.credit) == ("", AI_MARK, "Me")


@pytest.mark.parametrize("format_id", ["sm", "ssc", "osz"])
def test_the_mark_lasts_as_long_as_what_it_says(format_id: str, tmp_path) -> None:
    mode = "mania-4k" if format_id == "osz" else "dance-single"

    def written(chart: Chart) -> bytes:
        fmt = find_format(format_id)
        song = Song(Metadata("T"), charts=(replace(chart, mode=mode),))
        (data,) = fmt.write(fmt.prepare(song)).values()
        return data

    def marked(data: bytes) -> bool:
        return b"ai-assisted" in data.lower()

    assert [marked(written(c)) for c in (PLAIN, DRAFTED, EDITED, GONE)] == [
        False,
        True,
        True,
        False,
    ]
    # In a file that came in with it, it is the author's own word.
    save_files(tmp_path, {f"T{find_format(format_id).suffixes[-1]}": written(DRAFTED)})
    song, _ = read_song(Bundle.open(tmp_path))
    again = write_song(find_format(format_id).prepare(song), format_id)
    assert all(marked(data) for data in again.values())


def test_stepmania_has_one_chart_of_each_difficulty() -> None:
    charts = (
        replace(PLAIN, name="Insane", level=9.0),
        replace(PLAIN, name="Hard", level=8.0),
        replace(PLAIN, name="Hard", level=12.0),
        replace(PLAIN, name="Hard", mode="pump-single"),
        replace(PLAIN, name="Edit"),
        replace(PLAIN, name="Edit"),
        replace(PLAIN, name="", level=None),
    )
    named = stepmania_prepare("credit")(Song(charts=charts)).charts
    assert [(c.name, c.label) for c in named] == [
        ("Edit", "Insane"),
        ("Hard", ""),
        ("Challenge", "Hard"),
        ("Hard", ""),
        ("Edit", ""),
        ("Edit", ""),
        ("Beginner", ""),
    ]


def test_files_of_the_game_keep_their_names() -> None:
    own = replace(PLAIN, extra=PLAIN.extra.set("sm", "text"))
    song = Song(charts=(own, own))
    assert stepmania_prepare("credit")(song) == song
