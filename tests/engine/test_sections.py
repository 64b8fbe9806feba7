"""Sections by chance: what a network that knows nothing writes is right, and wrong is found."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from made_engine import tiny_model

from chartstudio.audio import encode
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine import checkpoint
from chartstudio.engine.evaluate import sections
from chartstudio.engine.evaluate.cuts import Drafter, open_model
from chartstudio.engine.evaluate.section_asked import ground, section
from chartstudio.engine.evaluate.section_judged import (
    Before,
    _in_order,
    errors_of,
    judged,
    refused,
)
from chartstudio.engine.requests import Candidate, Draft, GenerateRequest
from chartstudio.modes import MODES


@pytest.fixture(scope="module")
def folders(tmp_path_factory, audio):
    """A model's folder, and one with a song."""
    root = tmp_path_factory.mktemp("sections")
    model = tiny_model(scripted=False, seed=3)
    checkpoint.save(root / "wild", model.spec, model.net)
    (root / "songs").mkdir()
    wav = encode.wav(audio.samples, audio.rate_hz, "PCM_16")
    (root / "songs" / "clicks.wav").write_bytes(wav)
    return root


@pytest.fixture
def few(monkeypatch):
    """Two sections in each context."""
    monkeypatch.setattr(sections, "SECTIONS_PER_GROUND", 2)


def ran(folders, out, *more):
    asked = ["--model", str(folders / "wild"), "--data", str(folders / "songs")]
    assert sections.main([*asked, "--out", str(out), *more]) == 0
    return json.loads(out.read_text())


def test_a_run_has_nothing_wrong_and_says_what_it_asked(folders, tmp_path, few, capsys):
    found = ran(folders, tmp_path / "found.json", "--n", "7", "--modes", "mania-3k,taiko")
    assert found["failures"] == []
    assert not any(found["faults"].values())
    assert found["sections"] == found["asked"]["sections"] == 7
    assert {mode: n["sections"] for mode, n in found["modes"].items()} == {
        "mania-3k": 4,
        "taiko": 3,
    }
    assert "7 sections in 4 contexts" in capsys.readouterr().out


@pytest.mark.parametrize("mode", ["dance-single", "pump-single", "mania-6k", "osu", "beatsaber"])
def test_sections_of_every_kind_have_nothing_wrong(folders, mode):
    songs = (folders / "songs" / "clicks.wav",)
    plan = sections.Plan(str(folders / "wild"), songs, (mode,), 0, 40)
    drafter = Drafter(open_model(plan.model))
    for number in (4, 24):
        assert sections.outcome_of(plan, number // 20, drafter, number).failures == ()


def test_a_run_goes_on_where_it_was(folders, tmp_path, few, capsys):
    out = tmp_path / "found.json"
    first = ran(folders, out, "--n", "3", "--modes", "mania-2k")
    lines = out.with_name("found.jsonl").read_text().splitlines()
    assert [json.loads(line)["n"] for line in lines[1:]] == [2, 1]
    out.with_name("found.jsonl").write_text("\n".join(lines[:2]) + "\n")
    capsys.readouterr()
    again = ran(folders, out, "--n", "3", "--modes", "mania-2k")
    assert len(capsys.readouterr().err.splitlines()) == 1
    timed = ("process_seconds", "sections_per_process_s")
    assert {**again, **dict.fromkeys(timed)} == {**first, **dict.fromkeys(timed)}


def test_what_is_there_of_another_run_is_not_mixed_in(folders, tmp_path, few, capsys):
    out = tmp_path / "found.json"
    ran(folders, out, "--n", "2", "--modes", "mania-1k")
    asked = ["--model", str(folders / "wild"), "--data", str(folders / "songs")]
    assert sections.main([*asked, "--out", str(out), "--modes", "mania-2k"]) == 1
    assert "another run" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--model", "nobody"], ["--modes", "mania-18k"]])
def test_what_cannot_be_run_is_said_in_a_line(folders, capsys, wrong):
    asked = ["--model", str(folders / "wild"), "--data", str(folders / "songs"), *wrong]
    assert sections.main(asked) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")


def test_what_is_asked_follows_from_the_numbers(audio):
    modes = (MODES["mania-4k"], MODES["osu"])
    asked = []
    for number in range(60):
        where = ground(5, number, modes, 3)
        assert where == ground(5, number, modes, 3)
        assert where.mode is modes[number % 2]
        request = where.context(audio)
        one = section(5, number, where, request)
        assert one == section(5, number, where, request)
        assert request.start <= one.start < one.end <= request.end
        asked.append(one)
    assert len({(r.start, r.end, r.seed) for r in asked}) == 60
    assert {frozenset(), frozenset({"rhythm"}), frozenset({"placement"})} <= {
        r.locks for r in asked
    }
    assert any(r.keep for r in asked)


# What is wrong is found


MODE = MODES["mania-4k"]
TIMING = TimingMap.constant(120.0)


def tap(beat, lane, length=0.0):
    tick = round(beat * BEAT)
    end = tick + round(length * BEAT)
    return LaneNote(tick, end, lane, "hold" if length else "tap")


OLD = sort_notes([*(tap(i, i % 4) for i in range(16)), tap(7.5, 0, 1.25)])


def wrong(audio, notes, cut=(), chart=OLD, n_bad=0, **asked):
    """Kinds of faults in beats 8 to 12 when they hold some notes."""
    request = GenerateRequest(
        audio, TIMING, Chart(MODE.id, notes=chart), 8 * BEAT, 12 * BEAT, 3.0, **asked
    )
    before = Before(request, errors_of(request.chart, request))
    one = Candidate(sort_notes(notes), 0, 3.0, n_bad_events=n_bad)
    found = judged(before, Draft((one,), "", "cpu", "float32", cut=tuple(cut)))
    return Counter(f.kind for f in found)


def beats(*some):
    """The old notes of some beats."""
    return [n for n in OLD if n.tick // BEAT in some and n.end == n.tick]


def test_nothing_is_wrong_with_a_good_section(audio):
    good = [tap(9, 2), tap(10, 1), tap(10.5, 3)]
    assert not wrong(audio, good)
    held = tap(7.5, 0, 1.25)
    assert not wrong(audio, good, [(held, tap(7.5, 0, 0.5))], cut_holds=True)


@pytest.mark.parametrize(
    ("notes", "kind"),
    [
        ([tap(9, 2), replace(tap(9, 2), kind="hold", end=10 * BEAT)], "errors"),
        ([tap(8.5, 0)], "illegal_borders"),
        ([tap(11.5, 2, 1.0)], "illegal_borders"),
        ([tap(9 + 1 / 9, 2)], "off_grid"),
        ([tap(9, 2, 1 / 9)], "off_grid"),
        ([tap(12.5, 2)], "broken_keep"),
    ],
)
def test_errors_borders_and_the_grid(audio, notes, kind):
    assert set(wrong(audio, notes)) == {kind}


def test_events_that_could_not_be_read(audio):
    assert wrong(audio, [tap(9, 2)], n_bad=1) == {"errors": 1}


def test_kept_bars_and_held_notes_stay(audio):
    keep = ((9 * BEAT, 10 * BEAT),)
    assert not wrong(audio, [*beats(9), tap(10, 3)], keep=keep)
    assert set(wrong(audio, [tap(9, 3)], keep=keep)) == {"broken_keep"}
    held = tap(7.5, 0, 1.25)
    assert set(wrong(audio, [], [(held, tap(7.5, 0, 0.5))])) == {"broken_keep"}
    assert set(wrong(audio, [], cut_holds=True)) == {"broken_keep"}


@pytest.mark.parametrize(
    ("lock", "good", "bad"),
    [
        ("notes", [*beats(8, 9, 10, 11), tap(9.5, 3)], beats(8, 9, 10)),
        ("notes", [*beats(8, 9, 10, 11)], [*beats(8, 9, 10, 11), tap(9, 3)]),
        (
            "rhythm",
            [tap(8, 1), tap(9, 3), tap(10, 3), tap(11, 0)],
            [tap(8, 1), tap(9, 3), tap(10.5, 3), tap(11, 0)],
        ),
        ("rhythm", [tap(8, 1), tap(9, 3), tap(10, 3), tap(11, 0)], [tap(8, 1), tap(9, 3)]),
        (
            "placement",
            [tap(8.75, 0), tap(9.5, 1), tap(10.5, 2), tap(11, 3)],
            [tap(8.75, 0), tap(9.5, 2), tap(10.5, 2), tap(11, 3)],
        ),
        (
            "lanes",
            [tap(8.75, 0, 0.5), tap(9.5, 1), tap(10.5, 2), tap(11, 3)],
            [tap(8.75, 0), tap(9.5, 1), tap(10.5, 3), tap(11, 3)],
        ),
    ],
)
def test_locks(audio, lock, good, bad):
    chart = OLD[:8] + tuple(n for n in OLD[8:] if n.end == n.tick)
    asked = {"locks": frozenset({lock}), "chart": chart, "grid": 16}
    assert not wrong(audio, good, **asked)
    assert set(wrong(audio, bad, **asked)) == {f"broken_{lock}"}


def test_named_lanes_stay_and_get_no_others(audio):
    asked = {"locks": frozenset({"lanes"}), "lanes": frozenset({2, 3})}
    assert not wrong(audio, [*beats(10, 11), tap(9, 1)], **asked)
    assert set(wrong(audio, [*beats(10), tap(9, 1)], **asked)) == {"broken_lanes"}
    assert set(wrong(audio, [*beats(10, 11), tap(9, 2)], **asked)) == {"broken_lanes"}


def test_what_could_not_be_played_may_differ(audio):
    """A hold before the range keeps the first lane from being struck."""
    first = [tap(8.5, 1), tap(9.5, 1), tap(10.5, 2), tap(11, 3)]
    locks = {"locks": frozenset({"lanes"})}
    assert not wrong(audio, first, **locks)
    assert set(wrong(audio, [tap(9, 1), *first[1:]], **locks)) == {"broken_lanes"}


@pytest.mark.parametrize(
    ("said", "asked", "due"),
    [
        ("there are no notes in this range to lock: leave it out", {"start": 20 * BEAT}, True),
        ("there are no notes in this range to lock: leave it out", {}, False),
        ("all of the range is kept: leave something", {"keep": ((0, 99 * BEAT),)}, True),
        ("all of the range is kept: leave something", {"keep": ((0, 8 * BEAT + 9),)}, False),
        ("no line of the 1/4 grid lies in this range", {"start": 8 * BEAT + 1}, True),
        ("no line of the 1/4 grid lies in this range", {"end": 9 * BEAT + 1}, False),
        ("there are too few notes to take the level from", {"start": 0, "end": 15 * BEAT}, True),
        ("there are too few notes to take the level from", {}, False),
        ("the 3 locked note times are all that this level takes", {}, False),
        ("nothing sounds in this range", {}, False),
        ("something else", {}, False),
    ],
)
def test_refusals_are_due_or_faults(audio, said, asked, due):
    request = GenerateRequest(
        audio, TIMING, Chart(MODE.id, notes=OLD), 8 * BEAT, 9 * BEAT, 3.0, grid=4
    )
    request = replace(request, **{"end": 30 * BEAT, **asked} if asked.get("start") else asked)
    if "1/4" in said and "start" in asked:
        request = replace(request, end=9 * BEAT)
    fault = refused(Before(request, Counter()), said)
    assert (fault is None) is due


@pytest.mark.parametrize(
    ("found", "places", "early", "late"),
    [
        ("aabbc", "abc", [0, 0, 1, 1, 2], [0, 0, 1, 1, 2]),
        ("axbc", "abc", [0, None, 1, 2], [0, None, 1, 2]),
        ("cab", "abc", [None, 0, 1], [None, 0, 1]),
        ("xx", "ab", [None, None], [None, None]),
        ("abxbc", "abdbc", [0, 1, None, 1, 4], [0, 3, None, 3, 4]),
    ],
)
def test_places_come_in_order_and_may_come_again(found, places, early, late):
    assert _in_order(found, places) == (early, late)
