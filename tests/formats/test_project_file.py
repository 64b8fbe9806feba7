"""Our own file gives back the very value, and refuses what it did not write."""

import json
from dataclasses import replace

import chart_samples as samples
import pytest
from chart_samples import BEAT, hold, tap
from hypothesis import given, settings
from hypothesis import strategies as st

from chartstudio.core.errors import FormatError
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Effect, Extra, Metadata, Song
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.formats import find_format, losses

PROJECT = find_format("project")


def write(song: Song) -> str:
    (data,) = PROJECT.write(song).values()
    return data.decode()


def read(text: str) -> Song:
    return PROJECT.read({"a.chartstudio": text.encode()}, None)


@pytest.mark.parametrize("song", [Song(), samples.PAD_SONG, samples.KEY_SONG, samples.RICH_SONG])
def test_songs_come_back(song: Song) -> None:
    again = read(write(song))
    assert again == song
    assert again.problems == song.problems
    assert losses(song, "project") == ()


def test_imported_songs_come_back_and_are_still_written_as_they_were() -> None:
    for text, name in ((samples.SSC, "a.ssc"), (samples.SM, "a.sm"), (samples.OSU, "a.osu")):
        suffix = name.rpartition(".")[2]
        fmt = find_format("osz" if suffix == "osu" else suffix)
        song = fmt.read({name: text.encode()}, name)
        again = read(write(song))
        assert again == song
        assert fmt.write(again) == {name: text.encode()}


def test_the_name_is_the_title() -> None:
    assert list(PROJECT.write(samples.PAD_SONG)) == ["New song.chartstudio"]
    assert list(PROJECT.write(Song(Metadata(title="a/b")))) == ["a_b.chartstudio"]


def test_one_note_is_one_line() -> None:
    chart = Chart("dance-single", "Hard", 7.0, (tap(0, 2), hold(1, 2, 0), tap(3, 1, "sm:4")))
    text = write(Song(Metadata(title="T"), "a.ogg", charts=(chart,)))
    assert (
        '    [0, 0, 2],\n    [20160, 20160, 0, "hold"],\n    [60480, 0, 1, "tap", "sm:4"]\n' in text
    )
    assert json.loads(text)["chartstudio"] == 1
    assert '"subtitle"' not in text


def _changed(**parts: object) -> str:
    whole = json.loads(write(samples.RICH_SONG))
    whole.update(parts)
    return json.dumps(whole)


def _chart(**parts: object) -> str:
    whole = json.loads(write(samples.RICH_SONG))
    whole["charts"][0].update(parts)
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"a\.chartstudio:1: is damaged \(Expecting value\)"),
        ("{\n\n x", r":3: is damaged"),
        ("[]", "is no project file"),
        ('{"chartstudio": "1"}', "is no project file"),
        ('{"chartstudio": NaN}', "is no project file"),
        ("[" * 100_000, "is no project file"),
        ('{"chartstudio": 99}', "newer ChartStudio"),
        ('{"chartstudio": 1}', "a timing map is missing"),
        (_changed(metadata=[]), "metadata is no object"),
        (_changed(metadata={"title": 3}), "wrong title"),
        (_changed(metadata={"preview_s": "x"}), "wrong preview_s"),
        (_changed(metadata={"disallow_training": 1}), "wrong disallow_training"),
        (_changed(audio=1), "audio is no text"),
        (_changed(timing=[]), "needs an anchor"),
        (_changed(timing=[[0, 0, 120, 4]]), "anchor has the wrong shape"),
        (_changed(timing=[[0, 0, "x", 4, True]]), "anchor has a wrong value"),
        (_changed(timing=[[0, 0, 120, 4, True, ["x"]]]), "anchor has a wrong value"),
        (_changed(timing=[[0, 0, 120, 10**12, True]]), "anchor has a wrong value"),
        (_changed(timing=[[0, 0, -1, 4, True]]), "tempos must be positive"),
        (_changed(charts={}), "charts is no list"),
        (_changed(charts=[3]), "chart 1 is no object"),
        (_chart(level="x"), "wrong level"),
        (_chart(type=["lane"]), "unknown type"),
        (_chart(type="other"), "unknown type"),
        (_chart(notes=[[1]]), "wrong shape"),
        (_chart(notes=[[1, 0]]), "lacks something"),
        (_chart(notes=[[1, 0, "x"]]), "wrong value in a note"),
        (_chart(notes=[[1, 2**60, 0]]), "wrong value in a note"),
        (_chart(effects=[3]), "effect of the wrong shape"),
        (_chart(effects=[[0, "x", None]]), "wrong value in an effect"),
        (_chart(extra=[["x"]]), "extra of the wrong shape"),
        (_chart(extra=[["x", {}]]), "holds an object"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read(text)


def test_what_is_not_utf_8_or_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FormatError, match="no project file"):
        PROJECT.read({"a.chartstudio": b"\xff"}, None)
    monkeypatch.setattr("chartstudio.formats.project.MAX_CHART_BYTES", 1)
    with pytest.raises(FormatError, match="too large"):
        read("{    }")


def test_deep_extras_are_refused_in_one_line() -> None:
    deep = "[" * 700 + "]" * 700
    text = json.dumps(json.loads(write(Song())))[:-1] + f', "extra": [["x", {deep}]]}}'
    try:
        read(text)
    except FormatError as error:
        assert "no project file" in str(error)  # noqa: PT017


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(FormatError, match="no place for the notes"):
        write(Song(charts=(Chart("x", notes=(Effect(0, "note"),)),)))  # type: ignore[arg-type]
    with pytest.raises(FormatError, match="a number that is none"):
        write(Song(charts=(Chart("x", level=float("nan")),)))


_texts = st.text(max_size=8)
_ticks = st.integers(-(10**9), 10**9)
_numbers = st.floats(-1e6, 1e6)
_frozen = st.recursive(
    st.one_of(_texts, st.integers(-(10**15), 10**15), _numbers, st.booleans(), st.none()),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=6,
)
_extras = st.lists(st.tuples(_texts, _frozen), max_size=2).map(lambda v: Extra(tuple(v)))
_effects = st.lists(
    st.builds(Effect, _ticks, _texts, st.lists(_numbers | _texts, max_size=2).map(tuple)),
    max_size=3,
).map(tuple)
_notes = st.lists(
    st.builds(LaneNote, _ticks, _ticks, st.integers(0, 9), _texts, _texts), max_size=6
).map(sort_notes)


@st.composite
def _timings(draw: st.DrawFn) -> TimingMap:
    ticks = sorted(draw(st.lists(_ticks, min_size=1, max_size=4)))
    seconds = sorted(draw(st.lists(_numbers, min_size=len(ticks), max_size=len(ticks))))
    anchors = [
        Anchor(
            tick,
            at_s,
            draw(st.floats(1.0, 1000.0)),
            draw(st.integers(1, 9)),
            draw(st.booleans()),
            draw(st.sampled_from(Cause)),
        )
        for tick, at_s in zip(ticks, seconds, strict=True)
    ]
    return TimingMap(tuple(anchors))


_charts = st.builds(
    Chart,
    _texts,
    _texts,
    st.none() | _numbers,
    _notes,
    st.none() | _timings(),
    _effects,
    _texts,
    _texts,
    _extras,
)
_songs = st.builds(
    Song,
    st.builds(
        Metadata, title=_texts, preview_s=st.none() | _numbers, disallow_training=st.booleans()
    ),
    _texts,
    _timings(),
    st.lists(_charts, max_size=2).map(tuple),
    _effects,
    _extras,
    st.lists(_texts, max_size=2).map(tuple),
)


@given(_songs)
@settings(max_examples=100, deadline=None)
def test_any_song_comes_back(song: Song) -> None:
    again = read(write(song))
    assert again == song
    assert write(again) == write(song)


def test_a_changed_note_is_a_changed_line() -> None:
    before = write(samples.PAD_SONG).splitlines()
    chart = samples.PAD_SONG.charts[0]
    notes = (LaneNote(BEAT // 8, BEAT // 8, 0), *chart.notes[1:])
    after = write(samples.PAD_SONG.with_chart(0, replace(chart, notes=notes))).splitlines()
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
