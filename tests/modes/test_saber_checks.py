"""Beat Saber: what each check must flag, what it must not, and what it says of human maps."""

import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saber_maps import arc, blue, bomb, chain, chart_of, human_charts, red, tick, wall

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import Issue, RowContext
from chartstudio.core.note import LaneNote, Note
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.modes import MODES
from chartstudio.modes.beatsaber.check_objects import usual_njs
from chartstudio.modes.beatsaber.notes import Arc, Bomb, Chain, ColorNote, Wall
from chartstudio.modes.beatsaber.scene import level_of

MODE = MODES["beatsaber"]
TIMING = TimingMap.constant(120)  # half a second a beat
ONE = {"characteristic": "OneSaber"}


def found(*notes: Note, **settings: Any) -> list[Issue]:
    return list(MODE.check(chart_of(*notes, **settings), TIMING))


BAD: list[tuple[str, str, list[Note], dict[str, Any]]] = [
    # Flow
    ("double-directional", "error", [blue(8, 2, 0), blue(8.2, 2, 1)], {}),
    ("double-directional", "warning", [blue(8, 2, 0), blue(8.5, 2, 0)], {}),
    ("double-directional", "warning", [blue(8, 2, 0), blue(8.5, 1, 0, "dl")], {}),
    ("double-directional", "hint", [blue(8, 2, 0, "u"), blue(8.4, 2, 0, "o"), blue(8.8, 2, 0)], {}),
    ("double-directional", "hint", [blue(8, 2, 0), blue(8.75, 2, 0)], ONE),
    ("parity-reset", "warning", [blue(8, 2, 0), blue(8.4, 2, 0, "l")], {}),
    ("parity-reset", "hint", [red(8, 2, 0), red(8.8, 2, 0, "r")], {}),
    ("awkward-angle", "hint", [blue(8, 2, 0, "dr"), blue(8.5, 2, 1, "l")], {}),
    ("swing-too-fast", "error", [blue(8, 2, 0), blue(8.08, 2, 0, "u")], {}),
    ("swing-too-fast", "warning", [blue(8, 2, 0), blue(8.08, 2, 0, "o")], {}),
    ("hammer-hit", "error", [blue(8, 2, 0, "u"), blue(8, 2, 1, "d")], {}),
    ("side-by-side", "warning", [blue(8, 2, 0), blue(8, 3, 0)], {}),
    ("inline-angle", "warning", [blue(8, 2, 0), blue(8.28, 2, 0, "r")], {}),
    ("no-red-saber", "error", [red(8, 2, 0)], ONE),
    # Sight and hands
    ("vision-block", "warning", [red(8, 1, 1), blue(8.5, 1, 1)], {}),
    ("vision-block", "warning", [red(8, 2, 1), blue(9, 2, 2, "u")], {}),
    ("handclap", "warning", [red(8, 1, 0, "r"), blue(8, 2, 0, "l")], {}),
    ("handclap", "warning", [red(8, 0, 0, "r"), blue(8, 2, 0, "l")], {}),
    ("handclap", "warning", [red(8, 1, 0, "ur"), blue(8, 2, 1, "dl")], {}),
    ("crossed-hands", "warning", [red(8, 3, 0, "ul"), blue(8, 1, 0, "ur")], {}),
    ("crossed-hands", "hint", [red(8, 2, 0, "dr"), blue(8, 0, 0, "dl")], {}),
    ("swing-path", "warning", [red(8, 1, 0, "r"), blue(8, 2, 0, "d")], {}),
    ("swing-path", "warning", [red(8, 1, 1, "d"), blue(8, 1, 0, "o")], {}),
    ("bomb-in-path", "warning", [blue(8, 2, 1), bomb(8.1, 2, 0)], {}),
    # Objects
    ("same-cell", "error", [red(8, 1, 0), blue(8, 1, 0)], {}),
    ("same-cell", "error", [red(8, 1, 0), bomb(8, 1, 0)], {}),
    ("fused", "warning", [blue(8, 2, 0), bomb(8.04, 2, 0)], {}),
    ("outside-grid", "hint", [blue(8, 4, 0)], {}),
    ("off-grid", "hint", [blue(8.0111, 2, 0)], {}),
    ("before-start", "warning", [blue(-1, 2, 0)], {}),
    ("hot-start", "warning", [blue(2, 2, 0)], {}),
    ("hot-start", "hint", [blue(3.5, 2, 0)], {}),
    ("njs-range", "warning", [blue(8, 2, 0)], {"njs": 24.0}),
    ("njs-range", "warning", [blue(8, 2, 0)], {"njs": 6.0}),
    ("jump-distance", "warning", [blue(8, 2, 0)], {"jump_offset": 1.0}),
    ("jump-distance", "warning", [blue(8, 2, 0)], {"njs": 13.0, "jump_offset": -1.0}),
    ("reaction-time", "warning", [blue(8, 2, 0)],
     {"njs": 22.0, "jump_offset": -0.25, "name": "ExpertPlus"}),
    ("chain-squish", "error", [blue(8, 2, 2), chain(8, 8.2, 2, 2, squish=0)], {}),
    ("chain-links", "error", [blue(8, 2, 2), chain(8, 8.2, 2, 2, n_slices=0)], {}),
    ("chain-links", "warning", [blue(8, 2, 2), chain(8, 8.2, 2, 2, tail_y=2)], {}),
    ("chain-head", "warning", [chain(8, 8.2, 2, 2)], {}),
    ("backwards", "warning", [blue(8, 2, 2), chain(8, 7, 2, 2)], {}),
    ("backwards", "warning", [blue(8, 2, 0), arc(8, 7, 2, 0)], {}),
    ("arc-head", "hint", [arc(8, 9, 2, 0)], {}),
    # Walls
    ("negative-wall", "warning", [wall(8, 7, 0, 0, 1, 5)], {}),
    ("empty-wall", "hint", [wall(8, 8, 0, 0, 1, 5)], {}),
    ("wall-size", "hint", [wall(8, 9, 0, 0, 0, 5)], {}),
    ("note-in-wall", "warning", [blue(8, 3, 0), wall(7, 9, 3, 0, 1, 5)], {}),
    ("wall-everywhere", "error", [wall(8, 9, 0, 0, 4, 5)], {}),
    ("wall-everywhere", "error", [wall(8, 9, 0, 0, 2, 5), wall(8.5, 10, 2, 0, 2, 5)], {}),
    ("wall-in-centre", "warning", [wall(8, 9, 1, 0, 2, 5)], {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("issue", "severity", "notes", "settings"),
    BAD,
    ids=[f"{i}-{b[0]}" for i, b in enumerate(BAD)],
)
def test_bad_charts_are_flagged(
    issue: str, severity: str, notes: list[Note], settings: dict[str, Any]
) -> None:
    (hit,) = [i for i in found(*notes, **settings) if i.id == issue]
    assert hit.severity == severity
    assert hit.tick <= hit.end
    assert hit.text


GOOD: list[tuple[str, list[Note], dict[str, Any]]] = [
    ("flow", [blue(8 + i / 2, 3, 0 + i % 2, "du"[i % 2]) for i in range(20)], {}),
    ("dots", [blue(8 + i / 2, 2, 0, "o") for i in range(20)], {}),
    ("time to reset", [blue(8, 2, 0), blue(9.5, 2, 0)], {}),
    ("bombs reset", [blue(8, 2, 0), bomb(8.5, 2, 0), blue(9, 2, 0)], {}),
    ("a slider", [blue(8, 2, 2), blue(8.125, 2, 1, "o"), blue(8.25, 2, 0, "o")], {}),
    ("a tower", [blue(8, 2, 0, "u"), blue(8, 2, 1, "u"), blue(8, 2, 2, "u")], {}),
    ("a window", [blue(8, 0, 0, "ur"), blue(8, 2, 2, "ur")], {}),
    ("a double", [red(8, 1, 0), blue(8, 2, 0)], {}),
    ("a wide double", [red(8, 0, 1, "l"), blue(8, 3, 1, "r")], {}),
    ("hands that part", [red(8, 1, 0, "l"), blue(8, 2, 0, "r")], {}),
    ("hands that meet from afar", [red(8, 0, 0, "r"), blue(8, 3, 0, "l")], {}),
    ("beside the face", [red(8, 1, 1), blue(8.5, 2, 1), red(9, 0, 1, "u")], {}),
    ("long after a face note", [red(8, 1, 1), blue(10, 1, 1)], {}),
    ("below a face note", [red(8, 1, 1), red(8.5, 1, 0, "u")], {}),
    ("a bomb aside", [blue(8, 2, 1), bomb(8.125, 0, 0)], {}),
    ("a bomb later", [blue(8, 2, 1), bomb(8.5, 2, 0)], {}),
    ("a chain", [blue(8, 2, 2), chain(8, 8.2, 2, 2)], {}),
    ("an arc", [blue(8, 2, 0), arc(8, 9, 2, 0), blue(9, 2, 2, "u")], {}),
    ("side walls", [wall(8, 9, 0, 0, 1, 5), wall(8, 9, 3, 0, 1, 5), blue(8.5, 2, 0)], {}),
    ("half walls in turn", [wall(8, 9, 0, 0, 2, 5), wall(9, 10, 2, 0, 2, 5)], {}),
    ("a crouch", [wall(8, 9, 0, 2, 4, 3), blue(8.5, 2, 0)], {}),
    ("a kerb", [wall(8, 9, 0, 0, 4, 1)], {}),
    ("a modded wall", [replace(wall(8, 9, 0, 0, 4, 5), custom='{"coordinates":[-9,0]}')], {}),
    ("one saber", [blue(8, 2, 0), blue(8.5, 1, 1, "u")], ONE),
    ("no arrows", [blue(8, 2, 0), blue(8.5, 2, 0)], {"characteristic": "NoArrows"}),
    ("lawless", [blue(1, 2, 0), blue(1.5, 2, 0)], {"characteristic": "Lawless", "njs": 30.0}),
    ("turning lanes", [red(8, 1, 1), blue(8.5, 1, 1)], {"characteristic": "360Degree"}),
    ("turning walls", [wall(8, 9, 0, 0, 4, 5)], {"characteristic": "90Degree"}),
    ("njs left out", [blue(8, 2, 0)], {"njs": 0.0}),
    ("nothing", [], {}),
]  # fmt: skip


@pytest.mark.parametrize(("notes", "settings"), [g[1:] for g in GOOD], ids=[g[0] for g in GOOD])
def test_good_charts_are_not_flagged(notes: list[Note], settings: dict[str, Any]) -> None:
    assert [i.id for i in found(*notes, **settings)] == []


def test_the_table_holds_every_issue_that_the_checks_know() -> None:
    folder = Path(MODE.checks[0].__code__.co_filename).parent
    text = "".join(p.read_text("utf-8") for p in folder.glob("check_*.py"))
    known = set(re.findall(r'(?:Issue\(|: \()\s*"([a-z-]+)"', text))
    assert known == {b[0] for b in BAD}


@pytest.mark.parametrize(
    ("issue", "notes"),
    [
        ("same-cell", [red(8, 1, 0), red(8, 1, 0)]),
        ("chain-squish", [blue(8, 2, 2), chain(8, 8.2, 2, 2, squish=0)]),
        ("chain-links", [blue(8, 2, 2), chain(8, 8.2, 2, 2, n_slices=0)]),
        ("chain-head", [chain(8, 8.2, 2, 2)]),
        ("negative-wall", [wall(8, 7, 0, 0, 1, 5)]),
        ("empty-wall", [wall(8, 8, 0, 0, 1, 5)]),
    ],
)
def test_fixes_leave_a_chart_without_the_issue(issue: str, notes: list[Note]) -> None:
    chart = chart_of(*notes, blue(12, 2, 0))
    (hit,) = [i for i in MODE.check(chart, TIMING) if i.id == issue]
    assert hit.fix is not None
    fixed = hit.fix(chart)
    assert list(MODE.check(fixed, TIMING)) == []
    assert fixed.notes[-1] == blue(12, 2, 0)


def test_walls_over_one_another_give_one_issue_a_note() -> None:
    notes = [blue(8 + i, 3, 0) for i in range(50)]
    walls = [wall(i / 2, 100, 3, 0, 1, 5) for i in range(60)]
    hits = [i for i in found(*notes, *walls) if i.id == "note-in-wall"]
    assert [i.tick for i in hits] == [n.tick for n in notes]


def test_a_note_is_in_a_wall_from_its_start_until_before_its_end() -> None:
    long, short = wall(8, 12, 3, 0, 1, 5), wall(9, 10, 3, 0, 1, 5)
    notes = [blue(beat, 3, 0) for beat in (7.75, 8, 9.5, 11, 12)] + [blue(9, 2, 0)]
    hits = [i.tick for i in found(long, short, *notes) if i.id == "note-in-wall"]
    assert hits == [n.tick for n in notes[1:4]]


def test_each_stretch_without_room_is_told_once() -> None:
    everywhere = [wall(8, 9, 0, 0, 4, 5), wall(9, 10, 0, 0, 4, 5), wall(20, 21, 0, 0, 4, 5)]
    centre = [wall(30 + i / 8, 40, 1, 0, 2, 5) for i in range(20)]
    hits = [(i.id, i.tick, i.end) for i in found(*everywhere, *centre, wall(32, 33, 0, 0, 4, 5))]
    assert hits == [
        ("wall-everywhere", tick(8), tick(10)),
        ("wall-everywhere", tick(20), tick(21)),
        ("wall-in-centre", tick(30), tick(40)),
        ("wall-everywhere", tick(32), tick(33)),
    ]


def crowded(n: int) -> Chart:
    """Long walls, arcs, chains and bombs over everything, and heaps of each at one time."""
    notes: list[Note] = []
    for i in range(n):
        x, y, beat = i * 7 % 4, i * 5 % 3, i / 4
        notes += [
            ColorNote(tick(beat), tick(beat), x, y, i % 2, i % 9),
            blue(n, x, y, "udlro"[i % 5]),
            red(n, y, y, "udlro"[i % 5]),
            bomb(beat, x, y),
            bomb(n + 0.01, x, y),
            wall(beat, beat + n, x, 0, 1 + i % 2, 5),
            arc(beat, beat + n, x, y),
            chain(beat, n, y, x % 3),
        ]
    return chart_of(*notes)


def steps_of(chart: Chart) -> tuple[int, int]:
    """Lines that checking a chart runs, each turn of a loop counted; and issues."""
    n_steps = 0

    def count(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal n_steps
        n_steps += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        issues = MODE.check(chart, TIMING)
    finally:
        sys.settrace(before)
    return n_steps, len(issues)


def test_work_grows_as_the_chart_does() -> None:
    (few, n_few), (many, n_many) = (steps_of(crowded(n)) for n in (50, 200))
    assert n_few > 0
    assert many < 5 * few
    assert n_many < 5 * n_few


def test_the_rank_comes_from_the_name_or_the_level() -> None:
    assert level_of(Chart("beatsaber", "ExpertPlus", level=1.0)) == 5
    assert level_of(Chart("beatsaber", "Lunatic", level=2.5)) == 2.5
    assert level_of(Chart("beatsaber")) == 3


def test_faster_songs_take_faster_notes() -> None:
    assert [usual_njs(4, bpm)[1] for bpm in (90, 120, 180, 220)] == [19, 20, 21, 22]
    assert [usual_njs(rank, 120)[0] for rank in (1, 2, 3, 4, 5)] == [6, 8, 9, 11, 14]


def test_notes_of_other_games_are_refused() -> None:
    with pytest.raises(ModeError, match="LaneNote"):
        MODE.check(Chart("beatsaber", notes=(LaneNote(0, 0, 0),)), TIMING)


def test_human_maps(shared: Path) -> None:
    """At most one error a minute, and few enough warnings to be worth reading."""
    print("\nissues per minute")
    for song, chart, timing in human_charts(shared / "fixtures/beatsaber"):
        minutes = timing.seconds_at(chart.notes[-1].tick) / 60
        issues = MODE.check(chart, timing)
        counts = Counter((i.severity, i.id) for i in issues)
        kind = str(chart.setting("characteristic"))
        listed = ", ".join(
            f"{name} {n / minutes:.2f} ({severity})" for (severity, name), n in counts.items()
        )
        print(f"{song:14} {kind:9} {chart.name:10} {listed or 'nothing'}")
        severities = Counter(i.severity for i in issues)
        assert severities["error"] <= minutes
        # One saber has no second hand to flow with: its mappers reset on purpose.
        assert severities["warning"] <= (6 if kind == "OneSaber" else 2) * minutes


NUMBERS = st.sampled_from([-(10**6), -1500, -1000, -1, 0, 1, 2, 3, 4, 8, 9, 1000, 1180, 10**6])
TICKS = st.sampled_from([-50000, 0, 20160, 20161, 40320, 50000, 10**9])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.builds(ColorNote, TICKS, TICKS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
            st.builds(Bomb, TICKS, TICKS, NUMBERS, NUMBERS),
            st.builds(Wall, TICKS, TICKS, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
            st.builds(Arc, TICKS, TICKS, *[NUMBERS] * 7),
            st.builds(Chain, TICKS, TICKS, *[NUMBERS] * 7, st.sampled_from([0.0, 1.0, -1.0])),
        ),
        max_size=25,
    ),
    st.sampled_from(["Standard", "OneSaber", "360Degree", "NoArrows", "My own"]),
    st.sampled_from([0.0, -5.0, 1e-9, 16.0, 1e9, float("nan"), float("inf")]),
)
def test_junk_is_checked_mirrored_and_rated(notes: list[Note], kind: str, njs: float) -> None:
    chart = chart_of(*notes, characteristic=kind, njs=njs)
    for issue in MODE.check(chart, TIMING):
        assert issue.tick <= issue.end
        if issue.fix is not None:
            assert issue.fix(chart) != chart
    assert MODE.difficulty(chart, TIMING) >= 0
    assert len(MODE.mirror(chart.notes, "both")) == len(notes)
    row = [n for n in chart.notes if n.tick == 0]
    _, n_bad = MODE.decode(0, MODE.encode(row))
    assert n_bad == 0
    context = RowContext(20160, TIMING, chart.notes, (), chart.notes, 3)
    assert MODE.grammar(context).mask(()).any()
