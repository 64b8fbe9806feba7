"""The dialog that measures how late sound is heard and pictures are seen."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSignalBlocker, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDialog,
    QDoubleSpinBox,
    QLabel,
    QLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from chartstudio.gui.calibration import BEAT_S, BEATS_S, Calibration, What
from chartstudio.gui.panels.parts import button, column, heading, label, row
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import tr
from chartstudio.gui.theme import DARK

_PAD_PX = (484, 132)
_LIMIT_MS = 1000.0
_FLASH_S = 0.08
_MARKER_PX = 9

_NO_TAPS = (Qt.Key.Key_Escape, Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
"""Keys that are no taps: they leave."""


class TapPad(QWidget):
    """Takes taps by key or mouse; its light runs to the middle and flashes on each beat.

    The marker moves as a playhead does, so what is measured is what a playhead needs.

    Parameters
    ----------
    calibration : Calibration
    """

    def __init__(self, calibration: Calibration) -> None:
        super().__init__()
        self._calibration = calibration
        self.setFixedSize(*_PAD_PX)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Tap here"))
        calibration.moved.connect(self.update)
        calibration.changed.connect(self.update)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() in _NO_TAPS or self._calibration.running is None:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self._calibration.tap()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._calibration.tap()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._calibration.tap()

    def phase_s(self) -> float:
        """Seconds since the nearest beat, negative before it."""
        into_s = (self._calibration.now_s - BEATS_S[0]) % BEAT_S
        return into_s if into_s < BEAT_S / 2 else into_s - BEAT_S

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        running = self._calibration.running
        painter.setPen(DARK.accent if running else DARK.line)
        painter.setBrush(DARK.background)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)
        if running is What.PICTURE:
            self._draw_light(painter)
        painter.setPen(DARK.text if running else DARK.muted)
        place = self.rect().adjusted(12, 0, -12, -12)
        bottom = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
        where = bottom if running is What.PICTURE else Qt.AlignmentFlag.AlignCenter
        painter.drawText(place, where, self._words(running))

    def _words(self, running: What | None) -> str:
        if running is What.SOUND:
            return tr("Tap any key, or click here, with every click you hear.")
        if running is What.PICTURE:
            return tr("Tap when the marker crosses the line.")
        return tr("Choose what to measure; then tap here.")

    def _draw_light(self, painter: QPainter) -> None:
        phase_s = self.phase_s()
        middle, line_y = self.width() / 2, (self.height() - 24) / 2
        half = self.width() / 2 - 30
        painter.setPen(DARK.line)
        painter.drawLine(round(middle - half), round(line_y), round(middle + half), round(line_y))
        lit = 0 <= phase_s < _FLASH_S and self._calibration.now_s >= BEATS_S[0]
        colour: QColor = DARK.playhead if lit else DARK.accent
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        reach = 34 if lit else 24
        painter.drawRect(QRectF(middle - 1.5, line_y - reach, 3, 2 * reach))
        at = middle + half * phase_s / (BEAT_S / 2)
        painter.drawEllipse(
            QRectF(at - _MARKER_PX, line_y - _MARKER_PX, 2 * _MARKER_PX, 2 * _MARKER_PX)
        )


class CalibrationDialog(QDialog):
    """Shows the two delays, measures them, and lets them be typed.

    Parameters
    ----------
    calibration : Calibration
        Closed with the dialog.
    parent : QWidget, optional
    """

    def __init__(self, calibration: Calibration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._calibration = calibration
        self.setWindowTitle(tr("Calibrate sound and picture"))
        self.pad = TapPad(calibration)
        self.fields: dict[What, QDoubleSpinBox] = {}
        self.starts: dict[What, QPushButton] = {}
        self.said: dict[What, QLabel] = {}
        self._device = label(role="muted", wrap=True)
        self._silence = label(role="bad", wrap=True)
        self._lay_out()
        calibration.changed.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        layout = column(self, margin=18, spacing=8)
        why = tr(
            "So that the playhead stands where you hear the song, and taps land where you meant "
            "them. Use the headphones or speakers that you chart with."
        )
        layout.addWidget(label(why, wrap=True))
        layout.addSpacing(4)
        layout.addWidget(heading(tr("Sound")))
        layout.addWidget(self._device)
        layout.addWidget(self._silence)
        late = tr("Heard later than the device says by")
        self._add_row(layout, What.SOUND, late, tr("Delay of the sound"))
        layout.addSpacing(4)
        layout.addWidget(heading(tr("Picture")))
        late = tr("Seen later than it is drawn by")
        self._add_row(layout, What.PICTURE, late, tr("Delay of the picture"))
        layout.addSpacing(4)
        layout.addWidget(self.pad)
        self.reset = button(tr("Reset"), self._calibration.reset, tip=tr("Set both delays to 0"))
        self.stop = button(tr("Stop measuring"), self._calibration.give_up)
        self.leave = button(tr("Close"), self.accept, "primary")
        for made in (self.reset, self.stop, self.leave):
            made.setAutoDefault(False)
        layout.addSpacing(4)
        layout.addLayout(row(self.reset, None, self.stop, self.leave))
        # Lines come and go: the dialog is always as high as they need.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)

    def _add_row(self, layout: QVBoxLayout, what: What, text: str, name: str) -> None:
        calibration = self._calibration
        field = QDoubleSpinBox()
        field.setRange(-_LIMIT_MS, _LIMIT_MS)
        field.setDecimals(1)
        field.setSuffix(" ms")
        field.setKeyboardTracking(False)
        field.setAccessibleName(name)
        field.valueChanged.connect(lambda ms: calibration.set_delay(what, ms / 1000))
        start = button(
            tr("Measure"), lambda: self._start(what), tip=tr("Measure: {name}", name=name)
        )
        start.setAutoDefault(False)
        self.fields[what], self.starts[what] = field, start
        self.said[what] = label(role="muted", wrap=True)
        layout.addLayout(row(label(text), None, field, start))
        layout.addWidget(self.said[what])

    def _start(self, what: What) -> None:
        self._calibration.start(what)
        self.pad.setFocus()

    def _show(self) -> None:
        calibration = self._calibration
        for shown, text in (
            (self._device, calibration.device),
            (self._silence, calibration.silence),
            *((self.said[what], calibration.said(what)) for what in What),
        ):
            shown.setText(text)
            shown.setVisible(bool(text))
        for what in What:
            with QSignalBlocker(self.fields[what]):
                self.fields[what].setValue(calibration.delay_s(what) * 1000)
            self.starts[what].setEnabled(calibration.can_start(what))
            self.fields[what].setEnabled(calibration.running is None)
        has_sound = not calibration.silence
        self.fields[What.SOUND].setEnabled(has_sound and calibration.running is None)
        self.stop.setVisible(calibration.running is not None)

    def done(self, result: int) -> None:
        """Close, by whichever way, and let the sound device go."""
        self._calibration.close()
        super().done(result)


def open_calibration(studio: Studio) -> CalibrationDialog:
    """Show the dialog over the window; the song is paused and lets the sound device go."""
    studio.playback.let_go()
    calibration = Calibration(
        studio.preferences, studio.jobs, lambda: studio.playback.make_player()
    )
    dialog = CalibrationDialog(calibration, studio.ask.parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setModal(True)
    dialog.show()
    calibration.look()
    return dialog
