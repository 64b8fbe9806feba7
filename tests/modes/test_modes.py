"""One suite that every mode passes."""

import json
import random
from collections.abc import Iterator

import numpy as np
import pytest
from mode_samples import sample_of

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import Mode, RowContext
from chartstudio.core.note import LaneNote, Note, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.modes import MODES

TIMING = TimingMap.constant(150)

KEYS = (*range(1, 11), 12, 14, 16, 18)

WITH_HOLDS = [mode for mode in MODES.values() if "hold" in mode.kinds]


@pytest.fixture(params=MODES.values(), ids=MODES.keys())
def mode(request: pytest.FixtureRequest) -> Mode:
    return request.param


def random_rows(mode: Mode, seed: int, n_rows: int = 60) -> Iterator[tuple[int, list[Note]]]:
    rng = random.Random(seed)
    for tick in range(0, n_rows * 20 * BEAT, 20 * BEAT):
        yield tick, sample_of(mode).row(mode, rng, tick)


def plain(mode: Mode, i: int, tick: int) -> Note:
    return sample_of(mode).plain(mode, i, tick)


def test_the_table_is_keyed_by_id() -> None:
    assert all(mode.id == mode_id for mode_id, mode in MODES.items())
    assert set(MODES) >= {"dance-single", "dance-double", "pump-single", "taiko", "osu"}
    assert [f"mania-{k}k" for k in KEYS] == [m for m in MODES if m.startswith("mania")]


def test_every_kind_can_be_placed_and_found_again(mode: Mode) -> None:
    spot = mode.spot(plain(mode, 0, 0))
    for kind in mode.kinds:
        note = mode.place(kind, BEAT, 2 * BEAT, spot)
        assert (mode.kind(note), note.tick) == (kind, BEAT)
        assert isinstance(note, mode.note_types)
        assert mode.place(kind, note.tick, note.end, mode.spot(note)) == note
        assert mode.conflicts((note,), note) == (note,)
        assert mode.conflicts((note,), plain(mode, 0, 9 * BEAT)) == ()
        assert json.loads(json.dumps(mode.facts(note))) is not None
        assert mode.counts(note) in (True, False)
    assert mode.counts(plain(mode, 0, 0))


def test_settings_have_a_default_that_they_allow(mode: Mode) -> None:
    for setting in mode.settings:
        if setting.choices:
            assert setting.default in setting.choices
        else:
            assert setting.low <= setting.default <= setting.high
        assert setting.of(Chart(mode.id)) == setting.default


def test_what_is_spelled_reads_back(mode: Mode) -> None:
    for tick, row in random_rows(mode, 1):
        events = mode.encode(row)
        assert events[-1] == 0
        assert max(events) < mode.n_events
        notes, n_bad = mode.decode(tick, events)
        assert sort_notes(notes) == sort_notes(row)
        assert n_bad == 0


def test_bad_events_are_counted_and_never_fatal(mode: Mode) -> None:
    rng = random.Random(2)
    n_bad_seen = 0
    for _ in range(500):
        events = [rng.randrange(-1, mode.n_events + 2) for _ in range(rng.randint(0, 6))]
        notes, n_bad = mode.decode(0, events)
        n_bad_seen += n_bad
        assert all(mode.conflicts(notes, note) == (note,) for note in notes)
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
    nowhere = sample_of(mode).nowhere
    if nowhere is not None:
        with pytest.raises(ModeError):
            mode.place(mode.kinds[0], 0, 0, nowhere)
    with pytest.raises(ModeError, match="has no"):
        mode.place("such kind", 0, 0, mode.spot(plain(mode, 0, 0)))


@pytest.mark.parametrize("mode", WITH_HOLDS, ids=[m.id for m in WITH_HOLDS])
def test_a_hold_without_length_is_a_tap(mode: Mode) -> None:
    lane = len(mode.layout.lanes) - 1
    assert mode.place("hold", 5, 5, (lane,)) == LaneNote(5, 5, lane, "tap")
    with pytest.raises(ModeError, match="lanes"):
        mode.place("tap", 5, 5, (lane + 1,))


def test_denser_charts_have_higher_levels(mode: Mode) -> None:
    levels = []
    for per_beat in (1, 2, 4):
        ticks = [i * BEAT // per_beat for i in range(64 * per_beat)]
        notes = tuple(plain(mode, i, tick) for i, tick in enumerate(ticks))
        levels.append(mode.difficulty(Chart(mode.id, notes=notes), TIMING))
    assert levels == sorted(levels)
    assert levels[0] < levels[-1]
    assert mode.difficulty(Chart(mode.id), TIMING) == 0


def grammar_walk(mode: Mode, rng: random.Random, level: float) -> tuple[Chart, int]:
    """A chart of random legal choices around a few given notes, and how many were chosen."""
    given = [plain(mode, rng.randrange(100), t * BEAT) for t in range(4, 60, 9)]
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
    return Chart(mode.id, notes=sort_notes(notes)), len(notes) - len(given)


@pytest.mark.parametrize("share", [0.1, 0.6, 1.0])
def test_no_choice_that_the_grammar_allows_is_an_error_for_the_checks(
    mode: Mode, share: float
) -> None:
    low, high = mode.level_range
    chart, n_chosen = grammar_walk(mode, random.Random(4), low + share * (high - low))
    # Where there is one lane, every long note keeps it busy for beats.
    assert n_chosen > (50 if len(mode.layout.lanes) > 2 else 15)
    assert [i for i in mode.check(chart, TIMING) if i.severity == "error"] == []


def test_a_row_that_is_given_may_end_at_once(mode: Mode) -> None:
    here = [plain(mode, 0, BEAT)]
    mask = mode.grammar(RowContext(BEAT, TIMING, (), here, (), mode.level_range[1])).mask([])
    assert mask[0]
    assert not mask[mode.encode(here)[0]]


def test_an_empty_row_may_not_end_while_something_fits(mode: Mode) -> None:
    context = RowContext(BEAT, TIMING, (), (), (), mode.level_range[1])
    assert not mode.grammar(context).mask([])[0]
