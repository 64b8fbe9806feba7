"""Beat Saber: how rows are spelled, and what the grammar lets the engine write."""

from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saber_maps import arc, blue, bomb, chain, human_charts, red, tick, wall

from chartstudio.core.mode import RowContext
from chartstudio.core.note import Note, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.modes import MODES
from chartstudio.modes.beatsaber import events as spelled
from chartstudio.modes.beatsaber.check_sight import clash, swung_into
from chartstudio.modes.beatsaber.events import cut_event, decode, encode, note_of
from chartstudio.modes.beatsaber.notes import ColorNote, Wall
from chartstudio.modes.beatsaber.ranks import rank_of
from chartstudio.modes.beatsaber.space import ANY, DOWN, UP

MODE = MODES["beatsaber"]
TIMING = TimingMap.constant(120)


def mask(
    now: Note,
    before: tuple[Note, ...] = (),
    here: tuple[Note, ...] = (),
    after: tuple[Note, ...] = (),
    level: float = 5,
    events: tuple[int, ...] = (),
) -> np.ndarray:
    context = RowContext(now.tick, TIMING, before, here, after, level)
    return MODE.grammar(context).mask(events)


def legal(now: ColorNote, **around) -> bool:  # type: ignore[no-untyped-def]
    return bool(mask(now, **around)[cut_event(now.color, now.x, now.y, now.direction)])


def test_the_vocabulary() -> None:
    assert MODE.n_events == spelled.N_EVENTS
    assert MODE.meaning(cut_event(1, 3, 2, ANY)) == ("blue-cut", 107)
    assert MODE.event("bomb-cell") == spelled.FIRST_BOMB
    assert MODE.event("wall-shape") == spelled.FIRST_WALL
    assert MODE.event("wall-length") == spelled.FIRST_LENGTH
    others = {r.name for m in MODES.values() if m.id != MODE.id for r in m.event_ranges}
    assert {r.name for r in MODE.event_ranges} & others <= {"end"}


def test_what_cannot_be_spelled_is_left_out() -> None:
    row = [red(1, 0, 0), arc(1, 2, 0, 0), chain(1, 2, 2, 2), blue(1, 9, 0), wall(1, 2, 0, 0, 3, 5)]
    assert encode(row) == (cut_event(0, 0, 0, DOWN), 0)
    assert encode([blue(1, 2, 0), blue(1, 2, 0, "u")]) == (cut_event(1, 2, 0, DOWN), 0)


def test_walls_take_the_nearest_length() -> None:
    notes, n_bad = decode(tick(1), encode([wall(1, 2.9, 0, 0, 2, 5)]))
    assert (notes, n_bad) == ((wall(1, 3, 0, 0, 2, 5),), 0)


@pytest.mark.parametrize(
    ("events", "n_notes", "n_bad"),
    [
        ((5, 5, 0), 1, 1),
        ((cut_event(0, 1, 1, 0), cut_event(1, 1, 1, 0), 0), 1, 1),
        ((spelled.FIRST_WALL, 0), 0, 1),
        ((spelled.FIRST_LENGTH, 0), 0, 1),
        ((spelled.FIRST_WALL,), 0, 1),
        ((spelled.FIRST_WALL, 5, 0), 1, 1),
        ((-3, spelled.N_EVENTS, 0), 0, 2),
        ((0, 5), 0, 0),
        ((spelled.FIRST_WALL, spelled.FIRST_LENGTH) * 2, 1, 2),
    ],
)
def test_bad_events(events: tuple[int, ...], n_notes: int, n_bad: int) -> None:
    notes, found = decode(0, events)
    assert (len(notes), found) == (n_notes, n_bad)


@given(st.lists(st.integers(-2, spelled.N_EVENTS + 2), max_size=12))
def test_spelling_again_changes_nothing(events: list[int]) -> None:
    notes, _ = decode(tick(2), events)
    again = encode(notes)
    assert decode(tick(2), again) == (notes, 0)
    assert encode(decode(tick(2), again)[0]) == again


# Grammar ---------------------------------------------------------------------------------


def test_a_hand_goes_back_where_it_came_from() -> None:
    before = (blue(8, 2, 0, "d"),)
    assert legal(blue(8.5, 2, 1, "u"), before=before)
    assert legal(blue(8.5, 2, 1, "o"), before=before)
    assert not legal(blue(8.5, 2, 1, "d"), before=before)
    assert not legal(blue(8.5, 2, 1, "dr"), before=before)
    assert legal(blue(14, 2, 1, "d"), before=before)
    assert legal(red(8.5, 1, 1, "d"), before=before)


def test_a_hand_needs_time() -> None:
    before = (blue(8, 2, 0, "d"),)
    assert not legal(blue(8.125, 2, 1, "u"), before=before)
    assert legal(blue(8.25, 2, 1, "u"), before=before)
    assert not legal(blue(8.25, 2, 1, "u"), before=before, level=1)
    assert not legal(blue(8.25, 2, 1, "u"), before=(blue(8, 2, 0, "o"),))


def test_a_cut_leads_on_to_what_is_given() -> None:
    after = (blue(8.5, 2, 0, "d"),)
    assert legal(blue(8, 2, 1, "u"), after=after)
    assert not legal(blue(8, 2, 1, "d"), after=after)
    assert not legal(blue(8.4, 2, 1, "u"), after=after)
    assert not legal(blue(8.25, 2, 1, "o"), after=after)


def test_stacks_go_along_the_cut_and_wait_for_their_level() -> None:
    first = (cut_event(1, 2, 0, UP),)
    on, beside = blue(8, 2, 1, "u"), blue(8, 3, 0, "u")
    assert legal(on, events=first)
    assert not legal(beside, events=first)
    assert not legal(on, events=first, level=2)
    assert not legal(blue(8, 2, 1, "d"), events=first)
    three = (*first, cut_event(1, 2, 1, UP))
    assert legal(blue(8, 2, 2, "u"), events=three)
    assert not legal(blue(8, 2, 2, "u"), events=three, level=4)
    assert not legal(on, events=(cut_event(1, 2, 0, ANY),))


def test_hands_do_not_clash() -> None:
    first = (cut_event(0, 1, 0, 3),)  # red to the right
    assert not legal(blue(8, 2, 0, "l"), events=first)
    assert not legal(blue(8, 2, 0, "d"), events=first)
    assert legal(blue(8, 2, 1, "d"), events=first)
    given = (red(8, 1, 0, "r"),)
    assert not legal(blue(8, 2, 0, "l"), here=given)
    assert not legal(red(8, 0, 0, "d"), here=given)
    assert legal(red(8, 1, 0, "d"), here=(blue(8, 2, 0, "d"),))
    assert not legal(red(8, 1, 0, "r"), here=(blue(8, 2, 0, "d"),))


def test_nothing_hides_and_nothing_is_hidden() -> None:
    assert not legal(blue(8.5, 1, 1, "d"), before=(red(8, 1, 1),))
    assert legal(blue(8.5, 2, 1, "d"), before=(red(8, 1, 1),))
    assert not legal(red(8, 1, 1, "d"), after=(blue(8.5, 1, 2, "u"),))
    assert legal(red(8, 1, 1, "d"), after=(blue(8.5, 1, 0, "u"),))


def test_far_columns_wait_for_their_level() -> None:
    assert legal(red(8, 3, 0), level=4)
    assert not legal(red(8, 3, 0), level=3)
    assert not legal(blue(8, 0, 0), level=3)


def test_no_cut_in_a_standing_wall() -> None:
    standing = (wall(7, 9, 3, 0, 1, 5),)
    assert not legal(blue(8, 3, 0), before=standing)
    assert legal(blue(8, 2, 0), before=standing)
    assert legal(blue(9, 3, 0), before=standing)


def test_bombs_and_walls_come_beside_cuts() -> None:
    bombs = slice(spelled.FIRST_BOMB, spelled.FIRST_WALL)
    walls = slice(spelled.FIRST_WALL, spelled.FIRST_LENGTH)
    assert not mask(red(8, 0, 0))[spelled.FIRST_BOMB :].any()
    cut = (cut_event(0, 0, 0, DOWN),)
    beside = mask(red(8, 0, 0), events=cut)
    cells = [note_of(int(e), 0) for e in np.flatnonzero(beside)]
    assert beside[0]
    assert beside[bombs].sum() == 8
    assert not any(isinstance(n, Wall) and n.x == 0 and n.y == 0 for n in cells)
    assert beside[walls].any()
    shape = spelled.FIRST_WALL + 3
    lengths = mask(red(8, 0, 0), events=(*cut, shape), after=(red(10, 0, 0),))
    assert np.flatnonzero(lengths).tolist() == [spelled.FIRST_LENGTH + i for i in range(6)]
    done = mask(red(8, 0, 0), events=(*cut, shape, spelled.FIRST_LENGTH))
    assert np.flatnonzero(done).tolist() == [0]
    standing = mask(red(8, 0, 0), events=cut, before=(wall(7, 9, 3, 0, 1, 5),))
    assert not standing[walls].any()
    no_room = mask(red(8, 0, 0), events=cut, after=(blue(8.25, 3, 0),))
    assert not no_room[walls].any()
    assert not mask(red(8, 0, 0), here=(bomb(8, 3, 0),), events=cut)[walls].any()


@settings(max_examples=20, deadline=None)
@given(st.data(), st.floats(1, 5), st.sampled_from([60, 150, 300, 400]))
def test_no_legal_row_is_an_error_for_the_checks(data, level: float, bpm: int) -> None:  # type: ignore[no-untyped-def]
    timing = TimingMap.constant(bpm)
    made = data.draw(st.lists(st.sampled_from("rbm"), max_size=4))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    arrows = ["u", "d", "l", "r", "ul", "ur", "dl", "dr", "o"]
    given_notes = sort_notes(
        {"r": red, "b": blue}[kind](16 + 4 * i, int(rng.integers(4)), 0, rng.choice(arrows))
        if kind != "m"
        else bomb(16 + 4 * i, 1, 1)
        for i, kind in enumerate(made)
    )  # fmt: skip
    notes: list[Note] = []
    for at in range(tick(14), tick(32), tick(0.25)):
        here = [n for n in given_notes if n.tick == at]
        after = [n for n in given_notes if n.tick > at]
        grammar = MODE.grammar(RowContext(at, timing, sort_notes(notes), here, after, level))
        events: list[int] = []
        while not events or events[-1] != 0:
            choices = np.flatnonzero(grammar.mask(events))
            assert len(choices)
            events.append(int(rng.choice(choices)))
        new, n_bad = MODE.decode(at, events)
        assert n_bad == 0
        notes += [*new, *here]
    chart_notes = sort_notes(notes)
    found = MODE.check(Chart("beatsaber", notes=chart_notes), timing)
    assert [i for i in found if i.severity == "error"] == []


def test_most_of_what_good_mappers_write_is_legal(shared: Path) -> None:
    """The grammar must leave room for human charts, or nothing like them can be learned."""
    for song, chart, timing in human_charts(shared / "fixtures/beatsaber"):
        cuts = [n for n in chart.notes if isinstance(n, ColorNote)]
        n_legal = n_events = 0
        done: list[Note] = []
        rows = [list(group) for _, group in groupby(cuts, key=lambda n: n.tick)]
        for row in rows[40:190]:
            at = row[0].tick
            level = rank_of(chart.name)
            grammar = MODE.grammar(RowContext(at, timing, done[-48:], (), (), level))
            events = encode(row)
            for i, event in enumerate(events):
                n_legal += bool(grammar.mask(events[:i])[event])
                n_events += 1
            done += row
        share = n_legal / n_events
        print(f"{song:14} {chart.setting('characteristic'):9} {chart.name:10} {share:.3f}")
        assert share > (0.85 if chart.setting("characteristic") == "OneSaber" else 0.9)


def test_pairs_of_cuts_that_clash_are_those_that_the_checks_flag() -> None:
    right, left = red(8, 1, 0, "r"), blue(8, 2, 0, "l")
    assert clash(right, left) is not None
    assert clash(right, blue(8, 2, 0, "o")) is None
    assert swung_into(right, blue(8, 2, 0, "o"))
    assert not swung_into(right, left)
