import numpy as np
import pytest
import rosu_pp_py

from chartstudio.core.mode import EventRange
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.modes import MODES, mania

TIMING = TimingMap.constant(150)


def stream(*lanes: int) -> tuple[LaneNote, ...]:
    ticks = [i * BEAT // 4 for i in range(200)]
    return tuple(LaneNote(t, t, lanes[i % len(lanes)]) for i, t in enumerate(ticks))


@pytest.mark.parametrize("keys", mania.KEYS)
def test_every_key_is_a_column_of_its_own_for_the_calculator(keys: int) -> None:
    """Were two neighbours one column, playing them in turn would rate as one repeated."""
    difficulty = MODES[f"mania-{keys}k"].difficulty
    same = difficulty(Chart(f"mania-{keys}k", notes=stream(0)), TIMING)
    for lane in range(keys - 1):
        turns = difficulty(Chart(f"mania-{keys}k", notes=stream(lane, lane + 1)), TIMING)
        assert turns < 0.9 * same


@pytest.mark.parametrize("keys", mania.KEYS)
def test_the_calculator_takes_the_number_of_keys_as_it_is(keys: int) -> None:
    text = f"osu file format v14\n\n[General]\nMode: 3\n\n[Difficulty]\nCircleSize:{keys}\n"
    assert rosu_pp_py.Beatmap(content=text).cs == keys


@pytest.mark.parametrize("keys", mania.KEYS)
def test_two_stages_lie_apart(keys: int) -> None:
    lanes = MODES[f"mania-{keys}k"].layout.lanes
    assert [lane.name for lane in lanes] == [f"key {i + 1}" for i in range(keys)]
    steps = np.diff([lane.x for lane in lanes]).tolist()
    wide = [i + 1 for i, step in enumerate(steps) if step > 1]
    assert wide == ([keys // 2] if keys > 10 else [])


@pytest.mark.parametrize("keys", mania.KEYS)
def test_mirroring_turns_the_keyboard_round(keys: int) -> None:
    mode = MODES[f"mania-{keys}k"]
    notes = tuple(LaneNote(i, i, i) for i in range(keys))
    assert [n.lane for n in mode.mirror(notes, "horizontal")] == list(range(keys))[::-1]


@pytest.mark.parametrize("keys", range(4, 11))
def test_the_vocabulary_of_trained_models_stays(keys: int) -> None:
    assert MODES[f"mania-{keys}k"].event_ranges == (
        EventRange("end", 1),
        EventRange("tap", keys),
        EventRange("hold", keys),
        EventRange("length", 12),
    )


def test_one_player_has_ten_fingers_and_two_have_twenty() -> None:
    def ids(keys: int) -> list[str]:
        notes = tuple(LaneNote(BEAT, BEAT, lane) for lane in range(keys))
        mode_id = f"mania-{keys}k"
        return [issue.id for issue in MODES[mode_id].check(Chart(mode_id, notes=notes), TIMING)]

    assert [ids(keys) for keys in mania.KEYS] == [[]] * len(mania.KEYS)


def test_settings_are_what_the_game_judges_by() -> None:
    assert [s.name for s in MODES["mania-12k"].settings] == ["hp", "od"]
