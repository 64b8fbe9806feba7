"""What is judged, and the counts players are told; against StepMania's own figures too."""

import warnings
from dataclasses import replace
from pathlib import Path

import chart_samples as samples
import pytest
from chart_samples import BEAT, hold, tap

from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Effect, Song
from chartstudio.core.timing import TimingMap
from chartstudio.formats import Bundle, find_format, read_song
from chartstudio.formats.playable import count_kinds, count_notes, effects_of, playable
from chartstudio.formats.stepmania_dialect import SSC
from chartstudio.formats.stepmania_radar import Radar, radar
from chartstudio.formats.stepmania_read import fields_of
from chartstudio.formats.stepmania_sheet import read_sheet

_FIGURES = (
    "n_notes",
    "n_rows",
    "n_jumps",
    "n_holds",
    "n_mines",
    "n_hands",
    "n_rolls",
    "n_lifts",
    "n_fakes",
)


def _song() -> Song:
    return find_format("ssc").read({"a.ssc": samples.SSC.encode()}, None)


def test_notes_in_warps_and_fake_stretches_are_not_judged() -> None:
    song = _song()
    beats = (19, 20, 21, 22, 24, 24.5, 25)
    chart = Chart("dance-single", notes=tuple(tap(b, 0) for b in beats))
    assert playable(song, chart).tolist() == [True, False, False, True, False, False, True]
    assert count_notes(song, chart) == 3
    assert count_kinds(song, chart, everything=True)["tap"] == 7


def test_a_chart_with_its_own_timing_has_its_own_effects_only() -> None:
    song = _song()
    own = Effect(0, "fakes", (BEAT,))
    chart = Chart("dance-single", notes=(tap(0, 0), tap(24, 0)), effects=(own,))
    assert effects_of(song, chart)[-1] is own
    assert playable(song, chart).tolist() == [False, False]
    alone = replace(chart, timing=TimingMap.constant(120.0))
    assert effects_of(song, alone) == (own,)
    assert playable(song, alone).tolist() == [False, True]


def test_counts_by_kind() -> None:
    notes = sort_notes([tap(0, 0), hold(1, 2, 0), hold(3, 4, 0, "roll"), LaneNote(0, 0, 1, "mine")])
    chart = Chart("dance-single", notes=notes)
    assert count_kinds(Song(), chart) == {"tap": 1, "hold": 1, "roll": 1, "mine": 1}
    assert count_notes(Song(), chart) == 3
    odd = Chart("other", notes=notes)
    assert count_kinds(Song(), odd, everything=True)["mine"] == 1
    assert count_notes(Song(), odd) == 3


def test_radar_by_hand() -> None:
    notes = [
        tap(0, 0),
        tap(0, 1),
        hold(1, 4, 0),
        hold(1, 4, 1),
        tap(2, 2),
        hold(5, 6, 0, "roll"),
        LaneNote(6 * BEAT, 6 * BEAT, 3, "mine"),
        LaneNote(7 * BEAT, 7 * BEAT, 3, "lift"),
        LaneNote(8 * BEAT, 8 * BEAT, 3, "fake"),
        tap(8.25, 0),
        tap(12, 0),
    ]
    chart = Chart(
        "dance-single",
        notes=sort_notes(notes),
        effects=(Effect(12 * BEAT, "fakes", (BEAT,)), Effect(3 * BEAT, "keysound", (3, ""))),
    )
    found = radar(Song(timing=TimingMap.constant(60.0)), chart)
    assert [getattr(found, name) for name in _FIGURES] == [8, 6, 2, 2, 1, 1, 1, 1, 2]
    assert found.freeze == 2 / 12
    assert found.chaos == 1 / 12 / 2
    assert found.voltage == pytest.approx(7 / 8 * 1 / 10)


def test_radar_of_nothing() -> None:
    assert radar(Song(), Chart("dance-single")) == Radar()
    assert Radar().text(11) == ",".join(["0.000"] * 5 + ["0"] * 6 + ["0.000"] * 5 + ["0"] * 6)


@pytest.mark.parametrize("name", ["L9", "Springtime"])
def test_counts_are_those_that_stepmania_wrote(shared: Path, name: str) -> None:
    folder = shared / "fixtures" / "stepmania" / name
    song, _ = read_song(Bundle.open(folder))
    text = (folder / f"{name}.ssc").read_text(encoding="utf-8")
    items = [i for i in read_sheet(text, blocks=True).items if i.kind == "chart"]
    rows = []
    for chart, item in zip(song.charts, items, strict=True):
        said = SSC.values(item.parameters)["RADARVALUES"].split(",")[5:14]
        ours = radar(song, chart)
        counts = [getattr(ours, figure) for figure in _FIGURES]
        rows.append((chart.mode, chart.name, [int(float(s)) for s in said], counts))
        assert fields_of(SSC, item).style == chart.mode
        assert count_notes(song, chart) == ours.n_notes
    table = "\n".join(f"{mode:13} {name:10} {said} {ours}" for mode, name, said, ours in rows)
    assert all(said == ours for _, _, said, ours in rows), table


def test_springtime_challenge(shared: Path) -> None:
    song, _ = read_song(Bundle.open(shared / "fixtures" / "stepmania" / "Springtime"))
    (chart,) = (c for c in song.charts if (c.mode, c.name) == ("dance-single", "Challenge"))
    counts = count_kinds(song, chart)
    assert (counts["tap"], counts["hold"], counts["mine"]) == (788, 109, 42)


@pytest.mark.parametrize("name", ["L9/L9.ssc", "Springtime/Springtime.ssc", "nekonabe/nekonabe.sm"])
def test_times_are_those_of_simfile(shared: Path, name: str) -> None:
    path = shared / "fixtures" / "stepmania" / name
    _same_times(path.read_bytes(), path.suffix[1:])


def test_times_by_hand_are_those_of_simfile() -> None:
    # Without the chart that has its own timing: simfile takes no offset from the song there.
    _same_times(samples.SSC.replace("#BPMS:0=150;", "").encode(), "ssc")


def _same_times(data: bytes, format_id: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import simfile
        from simfile.notes import NoteData
        from simfile.timing import TimingData
        from simfile.timing.engine import TimingEngine

    song = find_format(format_id).read({f"a.{format_id}": data}, None)
    other = simfile.loads(data.decode("utf-8-sig"))
    theirs = [c for c in other.charts if c.stepstype.strip() != "lights-cabinet"]
    assert len(theirs) == len(song.charts)
    for chart, their in zip(song.charts, theirs, strict=True):
        engine = TimingEngine(TimingData(other, their))
        beats = sorted({n.beat for n in NoteData(their)})
        timing = song.timing_of(chart)
        for beat in beats:
            tick = round(float(beat) * BEAT)
            assert timing.seconds_at(tick) == pytest.approx(float(engine.time_at(beat)), abs=1e-6)
