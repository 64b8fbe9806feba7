"""Known-bad taiko charts that each check must flag, and known-good ones that it must not."""

from dataclasses import replace

import pytest

from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.modes import MODES
from chartstudio.modes.taiko_checks import check_gaps, check_lengths

MODE = MODES["taiko"]
TIMING = TimingMap.constant(120, 1.0)
FAST = TimingMap.constant(240, 1.0)


def hit(beat: float, kind: str = "don") -> LaneNote:
    return LaneNote(round(beat * BEAT), round(beat * BEAT), 0, kind)


def roll(beat: float, end: float, kind: str = "drumroll") -> LaneNote:
    return LaneNote(round(beat * BEAT), round(end * BEAT), 0, kind)


def stream(n_hits: int, per_beat: float, kinds: str = "dk", start: float = 4) -> list[LaneNote]:
    names = {"d": "don", "k": "kat", "D": "big-don", "K": "big-kat"}
    return [hit(start + i / per_beat, names[kinds[i % len(kinds)]]) for i in range(n_hits)]


def chart(*notes: LaneNote, **settings: float) -> Chart:
    made = Chart("taiko", notes=sort_notes(notes))
    for name, value in settings.items():
        made = made.with_setting(name, value)
    return made


BAD = [
    ("overlap", "error", TIMING, [hit(1), hit(1, "kat")]),
    ("overlap", "error", TIMING, [hit(1), hit(1)]),
    ("overlap", "error", TIMING, [hit(1, "big-kat"), roll(1, 2)]),
    ("inside-roll", "error", TIMING, [roll(1, 3), hit(2)]),
    ("inside-roll", "error", TIMING, [roll(1, 3, "denden"), hit(2.75, "big-don")]),
    ("inside-roll", "error", TIMING, [roll(1, 9), roll(2, 3), hit(5)]),
    # At 120 BPM a 1/24 of a beat is 21 ms.
    ("hits-too-fast", "error", TIMING, [hit(1), hit(1 + 1 / 24)]),
    ("hits-too-fast", "error", TIMING, stream(12, 24)),
    ("hits-too-fast", "error", FAST, stream(4, 12)),
    ("hits-too-fast", "error", TIMING, [LaneNote(BEAT, BEAT, 0, "don"), hit(1 + 1 / BEAT, "kat")]),
    # Eighths of a beat at 120 BPM are 62 ms, sixths at 240 are 42 ms.
    ("stream-too-fast", "warning", TIMING, stream(9, 8)),
    ("stream-too-fast", "warning", FAST, stream(9, 6, "ddk")),
    # Fourths at 240 BPM are 62 ms.
    ("one-colour-too-long", "warning", FAST, stream(12, 4, "d")),
    ("one-colour-too-long", "warning", FAST, stream(30, 4, "kkkkkkkkkkkkkkd")),
    ("big-too-close", "warning", FAST, [hit(1), hit(1.25, "big-don")]),
    ("big-too-close", "warning", FAST, [hit(1, "big-kat"), hit(1.25, "kat"), hit(2)]),
    ("roll-too-short", "warning", TIMING, [roll(1, 1)]),
    ("roll-too-short", "warning", TIMING, [roll(1, 1.125)]),
    ("roll-too-short", "warning", TIMING, [roll(1, 1.5, "denden")]),
    ("before-start", "warning", TIMING, [hit(-3)]),
    ("off-grid", "hint", TIMING, [LaneNote(100, 100, 0, "don")]),
]
GOOD = [
    (TIMING, []),
    (TIMING, [hit(1)]),
    (TIMING, stream(400, 4, "ddkdk")),
    (TIMING, stream(64, 1, "DKdk")),
    # The quickest streams of the hardest charts: quarters at 240 BPM, short bursts of more.
    (FAST, stream(200, 4, "ddkkdkd")),
    (FAST, stream(5, 6)),
    (TIMING, stream(8, 8)),
    (TIMING, stream(40, 6)),
    # Eighths of a beat are slow at 60 BPM.
    (TimingMap.constant(60), stream(32, 8)),
    (FAST, stream(11, 4, "d")),
    (TIMING, stream(64, 4, "d")),
    (TIMING, [hit(1, "kat"), hit(1.25, "big-kat"), hit(1.5)]),
    (TIMING, [roll(1, 2), hit(2), roll(3, 5, "denden"), hit(5, "big-don")]),
    (TIMING, [roll(1, 1.25), roll(2, 2.25)]),
]


@pytest.mark.parametrize(("issue_id", "severity", "timing", "notes"), BAD)
def test_known_bad_charts_are_flagged(
    issue_id: str, severity: str, timing: TimingMap, notes: list[LaneNote]
) -> None:
    bad = chart(*notes)
    found = MODE.check(bad, timing)
    assert (issue_id, severity) in {(i.id, i.severity) for i in found}
    for issue in found:
        assert issue.tick <= issue.end
        if issue.fix is not None:
            bad = issue.fix(bad)
    assert not [i for i in MODE.check(bad, timing) if i.fix is not None]
    if all(i.severity != "error" or i.fix is not None for i in found):
        assert not [i for i in MODE.check(bad, timing) if i.severity == "error"]


@pytest.mark.parametrize(("timing", "notes"), GOOD)
def test_known_good_charts_are_not(timing: TimingMap, notes: list[LaneNote]) -> None:
    assert MODE.check(chart(*notes), timing) == ()


def test_one_stretch_is_one_issue() -> None:
    notes = [*stream(12, 24), *stream(3, 24, start=20)]
    found = list(check_gaps(chart(*notes), TIMING))
    assert [(i.tick, i.text) for i in found] == [
        (4 * BEAT, "12 hits only 21 ms apart"),
        (20 * BEAT, "3 hits only 21 ms apart"),
    ]


def test_a_roll_may_pass_the_next_hit_by_the_rounding_of_files() -> None:
    ms = BEAT * 2 // 1000
    assert MODE.check(chart(roll(1, 2), hit(2)), TIMING) == ()
    late = LaneNote(BEAT, 2 * BEAT + ms, 0, "drumroll")
    assert MODE.check(chart(late, hit(2)), TIMING) == ()
    later = replace(late, end=2 * BEAT + 4 * ms)
    assert [i.id for i in MODE.check(chart(later, hit(2)), TIMING)] == ["inside-roll"]


@pytest.mark.parametrize(
    ("length", "kind", "settings", "flagged"),
    [
        (1 / 4, "drumroll", {}, False),
        (1 / 4, "drumroll", {"slider_tick_rate": 3}, True),
        (1 / 3, "drumroll", {"slider_tick_rate": 3}, False),
        # Three hits take 364 ms at OD 5, 242 ms at OD 10 and 606 ms at OD 0.
        (0.75, "denden", {}, False),
        (0.5, "denden", {"od": 10}, False),
        (1, "denden", {"od": 0}, True),
        (1.25, "denden", {"od": 0}, False),
    ],
)
def test_what_is_too_short_follows_the_settings(
    length: float, kind: str, settings: dict[str, float], flagged: bool
) -> None:
    found = list(check_lengths(chart(roll(1, 1 + length, kind), **settings), TIMING))
    assert bool(found) is flagged


def test_a_fix_of_what_is_gone_changes_nothing() -> None:
    (issue,) = MODE.check(chart(hit(1), hit(1, "kat")), TIMING)
    assert issue.fix is not None
    other = chart(hit(5))
    assert issue.fix(other) is other


def test_a_roll_too_short_becomes_a_don() -> None:
    (issue,) = MODE.check(chart(hit(0), roll(1, 1.125), hit(3)), TIMING)
    assert issue.fix is not None
    assert issue.fix(chart(hit(0), roll(1, 1.125), hit(3))) == chart(hit(0), hit(1), hit(3))
