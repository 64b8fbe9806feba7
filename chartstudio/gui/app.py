"""The composition root: builds every part of the window once, by hand, and connects them.

Nothing here imports torch; the engine is loaded on its lane, after the first paint.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from chartstudio.core import paths
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.song import Song
from chartstudio.editor import settings
from chartstudio.editor.document import Change, Document
from chartstudio.editor.settings import Settings
from chartstudio.gui import finish_marks, theme, verbs
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.checker import Checker
from chartstudio.gui.dialogs.ask import Ask
from chartstudio.gui.drafting import Drafting
from chartstudio.gui.engine_host import Engine, EngineHost, load_engine
from chartstudio.gui.exporting import Exporter
from chartstudio.gui.files import SongFiles
from chartstudio.gui.finish_commands import DENSITY, FINISH, KEY_BARS, LOCK, go_to_bar
from chartstudio.gui.finishing import Finishing
from chartstudio.gui.follow_commands import GUIDANCE
from chartstudio.gui.installing import Installer
from chartstudio.gui.jobs import Jobs, Lane
from chartstudio.gui.keeper import Keeper
from chartstudio.gui.library import Library
from chartstudio.gui.library_commands import remove_folder
from chartstudio.gui.main_window import MainWindow
from chartstudio.gui.panels.song import Sound
from chartstudio.gui.playback import Playback
from chartstudio.gui.preferences import Preferences
from chartstudio.gui.song_density import SongDensity
from chartstudio.gui.studio import Studio
from chartstudio.gui.tempo import TempoFinder
from chartstudio.gui.text import one_line, tr
from chartstudio.gui.timeline.minimap import Minimap
from chartstudio.gui.timeline.timeline import Timeline
from chartstudio.gui.timeline.view import ViewState
from chartstudio.gui.training import Training
from chartstudio.gui.training_models import Models
from chartstudio.gui.training_sample import Samples
from chartstudio.library.source import Source

_SIZE_PX = (1680, 1020)
_AFTER_PAINT_MS = 200
_WAKE_MS = 250
_INTERRUPTED = 130
_OFFSCREEN_CHATTER = "This plugin does not support"
_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}

_log = logging.getLogger(__name__)


def make_app() -> QApplication:
    """The one `QApplication`, themed; without a display it draws offscreen."""
    running = QApplication.instance()
    if isinstance(running, QApplication):
        return running
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    qInstallMessageHandler(_log_qt)
    app = QApplication([sys.argv[0] if sys.argv else "chartstudio"])
    app.setApplicationName("ChartStudio")
    theme.apply(app)
    return app


def _log_qt(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    """Send what Qt says to the log; that the offscreen platform has no frames is no news."""
    if not message.startswith(_OFFSCREEN_CHATTER):
        _log.log(_QT_LEVELS.get(kind, logging.WARNING), "Qt: %s", message)


def build(
    now: Settings | None = None,
    ask: Ask | None = None,
    engine: Callable[[], Engine] = load_engine,
) -> MainWindow:
    """A window with everything it needs; not shown, and with no song.

    Parameters
    ----------
    now : Settings, optional
        The stored ones by default.
    ask : Ask, optional
        Who answers questions; a person by default.
    engine : callable
        Makes the engine, on its lane, when it is first needed.
    """
    document = Document()
    bridge = Bridge(document)
    preferences = Preferences(settings.load() if now is None else now)
    jobs = Jobs()
    host = EngineHost(engine)
    host.expect(preferences.now.model)
    files = SongFiles(bridge, jobs, preferences)
    drafting = Drafting(bridge, jobs, host, lambda: files.audio)
    playback = Playback(bridge, jobs, files, drafting, preferences)
    view = ViewState()
    view.snap = preferences.now.snap
    timeline = Timeline(document, bridge, view, playback.position)
    minimap = Minimap(document, bridge, view, playback.position)
    exporter = Exporter(bridge, jobs, files, preferences)
    library, models = Library(jobs), Models(jobs, preferences, host)
    studio = Studio(
        document=document,
        bridge=bridge,
        preferences=preferences,
        jobs=jobs,
        engine=host,
        files=files,
        keeper=Keeper(bridge, jobs, files),
        library=library,
        models=models,
        training=Training(jobs, library, models),
        samples=Samples(document, jobs, files, drafting),
        checker=Checker(bridge, jobs, lambda: files.audio_found),
        drafting=drafting,
        finishing=Finishing(bridge, jobs, host, lambda: files.audio, drafting),
        song_density=SongDensity(bridge, jobs, host, drafting),
        tempo=TempoFinder(bridge, jobs, host, lambda: files.audio, view),
        exporter=exporter,
        installer=Installer(bridge, jobs, files, lambda: exporter.sync),
        playback=playback,
        view=view,
        timeline=timeline,
        ask=ask or Ask(),
    )
    window = MainWindow(studio, minimap)
    window.resize(*_SIZE_PX)
    if ask is None:
        studio.ask.parent = window
    _connect_timeline(studio, minimap)
    _connect_panels(studio, window)
    _connect_training(studio, window)
    _connect_messages(studio, window)
    return window


# Connections -----------------------------------------------------------------------------


def _connect_timeline(studio: Studio, minimap: Minimap) -> None:
    timeline, playback = studio.timeline, studio.playback
    timeline.seek_requested.connect(playback.seek)
    minimap.seek_requested.connect(playback.seek)

    def show_ghosts() -> None:
        ghosts, drafting = studio.drafting.ghosts, studio.drafting
        if ghosts is None:
            timeline.clear_ghosts()
            return
        name = tr("candidate {name}", name=chr(ord("A") + drafting.shown))
        what = name if drafting.waiting else tr("drafting")
        if drafting.asked is not None and drafting.asked.purpose.fills:
            what = tr("fill")
        label = tr("{what} (ghosts)", what=what)
        timeline.set_ghosts(ghosts.chart, ghosts.notes, ghosts.spans, label, ghosts.stays)

    def on_change(change: Change) -> None:
        # Undoing a part that was accepted makes it a ghost again.
        if change.new is not change.old:
            show_ghosts()

    def show_sound() -> None:
        sound = studio.files.sound
        duration_s = 0.0 if sound is None else sound.audio.duration_s
        timeline.set_peaks(None if sound is None else sound.peaks, duration_s)
        minimap.set_duration(duration_s)
        studio.checker.recheck()

    def show_issues() -> None:
        timeline.set_issues(studio.checker.issues)
        minimap.set_issues(studio.checker.issues)

    def show_finishing() -> None:
        timeline.set_key_bars(finish_marks.key_bar_marks(studio))
        timeline.set_locks(finish_marks.lock_marks(studio))

    studio.drafting.changed.connect(show_ghosts)
    studio.drafting.changed.connect(show_finishing)
    studio.finishing.changed.connect(show_finishing)
    studio.bridge.changed.connect(on_change)
    studio.files.sound_changed.connect(show_sound)
    studio.checker.changed.connect(show_issues)
    studio.checker.levels_changed.connect(
        lambda: studio.drafting.take_estimates(studio.checker.levels)
    )
    playback.changed.connect(lambda: timeline.set_playing(playback.playing))
    playback.moved.connect(minimap.update)


def _connect_panels(studio: Studio, window: MainWindow) -> None:
    actions = window.actions_
    window.draft.start_asked.connect(actions["draft.start"].trigger)
    window.draft.audition_asked.connect(lambda i: verbs.audition(studio, i))
    window.draft.issues.jump_asked.connect(lambda issue: studio.timeline.go_to(issue.tick))
    window.draft.finish.bar_asked.connect(lambda span: go_to_bar(studio, span))
    window.draft.bind(actions)
    window.timing.find_asked.connect(actions["timing.find"].trigger)
    for name, panel in (("draft.start", window.draft), ("timing.find", window.timing)):
        # By its key too, what is asked for comes into view.
        actions[name].triggered.connect(lambda _, panel=panel: window.show_panel(panel))
    for command in (*KEY_BARS, *FINISH, *LOCK, *DENSITY, *GUIDANCE):
        actions[command.id].triggered.connect(lambda _, c=command: _show_part(window, c.id))
    window.checks.jump_asked.connect(lambda issue: verbs.go_to_issue(studio, issue))
    window.checks.fix_asked.connect(lambda issue: verbs.fix_issue(studio, issue))
    window.checks.fix_all_asked.connect(lambda: verbs.fix_all(studio))
    window.library.bind(actions)
    window.library.filters.remove_asked.connect(lambda folder: remove_folder(studio, folder))
    window.export.start_asked.connect(actions["file.export"].trigger)
    window.export.games.install_asked.connect(lambda game: verbs.install(studio, game))
    window.export.folder_asked.connect(lambda: verbs.choose_export_folder(studio))
    window.dropped.connect(lambda path: verbs.open_path(studio, path))
    window.close_asked.connect(lambda: verbs.guarded(studio, lambda: _close(window)))

    def show_sound() -> None:
        files = studio.files
        duration_s = None if files.audio is None else files.audio.duration_s
        notice = files.sound_error or ("" if files.audio is None else files.audio.notice)
        if not notice and studio.document.song.audio and not files.audio_found:
            notice = tr(
                "{name} is missing. File, Locate audio lets you choose it.",
                name=studio.document.song.audio,
            )
        window.song.show_sound(Sound(duration_s, notice))
        window.draft.refresh()
        window.draft.follow.refresh()

    def begin(source: Source) -> None:
        window.show_library(False)
        studio.view.start_s = 0.0
        studio.timeline.setFocus()
        if source.format_id is None and source.song.timing == Song().timing:
            # A new song has no timing yet, and nothing can be charted before it has one.
            window.show_panel(window.timing)
            studio.tempo.start(use_best=True)

    studio.files.sound_changed.connect(show_sound)
    studio.files.cover_changed.connect(
        lambda picture: window.song.cover.show_picture(picture, studio.document.song.metadata.title)
    )
    studio.files.opened.connect(begin)


def _show_part(window: MainWindow, command_id: str) -> None:
    """Bring the part of the Draft panel into view that a command belongs to."""
    window.show_panel(window.draft)
    # What asks for a draft is followed to where the draft appears.
    drafts = ("keybars.suggest", "finish.start", "finish.refresh")
    window.draft.show_part("draft" if command_id in drafts else command_id.partition(".")[0])


def _connect_training(studio: Studio, window: MainWindow) -> None:
    window.train.bind(window.actions_)
    studio.samples.shown.connect(lambda tick: _show_sample(window, tick))
    studio.models.switched.connect(studio.drafting.on_card)
    studio.models.loaded.connect(lambda problem: _show_engine(window, problem))


def _show_sample(window: MainWindow, tick: int) -> None:
    """Bring what a tuning has drafted into view, and what can be done with it."""
    _show_part(window, "draft.sample")
    window.studio.timeline.go_to(tick)


def _connect_messages(studio: Studio, window: MainWindow) -> None:
    tell = window.status.tell
    for part in (
        studio.files,
        studio.keeper,
        studio.library,
        studio.models,
        studio.training,
        studio.samples,
        studio.drafting,
        studio.finishing,
        studio.song_density,
        studio.exporter,
        studio.installer,
        studio.playback,
        studio.preferences,
    ):
        part.message.connect(tell)
    studio.tempo.found.connect(lambda tempo: tell(tempo.message or tr("Tempo found")))
    studio.timeline.refused.connect(lambda error: window.status.refuse(one_line(error)))
    studio.jobs.failed.connect(lambda error: show_error(window, error))
    window.actions_.failed.connect(lambda error: show_error(window, error))


def show_error(window: MainWindow, error: BaseException) -> None:
    """Say once what went wrong: what the user can mend in a dialog, a defect in the log."""
    if isinstance(error, ChartStudioError | OSError | MemoryError):
        text = one_line(error)
        window.status.tell(text)
        window.studio.ask.tell_error(text)
        return
    _log.error("defect", exc_info=error)
    window.status.tell(
        tr("Something went wrong inside ChartStudio ({what}); the log has it", what=one_line(error))
    )


def _close(window: MainWindow) -> None:
    window.allow_close()
    window.close()


def shut_down(window: MainWindow) -> bool:
    """Let sound and threads go and store the settings; whether every thread has ended."""
    studio = window.studio
    studio.playback.close()
    studio.checker.stop()
    window.export.stop()
    window.library.stop()
    studio.library.stop()
    studio.preferences.flush()
    ended = studio.jobs.close()
    studio.keeper.close()
    return ended


# Running ---------------------------------------------------------------------------------


def main(path: Path | None = None) -> int:
    """Open the window, on a song where a path is given; returns the exit status."""
    app = make_app()
    _keep_log()

    def begin(window: MainWindow) -> None:
        if path is not None:
            verbs.open_path(window.studio, path)

    return _run(app, build(), begin)


def show(source: Source, engine: Engine | None = None) -> int:
    """Open the window on a song that is in memory, such as one just drafted.

    Parameters
    ----------
    source : Source
    engine : Engine, optional
        One that is loaded already.

    Returns
    -------
    int
        The exit status.
    """
    app = make_app()
    _keep_log()
    window = build(engine=lambda: engine) if engine else build()
    return _run(app, window, lambda window: window.studio.files.open_source(lambda: source))


def render_window(
    source: Source | Path,
    out_png: Path,
    engine: Engine | None = None,
    size: tuple[int, int] = _SIZE_PX,
) -> None:
    """Save a picture of the window with a song in it; see `picture.draw`."""
    from chartstudio.gui.picture import draw

    draw(source, out_png, engine, size)


def _run(app: QApplication, window: MainWindow, begin: Callable[[MainWindow], object]) -> int:
    sys.excepthook = _hook_for(window)
    signal.signal(signal.SIGINT, lambda *_: app.exit(_INTERRUPTED))
    # Python sees a signal only when it runs; Qt's loop alone would sleep through it.
    wake = QTimer(app)
    wake.timeout.connect(lambda: None)
    wake.start(_WAKE_MS)
    if app.platformName() == "offscreen":
        print("There is no display: the window is drawn offscreen.", file=sys.stderr)
    else:
        window.resize(window.size().boundedTo(window.screen().availableSize()))
    window.show()
    begin(window)
    later = QTimer(app)
    later.setSingleShot(True)
    later.timeout.connect(lambda: _after_paint(window))
    later.start(_AFTER_PAINT_MS)
    status = app.exec()
    wake.stop()
    later.stop()
    shut_down(window)
    return status


def _after_paint(window: MainWindow) -> None:
    """What can wait until the window is seen: the engine, and a look for lost work."""
    studio = window.studio
    studio.keeper.look()
    window.draft.show_engine(tr("Loading…"))
    studio.jobs.submit(
        Lane.ENGINE, studio.engine.warm_up, on_done=lambda problem: _show_engine(window, problem)
    )


def _show_engine(window: MainWindow, problem: str) -> None:
    """Say that an engine is there, or why there is none."""
    window.draft.show_engine(problem or tr("Loaded and ready."))
    window.studio.drafting.on_card()


def _keep_log() -> None:
    logging.basicConfig(
        filename=paths.state() / "chartstudio.log",
        level=logging.WARNING,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
    )


def _hook_for(
    window: MainWindow,
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        show_error(window, error)

    return hook


def screenshot(window: MainWindow, path: Path) -> None:
    """Save what the window shows as a PNG.

    Raises
    ------
    ChartStudioError
        When it cannot be written.
    """
    if not window.grab().save(str(path), "PNG"):
        raise ChartStudioError(f"{path}: the picture cannot be written; check the folder")
