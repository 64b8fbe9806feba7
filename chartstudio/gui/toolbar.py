"""The toolbar: undo, transport, rate, sounds, snap, zoom, and the clock."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from chartstudio.core.ticks import SNAPS, TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.gui import text, theme
from chartstudio.gui.actions import Actions
from chartstudio.gui.panels.parts import Segments, label
from chartstudio.gui.playback import RATES
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import tr

_SNAPS_SHOWN = SNAPS[:6]
_CLOCK_PT = 13.0
_WIDEST_TICK = 888 * 4 * TICKS_PER_BEAT


class TransportBar(QToolBar):
    """The window's one toolbar.

    Parameters
    ----------
    studio : Studio
    actions : Actions
    """

    def __init__(self, studio: Studio, actions: Actions) -> None:
        super().__init__(tr("Transport"))
        self.setObjectName("transport")
        self.setMovable(False)
        self._studio = studio
        self._actions = actions
        self._button("edit.undo", "↶")
        self._button("edit.redo", "↷")
        self.addSeparator()
        self._play = self._button("play.toggle", tr("▶ Play"), "primary")
        self._play.setMinimumWidth(70)
        self._button("play.loop", "A–B")
        self._rates = Segments(
            tr("Playback rate"), tuple((rate, f"{rate * 100:.0f}") for rate in RATES)
        )
        self._rates.chosen.connect(studio.playback.set_rate)
        self.addWidget(self._rates)
        self._rate = label(role="muted")
        self._rate.setAccessibleName(tr("Playback rate"))
        self._other_rate = self.addWidget(self._rate)
        self._button("play.metronome", tr("♩ Metronome"))
        self._button("play.ticks", tr("Note ticks"))
        self.addSeparator()
        self.addWidget(label(tr("Snap"), "muted"))
        self._snaps = Segments(tr("Snap"), tuple((snap, f"1/{snap}") for snap in _SNAPS_SHOWN))
        self._snaps.chosen.connect(lambda snap: actions[f"snap.{snap}"].trigger())
        self.addWidget(self._snaps)
        self._more = self._more_snaps()
        self.addSeparator()
        self._button("view.zoom-out", "−")
        self._button("view.zoom-in", "+")
        self._button("view.all", tr("All"))
        self._button("view.beats", tr("Beats"))
        self._add_clock()
        studio.playback.changed.connect(self._show_playback)
        studio.playback.moved.connect(self._show_clock)
        studio.bridge.changed.connect(self._show_clock)
        studio.view.changed.connect(self._show_snap)
        self._show_playback()
        self._show_clock()
        self._show_snap()

    def _button(self, command_id: str, face: str, role: str = "") -> QToolButton:
        """A button of a command, with a short face and its full name for everybody else."""
        action: QAction = self._actions[command_id]
        made = QToolButton()
        made.setDefaultAction(action)
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if role:
            made.setProperty("role", role)

        def show() -> None:
            # A default action writes its own text on the button with every change.
            made.setText(self._face(command_id, face))
            made.setAccessibleName(action.text())
            keys = action.shortcut().toString()
            made.setToolTip(f"{action.text()} ({keys})" if keys else action.text())

        action.changed.connect(show)
        show()
        self.addWidget(made)
        return made

    def _face(self, command_id: str, face: str) -> str:
        if command_id == "play.toggle" and self._studio.playback.playing:
            return tr("❚❚ Pause")
        return face

    def _more_snaps(self) -> QToolButton:
        made = QToolButton()
        made.setText(tr("More"))
        made.setAccessibleName(tr("Finer snaps"))
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(made)
        for snap in SNAPS[len(_SNAPS_SHOWN) :]:
            menu.addAction(self._actions[f"snap.{snap}"])
        made.setMenu(menu)
        self.addWidget(made)
        return made

    def _add_clock(self) -> None:
        self._clock = label(role="clock")
        self._clock.setFont(theme.mono_font(_CLOCK_PT))
        self._clock.setAccessibleName(tr("Position"))
        self._bar = label(role="muted")
        self._bar.setAccessibleName(tr("Bar and beat"))
        # Wide enough for any song, so that the line does not dance while it plays.
        widest = text.bar_and_beat(TimingMap.constant(120.0), _WIDEST_TICK)
        self._bar.setMinimumWidth(self._bar.fontMetrics().horizontalAdvance(widest) + 4)
        self._clock.setMinimumWidth(self._clock.fontMetrics().horizontalAdvance("00:00.000") + 12)
        gap = QWidget()
        gap.setFixedWidth(6)
        for widget in (gap, self._clock, self._bar):
            self.addWidget(widget)
        stretch = QWidget()
        stretch.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(stretch)
        self._button("window.export", tr("Export…"))

    def _show_playback(self) -> None:
        playback = self._studio.playback
        self._rates.show_value(playback.rate)
        listed = playback.rate in RATES
        self._rate.setText(f"{playback.rate * 100:.0f} %")
        self._other_rate.setVisible(not listed)
        self._play.setText(self._face("play.toggle", tr("▶ Play")))

    def _show_clock(self) -> None:
        studio, now_s = self._studio, self._studio.playback.position()
        timing = studio.timeline.timing
        self._clock.setText(text.clock(now_s))
        self._bar.setText(text.bar_and_beat(timing, timing.tick_at(now_s)))

    def _show_snap(self) -> None:
        snap = self._studio.view.snap
        self._snaps.show_value(snap)
        self._more.setText(tr("More") if snap in _SNAPS_SHOWN else f"1/{snap}")
