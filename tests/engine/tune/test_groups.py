"""Ways of charting: what charts are like, the groups they fall into, and how those are told."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_engine import song_of, tiny_model
from made_tuning import author, chart_of, request_of, save_song, steps_of, tiny_base

from chartstudio.core import paths
from chartstudio.core.job import run
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import ModelSpec
from chartstudio.engine.evaluate.patterns import Rows
from chartstudio.engine.guiding import guide_of
from chartstudio.engine.net import Net
from chartstudio.engine.requests import GenerateRequest, TrainChart
from chartstudio.engine.service import Engine
from chartstudio.engine.tune import job
from chartstudio.engine.tune.groups import (
    FEWEST_SONGS,
    groups_of,
    k_means,
    labels_of,
    look_at,
    silhouette,
)
from chartstudio.engine.tune.traits import Portrait, habits_of, portrait_of, traits_of
from chartstudio.modes import MODES

KEYS = MODES["mania-4k"]
STYLES = (("accents", 0.0, 0.35), ("jacks", 0.0, 0.6), ("stairs", 0.0, 0.8))


def traits(*rows, mode=KEYS):
    """Of rows: (sixteenths, lanes, and sixteenths that they last)."""
    notes = [
        LaneNote(at * BEAT // 4, (at + last) * BEAT // 4, lane)
        for at, lanes, last in rows
        for lane in lanes
    ]
    return traits_of(Rows.of(mode, sort_notes(notes)), mode)


def test_shares_of_a_stream():
    found = traits(*((i, ((0, 1, 2, 3)[i % 4],), 0) for i in range(32)))
    assert found["streams"] == 1
    assert found["technical"] == found["jumps"] == found["jacks"] == found["holds"] == 0
    assert found["beats"] == 0.25
    assert found["turns"] == 1
    assert found["stairs"] == pytest.approx(16 / 30, abs=0.01)
    # The same steps at half the speed are a walk.
    assert traits(*((4 * i, (i % 4,), 0) for i in range(32)))["streams"] == 0


def test_shares_of_jumps_jacks_holds_and_odd_steps():
    jumps = traits(*((4 * i, (0, 3) if i % 2 else (1,), 0) for i in range(32)))
    assert jumps["jumps"] == 0.5
    jacks = traits(*((2 * i, (2,), 1 if i < 8 else 0) for i in range(32)))
    assert (jacks["jacks"], jacks["holds"], jacks["turns"]) == (1, 0.25, 0)
    odd = traits(*((at, (0,), 0) for at in np.cumsum([1, 3, 2, 5] * 8).tolist()))
    assert odd["technical"] == 1
    assert odd["streams"] == 0
    calm = traits(*((i, (0,), 0) for i in (*range(16), *range(160, 164))))
    assert calm["contrast"] > jacks["contrast"]


def test_a_chart_without_rows_has_no_shares():
    assert set(traits_of(Rows.of(KEYS, ()), KEYS).values()) == {0.0}


def test_habits_are_those_of_the_game():
    shares = {"jumps": 0.5, "turns": 1.0, "contrast": 0.0, "jacks": 1.0, "repeats": 1.0}
    found = habits_of(shares, "mania")
    assert found == {"accents": 0.175, "contrast": 0.3, "jacks": 0.6, "repeat": 1.0}
    assert habits_of(shares, "taiko")["alternations"] == 0.8
    assert "jacks" not in habits_of(shares, "taiko")
    assert "doubles" in habits_of(shares, "beatsaber")


# Groups ------------------------------------------------------------------------------------


def portrait(song, charter="", words="", n_rows=100, mode_id="mania-4k", **shares):
    names = ("streams", "technical", "jumps", "jacks", "holds", "stairs", "repeats", "contrast")
    return Portrait(
        f"song {song}", mode_id, n_rows, charter, words, dict.fromkeys(names, 0.0) | shares
    )


def told(groups):
    return [(g.name, g.by, len(g.songs)) for g in groups]


def test_charters_with_enough_songs_are_groups_however_they_are_spelled():
    found = groups_of(
        [
            *(portrait(n, "Ann", jumps=0.6) for n in range(4)),
            *(portrait(n, "BOB" if n == 9 else "Bob", jacks=0.5) for n in range(7, 10)),
            portrait(20, "Cy"),
        ],
        "mine",
    )
    assert told(found) == [("Ann", "charter", 4), ("Bob", "charter", 3)]
    assert dict(found[0].habits)["accents"] == pytest.approx(0.21)
    assert dict(found[1].habits)["jacks"] == pytest.approx(0.3)


def test_a_song_of_two_charters_counts_for_each():
    both = [portrait(n, who, jumps=share) for n in range(3) for who, share in (("A", 0), ("B", 1))]
    first, second = groups_of(both, "mine")
    assert first.songs == second.songs
    assert (dict(first.habits)["accents"], dict(second.habits)["accents"]) == (0, 0.35)


def test_too_few_songs_of_each_charter_are_one_group():
    few = [portrait(n, who) for who in ("A", "B") for n in range(FEWEST_SONGS - 1)]
    (found,) = groups_of(few, "mine")
    assert (found.name, found.by) == ("mine", "all")
    assert groups_of([], "mine") == ()


def test_tags_make_groups_where_no_charter_does():
    songs = [portrait(n, words="Tech 4K") for n in range(3)]
    songs += [portrait(n, words="jumps stamina-free") for n in range(3, 6)]
    songs += [portrait(9, words="tech jumps stream")]
    found = groups_of(songs, "mine")
    # "stamina" makes songs of both words.
    assert [g.by for g in found] == ["all"]
    songs[3:6] = [portrait(n, words="jumps") for n in range(3, 6)]
    found = groups_of(songs, "mine")
    assert told(found) == [("jumps", "tags", 3), ("technical", "tags", 3)]


def noisy(n, rng, **shares):
    return portrait(n, **{k: v + float(rng.normal(0, 0.03)) for k, v in shares.items()})


def test_charts_that_fall_apart_are_named_by_what_differs():
    rng = np.random.default_rng(0)
    songs = [noisy(n, rng, streams=0.7, jumps=0.05, technical=0.1) for n in range(6)]
    songs += [noisy(n, rng, streams=0.1, jumps=0.5, technical=0.15) for n in range(6, 10)]
    found = groups_of(songs, "mine")
    assert told(found) == [("streams", "patterns", 6), ("jumps", "patterns", 4)]
    # An easier chart of the same song is not another way of charting.
    easy = [replace(p, n_rows=50, traits=p.traits | {"streams": 0.0}) for p in songs]
    assert groups_of([*easy, *songs], "mine") == found


def test_charts_that_do_not_fall_apart_are_one_group():
    rng = np.random.default_rng(1)
    ways = []
    for _ in range(20):
        alike = [noisy(n, rng, streams=0.5, jumps=0.2) for n in range(12)]
        assert [g.by for g in groups_of(alike, "mine")] == ["all"]
        shares = rng.random((24, 3))
        all_over = [
            portrait(n, streams=a, jumps=b, technical=c) for n, (a, b, c) in enumerate(shares)
        ]
        ways += [groups_of(all_over, "mine")[0].by]
    assert ways == ["all"] * 20


def test_modes_are_no_ways_of_charting():
    rng = np.random.default_rng(2)
    songs = [noisy(n, rng, streams=0.7) for n in range(5)]
    songs += [replace(noisy(n, rng, jumps=0.7), mode_id="taiko") for n in range(5, 10)]
    assert [g.by for g in groups_of(songs, "mine")] == ["all"]


def test_sides_and_how_clear_they_are():
    points = np.array([[0.0], [0.1], [0.2], [5.0], [5.1]])
    side = k_means(points, 2)
    assert len(set(side[:3])) == len(set(side[3:])) == 1
    assert side[0] != side[4]
    assert silhouette(points, side) > 0.95
    assert silhouette(points, np.array([0, 1, 0, 1, 0])) < 0
    # By hand: of points 0, 1 | 3 the first two have 1 - 1/3 and 1 - 1/2, the lone one has 0.
    by_hand = silhouette(np.array([[0.0], [1.0], [3.0]]), np.array([0, 0, 1]))
    assert by_hand == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


# Told --------------------------------------------------------------------------------------


def test_one_way_of_charting_is_told_by_its_habits():
    groups = groups_of([portrait(n, jumps=0.4, jacks=0.5) for n in range(3)], "mine")
    (found,) = labels_of(groups, (("jacks", 0.0, 0.6), ("sharp", 0.0, 1.0)))
    assert found == ("mine", (("jacks", 0.3),))
    assert labels_of(groups, ()) == labels_of((), STYLES) == ()


def test_several_are_told_as_far_apart_as_habits_go():
    songs = [portrait(n, "Ann", jacks=0.5, jumps=0.2) for n in range(4)]
    songs += [portrait(n, "Bob", jacks=0.3, jumps=0.2) for n in range(4, 7)]
    songs += [portrait(n, "Cy", jacks=0.4, jumps=0.1) for n in range(7, 10)]
    found = dict(labels_of(groups_of(songs, "mine"), STYLES))
    assert {name: dict(own)["jacks"] for name, own in found.items()} == {
        "Ann": 0.6, "Bob": 0.0, "Cy": 0.3,
    }  # fmt: skip
    assert [dict(found[name])["accents"] for name in ("Ann", "Bob", "Cy")] == [0.35, 0.35, 0]
    # What no group has more of than another says nothing.
    assert {dict(own)["stairs"] for own in found.values()} == {0.4}


def test_a_chart_is_of_its_charter_s_group():
    both = [portrait(n, who, jumps=share) for n in range(3) for who, share in (("A", 0), ("B", 1))]
    first, second = groups_of(both, "mine")
    assert [first.has(p) for p in both[:2]] == [True, False]
    assert [second.has(p) for p in both[:2]] == [False, True]
    (whole,) = groups_of([replace(p, charter="") for p in both], "mine")
    assert all(map(whole.has, both))


def test_charts_are_looked_at_without_their_sound(tmp_path):
    song = Song(Metadata("A", credit="Ann", tags="tech"), "", charts=(chart_of(0),))
    found = portrait_of(song, song.charts[0], KEYS, "sound")
    assert (found.charter, found.words.split()) == ("Ann", ["tech", "Hard"])
    charts = author(tmp_path, ("train", "test"))
    for path in tmp_path.glob("*/song.wav"):
        path.unlink()
    odd = TrainChart(tmp_path / "gone", 0, "train", "sound 9")
    seen = run(look_at((*charts, odd, replace(charts[0], index=7))))
    assert [p.song for p in seen] == ["sound 0", "sound 0", "sound 1", "sound 1"]
    assert seen[0].n_rows > seen[1].n_rows


def test_groups_are_told_without_torch():
    code = "import sys, chartstudio.engine.tune.groups; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_model_keeps_its_labels_and_older_ones_have_none():
    labels = (("Ann", (("jacks", 0.3),)), ("Bob", ()))
    spec = replace(tiny_model().spec, labels=labels)
    assert ModelSpec.from_json(spec.to_json()) == spec
    assert "labels" not in tiny_model().spec.to_json()


def test_the_only_label_is_told_where_nothing_else_is(audio, timing):
    spec = tiny_model().spec
    labels = (("Ann", (("accents", 0.35), ("jacks", 0.0))), ("Bob", (("jacks", 0.6),)))
    spec = replace(spec, net=replace(spec.net, styles=STYLES), labels=labels[:1])
    grid = song_of(audio, timing, spec.features).grid
    plain = GenerateRequest(audio, timing, Chart("mania-4k"), 0, 8 * BEAT, 2.0)
    asked = replace(plain, style=(("jacks", 0.3),))
    assert guide_of(plain, spec, grid).style.tolist() == [[1, 1], [1, -1], [0, 0]]
    assert guide_of(asked, spec, grid).style.tolist() == [[1, 1], [1, 0], [0, 0]]
    for others in ((), labels):
        assert guide_of(plain, replace(spec, labels=others), grid).style.tolist() == [[0, 0]] * 3


def test_a_tuned_model_tells_its_labels_and_its_base_none(tmp_path):
    base = tiny_base()
    spec = replace(base.spec, net=replace(base.spec.net, styles=STYLES))
    checkpoint.save(paths.user_models() / "tiny", spec, Net.fresh(spec.net, spec.vocabulary))
    charts = []
    for n in range(7):
        one = chart_of(n)
        mine = one.notes if n < 4 else [replace(note, lane=n % 4) for note in one.notes]
        kind = replace(one, notes=sort_notes(set(mine)), credit="Ann" if n < 4 else "Bob")
        path = save_song(tmp_path / f"song-{n}", n, (kind,))
        charts.append(TrainChart(path, 0, "test" if n == 3 else "train", f"sound {n}"))
    _, report = steps_of(job.tune(request_of(charts, n_steps=2, judge_every=2)))
    labels = checkpoint.load_spec(report.folder).labels
    assert [name for name, _ in labels] == ["Ann", "Bob"]
    assert dict(labels[0][1]) == {"accents": 0.35, "jacks": 0.0, "stairs": 0.8}
    assert dict(labels[1][1]) == {"accents": 0.0, "jacks": 0.6, "stairs": 0.0}
    style = "encoder.style.weight"
    before = checkpoint.load(paths.user_models() / "tiny").net.state_dict()[style]
    assert not torch.equal(checkpoint.load(report.folder).net.state_dict()[style], before)
    cards = {card.name: card for card in Engine(model="mine").models()}
    assert cards["mine"].labels == labels
    assert cards["tiny"].labels == ()
