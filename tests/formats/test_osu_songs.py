"""Charts of osu!, taiko and mania of any kind and from anywhere: there and back.

Real files are looked at through rosu-pp's eyes as well.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from chart_samples import BEAT
from hypothesis import given, settings
from hypothesis import strategies as st

from chartstudio.core.note import LaneNote, Note, sort_notes
from chartstudio.core.song import Chart, Effect, Extra, Metadata, Song
from chartstudio.core.timing import TimingMap
from chartstudio.formats import find_format, write_song
from chartstudio.modes.osu.notes import Circle, ControlPoint, OsuNote, Slider, Spinner

OSZ = find_format("osz")


def read(text: str | bytes) -> Song:
    return OSZ.read({"a.osu": text if isinstance(text, bytes) else text.encode()}, None)


def write(song: Song) -> str:
    (data,) = write_song(song, "osz").values()
    return data.decode()


def with_notes(song: Song, *notes: Note) -> Song:
    return song.with_chart(0, replace(song.charts[0], notes=sort_notes(notes)))


def anew(song: Song) -> Song:
    """The song without what its files held beyond our model."""
    charts = tuple(replace(c, extra=Extra()) for c in song.charts)
    return replace(song, charts=charts, extra=Extra())


# Songs of any kind


_places = st.integers(-64, 512).map(float)
_sounds = st.sampled_from(["", "osu:2,", "osu:0,1:2:0:0:", "osu:8,1:0:0:70:a b.wav"])
_edges = st.sampled_from(["", "osu:2,", "osu:4,2|0,0:0|1:2,", "osu:0,0|0,0:0|0:0,1:0:0:0:"])
_letters = st.sampled_from(["B", "L", "P", "C", "B2", "B12"])


@st.composite
def _paths(draw: st.DrawFn) -> tuple[ControlPoint, ...]:
    places = draw(st.lists(st.tuples(_places, _places), min_size=1, max_size=5, unique=True))
    later = st.one_of(st.just(""), _letters)
    starts = ["", *(draw(later) for _ in places[1:])]
    # The head is at -100, -100, so the path is never a single point.
    return tuple((s, x, y) for s, (x, y) in zip(starts, places, strict=True))


def _rows(draw: st.DrawFn, n: int) -> list[tuple[int, int]]:
    """Starts and ends, in twelfths of a beat, of up to n objects."""
    rows = sorted(draw(st.sets(st.integers(0, 400), max_size=n)))
    return [(row, after) for row, after in pairwise([*rows, 420])]


@st.composite
def _osu_notes(draw: st.DrawFn, multiplier: float) -> tuple[OsuNote, ...]:
    notes: list[OsuNote] = []
    for row, after in _rows(draw, 10):
        tick, end = row * BEAT // 12, draw(st.integers(row, after)) * BEAT // 12
        combo = (draw(st.booleans()), draw(st.integers(0, 7)))
        kind = draw(st.sampled_from(["circle", "slider", "spinner"]))
        if kind == "slider" and end > tick:
            n_spans = draw(st.integers(1, 9))
            sv = draw(st.floats(0.2, 5.0))
            length = round((end - tick) / BEAT * 100 * multiplier * sv / n_spans, 3)
            path = (draw(_letters), draw(_paths()), length, n_spans)
            notes.append(Slider(tick, end, -100.0, -100.0, *path, *combo, draw(_edges)))
        elif kind == "spinner":
            notes.append(Spinner(tick, end, *combo, draw(_sounds)))
        else:
            notes.append(Circle(tick, tick, draw(_places), draw(_places), *combo, draw(_sounds)))
    return sort_notes(notes)


@st.composite
def _taiko_notes(draw: st.DrawFn) -> tuple[LaneNote, ...]:
    notes = []
    for row, after in _rows(draw, 12):
        kind = draw(st.sampled_from(["don", "kat", "big-don", "big-kat", "drumroll", "denden"]))
        long = kind in ("drumroll", "denden")
        end = draw(st.integers(row, after)) if long else row
        sound = draw(_edges if kind == "drumroll" else _sounds)
        if not long:
            sound = sound.replace("osu:2,", "osu:1,").replace("osu:8,", "osu:1,")
        notes.append(LaneNote(row * BEAT // 12, end * BEAT // 12, 0, kind, sound))
    return sort_notes(notes)


@st.composite
def _mania_notes(draw: st.DrawFn, n_keys: int) -> tuple[LaneNote, ...]:
    notes = []
    for lane in range(min(n_keys, 3)):
        for row, after in _rows(draw, 6):
            end = draw(st.integers(row, after - 1))
            kind = "hold" if end > row else "tap"
            ticks = (row * BEAT // 12, end * BEAT // 12)
            notes.append(LaneNote(*ticks, n_keys - 1 - lane, kind, draw(_sounds)))
    return sort_notes(notes)


@st.composite
def _songs(draw: st.DrawFn) -> Song:
    mode = draw(st.sampled_from(["osu", "osu", "taiko", "mania-1k", "mania-7k", "mania-13k"]))
    multiplier = draw(st.sampled_from([0.4, 1.0, 1.4, 1.7, 3.6]))
    if mode == "osu":
        notes: tuple[Note, ...] = draw(_osu_notes(multiplier))
    elif mode == "taiko":
        notes = draw(_taiko_notes())
    else:
        notes = draw(_mania_notes(int(mode[6:-1])))
    places = draw(st.lists(st.integers(0, 400), max_size=4, unique=True))
    svs = st.sampled_from([0.1, 0.5, 0.75, 1.0, 1.5, 4.0, "nan"])
    effects = [Effect(p * BEAT // 12, "sv", (draw(svs),)) for p in sorted(places)]
    bpm = draw(st.integers(30_000, 400_000)) / 1000
    timing = TimingMap.constant(bpm, draw(st.integers(-3000, 3000)) / 1000)
    chosen = (("hp", 3.5), ("slider_multiplier", multiplier))
    chart = Chart(mode, "Hard", None, notes, effects=tuple(effects), settings=chosen)
    return Song(Metadata(title="t"), "a.ogg", timing, (chart,))


@given(song=_songs())
@settings(max_examples=120, deadline=None)
def test_any_song_comes_back(song: Song) -> None:
    again = read(write(song))
    assert again.charts[0].notes == song.charts[0].notes
    assert again.charts[0].mode == song.charts[0].mode
    assert again.timing == song.timing
    assert set(song.charts[0].settings) <= set(again.charts[0].settings)
    assert read(write(again)) == again
    fresh = read(write(anew(again)))
    assert fresh.charts[0].notes == song.charts[0].notes
    assert fresh.charts[0].effects == again.charts[0].effects


@given(song=_songs(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_edit_is_read_back_and_can_be_undone(song: Song, data: st.DataObject) -> None:
    before = read(write(song))
    chart = before.charts[0]
    if not chart.notes:
        return
    at = data.draw(st.integers(0, len(chart.notes) - 1))
    note, rest = chart.notes[at], (*chart.notes[:at], *chart.notes[at + 1 :])
    later = 421 * BEAT // 12
    moved = replace(note, tick=note.tick + later, end=note.end + later)  # type: ignore[type-var]
    edited = with_notes(before, *rest, moved)
    again = read(write(edited))
    assert again.charts[0].notes == edited.charts[0].notes
    undone = with_notes(edited, *rest, note)
    assert undone == before
    assert write(undone) == write(before)


# Real charts


def _real_files(shared: Path) -> Iterator[Path]:
    yield from sorted((shared / "fixtures" / "osu").glob("*.osu"))
    yield from sorted((shared / "data" / "charted").glob("*/*.osu"))


def _moved(text: str, by_ms: int) -> str:
    """All times of an old file moved, and the file called a new one."""
    head, _, objects = text.partition("[HitObjects]")

    def moved(number: str) -> str:
        return str(int(number) + by_ms)

    head = re.sub(r"(\[TimingPoints\]\s+)(\d+)", lambda m: m[1] + moved(m[2]), head)

    lines = []
    for line in objects.splitlines():
        fields = line.split(",")
        for i in (2, 5) if len(fields) > 5 and int(fields[3]) & 8 else (2,):
            if len(fields) > i:
                fields[i] = moved(fields[i])
        lines.append(",".join(fields))
    return re.sub(r"v\d+", "v14", head, count=1) + "[HitObjects]" + "\n".join(lines)


def test_real_charts_keep_counts_and_stars(shared: Path) -> None:
    rosu_pp_py = pytest.importorskip("rosu_pp_py")

    def stars(text: str | bytes) -> float:
        rating = rosu_pp_py.Difficulty().calculate(rosu_pp_py.Beatmap(content=text))
        return float(rating.stars)

    rows = []
    for path in _real_files(shared):
        data = path.read_bytes()
        song = read(data)
        chart = song.charts[0]
        theirs = rosu_pp_py.Beatmap(content=data)
        expected = (theirs.n_circles, theirs.n_sliders, theirs.n_spinners, theirs.n_holds)
        kinds = Counter(type(n).__name__.lower() for n in chart.notes)
        kinds |= Counter(n.kind for n in chart.notes if isinstance(n, LaneNote))
        counts = (
            kinds["circle"] + kinds["tap"], kinds["slider"], kinds["spinner"], kinds["hold"]
        )  # fmt: skip
        assert counts == expected, path
        assert write(song).encode() == data, path
        rewritten = write(anew(song))
        again = read(rewritten)
        assert again.charts[0].notes == chart.notes, path
        assert again.timing == song.timing
        # rosu-pp does not know that times in old files are 24 ms off.
        is_old = data.startswith(b"osu file format v3")
        before = stars(_moved(data.decode(), 24) if is_old else data)
        rows.append((path.name, *counts, before, stars(write(song)), stars(rewritten), is_old))
        assert rows[-1][-2] == pytest.approx(before, rel=1e-12), path
        assert is_old or rows[-1][-3] == before
    print(f"\n{'file':66} circles sliders spinners holds  stars    unchanged  anew")
    for name, *counts, before, kept, new, _ in rows:
        cells = "".join(f"{n:8}" for n in counts)
        print(f"{name[-66:]:66}{cells}  {before:.6f} {kept:.6f}   {new:.6f}")
    assert len(rows) > 30


def test_ends_of_real_sliders_are_those_of_the_formula(shared: Path) -> None:
    """By another way than the reader's: straight from the lines of the file."""
    n_checked = 0
    for path in sorted((shared / "fixtures" / "osu").glob("*.osu")):
        text = path.read_text("utf-8-sig").replace("\r", "")
        offset = 24 if "format v3" in text else 0
        multiplier = float(re.search(r"SliderMultiplier: ?([\d.]+)", text)[1])  # type: ignore[index]
        points = text.partition("[TimingPoints]\n")[2].partition("\n\n")[0].split("\n")
        found = {}
        for line in text.partition("[HitObjects]\n")[2].split("\n"):
            fields = line.split(",")
            if len(fields) < 8 or not int(fields[3]) & 2:
                continue
            start, beat, sv = float(fields[2]), 0.0, 1.0
            for point in (p.split(",") for p in points):
                if float(point[0]) <= start and float(point[1]) > 0:
                    beat, sv = float(point[1]), 1.0
                elif float(point[0]) <= start:
                    sv = -100 / float(point[1])
            beats = int(fields[6]) * float(fields[7]) / (100 * multiplier * sv)
            found[int(start) + offset] = start + offset + beats * (beat or float(points[0][1]))
        song = read(path.read_bytes())
        at = song.timing_of(song.charts[0]).seconds_at
        ours = [
            (round(at(n.tick) * 1000), at(n.end) * 1000)
            for n in song.charts[0].notes
            if isinstance(n, Slider)
        ]
        assert len(ours) == len(found)
        assert all(abs(end - found[start]) <= 0.5 for start, end in ours), path
        n_checked += len(ours)
    assert n_checked > 600
