"""What feet complain of: known-bad charts, known-good ones, and how often people's charts."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from test_feet import chart_of

from chartstudio.core.mode import Issue
from chartstudio.core.song import Chart, Effect
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.formats import Bundle, read_song
from chartstudio.formats.playable import effects_of
from chartstudio.modes import MODES


def issues(chart: Chart, bpm: float = 140.0) -> list[Issue]:
    return list(MODES[chart.mode].check(chart, TimingMap.constant(bpm, 1.0)))


CIRCLE = "0100 0001 0010 1000 0100 0001"

BAD = [
    # One foot has to go twice: quickly, at a walk.
    ("double-step", "warning", "dance-single", 160, CIRCLE),
    ("double-step", "hint", "dance-single", 100, CIRCLE),
    ("crossover", "hint", "dance-single", 140, "1000 0100 0001 0100 1000 0010"),
    ("crossover", "hint", "pump-single", 140, "10000 00100 00001 00100 10000"),
    ("footswitch", "hint", "dance-single", 140, "0001 1000 0100 0100 0001 0010"),
    ("footswitch", "hint", "dance-single", 140, "0001 0000 1000 0000 0100 0M00 0100 0000 0001"),
    ("bracket", "hint", "dance-single", 140, "1111"),
    ("bracket", "hint", "pump-single", 140, "11011"),
    ("hand-while-holding", "warning", "dance-single", 140, "2002 0000 0000 0100 0000 3003"),
    (
        "hand-while-holding",
        "warning",
        "pump-double",
        140,
        "2000000020 0000 0000110000 0 3000000030",
    ),
    ("needs-hand", "warning", "dance-single", 140, "1110"),
    ("spin", "warning", "dance-single", 140, "1000 0100 0001 0010 1000 0100 0001 0010 1000"),
    ("mine-underfoot", "hint", "dance-single", 180, "1000 M000"),
    ("mine-underfoot", "warning", "dance-single", 360, "1000 M000"),
    ("mine-underfoot", "warning", "dance-single", 360, "M000 1000"),
    ("mine-underfoot", "hint", "dance-single", 180, "2000 0000 3000 M000"),
]

GOOD = [
    ("dance-single", 200, "1000 0100 0010 0001 0010 0100 1000 0001 1000 0010 0100 0001 1000"),
    ("dance-single", 140, "1001 0000 0000 0000 0110 0000 0000 0000 1100"),
    ("dance-single", 140, "2000 0100 0001 0010 0001 0100 3000 0001"),
    ("dance-single", 140, "1000 0000 M000 0001 0000 000M 1000"),
    ("dance-single", 140, "1000 00M0 0001 0M00 1000 0001"),
    ("dance-single", 50, "0001 0000 1000 0000 0100 0000 1000 0000 0001"),
    ("dance-double", 140, "10000000 01000000 00100000 00010000 00100000 00010000"),
    ("pump-single", 140, "10000 00010 00100 00001 01000 00010 00100 00001 10000"),
    ("pump-double", 140, "0000100000 0000001000 0000100000 0000010000 0001000000 0000010000"),
]


@pytest.mark.parametrize(("issue_id", "severity", "mode", "bpm", "text"), BAD)
def test_known_bad_charts_are_flagged(
    issue_id: str, severity: str, mode: str, bpm: float, text: str
) -> None:
    chart = chart_of(text, mode)
    found = issues(chart, bpm)
    assert (issue_id, severity) in {(i.id, i.severity) for i in found}
    assert all("\n" not in i.text and i.tick <= i.end for i in found)
    for issue in found:
        chart = issue.fix(chart) if issue.fix else chart
    assert not [i for i in issues(chart, bpm) if i.fix is not None]


@pytest.mark.parametrize(("mode", "bpm", "text"), GOOD)
def test_known_good_charts_are_not(mode: str, bpm: float, text: str) -> None:
    assert issues(chart_of(text, mode), bpm) == []


def test_brackets_in_easy_charts_are_more_than_a_hint() -> None:
    chart = chart_of("1111")
    for level, severity in ((3.0, "warning"), (12.0, "hint")):
        found = issues(replace(chart, level=level))
        assert ("bracket", severity) in {(i.id, i.severity) for i in found}


def test_crossovers_are_the_game_itself_in_hard_charts() -> None:
    chart = chart_of("1000 0100 0001 0100 1000 0010")
    for level, n in ((None, 1), (6.0, 1), (12.0, 0)):
        found = issues(replace(chart, level=level))
        assert [i.id for i in found].count("crossover") == n


def test_a_double_step_tells_where_it_starts_and_where_it_goes() -> None:
    (found,) = (i for i in issues(chart_of(CIRCLE)) if i.id == "double-step")
    assert found.end - found.tick == BEAT // 4
    assert found.text == "Right foot twice within 107 ms, now on up"


def test_taking_a_mine_away_takes_only_that_mine() -> None:
    chart = chart_of("1000 M000 0M00 000M")
    (found,) = (i for i in issues(chart, 180) if i.fix)
    assert found.fix is not None
    assert set(chart.notes) - set(found.fix(chart).notes) == {chart.notes[1]}


def test_what_is_not_judged_is_not_minded() -> None:
    text = "1110 1000 M000 2002 0100 3003 " + CIRCLE
    chart = chart_of(text)
    plain = {i.id for i in issues(chart, 180)}
    assert {"needs-hand", "mine-underfoot", "hand-while-holding", "double-step"} <= plain
    fake = replace(chart, effects=(Effect(0, "fakes", (100 * BEAT,)),))
    assert issues(fake, 180) == []
    end = chart.notes[-1].tick + BEAT
    warp = TimingMap((Anchor(0, 1.0, 180), Anchor(end, 1.0, 180, cause=Cause.WARP)))
    assert MODES[chart.mode].check(chart, warp) == ()


def test_human_charts_have_few_warnings_and_hardly_an_error(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, warnings, errors = [], [], []
    for folder in sorted((shared / "fixtures/stepmania").iterdir()):
        song, _ = read_song(Bundle.open(folder))
        for chart in song.charts:
            if not chart.notes:
                continue
            timing = song.timing_of(chart)
            minutes = timing.seconds_at(chart.notes[-1].tick) / 60
            found = MODES[chart.mode].check(replace(chart, effects=effects_of(song, chart)), timing)
            counts = Counter((i.severity, i.id) for i in found)
            per_minute = ", ".join(
                f"{name} {n / minutes:.1f} ({severity})"
                for (severity, name), n in sorted(counts.items())
            )
            of = f"{folder.name} {chart.mode} {chart.name} {chart.level:g}"
            lines.append(f"  {of:40s} {per_minute or '-'}")
            warnings.append(sum(i.severity == "warning" for i in found) / minutes)
            errors.append(sum(i.severity == "error" for i in found) / minutes)
    with capsys.disabled():
        print("\n\nIssues per minute of human pad charts")
        print("\n".join(lines))
    assert max(errors) < 1
    assert max(warnings) < 4
    assert sum(warnings) / len(warnings) < 1
