from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartstudio.core import provenance
from chartstudio.core.errors import ModeError
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.provenance import Generated
from chartstudio.core.song import Chart, Effect, Extra, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.modes import MODES
from chartstudio.modes.convert import PAIRS, convert, targets


def note(beat: float, lane: int, kind: str = "tap", end: float = 0, sound: str = "") -> LaneNote:
    tick = round(beat * BEAT)
    return LaneNote(tick, max(tick, round(end * BEAT)), lane, kind, sound)


KINDS = (
    note(0, 0),
    note(1, 1, "hold", 2),
    note(2, 2, "roll", 3),
    note(3, 3, "roll", 4),
    note(4, 0, "lift"),
    note(5, 1, "mine"),
    note(6, 2, "mine"),
    note(7, 3, "mine"),
    note(8, 0, "fake"),
    note(9, 1, "tap", sound="sm:12"),
)


def test_the_table_is_symmetric_and_ends_there() -> None:
    assert targets("dance-single") == ("mania-4k",)
    assert targets("mania-8k") == ("dance-double",)
    for a, b in PAIRS:
        if a in MODES:
            assert targets(a) == (b,)
            assert targets(b) == (a,)
            assert len(MODES[a].layout.lanes) == len(MODES[b].layout.lanes)
    for other in ("taiko", "mania-7k", "no such mode"):
        assert targets(other) == ()


@pytest.mark.parametrize(
    ("of", "to"), [("mania-4k", "taiko"), ("dance-single", "mania-5k"), ("taiko", "mania-1k")]
)
def test_other_games_are_refused(of: str, to: str) -> None:
    with pytest.raises(ModeError, match=f"a {of} chart cannot become {to}"):
        convert(Chart(of), to)


def test_what_fingers_do_not_have_is_told() -> None:
    chart = Chart("dance-single", "Challenge", 12.0, KINDS, label="deep", credit="me")
    new, changes = convert(chart, "mania-4k")
    assert new.notes == (
        note(0, 0),
        note(1, 1, "hold", 2),
        note(2, 2, "hold", 3),
        note(3, 3, "hold", 4),
        note(4, 0),
        note(9, 1),
    )
    assert dict(changes) == {
        "rolls became holds": 2,
        "lifts became taps": 1,
        "mines are left out": 3,
        "fakes are left out": 1,
        "samples of notes are left out": 1,
        "the level is left out: meter is another measure than stars": 1,
    }
    assert (new.mode, new.name, new.label, new.credit) == ("mania-4k", "Challenge", "deep", "me")
    assert new.level is None


def test_what_feet_do_not_have_is_told() -> None:
    notes = (note(0, 0, sound="osu:2,0:0:0:70:clap.wav"), note(1, 3, "hold"), note(2, 1, "hold", 3))
    effects = (
        Effect(0, "sv", (1.5,)),
        Effect(0, "volume", (70,)),
        Effect(BEAT, "kiai", (1,)),
        Effect(BEAT, "samples", (2, 0)),
        Effect(BEAT, "something", ()),
    )
    chart = Chart("mania-4k", notes=notes, effects=effects).with_setting("od", 8.0)
    new, changes = convert(chart, "dance-single")
    assert new.notes == (note(0, 0), note(1, 3), note(2, 1, "hold", 3))
    assert (new.effects, new.settings) == ((), ())
    assert dict(changes) == {
        "holds without length became taps": 1,
        "samples of notes are left out": 1,
        "changes of scroll speed are left out": 1,
        "changes of samples and volume are left out": 2,
        "kiai times are left out": 1,
        "effects of the game are left out: something": 1,
        "settings of the game are left out": 1,
    }


def test_only_what_is_known_of_generated_parts_is_kept_of_the_extra() -> None:
    made = Generated(0, BEAT, "base", 1, "2024-05-01")
    chart = provenance.mark(Chart("dance-single", extra=Extra((("ssc", ("x", 1)),))), made)
    new, changes = convert(chart, "mania-4k")
    assert provenance.generated(new) == (made,)
    assert new.extra.get("ssc") is None
    assert changes == ()
    assert convert(Chart("dance-single"), "mania-4k") == (Chart("mania-4k"), ())


def test_the_level_is_estimated_where_the_timing_is_known() -> None:
    timing = TimingMap.constant(150)
    notes = tuple(LaneNote(i * BEAT // 4, i * BEAT // 4, i % 4) for i in range(200))
    chart = Chart("dance-single", level=9.0, notes=notes)
    stars = MODES["mania-4k"].difficulty(replace(chart, mode="mania-4k"), timing)
    said = f"the level is estimated anew: stars {stars:g} (it was meter 9)"
    for new, changes in (
        convert(chart, "mania-4k", Song(timing=timing)),
        convert(replace(chart, timing=timing), "mania-4k"),
    ):
        assert new.level == stars > 1
        assert changes == ((said, 1),)
    unrated = replace(chart, level=None, timing=timing)
    said = f"the level is estimated anew: stars {stars:g}"
    assert convert(unrated, "mania-4k")[1] == ((said, 1),)
    assert new.timing == timing


def test_notes_that_are_never_judged_do_not_come_alive() -> None:
    warped = TimingMap(
        (Anchor(0, 0, 120), Anchor(4 * BEAT, 2, 120), Anchor(6 * BEAT, 2, 120, cause=Cause.WARP))
    )
    notes = tuple(note(beat, beat % 4) for beat in range(10))
    song = Song(timing=warped, effects=(Effect(8 * BEAT, "fakes", (float(BEAT),)),))
    new, changes = convert(Chart("dance-single", notes=notes), "mania-4k", song)
    assert [n.tick // BEAT for n in new.notes] == [0, 1, 2, 3, 6, 7, 9]
    assert changes[0] == ("notes that are never judged are left out", 3)
    own = Chart("dance-single", notes=notes, timing=TimingMap.constant(120))
    assert len(convert(own, "mania-4k", song)[0].notes) == 10
    fakes = replace(own, effects=(Effect(0, "fakes", (2.0 * BEAT,)),))
    new, changes = convert(fakes, "mania-4k")
    assert [n.tick // BEAT for n in new.notes] == list(range(2, 10))
    assert ("fake stretches are left out", 1) in changes


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    """Taps and holds of a pad game."""
    mode = draw(st.sampled_from([a for a, _ in PAIRS if a in MODES]))
    spans = st.tuples(
        st.integers(0, 500_000),
        st.sampled_from([0, 1, 5040, 100_000]),
        st.integers(0, len(MODES[mode].layout.lanes) - 1),
    )
    notes = [
        LaneNote(tick, tick + length, lane, "hold" if length else "tap")
        for tick, length, lane in draw(st.lists(spans, max_size=30))
    ]
    return Chart(mode, "Hard", notes=sort_notes(notes))


@given(charts())
def test_there_and_back_taps_and_holds_are_the_same(chart: Chart) -> None:
    (to,) = targets(chart.mode)
    there, changes = convert(chart, to)
    assert changes == ()
    back, changes = convert(there, chart.mode)
    assert changes == ()
    assert back == chart
