"""The states of the mouse, without a widget."""

from dataclasses import replace

import pytest

from chartstudio.core.note import LaneNote
from chartstudio.core.ticks import TICKS_PER_BEAT as B
from chartstudio.core.ticks import snap_to
from chartstudio.editor.selection import Selection
from chartstudio.gui.timeline import drag
from chartstudio.gui.timeline.bands import Zone
from chartstudio.gui.timeline.drag import IDLE, Button, Keys, Part, Pointer, Rules

STEP = B // 4
TAP = LaneNote(4 * B, 4 * B, 1)
HOLD = LaneNote(8 * B, 10 * B, 2, "hold")


def rules(tool="tap", selection=None, stretches=True):
    return Rules(
        tool=tool,
        stretches=stretches,
        selection=selection or Selection(),
        snap=lambda tick: snap_to(tick, 16),
        measure=lambda tick: (tick // (4 * B) * 4 * B, tick // (4 * B) * 4 * B + 4 * B),
    )


def strip(tick, lane=1, note=None, part=None, **more):
    """A point in a strip where a beat is 50 pixels and a lane 60 wide."""
    x, row = tick / B * 50, lane + 0.5
    at = Pointer(x, row * 60, Zone.STRIP, 0, tick, row, lane, note, part)
    return replace(at, **more)


def run(first, *moves, button=Button.LEFT, keys=None, by=None):
    """Press, move along, release at the last point; the actions and the states between."""
    by = by or rules()
    step = drag.press(first, button, keys or Keys(), by)
    actions, states = [step.action], [step.state]
    for at in moves:
        step = step.state.move(at, by)
        actions.append(step.action)
        states.append(step.state)
    step = step.state.release(moves[-1] if moves else first, by)
    assert step.state == IDLE
    return [a for a in (*actions, step.action) if a is not None], states


def test_a_click_on_an_empty_place_puts_a_note_on_the_nearest_line():
    actions, _ = run(strip(B + 900))
    assert actions == [drag.PlaceNote(0, 1, B, B)]


def test_a_press_just_before_the_next_line_is_no_hold_when_the_mouse_shakes():
    near = B + STEP // 2 - 10
    actions, _ = run(strip(near), strip(near + 60))
    assert actions == [drag.PlaceNote(0, 1, B, B)]


def test_pulling_forward_makes_a_hold_and_back_again_a_tap():
    actions, states = run(strip(B), strip(2 * B), strip(3 * B + 100, lane=3))
    assert states[1].end == 2 * B
    assert actions == [drag.PlaceNote(0, 1, B, 3 * B)]
    actions, _ = run(strip(B), strip(2 * B), strip(0))
    assert actions == [drag.PlaceNote(0, 1, B, B)]


def test_a_kind_without_length_is_not_pulled_long():
    actions, _ = run(strip(B), strip(3 * B), by=rules("mine", stretches=False))
    assert actions == [drag.PlaceNote(0, 1, B, B)]


def test_a_click_on_a_note_toggles_it_or_selects_it_by_tool():
    on = strip(TAP.tick, note=TAP, part=Part.HEAD)
    assert run(on)[0] == [drag.ToggleNote(0, TAP)]
    assert run(on, by=rules(""))[0] == [drag.SelectNotes(0, frozenset({TAP}))]
    read_only = replace(on, editable=False)
    assert run(read_only)[0] == [drag.SelectNotes(0, frozenset({TAP}))]


def test_ctrl_adds_to_the_selection_and_takes_out():
    on = strip(TAP.tick, note=TAP, part=Part.HEAD)
    held = rules(selection=Selection(0, frozenset({HOLD})))
    assert run(on, keys=Keys(ctrl=True), by=held)[0] == [drag.SelectNotes(0, {TAP, HOLD})]
    held = rules(selection=Selection(0, frozenset({HOLD, TAP})))
    assert run(on, keys=Keys(ctrl=True), by=held)[0] == [drag.SelectNotes(0, {HOLD})]
    elsewhere = rules(selection=Selection(1, frozenset({HOLD})))
    assert run(on, keys=Keys(ctrl=True), by=elsewhere)[0] == [drag.SelectNotes(0, {TAP})]


def test_dragging_a_note_moves_it_alone_or_with_its_selection():
    on = strip(TAP.tick + 300, note=TAP, part=Part.HEAD)
    to = strip(TAP.tick + 2 * B + 400, lane=3)
    actions, states = run(on, strip(TAP.tick + B), to)
    assert isinstance(states[1], drag.Move)
    assert actions == [drag.MoveNotes(0, frozenset({TAP}), 2 * B, 2)]
    both = rules("", Selection(0, frozenset({TAP, HOLD})))
    assert run(on, to, by=both)[0] == [drag.MoveNotes(0, frozenset({TAP, HOLD}), 2 * B, 2)]


def test_a_note_that_is_dragged_back_is_not_edited():
    on = strip(TAP.tick, note=TAP, part=Part.HEAD)
    assert run(on, strip(TAP.tick + B), strip(TAP.tick))[0] == []


def test_a_note_off_the_grid_moves_across_without_moving_in_time():
    off = LaneNote(4 * B + 77, 4 * B + 77, 1)
    on = strip(off.tick, note=off, part=Part.HEAD)
    assert run(on, strip(off.tick, lane=2))[0] == [drag.MoveNotes(0, frozenset({off}), 0, 1)]
    moved = run(on, strip(off.tick + B))[0]
    assert moved == [drag.MoveNotes(0, frozenset({off}), B - 77, 0)]


def test_the_tail_changes_the_end_and_never_passes_the_start():
    on = strip(HOLD.end + 50, lane=2, note=HOLD, part=Part.TAIL)
    assert run(on, strip(HOLD.end + B + 99, lane=0))[0] == [drag.SetEnd(0, HOLD, 11 * B)]
    assert run(on, strip(0))[0] == [drag.SetEnd(0, HOLD, HOLD.tick)]
    assert run(on)[0] == []


@pytest.mark.parametrize(
    ("tool", "keys"),
    [("", Keys()), ("tap", Keys(alt=True)), ("tap", Keys(ctrl=True)), ("", Keys(ctrl=True))],
)
def test_boxes(tool, keys):
    actions, states = run(strip(5 * B, lane=3), strip(2 * B, lane=1), keys=keys, by=rules(tool))
    assert states[-1].ticks == (2 * B, 5 * B)
    assert actions == [drag.SelectBox(0, (2 * B, 5 * B), (1, 3), keys.ctrl)]


def test_a_click_beside_everything_selects_nothing_unless_it_adds():
    nothing = drag.SelectNotes(0, frozenset())
    assert run(strip(B), by=rules(""))[0] == [nothing]
    assert run(strip(B), keys=Keys(ctrl=True))[0] == []
    assert run(Pointer(500, 900, Zone.NOTHING))[0] == [nothing]


def test_above_the_lanes_nothing_is_placed():
    _, states = run(strip(B, row=-0.2))
    assert isinstance(states[0], drag.Box)


def test_the_right_button_deletes_all_it_passes_in_one_edit():
    empty, first = strip(B), strip(TAP.tick, note=TAP, part=Part.HEAD)
    second = strip(HOLD.tick, note=HOLD, part=Part.BODY)
    other = replace(second, chart=1)
    assert run(first, button=Button.RIGHT)[0] == [drag.RemoveNotes(0, frozenset({TAP}))]
    passed = run(empty, first, other, second, second, button=Button.RIGHT)[0]
    assert passed == [drag.RemoveNotes(0, frozenset({TAP, HOLD}))]
    assert run(empty, button=Button.RIGHT)[0] == []
    assert run(replace(first, editable=False), button=Button.RIGHT)[0] == []


@pytest.mark.parametrize(
    ("button", "keys"), [(Button.MIDDLE, Keys()), (Button.LEFT, Keys(shift=True))]
)
def test_panning(button, keys):
    actions, _ = run(strip(4 * B), strip(3 * B), strip(B), button=button, keys=keys)
    assert actions == [drag.PanBy(50.0), drag.PanBy(100.0)]


def ruler(tick):
    return Pointer(tick / B * 50, 100, Zone.RULER, 0, tick)


def test_the_ruler_seeks_by_click_and_selects_by_drag():
    assert run(ruler(3 * B + 700))[0] == [drag.SeekTick(3 * B)]
    assert run(ruler(3 * B), ruler(3 * B + 1000))[0] == [drag.SeekTick(3 * B)]
    actions, states = run(ruler(5 * B + 100), ruler(3 * B), ruler(2 * B - 100))
    assert states[-1].span(rules()) == (2 * B, 5 * B)
    assert actions == [drag.SelectRange(2 * B, 5 * B)]
    assert run(ruler(B), ruler(2 * B), ruler(B))[0] == []


def test_shift_selects_whole_measures():
    shift = Keys(shift=True)
    assert run(ruler(5 * B), keys=shift)[0] == [drag.SelectRange(4 * B, 8 * B)]
    assert run(ruler(5 * B), ruler(9 * B), keys=shift)[0] == [drag.SelectRange(4 * B, 12 * B)]


def test_the_waveform_seeks_and_follows():
    at, on = Pointer(300, 50, Zone.WAVE), Pointer(340, 50, Zone.WAVE)
    assert run(at, on)[0] == [drag.SeekPx(300), drag.SeekPx(340)]
    assert run(at, button=Button.RIGHT)[0] == []


def test_what_a_drag_belongs_to_and_what_it_hides():
    move = drag.Move(1, TAP, frozenset({TAP}), 0, 0)
    assert drag.chart_of(move) == 1
    assert drag.chart_of(IDLE) is None
    shifted = replace(move, ticks=B, lanes=2)
    assert drag.stands_still(move) == drag.stands_still(shifted) != drag.stands_still(IDLE)
    pulled = drag.Range(0, B, False)
    assert drag.stands_still(pulled) != drag.stands_still(replace(pulled, tick=2 * B))
