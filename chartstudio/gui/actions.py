"""The one table of commands: id, name, key, when it can run, what it does.

Menus, toolbar, command palette and key bindings are all made from it. A command that is
not here cannot be reached by key, and one that is here can always be found by name.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.note import slice_notes
from chartstudio.core.ticks import SNAPS
from chartstudio.gui import verbs
from chartstudio.gui.command import Command, Scope, has_song
from chartstudio.gui.dialogs.calibration import open_calibration
from chartstudio.gui.finish_commands import FINISHING
from chartstudio.gui.follow_commands import GUIDANCE
from chartstudio.gui.library_commands import LIBRARY
from chartstudio.gui.playback import RATE_STEP, RATES
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import tr
from chartstudio.gui.timing_commands import TIMING
from chartstudio.gui.training_commands import TRAINING
from chartstudio.library.demo import has_demo
from chartstudio.modes import MODES


def _has_chart(studio: Studio) -> bool:
    return studio.document.active_chart is not None


def _can_edit(studio: Studio) -> bool:
    chart = studio.document.active_chart
    return chart is not None and chart.mode in MODES


def _kinds(studio: Studio) -> tuple[str, ...]:
    chart = studio.document.active_chart
    return MODES[chart.mode].kinds if chart is not None and chart.mode in MODES else ()


def _has_notes(studio: Studio) -> bool:
    chart = studio.document.active_chart
    return _can_edit(studio) and chart is not None and bool(chart.notes)


def _has_chosen(studio: Studio) -> bool:
    selection, chart = studio.document.selection, studio.document.active_chart
    if selection.notes or selection.range is None or chart is None:
        return _can_edit(studio) and bool(selection.notes)
    return _can_edit(studio) and bool(slice_notes(chart.notes, *selection.range))


def _has_candidates(studio: Studio) -> bool:
    return studio.drafting.waiting


def _undo_title(studio: Studio) -> str:
    return f"{tr('Undo')} {studio.document.undo_label}".strip()


def _redo_title(studio: Studio) -> str:
    return f"{tr('Redo')} {studio.document.redo_label}".strip()


_T = Scope.TIMELINE

_FILE = (
    Command("file.new", "New song from audio…", verbs.new_from_audio, "Ctrl+N"),
    Command("file.open", "Open…", verbs.ask_and_open, "Ctrl+O"),
    Command("file.open-folder", "Open folder…", verbs.ask_and_open_folder, "Ctrl+Shift+O"),
    Command(
        "file.demo", "Open the demo song", verbs.open_demo,
        enabled=lambda s: has_demo(),
    ),
    Command(
        "file.recover", "Recover unsaved work…", verbs.recover,
        enabled=lambda s: bool(s.keeper.lost),
    ),
    Command("file.save", "Save", verbs.save, "Ctrl+S", has_song),
    Command("file.save-as", "Save as project…", verbs.save_as, "Ctrl+Shift+S", has_song),
    Command("file.locate-audio", "Locate audio…", verbs.locate_audio, enabled=has_song),
    Command(
        "file.export", "Export", verbs.export, "Ctrl+Shift+E",
        lambda s: s.exporter.can_start,
    ),
    Command(
        "file.cancel", "Cancel reading", lambda s: s.files.cancel(),
        enabled=lambda s: s.files.busy is not None,
    ),
)  # fmt: skip

_EDIT = (
    Command(
        "edit.undo", "Undo", lambda s: s.document.undo(), "Ctrl+Z",
        lambda s: s.document.can_undo, title=_undo_title, repeats=True,
    ),
    Command(
        "edit.redo", "Redo", lambda s: s.document.redo(), "Ctrl+Shift+Z; Ctrl+Y",
        lambda s: s.document.can_redo, title=_redo_title, repeats=True,
    ),
    Command("edit.cut", "Cut", lambda s: s.timeline.cut(), "Ctrl+X", _has_chosen, scope=_T),
    Command("edit.copy", "Copy", lambda s: s.timeline.copy(), "Ctrl+C", _has_chosen, scope=_T),
    Command("edit.paste", "Paste", lambda s: s.timeline.paste(), "Ctrl+V", _can_edit, scope=_T),
    Command(
        "edit.delete", "Delete", lambda s: s.timeline.delete_selection(), "Delete; Backspace",
        _has_chosen, scope=_T,
    ),
    Command(
        "edit.mirror", "Mirror left and right", lambda s: s.timeline.mirror("horizontal"),
        "Ctrl+M", _has_chosen,
    ),
    Command(
        "edit.flip", "Mirror up and down", lambda s: s.timeline.mirror("vertical"),
        "Ctrl+Shift+M", _has_chosen,
    ),
    Command(
        "edit.turn", "Mirror both ways", lambda s: s.timeline.mirror("both"),
        enabled=_has_chosen,
    ),
    Command(
        "edit.quantise", "Quantise to the snap", lambda s: s.timeline.quantise(), "Ctrl+Q",
        _has_chosen,
    ),
    Command(
        "edit.longer", "Lengthen by a snap", lambda s: s.timeline.lengthen(1), "Ctrl+]",
        _has_chosen, repeats=True,
    ),
    Command(
        "edit.shorter", "Shorten by a snap", lambda s: s.timeline.lengthen(-1), "Ctrl+[",
        _has_chosen, repeats=True,
    ),
    Command(
        "edit.nudge-later", "Move later by a snap", lambda s: s.timeline.nudge_snap(1),
        "Ctrl+Right", _has_chosen, scope=_T, repeats=True,
    ),
    Command(
        "edit.nudge-earlier", "Move earlier by a snap", lambda s: s.timeline.nudge_snap(-1),
        "Ctrl+Left", _has_chosen, scope=_T, repeats=True,
    ),
    Command(
        "edit.nudge-up", "Move up a lane", lambda s: s.timeline.nudge(0, -1), "Ctrl+Up",
        _has_chosen, scope=_T, repeats=True,
    ),
    Command(
        "edit.nudge-down", "Move down a lane", lambda s: s.timeline.nudge(0, 1), "Ctrl+Down",
        _has_chosen, scope=_T, repeats=True,
    ),
)  # fmt: skip

_SELECT = (
    Command(
        "select.all", "Select all notes", lambda s: s.timeline.select_all(), "Ctrl+A",
        _has_notes, scope=_T,
    ),
    Command("select.none", "Select nothing", lambda s: s.timeline.select_none(), "Ctrl+Shift+A"),
    Command(
        "select.bars", "Select the bar", lambda s: s.timeline.select_measures(), "B", has_song
    ),
    Command(
        "select.more-bars", "Select one bar more", lambda s: s.timeline.select_measures(1),
        "Shift+B; Shift+Right", has_song, scope=_T, repeats=True,
    ),
    Command(
        "select.fewer-bars", "Select one bar less", lambda s: s.timeline.select_measures(-1),
        "Shift+Left", has_song, scope=_T, repeats=True,
    ),
    Command(
        "select.start", "Range starts here", lambda s: s.timeline.start_range(), "I", has_song
    ),
    Command("select.end", "Range ends here", lambda s: s.timeline.end_range(), "O", has_song),
    Command(
        "select.in-range", "Select the notes in the range",
        lambda s: s.timeline.select_in_range(), "Ctrl+R", _has_notes,
    ),
)  # fmt: skip

_CHART = (
    Command("chart.new", "New chart…", verbs.add_chart, "Ctrl+Shift+N", has_song),
    Command("chart.duplicate", "Duplicate chart", verbs.duplicate_chart, "Ctrl+D", _has_chart),
    Command("chart.rename", "Rename chart…", verbs.rename_chart, "F2", _has_chart),
    Command("chart.level", "Level of the chart…", verbs.set_level, enabled=_has_chart),
    Command("chart.mode", "Mode of the chart…", verbs.set_mode, enabled=_has_chart),
    Command("chart.remove", "Remove chart", verbs.remove_chart, enabled=_has_chart),
    Command(
        "chart.next", "Next chart", lambda s: verbs.step_chart(s, 1), "Ctrl+PgDown", _has_chart
    ),
    Command(
        "chart.previous", "Previous chart", lambda s: verbs.step_chart(s, -1), "Ctrl+PgUp",
        _has_chart,
    ),
)  # fmt: skip

_KIND_KEYS = {
    **{"tap": "Alt+T", "hold": "Alt+H", "roll": "Alt+R", "mine": "Alt+M"},
    **{"lift": "Alt+L", "fake": "Alt+F"},
    **{"don": "Alt+D", "kat": "Alt+K", "big-don": "Alt+Shift+D", "big-kat": "Alt+Shift+K"},
    **{"drumroll": "Alt+Shift+R", "denden": "Alt+Shift+N"},
    **{"circle": "Alt+C", "slider": "Alt+S", "spinner": "Alt+P"},
    **{"red": "Alt+E", "blue": "Alt+B", "bomb": "Alt+Shift+B"},
    **{"wall": "Alt+W", "arc": "Alt+A", "chain": "Alt+I"},
}
"""Keys by kind of note; kinds without one are found by name."""

_NOTES = (
    *(
        Command(
            f"note.lane-{lane + 1}",
            f"Note on lane {lane + 1}",
            lambda s, lane=lane: s.timeline.place_at_cursor(lane),
            str((lane + 1) % 10),
            _can_edit,
            scope=_T,
        )
        for lane in range(10)
    ),
    *(
        Command(
            f"note.kind-{kind}",
            f"Note kind: {kind}",
            lambda s, kind=kind: verbs.set_kind(s, kind),
            _KIND_KEYS.get(kind, ""),
            lambda s, kind=kind: kind in _kinds(s),
            checked=lambda s, kind=kind: verbs.tool_kind(s) == kind,
        )
        for kind in dict.fromkeys(kind for mode in MODES.values() for kind in mode.kinds)
    ),
)

_PLAY = (
    Command(
        "play.toggle", "Play", lambda s: s.playback.toggle(), "Space",
        lambda s: s.playback.ready,
        title=lambda s: tr("Pause") if s.playback.playing else tr("Play"),
    ),
    Command(
        "play.loop", "Repeat the selection", lambda s: s.playback.toggle_loop(), "L", has_song,
        checked=lambda s: s.playback.looping,
    ),
    Command(
        "play.metronome", "Metronome", lambda s: verbs.toggle_gain(s, "metronome", 0.6), "M",
        checked=lambda s: s.preferences.now.metronome > 0,
    ),
    Command(
        "play.ticks", "Note ticks", lambda s: verbs.toggle_gain(s, "note_ticks", 0.6), "T",
        checked=lambda s: s.preferences.now.note_ticks > 0,
    ),
    Command(
        "play.slower", "Slower", lambda s: s.playback.set_rate(s.playback.rate - RATE_STEP), "-",
        repeats=True,
    ),
    Command(
        "play.faster", "Faster", lambda s: s.playback.set_rate(s.playback.rate + RATE_STEP), "=",
        repeats=True,
    ),
    Command("play.louder", "Louder", lambda s: verbs.step_volume(s, 0.1), repeats=True),
    Command("play.quieter", "Quieter", lambda s: verbs.step_volume(s, -0.1), repeats=True),
    Command("play.calibrate", "Calibrate sound and picture…", open_calibration),
    *(
        Command(
            f"play.rate-{rate * 100:.0f}", f"Play at {rate * 100:.0f} %",
            lambda s, rate=rate: s.playback.set_rate(rate),
            checked=lambda s, rate=rate: s.playback.rate == rate,
        )
        for rate in RATES
    ),
    Command(
        "go.later", "Next grid line", lambda s: s.timeline.move_cursor(1), "Right", has_song,
        scope=_T, repeats=True,
    ),
    Command(
        "go.earlier", "Previous grid line", lambda s: s.timeline.move_cursor(-1), "Left",
        has_song, scope=_T, repeats=True,
    ),
    Command(
        "go.next-bar", "Next bar", lambda s: s.timeline.move_cursor_measures(1), "PgDown",
        has_song, scope=_T, repeats=True,
    ),
    Command(
        "go.previous-bar", "Previous bar", lambda s: s.timeline.move_cursor_measures(-1), "PgUp",
        has_song, scope=_T, repeats=True,
    ),
    Command(
        "go.next-note", "Next note", lambda s: s.timeline.move_cursor_to_note(1), "Down",
        _has_notes, scope=_T, repeats=True,
    ),
    Command(
        "go.previous-note", "Previous note", lambda s: s.timeline.move_cursor_to_note(-1), "Up",
        _has_notes, scope=_T, repeats=True,
    ),
    Command(
        "go.start", "To the start", lambda s: s.timeline.cursor_to_start(), "Home", has_song,
        scope=_T,
    ),
    Command(
        "go.end", "To the last note", lambda s: s.timeline.cursor_to_end(), "End", _has_notes,
        scope=_T,
    ),
)  # fmt: skip

_SNAP = (
    Command("snap.finer", "Finer snap", lambda s: verbs.step_snap(s, 1), "]", repeats=True),
    Command("snap.coarser", "Coarser snap", lambda s: verbs.step_snap(s, -1), "[", repeats=True),
    *(
        Command(
            f"snap.{snap}",
            f"Snap 1/{snap}",
            lambda s, snap=snap: verbs.set_snap(s, snap),
            checked=lambda s, snap=snap: s.view.snap == snap,
        )
        for snap in SNAPS
    ),
)

_DRAFT = (
    Command(
        "draft.start", "Draft or redraw", lambda s: s.drafting.start(), "G",
        lambda s: s.drafting.can_start,
    ),
    Command("draft.seed", "New seed", lambda s: s.drafting.new_seed(), "Shift+G"),
    Command(
        "draft.next", "Next candidate", lambda s: verbs.step_candidate(s, 1), "Tab",
        _has_candidates,
    ),
    Command(
        "draft.previous", "Previous candidate", lambda s: verbs.step_candidate(s, -1),
        "Shift+Tab", _has_candidates,
    ),
    Command(
        "draft.next-issue", "Next issue of the candidate",
        lambda s: verbs.step_candidate_issue(s, 1), "Alt+F8", verbs.has_candidate_issues,
        repeats=True,
    ),
    Command(
        "draft.previous-issue", "Previous issue of the candidate",
        lambda s: verbs.step_candidate_issue(s, -1), "Alt+Shift+F8", verbs.has_candidate_issues,
        repeats=True,
    ),
    Command(
        "draft.accept", "Accept the candidate", lambda s: s.drafting.accept(), "Return; Enter",
        _has_candidates,
    ),
    Command(
        "draft.accept-selected", "Accept inside the selection",
        lambda s: s.drafting.accept_selected(), "Shift+Return; Shift+Enter", _has_candidates,
    ),
    Command("draft.discard", "Discard ghosts or selection", verbs.escape, "Escape", has_song),
    Command(
        "draft.cancel", "Cancel drafting", lambda s: s.drafting.cancel(),
        enabled=lambda s: s.drafting.running,
    ),
)  # fmt: skip


def _switch_beats(studio: Studio) -> None:
    studio.view.beat_view = not studio.view.beat_view


def _switch_follow(studio: Studio) -> None:
    studio.view.follow_playhead = not studio.view.follow_playhead


def _switch_lane_colours(studio: Studio) -> None:
    studio.view.lane_colours = not studio.view.lane_colours


def _zoom(factor: float) -> Callable[[Studio], None]:
    def run(studio: Studio) -> None:
        studio.view.zoom(factor, studio.view.width_px / 2)

    return run


_VIEW = (
    Command("view.zoom-in", "Zoom in", _zoom(1.3), "Ctrl+=; Ctrl++", repeats=True),
    Command("view.zoom-out", "Zoom out", _zoom(1 / 1.3), "Ctrl+-", repeats=True),
    Command("view.all", "Show the whole song", lambda s: s.view.show_all(), "Ctrl+0"),
    Command("view.range", "Zoom to the selection", verbs.zoom_to_range, "Z"),
    Command(
        "view.beats", "Equal beats", _switch_beats, "Ctrl+B", checked=lambda s: s.view.beat_view
    ),
    Command(
        "view.follow", "Follow the playhead", _switch_follow, "F",
        checked=lambda s: s.view.follow_playhead,
    ),
    Command(
        "view.second-chart", "Second chart below", verbs.step_second_chart, "S",
        lambda s: len(s.document.song.charts) > 1,
    ),
    Command(
        "view.lane-colours", "Colour notes by lane", _switch_lane_colours,
        checked=lambda s: s.view.lane_colours,
    ),
)  # fmt: skip

COMMANDS: tuple[Command, ...] = (
    *_FILE, *_EDIT, *_SELECT, *_CHART, *_NOTES, *_PLAY, *_SNAP, *_DRAFT, *FINISHING, *GUIDANCE,
    *TIMING, *_VIEW,
    *LIBRARY, *TRAINING,
)  # fmt: skip
"""Every command that works on the studio alone; the window adds those of its own panels."""


class Actions(QObject):
    """The commands as Qt actions, kept enabled and named as the state says.

    Parameters
    ----------
    studio : Studio
    commands : tuple of Command
    window : QWidget
        Whose shortcuts they are.
    """

    failed = Signal(object)
    """A command raised this `ChartStudioError`."""

    def __init__(self, studio: Studio, commands: tuple[Command, ...], window: QWidget) -> None:
        super().__init__(window)
        self._studio = studio
        self._commands = commands
        self._actions: dict[str, QAction] = {}
        keys = dict(studio.preferences.now.keys)
        for command in commands:
            action = QAction(tr(command.text), window)
            action.setObjectName(command.id)
            action.setShortcuts(sequences(keys.get(command.id, command.keys)))
            action.setAutoRepeat(command.repeats)
            action.setCheckable(command.checked is not None)
            action.triggered.connect(lambda _=False, c=command: self.run(c))
            in_timeline = command.scope is Scope.TIMELINE
            if in_timeline:
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            (studio.timeline if in_timeline else window).addAction(action)
            self._actions[command.id] = action
        # Many signals of one event ask for one refresh.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.refresh)
        for signal in (
            studio.bridge.changed,
            studio.preferences.changed,
            studio.files.changed,
            studio.files.sound_changed,
            studio.keeper.changed,
            studio.library.changed,
            studio.models.changed,
            studio.training.changed,
            studio.drafting.changed,
            studio.finishing.changed,
            studio.song_density.changed,
            studio.tempo.changed,
            studio.exporter.changed,
            studio.playback.changed,
        ):
            signal.connect(self._ask_refresh)
        self._switches: object = None
        studio.view.changed.connect(self._on_view)
        self.refresh()

    def __getitem__(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def all(self) -> tuple[QAction, ...]:
        """Every action, in the order of the table."""
        return tuple(self._actions.values())

    def run(self, command: Command) -> None:
        """Do it; an error that is meant for the user is passed on, not raised."""
        try:
            if command.enabled(self._studio):
                command.run(self._studio)
        except ChartStudioError as error:
            self.failed.emit(error)
        self._ask_refresh()

    def _on_view(self) -> None:
        """Refresh for the view's switches; its scrolling changes no command."""
        view = self._studio.view
        now = (
            *(view.snap, view.tool_kind, view.beat_view, view.follow_playhead, view.lane_colours),
            *(view.drags_beats, view.magnetic, view.notes_keep, view.later_beats),
            view.density_lane,
        )
        if now != self._switches:
            self._switches = now
            self._ask_refresh()

    def _ask_refresh(self) -> None:
        if not self._later.isActive():
            self._later.start(0)

    def refresh(self) -> None:
        """Enable, check and name the actions by the present state."""
        studio = self._studio
        for command in self._commands:
            action = self._actions[command.id]
            action.setEnabled(command.enabled(studio))
            if command.checked is not None:
                action.setChecked(command.checked(studio))
            if command.title is not None:
                action.setText(command.title(studio))


def sequences(keys: str) -> list[QKeySequence]:
    """Shortcuts from a table entry such as ``Ctrl+Y; Ctrl+Shift+Z``."""
    return [QKeySequence(key.strip()) for key in keys.split("; ") if key.strip()]
