import gc
import weakref
from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest
from made_engine import song_of, tiny_model

from chartstudio.core.errors import EngineError
from chartstudio.core.job import run
from chartstudio.core.note import LaneNote, sort_notes, ticks_of
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.engine.features import SLOTS_PER_BEAT
from chartstudio.engine.generate import generate
from chartstudio.engine.requests import GenerateRequest
from chartstudio.engine.task import hear, prepare
from chartstudio.engine.train.piece import TAUGHT_MODES
from chartstudio.modes import MODES

END = 56 * BEAT


def ask(audio, timing, **changes):
    standard = GenerateRequest(
        audio=audio, timing=timing, chart=Chart("mania-4k"), start=0, end=END, level=2.0, n_times=60
    )
    return replace(standard, **changes)


def task_of(request, model, song=None):
    song = song or song_of(request.audio, request.timing, model.spec.features)
    return prepare(request, MODES[request.chart.mode], model, song)


def draft(request, model):
    return run(generate(task_of(request, model)))


def times(candidate):
    return np.unique(ticks_of(candidate.notes))


def test_the_scores_decide_where_the_notes_stand(audio, timing, model):
    found = times(draft(ask(audio, timing, n_times=56), model).candidates[0])
    # All 56 beats of the range, but for those that the click track leaves silent.
    assert len(found) == 56
    assert np.mean(found % BEAT == 0) > 0.8
    assert np.all(found % (BEAT // 2) == 0)


@pytest.mark.parametrize("n_times", [1, 60, 200])
def test_the_asked_number_of_times_is_kept(audio, timing, model, n_times):
    found = times(draft(ask(audio, timing, n_times=n_times, level=6.0), model).candidates[0])
    assert abs(len(found) - n_times) <= 0.03 * n_times


@pytest.mark.parametrize(("mode_id", "grid"), list(zip(sorted(TAUGHT_MODES), cycle((8, 12, 16)))))
def test_drafts_stay_on_the_grid_and_pass_the_checks(audio, timing, mode_id, grid):
    # A network that knows nothing writes the wildest charts.
    model = tiny_model(scripted=False, seed=3)
    level = 5.0 if mode_id.startswith("mania") else 10.0
    request = ask(
        audio, timing, chart=Chart(mode_id), grid=grid, level=level, n_times=50, n_candidates=2
    )
    for candidate in draft(request, model).candidates:
        ticks = np.array([t for n in candidate.notes for t in (n.tick, n.end)])
        assert not np.any(ticks % (4 * BEAT // grid))
        assert ticks.max() <= END
        assert candidate.n_off_grid == candidate.n_bad_events == 0
        assert not [i for i in candidate.issues if i.severity == "error"]


def test_the_same_seed_gives_the_same_notes(audio, timing):
    model = tiny_model(scripted=False)
    one, two = (draft(ask(audio, timing, seed=5), model) for _ in range(2))
    assert one.candidates[0].notes == two.candidates[0].notes
    other = draft(ask(audio, timing, seed=6), model)
    assert other.candidates[0].notes != one.candidates[0].notes


def test_a_candidate_is_the_same_alone_and_among_others(audio, timing):
    model = tiny_model(scripted=False)
    short = ask(audio, timing, start=8 * BEAT, end=24 * BEAT, n_times=24)
    many = draft(replace(short, seed=10, n_candidates=6), model).candidates
    assert sorted(c.seed for c in many) == list(range(10, 16))
    for candidate in many:
        alone = draft(replace(short, seed=candidate.seed), model).candidates[0]
        assert alone.notes == candidate.notes


def test_what_was_heard_before_changes_nothing(audio, timing):
    model = tiny_model(scripted=False)
    song = song_of(audio, timing, model.spec.features)
    request = ask(audio, timing, start=32 * BEAT, end=48 * BEAT, n_times=20)
    first = run(generate(task_of(request, model, song)))
    run(generate(task_of(ask(audio, timing), model, song)))
    assert run(generate(task_of(request, model, song))).candidates == first.candidates


# In-fill


def _around():
    taps = [LaneNote(b * BEAT, b * BEAT, b % 4) for b in range(56) if not 16 <= b < 32]
    into = LaneNote(15 * BEAT + BEAT // 2, 17 * BEAT, 3, "hold")
    return Chart("mania-4k", notes=sort_notes([*taps, into]))


def test_only_the_range_is_written_and_its_edges_are_respected(audio, timing):
    model = tiny_model(scripted=False, seed=1)
    request = ask(
        audio, timing, chart=_around(), start=16 * BEAT, end=32 * BEAT, n_times=60, n_candidates=4
    )
    for candidate in draft(request, model).candidates:
        assert all(n.tick >= 16 * BEAT and n.end <= 32 * BEAT for n in candidate.notes)
        held = [n for n in candidate.notes if n.lane == 3 and n.tick <= 17 * BEAT]
        assert not held
        assert not [i for i in candidate.issues if i.severity == "error"]


def test_notes_inside_the_range_are_replaced(audio, timing, model):
    inside = Chart("mania-4k", notes=(LaneNote(20 * BEAT, 20 * BEAT, 0),))
    request = ask(audio, timing, start=16 * BEAT, end=32 * BEAT, n_times=10)
    assert (
        draft(replace(request, chart=inside), model).candidates == draft(request, model).candidates
    )


def test_notes_on_either_side_are_heard(audio, timing):
    model = tiny_model(scripted=False, seed=1)
    request = ask(audio, timing, start=16 * BEAT, end=32 * BEAT, n_times=30)

    def scores(chart):
        # The echo and the habits of the given bars are heard everywhere.
        task = replace(task_of(replace(request, chart=chart), model), author=None)
        sound = hear(task, task.sections[0])
        return sound.scores[task.line_slots - sound.first_beat * SLOTS_PER_BEAT]

    bare = scores(Chart("mania-4k"))
    before, after = (
        scores(Chart("mania-4k", notes=tuple(n for n in _around().notes if keep(n))))
        for keep in (lambda n: n.tick < 16 * BEAT, lambda n: n.tick >= 32 * BEAT)
    )
    assert not np.array_equal(before[:8], bare[:8])
    assert np.array_equal(before[-8:], bare[-8:])
    assert not np.array_equal(after[-8:], bare[-8:])
    assert np.array_equal(after[:8], bare[:8])


# Levels


def test_the_asked_level_is_approached(audio, timing, model):
    for level in (1.5, 2.5):
        request = ask(audio, timing, level=level, n_times=None)
        assert abs(draft(request, model).candidates[0].level_reached - level) < 0.4


def test_candidates_come_best_first(audio, timing, model):
    request = ask(audio, timing, n_times=None, n_candidates=5)
    misses = [abs(c.level_reached - 2.0) for c in draft(request, model).candidates]
    assert misses == sorted(misses)


def test_silence_stays_empty(audio, timing, model):
    found = times(draft(ask(audio, timing, n_times=None), model).candidates[0])
    assert not np.any((found >= 31 * BEAT) & (found < 33 * BEAT))


# The job


def test_notes_are_streamed_and_only_grow(audio, timing, model):
    request = ask(audio, timing, end=58 * BEAT, n_times=150, level=4.0)
    seen = [p.partial for p in generate(task_of(request, model))]
    sizes = [len(partial) for partial in seen]
    assert sizes == sorted(sizes)
    assert len({s for s in sizes if s}) > 2
    final = draft(request, model).candidates[0].notes
    assert set(seen[-1]) <= set(final)


def test_progress_rises_to_one_and_each_step_says_what_it_does(audio, timing, model):
    steps = list(generate(task_of(ask(audio, timing, n_times=None), model)))
    shares = [p.done for p in steps]
    assert shares == sorted(shares)
    assert shares[-1] <= 1
    assert all(p.what for p in steps)


def test_a_cancelled_draft_leaves_nothing_behind(audio, timing, model):
    task = task_of(ask(audio, timing), model)
    kept = weakref.ref(task)
    job = generate(task)
    next(job)
    next(job)
    job.close()
    del job, task
    gc.collect()
    assert kept() is None


def test_the_encoder_runs_once_per_section_however_many_rounds(audio, timing, model):
    task = task_of(ask(audio, timing, n_times=None, level=3.7, n_candidates=3), model)
    run(generate(task))
    assert model.net.encoder.n_calls == len(task.sections)


# Refusals


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start": 10, "end": 10}, "range to draft is empty"),
        ({"start": 1, "end": 2}, "no line of the 1/16 grid"),
        ({"start": 4000 * BEAT, "end": 4010 * BEAT}, "no line of the 1/16 grid"),
        ({"grid": 11}, "no grid"),
        ({"grid": 0}, "no grid"),
        ({"n_times": 10_000}, "finer grid"),
        ({"n_times": 0}, "ask for 1 to"),
        ({"level": 0.0}, "cannot be drafted"),
        ({"level": float("nan")}, "cannot be drafted"),
        ({"n_candidates": 0}, "at least one candidate"),
        ({"start": 31 * BEAT, "end": 32 * BEAT, "n_times": None}, "nothing sounds"),
    ],
)
def test_what_cannot_be_drafted_is_refused_in_one_line(audio, timing, model, changes, words):
    with pytest.raises(EngineError, match=words) as refused:
        task_of(ask(audio, timing, **changes), model)
    assert "\n" not in str(refused.value)


# Timing that games bend


def test_stops_warps_and_cut_bars_are_drafted_on_their_own_grid(audio, model):
    third = BEAT // 3
    a, b, c = 8 * BEAT, 12 * BEAT, 20 * BEAT + third
    beat_s = 0.4
    timing = TimingMap(
        (
            Anchor(0, 0.0, 150.0, bar=True),
            Anchor(a, 8 * beat_s, 150.0),
            Anchor(a, 8 * beat_s + 1.0, 150.0, cause=Cause.STOP),
            Anchor(b, 12 * beat_s + 1.0, 150.0),
            Anchor(b + 2 * BEAT, 12 * beat_s + 1.0, 150.0, cause=Cause.WARP),
            Anchor(c, 18 * beat_s + 1.0 + beat_s / 3, 150.0, bar=True),
        )
    )
    request = ask(audio, timing, end=40 * BEAT, n_times=100, level=5.0)
    candidate = draft(request, model).candidates[0]
    found = times(candidate)
    assert candidate.n_off_grid == 0
    assert not timing.warped(found).any()
    lines = timing.lines(0, 40 * BEAT, 16)
    assert np.isin(found, lines).all()
    assert np.any(found > c)
