"""The commands on key bars, finishing, locks and density: their part of the table in `actions`.

What each does is in `finishing`, `drafting` and `timeline.density_verbs`.
"""

from __future__ import annotations

from chartstudio.editor.finish import Span
from chartstudio.editor.locks import LOCKS, toggled, toggled_lane
from chartstudio.editor.selection import Selection
from chartstudio.gui.command import Command, Scope, has_song
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import tr
from chartstudio.gui.timeline.verbs import measure_around
from chartstudio.modes import MODES

N_LANE_LOCKS = 10
"""Lanes with a lock of their own."""

# Verbs -----------------------------------------------------------------------------------


def _has_chart(studio: Studio) -> bool:
    return studio.document.active_chart is not None


def _bars_here(studio: Studio) -> Span:
    """The selected range, else the bar at the playhead."""
    timeline = studio.timeline
    return studio.document.selection.range or measure_around(timeline.timing, timeline.cursor_tick)


def go_to_bar(studio: Studio, span: Span) -> None:
    """Select a bar, put the playhead on it, and show it."""
    document = studio.document
    document.select(Selection(chart=document.selection.chart, range=span))
    studio.timeline.go_to(span[0])


def step_key_bar(studio: Studio, by: int) -> None:
    """Go to the next or the previous key bar in the song."""
    item = studio.finishing.beside(studio.timeline.cursor_tick, by)
    if item is not None:
        go_to_bar(studio, item.bar.span)


def suggest(studio: Studio) -> None:
    """Draft the bar at the playhead, or those selected; a bar that nobody chose is selected."""
    span = _bars_here(studio)
    if studio.document.selection.range is None:
        go_to_bar(studio, span)
    studio.finishing.suggest(span)


def approve(studio: Studio) -> None:
    """Approve the selected bars or the one at the playhead, or take that back."""
    studio.finishing.approve(_bars_here(studio))


def _flip_level(studio: Studio) -> None:
    now = studio.drafting.settings.finish_at_level
    studio.drafting.set(finish_at_level=not now)


# Locks -----------------------------------------------------------------------------------


def toggle_lock(studio: Studio, name: str) -> None:
    """Switch a lock; one that contradicts it goes."""
    settings = studio.drafting.settings
    studio.drafting.set(locks=toggled(settings.locks, name))


def toggle_lane(studio: Studio, lane: int) -> None:
    """Switch the lock of one lane; the first one switches the lanes' lock on."""
    settings, n_lanes = studio.drafting.settings, _n_lanes(studio)
    lanes = toggled_lane(settings.lanes, lane, n_lanes)
    if lanes == settings.lanes:
        studio.drafting.message.emit(tr("One lane stays open, to write in"))
        return
    locks = settings.locks
    if lanes and "lanes" not in locks:
        locks = toggled(locks, "lanes")
    studio.drafting.set(lanes=lanes, locks=locks)


def lock_lanes_of_notes(studio: Studio) -> None:
    """Lock exactly the lanes in which notes are selected."""
    chart = studio.document.active_chart
    if chart is None:
        return
    mode = MODES[chart.mode]
    lanes = frozenset(int(mode.spot(n)[0]) for n in studio.timeline.chosen_notes())
    if len(lanes) >= _n_lanes(studio):
        studio.drafting.message.emit(tr("One lane stays open, to write in"))
        return
    locks = studio.drafting.settings.locks
    if "lanes" not in locks:
        locks = toggled(locks, "lanes")
    studio.drafting.set(lanes=lanes, locks=locks)


def _n_lanes(studio: Studio) -> int:
    chart = studio.document.active_chart
    mode = MODES.get(chart.mode) if chart is not None else None
    return len(mode.layout.lanes) if mode is not None else 0


def _flip_holds(studio: Studio) -> None:
    studio.drafting.set(cut_holds=not studio.drafting.settings.cut_holds)


# Density ---------------------------------------------------------------------------------


def _flip_density(studio: Studio) -> None:
    studio.view.density_lane = not studio.view.density_lane


def start_density(studio: Studio) -> None:
    """Paint the density of the ghosts, which were drafted from the sound; else the chart's."""
    chart, ghosts = studio.document.active_chart, studio.drafting.ghosts
    if chart is None:
        return
    bars = studio.finishing.whose.bars
    if ghosts is not None and ghosts.chart == studio.document.selection.chart and ghosts.spans:
        notes, span = ghosts.notes, (ghosts.spans[0][0], ghosts.spans[-1][1])
        kept = tuple(n for n in chart.notes if not ghosts.replaces(n))
        notes = tuple(sorted((*notes, *kept), key=lambda n: n.tick))
    elif chart.notes and bars:
        notes, span = chart.notes, (bars[0][0], bars[-1][1])
    else:
        studio.drafting.message.emit(
            tr("There is nothing to start from: draft first, and its ghosts give the curve")
        )
        return
    studio.timeline.paint_density_of(notes, span)


def density_from_song(studio: Studio) -> None:
    """Paint what the song suggests, over the selected range or the whole song."""
    studio.song_density.start()
    studio.view.density_lane = True


# Table -----------------------------------------------------------------------------------

_LOCK_KEYS = {"notes": "Ctrl+L", "lanes": "Ctrl+Shift+L", "rhythm": "R", "placement": "P"}

KEY_BARS = (
    Command(
        "keybars.propose", "Propose key bars", lambda s: s.finishing.propose(), "K",
        lambda s: s.finishing.can_propose,
    ),
    Command(
        "keybars.more", "Propose more key bars", lambda s: s.finishing.propose_more(), "Ctrl+K",
        lambda s: s.finishing.can_propose_more,
    ),
    Command(
        "keybars.next", "Next key bar", lambda s: step_key_bar(s, 1), "N",
        lambda s: bool(s.finishing.listed), repeats=True,
    ),
    Command(
        "keybars.previous", "Previous key bar", lambda s: step_key_bar(s, -1), "Shift+N",
        lambda s: bool(s.finishing.listed), repeats=True,
    ),
    Command(
        "keybars.suggest", "Suggest this bar", suggest, "Shift+K",
        lambda s: s.finishing.can_draft,
    ),
    Command("keybars.approve", "This bar is mine", approve, "A", _has_chart),
    Command(
        "keybars.fewer", "Ask for one key bar less",
        lambda s: s.finishing.set_n_bars(s.finishing.n_bars - 1), "Ctrl+Alt+K", repeats=True,
    ),
    Command(
        "keybars.many", "Ask for one key bar more",
        lambda s: s.finishing.set_n_bars(s.finishing.n_bars + 1), "Ctrl+Alt+Shift+K", repeats=True,
    ),
    Command(
        "keybars.clear", "Clear the key bars", lambda s: s.finishing.clear(), "Ctrl+Shift+K",
        lambda s: bool(s.finishing.listed),
    ),
    Command(
        "keybars.cancel", "Cancel proposing", lambda s: s.finishing.cancel(),
        enabled=lambda s: s.finishing.running,
    ),
)  # fmt: skip

FINISH = (
    Command(
        "finish.start", "Finish the song my way", lambda s: s.finishing.finish(), "Ctrl+G",
        lambda s: s.finishing.can_finish,
    ),
    Command(
        "finish.refresh", "Refresh fills", lambda s: s.finishing.refresh_fills(), "Ctrl+Shift+G",
        lambda s: s.finishing.can_refresh,
    ),
    Command(
        "finish.at-level", "Finish at the level that is set", _flip_level, "Alt+G",
        checked=lambda s: s.drafting.settings.finish_at_level,
    ),
)  # fmt: skip


def _lock(name: str) -> Command:
    return Command(
        f"lock.{name}", f"Lock: {name}", lambda s: toggle_lock(s, name), _LOCK_KEYS[name],
        checked=lambda s: name in s.drafting.settings.locks,
    )  # fmt: skip


def _lock_lane(lane: int) -> Command:
    return Command(
        f"lock.lane-{lane + 1}", f"Lock lane {lane + 1}", lambda s: toggle_lane(s, lane),
        f"Ctrl+Shift+{(lane + 1) % 10}", lambda s: lane < _n_lanes(s),
        checked=lambda s: lane in s.drafting.settings.lanes, scope=Scope.TIMELINE,
    )  # fmt: skip


LOCK = (
    *map(_lock, LOCKS),
    Command(
        "lock.lanes-of-notes", "Lock the lanes of the selected notes", lock_lanes_of_notes,
        "Ctrl+Alt+L", lambda s: bool(s.timeline.chosen_notes()),
    ),
    *map(_lock_lane, range(N_LANE_LOCKS)),
    Command(
        "lock.cut-holds", "Cut holds at the edges of a redraw", _flip_holds, "H",
        checked=lambda s: s.drafting.settings.cut_holds,
    ),
)  # fmt: skip

DENSITY = (
    Command(
        "density.show", "Density lane", _flip_density, "C", has_song,
        checked=lambda s: s.view.density_lane,
    ),
    Command(
        "density.denser", "Paint denser", lambda s: s.timeline.nudge_density(1), "Ctrl+Shift+Up",
        _has_chart, repeats=True,
    ),
    Command(
        "density.sparser", "Paint sparser", lambda s: s.timeline.nudge_density(-1),
        "Ctrl+Shift+Down", _has_chart, repeats=True,
    ),
    Command(
        "density.start", "Paint the density of the ghosts or the chart", start_density, "Shift+C",
        _has_chart,
    ),
    Command(
        "density.song", "Paint the density that the song suggests", density_from_song, "X",
        lambda s: s.song_density.can_start,
    ),
    Command(
        "density.cancel", "Cancel listening for the density", lambda s: s.song_density.cancel(),
        enabled=lambda s: s.song_density.running,
    ),
    Command(
        "density.clear", "Clear the painted density", lambda s: s.timeline.clear_density(),
        "Ctrl+Shift+C", _has_chart,
    ),
)  # fmt: skip

FINISHING: tuple[Command, ...] = (*KEY_BARS, *FINISH, *LOCK, *DENSITY)
