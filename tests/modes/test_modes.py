"""One suite that every mode passes."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import Mode, RowContext
from chartstudio.core.note import LaneNote, Note, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.modes import MODES
from chartstudio.modes.lanes import HOLD_LENGTHS

TIMING = TimingMap.constant(150)


@pytest.fixture(params=MODES.values(), ids=MODES.keys())
def mode(request: pytest.FixtureRequest) -> Mode:
    return request.param


def random_rows(mode: Mode, seed: int, n_rows: int = 60) -> Iterator[tuple[int, list[Note]]]:
    rng = random.Random(seed)
    lanes = range(len(mode.layout.lanes))
    for i in range(n_rows):
        tick = i * 20 * BEAT
        chosen = rng.sample(lanes, rng.randint(1, 3))
        kinds = [rng.choice(["tap", "hold"]) for _ in chosen]
        lengths = [rng.choice(HOLD_LENGTHS) for _ in chosen]
        row = [
            mode.place(kind, tick, tick + length, (lane,))
            for kind, lane, length in zip(kinds, chosen, lengths, strict=True)
        ]
        yield tick, row


def test_the_table_is_keyed_by_id() -> None:
    assert all(mode.id == mode_id for mode_id, mode in MODES.items())
    assert set(MODES) >= {"dance-single", "dance-double", "pump-single"}
    assert [f"mania-{k}k" for k in range(4, 11)] == [m for m in MODES if m.startswith("mania")]


def test_what_is_spelled_reads_back(mode: Mode) -> None:
    for tick, row in random_rows(mode, 1):
        events = mode.encode(row)
        assert events[-1] == 0
        assert max(events) < mode.n_events
        notes, n_bad = mode.decode(tick, events)
        assert sorted(notes) == sorted(row)
        assert n_bad == 0


def test_bad_events_are_counted_and_never_fatal(mode: Mode) -> None:
    rng = random.Random(2)
    n_bad_seen = 0
    for _ in range(500):
        events = [rng.randrange(-1, mode.n_events + 2) for _ in range(rng.randint(0, 6))]
        notes, n_bad = mode.decode(0, events)
        n_bad_seen += n_bad
        assert len({mode.spot(n) for n in notes}) == len(notes)
    assert n_bad_seen > 100


def test_events_have_names(mode: Mode) -> None:
    assert [mode.event(*mode.meaning(e)) for e in range(mode.n_events)] == list(
        range(mode.n_events)
    )
    with pytest.raises(IndexError):
        mode.meaning(mode.n_events)
    with pytest.raises(KeyError):
        mode.event("no such range")


def test_mirroring_twice_gives_the_same_notes(mode: Mode) -> None:
    notes = sort_notes(n for _, row in random_rows(mode, 3) for n in row)
    for axis in ("horizontal", "vertical", "both"):
        mirrored = mode.mirror(notes, axis)
        assert mode.mirror(mirrored, axis) == notes
    both = mode.mirror(mode.mirror(notes, "horizontal"), "vertical")
    assert both == mode.mirror(notes, "both")


def test_places_outside_the_mode_are_refused(mode: Mode) -> None:
    with pytest.raises(ModeError, match="lanes"):
        mode.place("tap", 0, 0, (len(mode.layout.lanes),))
    with pytest.raises(ModeError, match="has no"):
        mode.place("slider", 0, 0, (0,))


def test_a_hold_without_length_is_a_tap(mode: Mode) -> None:
    assert mode.place("hold", 5, 5, (1,)) == LaneNote(5, 5, 1, "tap")


def test_denser_charts_have_higher_levels(mode: Mode) -> None:
    levels = []
    for per_beat in (1, 2, 4):
        ticks = [i * BEAT // per_beat for i in range(64 * per_beat)]
        n = len(mode.layout.lanes)
        notes = tuple(LaneNote(t, t, i * 3 % n) for i, t in enumerate(ticks))
        levels.append(mode.difficulty(Chart(mode.id, notes=notes), TIMING))
    assert levels == sorted(levels)
    assert levels[0] < levels[-1]
    assert mode.difficulty(Chart(mode.id), TIMING) == 0


def grammar_walk(mode: Mode, rng: random.Random, level: float) -> Chart:
    """A chart of random legal choices around a few given notes."""
    lanes = len(mode.layout.lanes)
    given = [
        mode.place("tap", t * BEAT, t * BEAT, (rng.randrange(lanes),)) for t in range(4, 60, 9)
    ]
    notes: list[Note] = []
    for tick in range(0, 60 * BEAT, BEAT // 4):
        here = [n for n in given if n.tick == tick]
        context = RowContext(
            tick, TIMING, sort_notes(notes), here, [n for n in given if n.tick > tick], level
        )
        grammar, events = mode.grammar(context), list[int]()
        while not events or events[-1] != 0:
            legal = np.flatnonzero(grammar.mask(events))
            assert len(legal), "a row must always be able to end"
            events.append(int(rng.choice(legal.tolist())))
        new, n_bad = mode.decode(tick, events)
        assert n_bad == 0
        notes += [*new, *here]
    return Chart(mode.id, notes=sort_notes(notes))


@pytest.mark.parametrize("share", [0.1, 0.6, 1.0])
def test_no_choice_that_the_grammar_allows_is_an_error_for_the_checks(
    mode: Mode, share: float
) -> None:
    low, high = mode.level_range
    chart = grammar_walk(mode, random.Random(4), low + share * (high - low))
    assert len(chart.notes) > 60
    assert [i for i in mode.check(chart, TIMING) if i.severity == "error"] == []


def test_a_row_that_is_given_may_end_at_once(mode: Mode) -> None:
    here = [mode.place("tap", BEAT, BEAT, (0,))]
    mask = mode.grammar(RowContext(BEAT, TIMING, (), here, (), 8)).mask([])
    assert mask[0]
    assert not mask[1]


def test_an_empty_row_may_not_end_while_something_fits(mode: Mode) -> None:
    assert not mode.grammar(RowContext(BEAT, TIMING, (), (), (), 8)).mask([])[0]
