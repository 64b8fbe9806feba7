"""Drafting in every mode: what a network that knows nothing writes is legal all the same."""

from dataclasses import replace

import numpy as np
import pytest
from made_engine import song_of, tiny_model

from chartstudio.cli import main
from chartstudio.core import paths
from chartstudio.core.errors import ModeError
from chartstudio.core.job import run
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine import checkpoint
from chartstudio.engine.generate import generate
from chartstudio.engine.levels import retimed, sustained
from chartstudio.engine.requests import DRAFTED_MODES, GenerateRequest
from chartstudio.engine.task import prepare
from chartstudio.formats import read_song
from chartstudio.formats.bundle import Bundle
from chartstudio.modes import MODES
from chartstudio.modes.beatsaber.notes import ColorNote, Wall
from chartstudio.modes.osu.notes import Circle, Slider, Spinner
from chartstudio.modes.usual import level_name, level_named, usual_settings

END = 56 * BEAT
START, STOP = 20 * BEAT, 30 * BEAT
LEVELS = {"meter": (3.0, 12.0), "stars": (1.5, 5.0), "rank": (1.0, 5.0)}


@pytest.fixture(scope="module")
def wild():
    """A network that knows nothing."""
    return tiny_model(scripted=False, seed=3)


@pytest.fixture(scope="module")
def heard(audio, timing, wild):
    return song_of(audio, timing, wild.spec.features)


def errors(mode, chart, timing):
    return [i.id for i in mode.check(chart, timing) if i.severity == "error"]


@pytest.mark.parametrize("hard", [0, 1])
@pytest.mark.parametrize("mode_id", [*DRAFTED_MODES, "pump-double", "mania-10k"])
def test_drafts_and_redraws_of_every_mode_are_legal(audio, timing, wild, heard, mode_id, hard):
    mode = MODES[mode_id]
    level = LEVELS[mode.level_unit][hard]
    chart = Chart(mode_id, level=level, settings=usual_settings(mode_id, level, timing))
    whole = GenerateRequest(audio, timing, chart, 0, END, level, n_times=40 + 100 * hard, seed=hard)

    def drafted(request):
        found = run(generate(prepare(request, mode, wild, heard))).candidates[0]
        inside = [request.start <= n.tick < request.end for n in found.notes]
        kept = [n for n in request.chart.notes if not request.start <= n.tick < request.end]
        new = replace(request.chart, notes=sort_notes((*kept, *found.notes)))
        assert all(inside)
        assert errors(mode, new, timing) == []
        assert found.n_off_grid == found.n_bad_events == 0
        written = set(found.notes) - set(request.chart.notes)
        assert all(n.end <= request.end for n in written)
        return new

    chart = drafted(whole)
    part = replace(whole, chart=chart, start=START, end=STOP, n_times=None, seed=9)
    old = [n for n in chart.notes if START <= n.tick < STOP]
    drafted(replace(part, n_times=20))
    times = drafted(replace(part, locks=frozenset({"rhythm"})))
    assert {n.tick for n in times.notes} == {n.tick for n in chart.notes}
    drafted(replace(part, locks=frozenset({"placement"})))
    n_more = len({n.tick for n in old}) + 3
    more = drafted(replace(part, locks=frozenset({"notes"}), n_times=n_more))
    assert set(old) <= set(more.notes)
    keep = (22 * BEAT, 25 * BEAT)
    beside = drafted(replace(part, keep=(keep,), n_times=12))
    assert [n for n in beside.notes if keep[0] <= n.tick < keep[1]] == [
        n for n in chart.notes if keep[0] <= n.tick < keep[1]
    ]


# Rows at other times


class Written:
    """A finished candidate, as far as estimates read it."""

    def __init__(self, *notes):
        self.notes = list(notes)


def test_sliders_keep_their_length_where_it_fits_and_are_circles_elsewhere():
    slider = Slider(0, BEAT, 100.0, 100.0, "L", (("", 200.0, 100.0),), 100.0)
    ticks = np.array([0, 2 * BEAT, 2 * BEAT + BEAT // 2, 3 * BEAT])
    found = retimed(Written(slider), ticks, MODES["osu"])
    assert [type(n) for n in found] == [Slider, Circle, Circle, Slider]
    assert [n.end - n.tick for n in found] == [BEAT, 0, 0, BEAT]
    assert not errors(MODES["osu"], Chart("osu", notes=found), TimingMap.constant(120.0))


def test_spinners_rolls_and_walls_never_last_into_the_next_row():
    ticks = np.array([0, BEAT])
    (one, two) = retimed(Written(Spinner(0, 3 * BEAT)), ticks, MODES["osu"])
    assert isinstance(one, Circle)
    assert two.end > two.tick
    rolls = retimed(Written(LaneNote(0, 2 * BEAT, 0, "drumroll")), ticks, MODES["taiko"])
    assert [n.kind for n in rolls] == ["don", "drumroll"]
    cut, wall = ColorNote(0, 0, 1, 0, 0, 1), Wall(0, 2 * BEAT, 3, 0, 1, 5)
    found = retimed(Written(cut, wall), ticks, MODES["beatsaber"])
    assert [type(n) for n in found] == [ColorNote, ColorNote, Wall]


def test_copied_holds_in_lanes_are_taps():
    held = LaneNote(0, 3 * BEAT, 1, "hold")
    found = retimed(Written(held), np.array([0, BEAT]), MODES["mania-4k"])
    assert found == (held, LaneNote(BEAT, BEAT, 1, "tap"))


@pytest.mark.parametrize("mode_id", ["dance-single", "mania-4k"])
def test_a_short_stretch_is_as_hard_as_the_chart_that_it_is_from(mode_id):
    mode, timing = MODES[mode_id], TimingMap.constant(150.0)
    lanes = [0, 2, 1, 3, 0, 1, 3, 2]
    notes = [LaneNote(i * BEAT // 4, i * BEAT // 4, lanes[i % 8]) for i in range(300)]
    whole = mode.difficulty(Chart(mode_id, notes=tuple(notes)), timing)
    short = Chart(mode_id, notes=tuple(notes[:16]))
    assert mode.difficulty(short, timing) < 0.8 * whole
    again = mode.difficulty(sustained(short, 0, 4 * BEAT, timing), timing)
    assert again == pytest.approx(whole, rel=0.1)


# Settings and names


@pytest.mark.parametrize("mode_id", sorted(MODES))
def test_usual_settings_are_those_of_the_mode_and_in_range(mode_id):
    known = {s.name: s for s in MODES[mode_id].settings}
    for level in (0.5, 1.0, 2.5, 5.0, 9.0):
        for bpm in (60.0, 150.0, 300.0):
            found = usual_settings(mode_id, level, TimingMap.constant(bpm))
            assert [name for name, _ in found] == sorted(name for name, _ in found)
            for name, value in found:
                setting = known[name]
                ok = value in setting.choices if setting.choices else None
                assert setting.low <= value <= setting.high if ok is None else ok


def test_harder_charts_come_faster():
    timing = TimingMap.constant(150.0)
    easy, hard = (dict(usual_settings("beatsaber", level, timing)) for level in (1.0, 5.0))
    assert easy["njs"] < hard["njs"]
    easy, hard = (dict(usual_settings("osu", level, timing)) for level in (1.5, 5.0))
    assert all(easy[name] < hard[name] for name in ("ar", "cs", "od", "hp", "slider_multiplier"))


def test_levels_have_the_names_of_their_game():
    saber, osu = MODES["beatsaber"], MODES["osu"]
    assert [level_named(saber, text) for text in ("Easy", "expert+", "3.5")] == [1.0, 5.0, 3.5]
    assert level_name(saber, 3.2) == "Hard"
    assert level_name(osu, 3.25) == "3.25"
    for mode, text in ((osu, "Hard"), (saber, "Insane"), (osu, "")):
        with pytest.raises(ModeError):
            level_named(mode, text)


def test_the_drafted_modes_are_those_that_the_manual_names():
    named = ["dance-single", "dance-double", "pump-single"]
    named += [f"mania-{n}k" for n in range(1, 8)] + ["taiko", "osu", "beatsaber"]
    assert list(DRAFTED_MODES) == named


# From the command line to the files


@pytest.mark.parametrize(
    ("mode_id", "levels", "format_id", "names"),
    [
        ("osu", "2,3", "osz", {"2", "3"}),
        ("taiko", "2,3", "osz", {"2", "3"}),
        ("beatsaber", "Hard,Expert", "beatsaber-v3", {"Hard", "Expert"}),
    ],
)
def test_drafts_open_again(audio, wild, tmp_path, capsys, mode_id, levels, format_id, names):
    from chartstudio.audio import encode

    checkpoint.save(paths.user_models() / "wild", wild.spec, wild.net)
    song, out = tmp_path / "song.wav", tmp_path / "out"
    song.write_bytes(encode.wav(audio.samples, audio.rate_hz, "PCM_16"))
    asked = ["draft", str(song), "--mode", mode_id, "--level", levels, "--to", format_id]
    asked += ["--out", str(out), "--bpm", "150", "--offset-s", "0", "--model", "wild"]
    assert main([*asked, "--spread", "--json"]) == 0
    capsys.readouterr()
    found = next(out.glob("*.osz"), out)
    song = read_song(Bundle.open(found))[0]
    assert {chart.name for chart in song.charts} == names
    for chart in song.charts:
        settings = dict(usual_settings(mode_id, chart.level or 2.0, song.timing))
        assert set(settings) <= {name for name, _ in chart.settings}
        assert chart.notes
        assert errors(MODES[mode_id], chart, song.timing_of(chart)) == []
    times = [{n.tick for n in chart.notes} for chart in song.charts]
    assert times[0] <= times[1] or times[1] <= times[0]
