"""Note data, measure by measure."""

import pytest
from chart_samples import BEAT, MEASURE, hold, tap
from hypothesis import given, settings
from hypothesis import strategies as st

from chartstudio.core.errors import ModeError
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Effect
from chartstudio.formats.stepmania_notes import (
    NoteData,
    fit_notes,
    read_notes,
    split_measures,
    write_measures,
)


def read(text: str, n_lanes: int = 4) -> NoteData:
    return read_notes(split_measures(text, n_lanes))


def write(notes: list[LaneNote], text: str = "", n_lanes: int = 4) -> str:
    measures = split_measures(text, n_lanes)
    fitted = fit_notes(sort_notes(notes), (), n_lanes, measures)
    return write_measures(fitted.cells, n_lanes, measures)


def places(text: str) -> list[tuple[float, int]]:
    return [(n.tick / BEAT, n.lane) for n in read(text).notes]


def test_every_sign() -> None:
    notes = read("1240\n0330\n0MLF\n0000").notes
    assert [(n.tick // BEAT, n.end // BEAT, n.lane, n.kind) for n in notes] == [
        (0, 0, 0, "tap"),
        (0, 1, 1, "hold"),
        (0, 1, 2, "roll"),
        (2, 2, 1, "mine"),
        (2, 2, 2, "lift"),
        (2, 2, 3, "fake"),
    ]


def test_anything_else_is_empty_and_m_must_be_a_capital() -> None:
    assert places("mX9A\n????") == []


@pytest.mark.parametrize("n_rows", [1, 4, 5, 7, 12, 100, 192, 384])
def test_any_number_of_rows_makes_a_measure(n_rows: int) -> None:
    ticks = [n.tick for n in read("\n".join(["1000"] * n_rows)).notes]
    assert ticks == sorted({round(192 * r / n_rows) * 420 for r in range(n_rows)})


def test_empty_measures() -> None:
    # Nothing between two commas is passed over; blanks or a comment make a measure.
    assert places("1000,,1000") == [(0, 0), (4, 0)]
    assert places("1000\n,\n,1000") == [(0, 0), (8, 0)]
    assert places("1000\n, // x\n,1000") == [(0, 0), (8, 0)]
    assert places("\n,1000\n,\n") == [(0, 0)]
    assert places("") == []


def test_comments_may_hold_anything() -> None:
    assert places("1000 // , 1111\n0000\n//1,1\n0100\n0000") == [(0, 0), (2, 1)]


def test_rows_may_be_short_long_or_indented() -> None:
    assert places(" 01\n\t10001\r\n\n00\n0") == [(0, 1), (1, 0)]


def test_keysounds_take_no_lane() -> None:
    notes = read("1[12]0[3]M[x]1\n2[4]K[5]00\n3[9]00[1\n0").notes
    assert [(n.lane, n.kind, n.sound) for n in notes] == [
        (0, "tap", "sm:12"),
        (2, "mine", ""),
        (3, "tap", ""),
        (0, "hold", "sm:4"),
    ]
    assert read("K[5]000").keysounds == (Effect(0, "keysound", (0, "5")),)
    assert read("0K00").keysounds == (Effect(0, "keysound", (1, "")),)


@pytest.mark.parametrize(
    ("text", "left", "problem"),
    [
        ("2000\n0000\n0000\n0000", [], "hold without an end"),
        ("3000\n0000\n0000\n0000", [], "end of a hold without a start"),
        ("2000\n1000\n3000\n0000", [(1, "tap")], "end of a hold"),
        ("2000\n4000\n3000\n0000", [(1, "roll")], "hold without an end"),
        ("2000\n3000\n3000\n0000", [(0, "hold")], "end of a hold"),
    ],
)
def test_heads_and_tails_that_do_not_match(
    text: str, left: list[tuple[int, str]], problem: str
) -> None:
    data = read(text)
    assert [(n.tick // BEAT, n.kind) for n in data.notes] == left
    assert any(problem in p and "measure 1" in p for p in data.problems)


def test_an_autokeysound_inside_a_hold_leaves_it_alone() -> None:
    assert len(read("2000\nK000\n3000\n0000").notes) == 1


def test_measures_are_written_with_as_few_rows_as_they_need() -> None:
    assert write([tap(0, 0), tap(3, 1)]) == "\n1000\n0000\n0000\n0100\n"
    assert write([tap(0.5, 0)]).count("\n") == 9
    assert write([tap(1 / 3, 0)]).count("\n") == 13
    assert write([tap(1 / 5, 0)]).count("\n") == 21
    assert write([tap(1 / 48, 0)]).count("\n") == 193
    assert write([]) == "\n"
    assert write([tap(4, 0)]) == "\n0000\n0000\n0000\n0000\n,\n1000\n0000\n0000\n0000\n"


def test_what_fits_no_rows_goes_to_the_nearest_192nd() -> None:
    fitted = fit_notes((LaneNote(421, 421, 0), tap(1 / 7, 1)), (), 4)
    assert fitted.n_moved == 2
    assert [c[0] for c in fitted.cells[0]] == [420, 2940]


def test_own_odd_rows_of_a_measure_stay_possible() -> None:
    text = "\n".join(["1000", *["0000"] * 10])
    tick = round(192 * 3 / 11) * 420
    notes = [*read(text).notes, LaneNote(tick, tick, 1)]
    after = write(notes, text)
    assert after.count("\n") == 11
    assert read(after).notes == sort_notes(notes)


def test_unchanged_measures_keep_their_text() -> None:
    text = "// one\n1000\n0000\n,// two\n0000\n0100 // here\n,\n0010\n"
    notes = list(read(text).notes)
    assert write(notes, text) == text
    after = write(notes[1:], text)
    assert after == "// one\n0000\n0000\n0000\n0000\n" + text[text.index(",") :]


def test_measures_are_added_behind_the_file_s_own() -> None:
    for text in ("1000", "1000\n", "1000\n,\n", "1000\n,"):
        after = write([tap(0, 0), tap(8, 1)], text)
        assert places(after) == [(0, 0), (8, 1)]
        assert after.startswith("1000\n")


def test_notes_that_cannot_stand_together() -> None:
    fitted = fit_notes(
        (
            hold(0, 2, 0),
            tap(1, 0),
            hold(0, 1, 1),
            tap(1, 1),
            LaneNote(0, 420, 2, "roll"),
            LaneNote(420, 420, 2),
            tap(3, 3),
            LaneNote(3 * BEAT, 3 * BEAT, 3, "mine"),
            LaneNote(2 * BEAT, 2 * BEAT, 3, "hold"),
            LaneNote(0, 0, 3, "unheard of"),
        ),
        (),
        4,
    )
    assert (fitted.n_cut, fitted.n_dropped) == (3, 2)
    signs = [(tick, lane, sign) for tick, lane, sign, _ in fitted.cells[0]]
    assert (BEAT - 420, 0, "3") in signs
    assert (BEAT - 420, 1, "3") in signs
    assert (0, 2, "1") in signs
    assert (2 * BEAT, 3, "1") in signs


def test_notes_that_meet_when_they_are_moved() -> None:
    notes = (
        LaneNote(421, 421, 0),
        LaneNote(425, 425, 0),
        LaneNote(1, 419, 1, "hold"),
        tap(1 / 7, 1),
    )
    fitted = fit_notes(sort_notes(notes), (), 4)
    assert fitted.n_dropped == 1


def test_lanes_are_checked() -> None:
    with pytest.raises(ModeError, match="lane 5 of 4"):
        fit_notes((tap(0, 4),), (), 4)


def test_keysounds_are_written_where_there_is_room() -> None:
    sounds = (
        Effect(0, "keysound", (0, "1")),
        Effect(0, "keysound", (1, "2")),
        Effect(0, "keysound", (9, "3")),
    )
    fitted = fit_notes((tap(0, 1, "sm:7"), tap(0, 2, "osu:2,")), sounds, 4)
    assert write_measures(fitted.cells, 4).startswith("\nK[1]1[7]10\n")


_ticks = st.integers(0, 5 * 192).map(lambda r: r * 420)


@st.composite
def _notes(draw: st.DrawFn) -> tuple[LaneNote, ...]:
    found = []
    for lane in range(4):
        starts = sorted(draw(st.sets(_ticks, max_size=8)))
        for start, after in zip(
            starts, [*starts[1:], starts[-1] + MEASURE] if starts else [], strict=True
        ):
            kind = draw(st.sampled_from(["tap", "hold", "roll", "mine", "lift", "fake"]))
            end = start
            if kind in ("hold", "roll"):
                end = start + draw(st.integers(1, (after - start) // 420)) * 420
                end = min(end, after - 420) if after - 420 > start else start
                kind = kind if end > start else "tap"
            sound = draw(st.sampled_from(["", "sm:0", "sm:12"]))
            found.append(LaneNote(start, end, lane, kind, sound))
    return sort_notes(found)


@given(_notes())
@settings(max_examples=80, deadline=None)
def test_notes_come_back(notes: tuple[LaneNote, ...]) -> None:
    assert read(write(list(notes))).notes == notes


@given(_notes(), _notes())
@settings(max_examples=80, deadline=None)
def test_notes_come_back_from_a_file_that_had_others(
    before: tuple[LaneNote, ...], after: tuple[LaneNote, ...]
) -> None:
    assert read(write(list(after), write(list(before)))).notes == after
