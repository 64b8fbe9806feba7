"""Trials of charts under engines whose drafts are known, and a whole folder under a real one."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_engine import SIZES, clicks

from chartstudio.audio import encode
from chartstudio.audio.decode import Audio
from chartstudio.core import paths
from chartstudio.core.errors import EngineError, FormatError
from chartstudio.core.job import Progress, run
from chartstudio.core.mode import Issue
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine import checkpoint
from chartstudio.engine.evaluate import ear, filling, measures, plots, protocol, report
from chartstudio.engine.evaluate.cases import Case, find_songs
from chartstudio.engine.evaluate.ear import Heard
from chartstudio.engine.evaluate.trial import SongTrial, Stand, Trial
from chartstudio.engine.net import Net
from chartstudio.engine.requests import (
    Candidate,
    Draft,
    KeyBars,
    Tempo,
    TempoAnchor,
    TempoCandidate,
)
from chartstudio.engine.service import Engine
from chartstudio.engine.vocab import Vocabulary
from chartstudio.formats import write_song
from chartstudio.formats.bundle import save_files
from chartstudio.modes import MODES
from chartstudio.modes.beatsaber.notes import BLUE, RED, ColorNote
from chartstudio.modes.osu.notes import Circle, Slider

TIMING = TimingMap.constant(150.0)
N_BARS = 20
MODE_IDS = tuple(MODES)
RHYTHMS = ((0, 1, 2, 3), (0, 1, 1.5, 3, 3.25), (0.5, 1.5, 2.5, 3.5), (0, 0.75, 1.5, 2.25, 3))
SILENCE = Audio(np.zeros((1, 44 * 22_050), np.float32), 22_050, "made")


def bar_kinds():
    return np.random.default_rng(3).integers(len(RHYTHMS), size=N_BARS).tolist()


def human_chart(mode_id="mania-4k", name="Hard", keep=1):
    """Bars of four kinds, in an order of their own; every ``keep``-th time only."""
    places = [
        round((4 * bar + beat) * BEAT)
        for bar, kind in enumerate(bar_kinds())
        for beat in RHYTHMS[kind]
    ]
    notes = [_note(mode_id, i, tick) for i, tick in enumerate(places)][::keep]
    return Chart(mode_id, name, notes=sort_notes(notes))


def _note(mode_id, i, tick):
    if mode_id == "osu":
        x, y = float(i * 37 % 500), float(i * 53 % 380)
        if i % 9 == 0:
            return Slider(tick, tick + BEAT // 4, x, y, "L", (("", x + 80, y),), 80.0)
        return Circle(tick, tick, x, y)
    if mode_id == "beatsaber":
        return ColorNote(tick, tick, 1 + i % 2, 0, (RED, BLUE)[i % 2], i // 2 % 2)
    if mode_id == "taiko":
        return LaneNote(tick, tick, 0, ("don", "kat")[i % 3 == 0])
    return LaneNote(tick, tick, i * 3 % 4)


class HumanEngine:
    """Drafts what a human charted; ``spoil`` changes it first."""

    def __init__(self, *charts, spoil=lambda notes, request: notes):
        self.charts = {(c.mode, c.name): c.notes for c in charts}
        self.spoil = spoil
        self.requests = []

    def draft(self, request):
        yield Progress(0.5, "Writing")
        self.requests.append(request)
        notes = self.charts[request.chart.mode, request.chart.name]
        inside = [n for n in notes if request.start <= n.tick < request.end]
        if request.only is not None:
            inside = [n for n in inside if n.tick in request.only]
        written = sort_notes(self.spoil(inside, request))
        candidate = Candidate(written, request.seed, request.level)
        seconds = {"features": 0.5, "draft": 1.0}
        return Draft((candidate,) * request.n_candidates, "human", "cpu", "float32", seconds)

    def key_bars(self, request):
        """One bar of each kind first; the song has two bars more than the chart."""
        yield Progress(0.5, "Listening")
        kinds = bar_kinds()
        first = [kinds.index(kind) + 1 for kind in sorted(set(kinds))]
        others = [m for m in range(1, N_BARS + 3) if m not in first]
        return KeyBars((*first, *others), (), ())

    def find_timing(self, request):
        yield Progress(0.5, "Listening")
        anchor = TempoAnchor(0, 0.0, 150.0, 4, 1.0)
        return Tempo((TempoCandidate(150.0, 0.0, 4, 1.0),), anchors=(anchor,))


class HumanEar:
    """Hears exactly what a chart has, in its own song only."""

    def __init__(self, case):
        self.case = case

    def listen(self, request):
        lines = request.timing.lines(request.start, request.end, request.grid)
        hits = np.isin(lines, self.case.times) & (request.audio is SILENCE)
        told = hits.astype(np.float32)
        return Heard(lines, told, told, np.zeros(len(lines), np.float32))

    def bars(self, audio, timing, bars):
        at = bars.of(self.case.times)
        found = np.zeros((len(bars), 96))
        within = (self.case.times - bars.edges[at]) // (BEAT // 24)
        found[at, within] = 1.0
        return found


def trial_of(chart, spoil=None, other=None):
    case = Case("song", chart, TIMING, MODES[chart.mode])
    engine = HumanEngine(chart) if spoil is None else HumanEngine(chart, spoil=spoil)
    return Trial(case, SongTrial(Stand(engine, HumanEar(case)), SILENCE, other), first=True)


def found_by(name, trial):
    measure = next(m for m in measures.MEASURES if m.name == name)
    return run(measure.run(trial))


def moved(ticks):
    return lambda notes, request: [
        replace(n, tick=n.tick + ticks, end=n.end + ticks) for n in notes
    ]


# Known answers


def test_the_human_itself_is_perfect():
    trial = trial_of(human_chart())
    times = found_by("times", trial)
    assert (times.values["f1_20ms"], times.values["count_miss"]) == (1, 0)
    below = ("metro_fill", "best_metronome", "uniform", "shuffled_measures", "flux")
    assert all(0 < times.nulls[f"f1_20ms.{null}"] < 0.95 for null in below)
    density = found_by("density", trial)
    assert density.values["density_correlation"] == pytest.approx(1)
    assert abs(density.nulls["density_correlation.shuffled_measures"]) < 0.5
    listening = found_by("listening", trial)
    assert listening.values["listening_auc"] == 1
    assert listening.nulls["listening_auc.metronome"] == 0.5
    assert listening.nulls["listening_auc.flux"] == 0.5


def test_a_chart_30_ms_late_agrees_within_50_only():
    found = found_by("times", trial_of(human_chart(), spoil=moved(round(0.03 / 0.4 * BEAT))))
    assert (found.values["f1_20ms"], found.values["f1_50ms"]) == (0, 1)


def test_an_empty_draft_scores_nothing():
    trial = trial_of(human_chart(), spoil=lambda notes, request: [])
    assert found_by("times", trial).values["f1_50ms"] == 0
    assert found_by("density", trial).values["density_correlation"] == 0
    patterns = found_by("patterns", trial)
    assert patterns.values["transition_distance"] == 1
    assert np.isnan(patterns.values["row_agreement"])


def test_another_song_is_heard_as_nothing():
    other = (Audio(np.zeros((1, 22_050 * 30), np.float32), 22_050, "made"), TIMING)
    found = found_by("shuffled_audio", trial_of(human_chart(), other=other))
    assert found.values["shuffled_audio_auc"] == 0.5
    assert found.nulls["shuffled_audio_auc.own_audio"] == 1
    assert not found_by("shuffled_audio", trial_of(human_chart())).values


def test_patterns_of_the_human_itself():
    found = found_by("patterns", trial_of(human_chart()))
    assert found.values["transition_distance"] == 0
    assert found.values["row_agreement"] == 1
    assert found.nulls["row_agreement.random_places"] < 0.5
    assert found.values["jack_share"] == found.nulls["jack_share.human"] == 0


def test_context_is_given_and_the_rest_is_judged():
    trial = trial_of(human_chart())
    infill, finish = found_by("infill", trial), found_by("finish", trial)
    assert infill.values["infill_f1"] == infill.nulls["infill_f1.no_context"] == 1
    # Bars that sound alike are charted alike here, so that copying works.
    assert infill.nulls["infill_f1.copy"] == infill.nulls["infill_f1.vote"] == 1
    assert infill.nulls["infill_f1.metro_fill"] < 0.95
    assert finish.nulls["finish_4_f1.copy"] == finish.values["finish_4_f1"] == 1
    assert finish.nulls["finish_4_f1.copy_first"] < 1
    assert finish.values["finish_8_rows"] == 1
    assert finish.nulls["finish_8_rows.random_bar"] < 1
    assert "finish_16_f1" not in finish.values  # more than half of the song
    for request in trial.song.stand.engine.requests:
        given = [n for n in trial.case.notes if any(a <= n.tick < b for a, b in request.keep)]
        assert list(request.chart.notes) == given
        hidden = len(trial.case.times) - len(given)
        assert request.n_times == (hidden or None) or not request.keep
    assert (trial.tally.n_broken, trial.tally.n_borders, trial.tally.n_errors) == (0, 0, 0)


@pytest.mark.parametrize(
    ("spoil", "broken"),
    [(lambda notes, request: notes[1:] if request.grid == 192 else notes, 1),
     (lambda notes, request: notes, 0)],
)  # fmt: skip
def test_a_time_that_was_locked_must_be_there(spoil, broken):
    found = found_by("safety", trial_of(human_chart(), spoil=spoil))
    assert found.values["broken_locks"] == broken
    assert found.values["errors"] == found.values["illegal_borders"] == 0
    assert found.values["drafts"] == 3


def test_what_meets_given_notes_wrongly_is_counted_once():
    def long(notes, request):
        if not request.keep:
            return notes
        start = next(a for a, _ in request.keep if a > request.start)
        last = [n for n in notes if n.tick < start][-1]
        held = replace(last, end=last.tick + 12 * BEAT, kind="hold")
        return [held if n is last else n for n in notes]

    trial = trial_of(human_chart(), spoil=long)
    found_by("infill", trial)
    assert trial.tally.n_borders > 0


def test_errors_of_drafts_from_nothing_are_counted():
    trial = trial_of(human_chart())
    error = Issue("overlap", "error", "Two notes", 0, 0)
    trial._count([Candidate((), 0, 1.0, (error, replace(error, severity="hint")), 3)], True)
    assert (trial.tally.n_errors, trial.tally.n_off_grid, trial.tally.n_drafts) == (1, 3, 1)


def test_levels_and_own_timing_of_the_human_itself():
    trial = trial_of(human_chart())
    level = found_by("level", trial)
    assert level.values["level_miss"] == level.values["level_abs_miss"] == 0
    assert level.values["level_within"] == 1
    own = found_by("own_timing", trial)
    assert own.values["own_timing_f1_20ms"] == own.nulls["own_timing_f1_20ms.true_timing"] == 1


def test_without_a_tempo_a_user_gets_nothing():
    trial = trial_of(human_chart())
    trial.song._tempo = Tempo(())
    assert found_by("own_timing", trial).values["own_timing_f1_50ms"] == 0


def test_lower_levels_are_thinned_from_the_hardest():
    hard, easy = human_chart(), human_chart(name="Easy", keep=2)
    upper = trial_of(hard)
    upper.song.stand.engine.charts["mania-4k", "Easy"] = easy.notes
    lower = Trial(Case("song", easy, TIMING, MODES["mania-4k"]), upper.song, upper)
    assert not found_by("spread", upper).values
    found = found_by("spread", lower)
    assert found.values["spread_f1"] == 1
    assert found.values["spread_subset"] == found.nulls["spread_subset.human"] == 1
    assert found.values["spread_order"] == found.nulls["spread_order.human"] == 1
    assert found.nulls["spread_f1.even_thinning"] < 1


def test_objects_of_the_human_itself():
    trial = trial_of(human_chart("osu"))
    found = found_by("objects", trial)
    assert found.values["hit_f1"] == found.values["slider_iou"] == 1
    assert found.values["timing_mae_s"] == found.values["edit_distance"] == 0
    assert found.nulls["hit_f1.shuffled_places"] < 0.3
    assert found.nulls["edit_distance.shuffled_measures"] > 0.1


def test_hands_of_the_human_itself():
    found = found_by("hands", trial_of(human_chart("beatsaber", "Expert")))
    assert found.values["nps_accuracy"] == 1
    for name in ("parity_rate", "vision_block_rate", "nps", "balance", "composite"):
        assert found.values[name] == found.nulls[f"{name}.human"]
    assert found.values["balance"] > 0.9


@pytest.mark.parametrize(
    ("mode_id", "fitting"), [("mania-4k", set()), ("osu", {"objects"}), ("beatsaber", {"hands"})]
)
def test_games_have_measures_of_their_own(mode_id, fitting):
    own = {"objects", "hands"}
    found = {m.name for m in measures.MEASURES if m.fits(MODES[mode_id])}
    assert found & own == fitting
    assert len(found - own) == len(measures.MEASURES) - 2


def test_speed_is_told_per_minute():
    found = found_by("speed", trial_of(human_chart()))
    assert found.values["draft_s_per_min"] == pytest.approx(1.0 / (N_BARS * 1.6 / 60))
    assert found.values["features_s_per_min"] == pytest.approx(0.5 / (N_BARS * 1.6 / 60))
    assert found.values["candidates_per_s"] > 0


def test_another_song_lies_under_the_same_beats():
    slow = TimingMap.constant(100.0, 0.3)
    at_s = np.arange(30 * 22_050) / 22_050
    beats = (at_s - 0.3) / 0.6
    phase = np.abs(beats - np.round(beats)) < 0.05
    other = Audio(phase.astype(np.float32)[None], 22_050, "made")
    bent = ear.under_other_beats(SILENCE, TIMING, other, slow)
    assert bent.samples.shape == SILENCE.samples.shape
    own = np.arange(bent.samples.shape[1]) / 22_050 / 0.4
    on_beat = np.abs(own - np.round(own)) < 0.04
    off_beat = np.abs(own - np.round(own)) > 0.06
    inside = (own > 4) & (own < 100)
    assert bent.samples[0][on_beat & inside].mean() > 0.95
    assert bent.samples[0][off_beat & inside].mean() < 0.05


def test_bars_are_chosen_the_same_way_every_time():
    trial, again = trial_of(human_chart()), trial_of(human_chart())
    for how in ("chosen", "random", "first"):
        masks = [run(filling.give(t, how, 6)).mask for t in (trial, again)]
        assert masks[0].sum() == 6
        assert np.array_equal(*masks)


# What is told


def score(song, value, null, **extra):
    base = report.Score(song, "Hard", "mania-4k", 3.0, "Hard", None, {}, {})
    measured = {"f1_20ms": value, **extra}
    return replace(base, measures=measured, nulls={"f1_20ms.metro_fill": null})


def test_means_gains_and_intervals_are_by_song():
    scores = [score("a", 0.8, 0.7, errors=1), score("a", 0.6, 0.7, errors=0), score("b", 0.9, 0.6)]
    told = report.summary(scores)
    assert told["means"]["f1_20ms"] == pytest.approx(2.3 / 3, abs=1e-4)
    low, high = told["intervals"]["f1_20ms"]
    assert (low, high) == (pytest.approx(0.7), pytest.approx(0.9))
    gain = told["gains"]["f1_20ms.metro_fill"]
    assert gain["mean"] == pytest.approx(0.1)
    assert (gain["share_above"], gain["n"]) == (pytest.approx(2 / 3, abs=1e-4), 3)
    assert told["totals"] == {"errors": 1}
    assert told["counts"]["errors"] == 2
    assert told["groups"]["mania-4k"]["Hard"]["n"] == 3
    assert json.dumps(told, allow_nan=False)


def test_ranges_are_those_of_other_songs():
    scores = [
        replace(
            score(song, 0.5, 0.5),
            measures={"jack_share": draft},
            nulls={"jack_share.human": human},
        )
        for song, draft, human in (
            ("a", 0.2, 0.8),
            ("b", 0.2, 0.1),
            ("c", 0.9, 0.2),
            ("d", 0.3, 0.3),
        )
    ]
    inside = [s.measures.get("jack_share_in_range") for s in report.with_ranges(scores)]
    assert inside == [1, 1, 0, 1]
    assert "jack_share_in_range" not in report.with_ranges(scores[:3])[0].measures


def test_estimates_stand_beside_authors_figures():
    rated = [
        replace(score("a", 0.5, 0.5), chart=name, level=level, author_level=own)
        for name, level, own in (("Easy", 2.5, 2.0), ("Hard", 5.5, 6.0), ("Expert", 9.0, 8.0))
    ]
    told = report.estimators(rated)["mania-4k"]
    assert (told["n"], told["n_named"]) == (3, 3)
    assert told["mean_error"] == pytest.approx(1 / 3, abs=1e-4)
    assert told["mean_abs_error"] == pytest.approx(2 / 3, abs=1e-4)
    assert told["rank_correlation"] == told["named_rank_correlation"] == 1
    assert report.estimators([score("a", 0.5, 0.5)])["mania-4k"]["rank_correlation"] is None


def test_every_figure_has_one_name_and_every_null_is_named():
    names = [f.name for m in measures.MEASURES for f in m.figures]
    assert len(names) == len(set(names))
    assert not any("." in name for name in names)
    trial = trial_of(human_chart(), other=(SILENCE, TIMING))
    for measure in measures.MEASURES:
        if measure.fits(MODES["mania-4k"]) and measure.name != "spread":
            found = run(measure.run(trial))
            titled = {f.name: f.nulls for f in measure.figures}
            assert set(found.values) <= set(titled)
            for key in found.nulls:
                figure, null = key.split(".")
                assert null in titled[figure]


# A whole folder

BEATS_PER_SONG = 52


def add_song(folder, name, mode_id="dance-single", seed=0):
    rng = np.random.default_rng(seed)
    ticks = [
        b * BEAT // 2 for b in range(8, 2 * BEATS_PER_SONG - 8) if b % 2 == 0 or rng.random() < 0.4
    ]
    notes = tuple(LaneNote(t, t, i * 3 % 4) for i, t in enumerate(ticks))
    charts = (Chart(mode_id, "Hard", 7.0, notes), Chart(mode_id, "Easy", 2.0, notes[::3]))
    samples = clicks([TIMING.seconds_at(t) for t in ticks], BEATS_PER_SONG * 0.4)
    song = Song(Metadata(name), "song.wav", TIMING, charts)
    wav = encode.wav(samples[None], 22_050, "PCM_16")
    save_files(folder / name, {"song.wav": wav, **write_song(song, "ssc")})


@pytest.fixture
def model():
    spec = checkpoint.ModelSpec.fresh("tiny", Vocabulary.of([MODES["dance-single"]]), **SIZES)
    torch.manual_seed(0)
    made = checkpoint.Model(spec, Net(spec.net).eval().requires_grad_(False))
    checkpoint.save(paths.user_models() / "tiny", made.spec, made.net)
    return made


@pytest.fixture
def folder(tmp_path):
    data = tmp_path / "data"
    for i, name in enumerate(("one", "two")):
        add_song(data / "pack", name, seed=i)
    add_song(data, "other-game", "pump-double")
    (notes,) = (data / "pack" / "one").glob("*.ssc")
    save_files(data / "silent", {"notes.ssc": notes.read_bytes()})
    save_files(data / "broken", {"chart.osu": b"osu file format v14\n[General]\nMode: 99\n"})
    return data


def test_a_folder_is_judged_from_end_to_end(model, folder):
    engine = Engine(device="cpu", model="tiny")
    steps = []
    job = protocol.evaluate(engine, model, protocol.EvaluateRequest(folder))
    answer = run(job, steps.append)
    told = {(c["song"], c["chart"]) for c in answer["charts"]}
    assert told == {(f"pack/{s}", c) for s in ("one", "two") for c in ("Hard", "Easy")}
    shares = [p.done for p in steps]
    assert shares == sorted(shares)
    assert answer["totals"]["errors"] == answer["totals"]["off_grid"] == 0
    assert answer["totals"]["broken_locks"] == answer["totals"]["illegal_borders"] == 0
    assert answer["totals"]["drafts"] > 20
    measured = ("f1_20ms", "f1_20ms.metro_fill", "listening_auc", "shuffled_audio_f1", "infill_f1",
                "finish_4_f1", "spread_f1", "own_timing_f1_20ms", "level_within")  # fmt: skip
    assert set(measured) <= set(answer["means"])
    assert answer["estimators"]["dance-single"]["n"] == 4
    reasons = {s["song"]: s["why"] for s in answer["skipped"]}
    assert "does not draft" in reasons["other-game"]
    assert "song.wav is missing" in reasons["silent"]
    assert reasons["broken"]
    assert json.dumps(answer, allow_nan=False)
    lines = report.table(answer)
    assert any("Note times, F1 within 20 ms" in line for line in lines)
    assert any("left out: other-game" in line for line in lines)
    drawn = plots.plots(answer)
    assert set(drawn) == {"times.svg", "listening.svg", "charts.svg", "finish.svg", "levels.svg"}
    assert all(svg.startswith(b"<svg") and b"nan" not in svg for svg in drawn.values())


def test_a_part_is_judged_and_says_so(model, folder):
    request = protocol.EvaluateRequest(folder / "pack", ("listening",), quick=True)
    answer = run(protocol.evaluate(Engine(device="cpu", model="tiny"), model, request))
    assert answer["quick"]
    assert "quick" in report.table(answer)[0]
    known = {f"listening_auc{c}" for c in ("", "_4", "_8", "_16")} | {"drafting_auc"}
    assert {name.split(".")[0] for name in answer["means"]} <= known
    assert set(plots.plots(answer)) == {"listening.svg"}


def test_a_cancelled_evaluation_stops(model, folder):
    job = protocol.evaluate(
        Engine(device="cpu", model="tiny"), model, protocol.EvaluateRequest(folder)
    )
    for _ in range(4):
        next(job)
    job.close()
    with pytest.raises(StopIteration):
        next(job)


def test_what_cannot_be_asked_is_refused(model, folder, tmp_path):
    with pytest.raises(EngineError, match=r"no measure 'sparkle'; choose of times, listening"):
        protocol.EvaluateRequest(folder, ("sparkle",))
    (tmp_path / "empty").mkdir()
    engine = Engine(device="cpu", model="tiny")
    with pytest.raises(EngineError, match="holds no chart that tiny 0 can be judged on"):
        run(protocol.evaluate(engine, model, protocol.EvaluateRequest(tmp_path / "empty")))
    with pytest.raises(FormatError, match="is no folder"):
        run(protocol.evaluate(engine, model, protocol.EvaluateRequest(tmp_path / "nowhere")))


def test_songs_are_found_at_any_depth_hardest_chart_first(folder):
    skipped = []
    songs = list(find_songs(folder, MODE_IDS, skipped))
    assert [s.name for s in songs] == ["other-game", "pack/one", "pack/two"]
    assert [c.chart.name for c in songs[1].cases] == ["Hard", "Easy"]
    (lone,) = find_songs(folder / "pack" / "one", MODE_IDS, [])
    assert lone.name == "one"
