"""Spreads: what easier charts keep of harder ones, and that they are easier."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_engine import RATE_HZ, clicks, song_of, tiny_model

from chartstudio.audio import encode
from chartstudio.audio.decode import Audio
from chartstudio.cli import main
from chartstudio.core import paths, provenance
from chartstudio.core.errors import EngineError
from chartstudio.core.job import run
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine import checkpoint, thinning
from chartstudio.engine.evaluate import nulls
from chartstudio.engine.evaluate.cases import find_songs
from chartstudio.engine.evaluate.times import f1
from chartstudio.engine.generate import generate
from chartstudio.engine.requests import Candidate, Draft, GenerateRequest
from chartstudio.engine.spread import SpreadRequest, easier, spread
from chartstudio.engine.task import prepare
from chartstudio.engine.thinning import USUAL, learned, pair, rows_of, strengths, worth
from chartstudio.modes import MODES

MODE = MODES["mania-4k"]
TIMING = TimingMap.constant(150.0)
SILENCE = Audio(np.zeros((1, 24 * RATE_HZ), dtype=np.float32), RATE_HZ, "made")
N_BEATS = 56


def chart_of(beats, size=1):
    notes = []
    for i, beat in enumerate(beats):
        tick = round(beat * BEAT)
        notes += [LaneNote(tick, tick, (i + k) % 4) for k in range(size)]
    return Chart(MODE.id, notes=sort_notes(notes))


SIXTEENTHS = chart_of(np.arange(0, N_BEATS, 0.25))


def known(chart, timing=TIMING, audio=SILENCE):
    return rows_of(chart, MODE, timing, audio)


def best(rows, n, weights=None):
    values = worth(rows, weights or USUAL)
    return np.sort(rows.ticks[np.argsort(-values)[:n]])


# Worth -----------------------------------------------------------------------------------


def test_beats_are_kept_before_eighths_and_those_before_sixteenths():
    rows = known(SIXTEENTHS)
    beats = best(rows, N_BEATS)
    assert set(beats.tolist()) == set(range(0, N_BEATS * BEAT, BEAT))
    eighths = best(rows, 2 * N_BEATS)
    assert set(eighths.tolist()) == set(range(0, N_BEATS * BEAT, BEAT // 2))


def test_downbeats_come_first():
    assert set((best(known(SIXTEENTHS), 14) % (4 * BEAT)).tolist()) == {0}


def test_equals_are_chosen_evenly_over_the_song():
    offbeats = known(chart_of(np.arange(0.5, N_BEATS)))
    chosen = best(offbeats, N_BEATS // 2)
    halves = np.count_nonzero(chosen < N_BEATS * BEAT // 2)
    assert abs(halves - N_BEATS // 4) <= 2


def test_chords_are_kept_before_single_notes():
    single, double = chart_of(np.arange(0.5, 20)), chart_of(np.arange(20.5, 40), size=2)
    rows = known(replace(single, notes=single.notes + double.notes))
    assert best(rows, 20)[0] > 19 * BEAT


def test_what_is_heard_is_kept():
    times = [i * 0.4 + 0.2 for i in range(0, 56, 2)]
    audio = Audio(clicks(times, 24.0)[None], RATE_HZ, "made")
    rows = known(chart_of(np.arange(0.5, N_BEATS)), audio=audio)
    chosen = np.atleast_1d(TIMING.seconds_at(best(rows, 28)))
    assert np.isin(np.round(chosen, 3), np.round(times, 3)).mean() > 0.9


def test_strengths_are_those_of_the_song_itself():
    audio = Audio(clicks([1.0, 2.0, 3.0], 5.0)[None], RATE_HZ, "made")
    at_s = np.array([1.0, 1.5, 2.0, 2.5, 3.0])
    found = strengths(audio, at_s)
    assert min(found[::2]) > max(found[1::2])
    louder = Audio(3 * audio.samples, RATE_HZ, "made")
    assert strengths(louder, at_s) == pytest.approx(found, abs=0.02)
    assert not strengths(SILENCE, at_s).any()


def test_times_beside_a_line_stand_on_it():
    notes = tuple(replace(n, tick=n.tick + 9, end=n.end + 9) for n in SIXTEENTHS.notes)
    rows = known(replace(SIXTEENTHS, notes=notes))
    assert rows.ticks.tolist() == [n.tick for n in SIXTEENTHS.notes]
    between = known(chart_of([0.0, 0.777]))
    assert between.ticks.tolist() == [0, round(0.777 * BEAT)]


def test_an_empty_chart_has_no_rows():
    rows = known(Chart(MODE.id))
    assert rows.known.shape == (0, len(USUAL))
    assert not len(worth(rows, USUAL))


def test_there_is_a_weight_for_each_thing_known():
    assert known(SIXTEENTHS).known.shape == (4 * N_BEATS, len(USUAL))


# Learning --------------------------------------------------------------------------------


OFFBEATS = chart_of(np.arange(0.5, N_BEATS))


OFFBEATS_TICKS = [n.tick for n in OFFBEATS.notes]


def leaning(values):
    """By how much offbeats are worth more than the beats before them."""
    off, on = ([values[t - back] for t in OFFBEATS_TICKS] for back in (0, BEAT // 2))
    return float(np.mean(off) - np.mean(on))


def test_an_authors_own_way_is_learned():
    """Whoever keeps the offbeats and leaves out the beats is followed the more, the longer."""
    rows = known(SIXTEENTHS)
    taught = pair(rows, OFFBEATS, MODE, TIMING)

    def after(pairs):
        values = worth(rows, learned(pairs))
        return leaning(dict(zip(rows.ticks.tolist(), values.tolist(), strict=True)))

    assert learned([taught]) == learned([taught])
    assert after([]) < -1
    assert after([]) + 0.5 < after([taught]) < after([taught] * 8)
    assert after([taught] * 8) > 0


def test_what_teaches_nothing_changes_nothing():
    rows = known(SIXTEENTHS)
    for easy in (SIXTEENTHS, Chart(MODE.id), chart_of(np.arange(0.1, N_BEATS, 0.5))):
        taught = pair(rows, easy, MODE, TIMING)
        assert not taught.teaches
        assert learned([taught]) == USUAL


def test_what_was_generated_and_not_edited_is_not_the_authors():
    rows, middle = known(SIXTEENTHS), N_BEATS * BEAT // 2
    foreign = provenance.Generated(middle, N_BEATS * BEAT, "base 1", 0, "2026-01-01")
    taught = pair(rows, provenance.mark(OFFBEATS, foreign), MODE, TIMING)
    assert taught.harder.ticks.max() < middle
    touched = pair(rows, provenance.mark(OFFBEATS, replace(foreign, edited=True)), MODE, TIMING)
    assert len(touched.kept) == len(rows.ticks)


def test_human_charts_are_thinned_better_than_by_metre(shared):
    """With weights from the other songs alone, and without their sound."""
    charted = shared / "data/charted"
    pairs, truth = {}, []
    for song in find_songs(charted, ["mania-5k"], []):
        hardest, mode = song.cases[0], MODES["mania-5k"]
        rows = rows_of(hardest.chart, mode, hardest.timing, SILENCE)
        pairs[song.name] = [pair(rows, c.chart, mode, hardest.timing) for c in song.cases[1:]]
        truth += [(song.name, rows, case) for case in song.cases[1:]]
    nothing = dict.fromkeys(USUAL, 0.0)
    scores = []
    for name, rows, case in truth:
        others = [p for other, some in pairs.items() if other != name for p in some]
        weights = learned(others, nothing, caution=20.0)
        n = min(len(case.times), len(rows.ticks))
        metre = nulls.metro_fill(rows.ticks, case.timing, n)
        found = [np.atleast_1d(case.timing.seconds_at(t)) for t in (best(rows, n, weights), metre)]
        scores.append([f1(seconds, case.true_s, 0.02) for seconds in found])
    ours, metre = np.mean(scores, axis=0)
    assert len(scores) == 19
    assert ours > metre + 0.015


# The job ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wild():
    return tiny_model(scripted=False, seed=3)


def asked(audio, chart, **changes):
    request = GenerateRequest(audio, TIMING, chart, 0, N_BEATS * BEAT, None)
    return replace(request, **changes)


@pytest.mark.parametrize("mode_id", ["mania-4k", "dance-single", "taiko"])
def test_levels_fall_and_their_times_are_proper_parts(audio, wild, mode_id):
    mode = MODES[mode_id]
    song = song_of(audio, TIMING, wild.spec.features)

    def answer(request):
        return generate(prepare(request, mode, wild, song))

    (low, high), blank = mode.level_range, Chart(mode_id)
    hard = low + 0.6 * (high - low)
    whole = asked(audio, blank, level=hard, n_times=150)
    notes = run(answer(whole)).candidates[0].notes
    chart = replace(blank, notes=notes)
    top = mode.difficulty(chart, TIMING)
    levels = (0.3 * top, 0.7 * top)
    made = run(spread(SpreadRequest(replace(whole, chart=chart, n_times=None), levels), answer))
    assert [one.request.level for one in made] == sorted(levels, reverse=True)
    above, reached = {n.tick for n in notes}, top
    for one in made:
        times = {n.tick for n in one.best.notes}
        assert times < above
        assert one.best.level_reached < reached
        assert [i.id for i in one.best.issues if i.severity == "error"] == []
        assert one.best.n_off_grid == 0
        above, reached = times, one.best.level_reached


def test_charts_in_milliseconds_give_levels_on_lines(audio, wild):
    song = song_of(audio, TIMING, wild.spec.features)
    notes = tuple(replace(n, tick=n.tick + 9, end=n.end + 9) for n in SIXTEENTHS.notes)
    request = asked(audio, replace(SIXTEENTHS, notes=notes))

    def answer(request):
        return generate(prepare(request, MODE, wild, song))

    made = run(easier(request, 1.0, 9.0, USUAL, answer))
    assert made.request.grid == 16
    assert made.best.n_off_grid == 0
    assert {n.tick for n in made.best.notes} < {n.tick for n in SIXTEENTHS.notes}
    free = sort_notes((*SIXTEENTHS.notes, LaneNote(30 * BEAT + 777, 30 * BEAT + 777, 0)))
    made = run(easier(replace(request, chart=Chart(MODE.id, notes=free)), 1.0, 9.0, USUAL, answer))
    assert made.request.grid == thinning.FINEST
    assert made.best.n_off_grid == 0


def told(levels, counts):
    """An answer whose candidates are as hard as said, in turn; counts what was asked for."""
    left = list(levels)

    def answer(request):
        yield from ()
        counts.append(request.n_times)
        n = request.n_times or len(request.only or ())
        notes = tuple(LaneNote(t, t, 0) for t in (request.only or ())[:n])
        return Draft((Candidate(notes, 0, left.pop(0)),), "", "cpu", "float32")

    return answer


def test_a_level_that_is_no_easier_is_made_again_with_fewer_times():
    counts = []
    made = run(easier(asked(SILENCE, SIXTEENTHS), 2.0, 3.0, USUAL, told([3.4, 3.0, 2.5], counts)))
    assert made.best.level_reached == 2.5
    n_above = len(SIXTEENTHS.notes) - 1
    assert counts == [None, int(n_above * 0.85), int(int(n_above * 0.85) * 0.85)]


def test_a_level_that_never_gets_easier_is_refused():
    with pytest.raises(EngineError, match="came out no easier"):
        run(easier(asked(SILENCE, SIXTEENTHS), 2.0, 3.0, USUAL, told([9.0] * 9, [])))


@pytest.mark.parametrize(
    ("chart", "levels", "line"),
    [
        (SIXTEENTHS, (99.0, 1.0), "not below"),
        (SIXTEENTHS, (), "needs levels"),
        (Chart(MODE.id), (1.0,), "has none"),
        (replace(chart_of([3.0]), level=5.0), (0.01,), "too few notes"),
    ],
)
def test_what_cannot_be_spread_is_refused_in_a_line(chart, levels, line):
    with pytest.raises(EngineError, match=line):
        run(spread(SpreadRequest(asked(SILENCE, chart), levels), told([0.001], [])))


def test_the_author_is_followed_in_a_spread():
    """An easier chart beside the hardest shows which times they keep."""
    seen = []

    def answer(request):
        yield from ()
        seen.append(dict(zip(request.only, request.worth, strict=True)))
        notes = tuple(LaneNote(t, t, 0) for t in request.only[::4])
        return Draft((Candidate(notes, 0, 0.01),), "", "cpu", "float32")

    request = asked(SILENCE, SIXTEENTHS)
    for others in ((), (OFFBEATS,)):
        run(spread(SpreadRequest(request, (0.5,), others), answer))
    assert leaning(seen[1]) > leaning(seen[0]) + 0.5


def test_a_named_chart_is_the_hardest_of_a_spread(audio, wild, tmp_path, capsys):
    checkpoint.save(paths.user_models() / "wild", wild.spec, wild.net)
    song, out, below = tmp_path / "song.wav", tmp_path / "out", tmp_path / "below"
    song.write_bytes(encode.wav(audio.samples, audio.rate_hz, "PCM_16"))
    common = ["--mode", "mania-4k", "--model", "wild", "--json"]
    timed = ["--bpm", "150", "--offset-s", "0"]
    first = ["draft", str(song), *common, *timed, "--level", "4", "--times", "150"]
    assert main([*first, "--to", "project", "--out", str(out)]) == 0
    (hard,) = json.loads(capsys.readouterr().out)["charts"]
    asked = ["draft", str(out), *common, "--spread", "--chart", "4", "--level", "1,2"]
    assert main([*asked, "--to", "osz", "--out", str(below)]) == 0
    charts = json.loads(capsys.readouterr().out)["charts"]
    assert [c["level_asked"] for c in charts] == [2.0, 1.0]
    levels = [hard["level_reached"], *(c["level_reached"] for c in charts)]
    assert levels == sorted(levels, reverse=True)
    assert sorted({c["n_times"] for c in charts}) == [c["n_times"] for c in charts][::-1]
