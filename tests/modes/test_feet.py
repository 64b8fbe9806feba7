"""Feet: classic patterns by hand, and what holds for every chart."""

import random

import pytest

from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Effect
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.modes import MODES
from chartstudio.modes.feet import Step, steps

_SIGNS = {
    "left": "L",
    "right": "R",
    "left-heel": "h",
    "left-toe": "t",
    "right-heel": "H",
    "right-toe": "T",
    "hand": "*",
}


def chart_of(text: str, mode: str = "dance-single", per_beat: int = 4) -> Chart:
    """A chart from rows of StepMania's signs, so many to a beat."""
    notes: list[LaneNote] = []
    heads: dict[int, tuple[int, str]] = {}
    for i, row in enumerate(text.split()):
        tick = i * BEAT // per_beat
        for lane, sign in enumerate(row):
            if sign in "24":
                heads[lane] = (tick, "hold" if sign == "2" else "roll")
            elif sign == "3":
                start, kind = heads.pop(lane)
                notes.append(LaneNote(start, tick, lane, kind))
            elif sign != "0":
                kind = {"1": "tap", "M": "mine", "L": "lift", "F": "fake"}[sign]
                notes.append(LaneNote(tick, tick, lane, kind))
    return Chart(mode, notes=sort_notes(notes))


def walk(text: str, mode: str = "dance-single", bpm: float = 140.0) -> list[Step]:
    """Feet of rows of sixteenths."""
    return steps(chart_of(text, mode), TimingMap.constant(bpm), MODES[mode].layout)


def feet(found: list[Step], n_lanes: int = 4) -> str:
    """Pressed rows only, a sign per lane."""
    lines = []
    for step in found:
        parts = dict(step.parts)
        lines.append("".join(_SIGNS[parts[i]] if i in parts else "." for i in range(n_lanes)))
    return " ".join(lines)


def flags(found: list[Step]) -> set[str]:
    return {flag for step in found for flag in step.flags}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A stream changes feet and faces the screen.
        ("1000 0100 0010 0001 0010 0100 1000", "L... .R.. ..L. ...R ..L. .R.. L..."),
        # Over the middle and on: crossing beats stepping twice.
        ("1000 0100 0001 0100 1000 0010", "L... .R.. ...L .R.. L... ..R."),
        # Jumps.
        ("1001 0000 0000 0000 1100", "L..R LR.."),
        # A slow repeat is a jack, and so is a long run of them.
        ("1000 0001 0000 0000 0001 0000 0000 0000 1000", "L... ...R ...R L..."),
        ("1000 0001 1000 1000 1000 1000 0001", "L... ...R L... L... L... L... ...R"),
        # What follows tells a jack from a change of feet; so does a mine.
        ("0001 1000 0100 0100 1000 0001", "...R L... .R.. .R.. L... ...R"),
        ("0001 1000 0100 0100 0001 0010", "...R L... .R.. .L.. ...R ..L."),
        ("0001 0000 1000 0000 0100 0M00 0100 0000 0001", "...R L... .R.. .L.. ...R"),
        # A foot on a hold stays; the other does the rest.
        ("2000 0100 0001 0010 0100 3000 0001 1000", "L... .R.. ...R ..R. .R.. ...R L..."),
        # More panels than feet: heels and toes, toes to the screen.
        ("1111", "thTH"),
        ("2000 0000 0001 0000 0110 0000 3000", "L... ...R .hR."),
    ],
)
def test_patterns_that_dancers_agree_on(text: str, expected: str) -> None:
    assert feet(walk(text)) == expected


@pytest.mark.parametrize(
    ("mode", "n_lanes"), [("dance-double", 8), ("pump-single", 5), ("pump-double", 10)]
)
def test_a_run_over_all_panels_changes_feet(mode: str, n_lanes: int) -> None:
    rows = ["".join("1" if lane == i else "0" for lane in range(n_lanes)) for i in range(n_lanes)]
    found = feet(walk(" ".join([*rows, *rows[-2::-1]]), mode), n_lanes)
    one_by_one = "".join(found.replace(".", "").split())
    assert one_by_one in ("LR" * (n_lanes - 1) + "L", "RL" * (n_lanes - 1) + "R")


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("jump", "1000 0000 0000 0000 1001"),
        ("jack", "1000 0000 0000 0000 1000"),
        ("footswitch", "0001 1000 0100 0100 0001 0010"),
        ("crossover", "1000 0100 0001 0100 1000 0010"),
        ("bracket", "1111"),
        ("hold-bracket", "2002 0000 0100 0000 3003"),
        ("hand", "0110 0000 0000 0000 2110 0001 3000"),
        ("double-step", "0100 0001 0010 1000 0100 0001"),
    ],
)
def test_flags(flag: str, text: str) -> None:
    assert (flag in flags(walk(text))) is (flag != "hand")


def test_a_free_foot_is_no_excuse_but_a_hold_is() -> None:
    assert "double-step" not in flags(walk("2000 0100 0001 0010 0001 3000"))
    assert "double-step" not in flags(walk("1000 0000 0001 0000 0010 0000 0001"))


def test_five_panels_take_a_hand() -> None:
    found = walk("11111", "pump-single")
    assert "hand" in found[0].flags
    assert sorted(lane for lane, _ in found[0].parts) == list(range(5))


def test_only_what_is_judged_is_pressed() -> None:
    chart = chart_of("1000 0M00 00L0 000F 0001 1000 0100 0010")
    layout = MODES["dance-single"].layout
    warped = TimingMap(
        (
            Anchor(0, 0, 120),
            Anchor(BEAT, 0.5, 120),
            Anchor(BEAT * 5 // 4, 0.5, 120, cause=Cause.WARP),
        )
    )
    assert [s.tick * 4 // BEAT for s in steps(chart, warped, layout)] == [0, 5, 6, 7]
    fake = Chart(chart.mode, notes=chart.notes, effects=(Effect(BEAT, "fakes", (BEAT // 2,)),))
    there = steps(fake, TimingMap.constant(120), layout)
    assert [s.tick * 4 // BEAT for s in there] == [0, 6, 7]
    assert steps(Chart(chart.mode), warped, layout) == []


def test_times_and_stances_are_told() -> None:
    first, second = walk("1000 0001", bpm=150.0)
    assert first.gap_s == float("inf")
    assert (second.seconds, second.gap_s) == (pytest.approx(0.1), pytest.approx(0.1))
    assert (second.left, second.right) == ((0,), (3,))


def random_chart(mode: str, seed: int, n_rows: int = 400) -> Chart:
    """Anything that keeps its lanes apart, holds and mines and chords among it."""
    rng = random.Random(seed)
    n_lanes = len(MODES[mode].layout.lanes)
    busy = [-1] * n_lanes
    notes = []
    for i in range(n_rows):
        tick = i * BEAT // 4
        free = [lane for lane in range(n_lanes) if busy[lane] < tick]
        for lane in rng.sample(free, min(len(free), rng.choice([0, 1, 1, 1, 1, 2, 3]))):
            kind = rng.choice(["tap"] * 8 + ["hold", "roll", "mine"])
            end = tick + rng.randint(1, 9) * BEAT // 4 if kind in ("hold", "roll") else tick
            notes.append(LaneNote(tick, end, lane, kind))
            busy[lane] = end
    return Chart(mode, notes=sort_notes(notes))


@pytest.mark.parametrize("mode", ["dance-single", "dance-double", "pump-single", "pump-double"])
def test_every_panel_of_any_chart_is_pressed_once_and_holds_are_kept(mode: str) -> None:
    chart = random_chart(mode, 5)
    found = steps(chart, TimingMap.constant(150), MODES[mode].layout)
    pressed = {(s.tick, lane) for s in found for lane, _ in s.parts}
    assert pressed == {(n.tick, n.lane) for n in chart.notes if n.kind != "mine"}
    assert len(pressed) == sum(len(s.parts) for s in found)
    for step in found:
        on_feet = {*step.left, *step.right}
        assert {lane for lane, part in step.parts if part != "hand"} <= on_feet
        assert len(step.left) <= 2
        assert len(step.right) <= 2


def test_a_mirrored_chart_is_danced_with_the_other_feet() -> None:
    mode = MODES["dance-single"]
    chart = chart_of("1000 0100 0001 0100 1000 0010 0001 0010 1001 0100 0000 0001 1000")
    other = Chart(chart.mode, notes=mode.mirror(chart.notes, "horizontal"))
    timing = TimingMap.constant(140)
    swap = str.maketrans("LRhtHT", "RLHTht")
    there = [
        line[0] + line[1:3] + line[3] for line in feet(steps(other, timing, mode.layout)).split()
    ]
    here = feet(steps(chart, timing, mode.layout)).split()
    assert there == [(line[3] + line[1:3] + line[0]).translate(swap) for line in here]
