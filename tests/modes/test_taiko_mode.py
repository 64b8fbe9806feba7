import pytest
import rosu_pp_py
from hypothesis import given
from hypothesis import strategies as st

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import RowContext
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Effect
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.modes import MODES, mania, taiko
from chartstudio.modes.lanes import HOLD_LENGTHS

MODE = MODES["taiko"]
TIMING = TimingMap.constant(150, 0.5)


def hit(beat: float, kind: str = "don") -> LaneNote:
    return LaneNote(round(beat * BEAT), round(beat * BEAT), 0, kind)


def roll(beat: float, end: float, kind: str = "drumroll") -> LaneNote:
    return LaneNote(round(beat * BEAT), round(end * BEAT), 0, kind)


# Placing ---------------------------------------------------------------------------------


def test_the_drum_is_one_lane() -> None:
    assert [(lane.name, lane.symbol) for lane in MODE.layout.lanes] == [("drum", "drum")]
    assert MODE.kinds == ("don", "kat", "big-don", "big-kat", "drumroll", "denden")
    assert MODE.level_unit == "stars"
    assert all(MODE.counts(MODE.place(kind, 0, BEAT, (0,))) for kind in MODE.kinds)
    with pytest.raises(ModeError, match="one lane"):
        MODE.place("don", 0, 0, (1,))


def test_only_rolls_have_a_length() -> None:
    assert MODE.place("kat", 0, BEAT, (0,)) == hit(0, "kat")
    assert MODE.place("denden", 0, BEAT, (0,)) == roll(0, 1, "denden")
    assert MODE.place("denden", 0, 0, (0,)) == hit(0)


def test_settings_are_those_of_the_game() -> None:
    ranges = {s.name: (s.low, s.default, s.high) for s in MODE.settings}
    assert ranges == {
        "hp": (0, 5, 10),
        "od": (0, 5, 10),
        "slider_multiplier": (0.4, 1.4, 3.6),
        "slider_tick_rate": (0.5, 1, 8),
    }


def test_mirroring_swaps_the_colours() -> None:
    notes = sort_notes([hit(0), hit(1, "kat"), hit(2, "big-don"), hit(3, "big-kat"), roll(4, 5)])
    swapped = [hit(0, "kat"), hit(1), hit(2, "big-kat"), hit(3, "big-don"), roll(4, 5)]
    assert MODE.mirror(notes, "horizontal") == tuple(swapped)
    assert MODE.mirror(notes, "vertical") == notes


def test_conflicts_are_notes_at_one_time_and_under_rolls() -> None:
    notes = (hit(0), roll(1, 2), hit(3), roll(4, 4))
    assert MODE.conflicts(notes, hit(0, "kat")) == (hit(0),)
    assert MODE.conflicts(notes, hit(1.5)) == (roll(1, 2),)
    assert MODE.conflicts(notes, hit(2)) == ()
    assert MODE.conflicts(notes, roll(2, 3)) == ()
    assert MODE.conflicts(notes, roll(0, 4, "denden")) == (hit(0), roll(1, 2), hit(3))
    assert MODE.conflicts(notes, roll(4, 5)) == (roll(4, 4),)


# Events ----------------------------------------------------------------------------------

notes_at = st.builds(
    lambda kind, length: LaneNote(
        7 * BEAT, 7 * BEAT + (length if kind in taiko.ROLLS else 0), 0, kind
    ),
    st.sampled_from(MODE.kinds),
    st.sampled_from(HOLD_LENGTHS),
)


@given(notes_at)
def test_what_is_spelled_reads_back(note: LaneNote) -> None:
    events = MODE.encode([note])
    assert [MODE.meaning(e)[0] for e in events] in (
        ["drum-hit", "end"],
        ["drum-roll", "length", "end"],
    )
    assert MODE.decode(note.tick, events) == ((note,), 0)


@given(st.lists(st.integers(-2, MODE.n_events + 2), max_size=6))
def test_what_is_read_is_spelled_as_the_same(events: list[int]) -> None:
    notes, _ = MODE.decode(5, events)
    assert MODE.decode(5, MODE.encode(notes)) == (notes, 0)


def test_what_cannot_be_spelled_is_left_out() -> None:
    assert MODE.encode([hit(0), hit(0, "kat")]) == MODE.encode([hit(0)])
    assert MODE.encode([LaneNote(0, 0, 0, "mine")]) == (0,)
    between = roll(0, 0.9)
    assert MODE.decode(0, MODE.encode([between]))[0] == (roll(0, 1),)


def names(context: RowContext, *events: int) -> set[str]:
    """Kinds that may come next."""
    legal = MODE.grammar(context).mask(events).nonzero()[0].tolist()
    found = set()
    for event in legal:
        name, value = MODE.meaning(event)
        by_range = {"drum-hit": taiko.HITS, "drum-roll": taiko.ROLLS}
        found.add(by_range[name][value] if name in by_range else name)
    return found


def context(before: list[LaneNote], after: list[LaneNote], level: float = 8) -> RowContext:
    return RowContext(8 * BEAT, TIMING, before, (), after, level)


@pytest.mark.parametrize(
    ("before", "after", "level", "kinds"),
    [
        ([], [], 8, set(MODE.kinds)),
        ([hit(7)], [hit(12)], 8, set(MODE.kinds)),
        # At 150 BPM a beat is 400 ms: an eighth of it is 50 ms, a sixteenth 25 ms.
        ([hit(7.875)], [], 8, {"don", "kat", "drumroll", "denden"}),
        ([hit(7.9375)], [], 8, {"end"}),
        ([], [hit(8.0625)], 8, {"end"}),
        ([], [hit(8.25)], 8, {"don", "kat", "big-don", "big-kat", "drumroll"}),
        ([], [hit(8.25)], 1, {"don", "kat", "drumroll"}),
        ([], [hit(8.125)], 8, {"don", "kat"}),
        ([roll(2, 9)], [], 8, {"end"}),
        ([roll(2, 8)], [], 8, set(MODE.kinds)),
    ],
)
def test_the_grammar_knows_what_hands_can_do(
    before: list[LaneNote], after: list[LaneNote], level: float, kinds: set[str]
) -> None:
    assert names(context(before, after, level)) == kinds


def test_rolls_end_where_the_next_note_starts() -> None:
    near = context([], [hit(10)])
    for kind in taiko.ROLLS:
        event = MODE.event("drum-roll", taiko.ROLLS.index(kind))
        legal = MODE.grammar(near).mask([event]).nonzero()[0].tolist()
        lengths = [HOLD_LENGTHS[MODE.meaning(e)[1]] for e in legal]
        assert max(lengths) == 2 * BEAT
        assert min(lengths) == (BEAT // 4 if kind == "drumroll" else 2 * BEAT)
    assert names(near, 1) == {"end"}


# Stars -----------------------------------------------------------------------------------

_FILE = """osu file format v14

[General]
Mode: 1

[Difficulty]
HPDrainRate:6
CircleSize:5
OverallDifficulty:6
ApproachRate:5
SliderMultiplier:{multiplier}
SliderTickRate:1

[TimingPoints]
500,400,4,1,0,60,1,0
6900,-50,4,1,0,60,0,1
20500,200,4,1,0,60,1,0
20500,-125,4,1,0,60,0,0

[HitObjects]
"""

_SOUNDS = {"don": 0, "kat": 2, "big-don": 4, "big-kat": 12}


def human_like() -> list[LaneNote]:
    pattern = ("don", "don", "kat", "don", "kat", "kat", "big-don", "don", "kat", "don", "don")
    notes = [hit(i / 4, pattern[i % 11]) for i in range(4 * 80) if i % 32 not in (7, 9, 15)]
    return [n for n in notes if not 20 * BEAT <= n.tick < 26 * BEAT]


def as_file(notes: list[LaneNote], multiplier: float) -> str:
    """The chart as the game's own editor would write it, figured out by hand."""
    lines = []
    for note in notes:
        ms = round(500 + note.tick / BEAT * 400)
        if note.tick > 50 * BEAT:
            ms = round(20500 + (note.tick / BEAT - 50) * 200)
        lines.append(f"256,192,{ms},1,{_SOUNDS[note.kind]},0:0:0:0:")
    # From 8500 ms on for two beats, at double speed.
    lines.insert(-1, f"256,192,8500,2,0,L|400:192,1,{2 * 100 * multiplier * 2}")
    lines.insert(-1, "256,192,9600,12,0,10500,0:0:0:0:")
    return _FILE.format(multiplier=multiplier) + "\n".join(lines) + "\n"


@pytest.mark.parametrize("multiplier", [1.4, 2.8])
def test_stars_are_those_of_the_file_that_the_game_would_read(multiplier: float) -> None:
    timing = TimingMap(
        (Anchor(0, 0.5, 150, bar=True), Anchor(50 * BEAT, 20.5, 300, bar=True)),
    )
    long = [roll(20, 22), roll(22.75, 25, "denden")]
    made = Chart(
        "taiko",
        notes=sort_notes([*human_like(), *long]),
        effects=(Effect(16 * BEAT, "sv", (2.0,)), Effect(50 * BEAT, "sv", (0.8,))),
    ).with_setting("slider_multiplier", multiplier)
    text = as_file(human_like(), multiplier)
    theirs = rosu_pp_py.Difficulty().calculate(rosu_pp_py.Beatmap(content=text))
    assert MODE.difficulty(made, timing) == pytest.approx(theirs.stars, abs=5e-4)
    assert theirs.max_combo == len(human_like())


def test_scroll_speed_is_part_of_the_rating() -> None:
    notes = tuple(hit(i / 4, "kat" if i % 3 else "don") for i in range(400))
    plain = Chart("taiko", notes=notes)
    quick = Chart("taiko", notes=notes, effects=(Effect(0, "sv", (6.0,)),))
    none = Chart("taiko", notes=notes, effects=(Effect(0, "sv", ("nan",)),))
    assert MODE.difficulty(quick, TIMING) > MODE.difficulty(plain, TIMING)
    assert MODE.difficulty(none, TIMING) == MODE.difficulty(plain, TIMING)


def test_stops_do_not_break_the_rating() -> None:
    stopped = TimingMap(
        (Anchor(0, 0, 150), Anchor(BEAT, 0.4, 150), Anchor(BEAT, 1.4, 150, cause=Cause.STOP))
    )
    notes = tuple(hit(i / 4) for i in range(100))
    assert MODE.difficulty(Chart("taiko", notes=notes), stopped) > 0.5


def test_the_calculator_says_its_name() -> None:
    assert taiko.CALCULATOR == mania.CALCULATOR
    assert taiko.CALCULATOR.startswith("rosu-pp-py ")
    assert taiko.CALCULATOR.split()[1][0].isdigit()
