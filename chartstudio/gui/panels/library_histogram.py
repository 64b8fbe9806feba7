"""How charts are spread over a figure: bars, those that training leaves out on top in grey."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from chartstudio.gui import text
from chartstudio.gui.text import tr
from chartstudio.gui.theme import DARK, Theme
from chartstudio.library.overview import Histogram

_HEIGHT_PX = 74
_FOOT_PX = 15
_GAP_PX = 1.5
_MAX_BAR_PX = 16.0
_MIN_LABEL_PX = 30


class HistogramView(QWidget):
    """A histogram; a click on a bar asks for what is in it.

    Parameters
    ----------
    name : str
        Accessible name.
    title : callable
        ``first figure of a bin -> what to call it``.
    theme : Theme
    """

    chosen = Signal(int)
    """The first figure of the bin that was clicked."""

    def __init__(self, name: str, title: Callable[[int], str], theme: Theme = DARK) -> None:
        super().__init__()
        self._title = title
        self._theme = theme
        self._shown = Histogram()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_histogram(self, shown: Histogram) -> None:
        """Show these counts."""
        if shown != self._shown:
            self._shown = shown
            n_charts = text.count(shown.n_charts, "{n} chart", "{n} charts")
            self.setAccessibleDescription(n_charts)
            self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(200, _HEIGHT_PX)

    # Geometry ----------------------------------------------------------------------------

    @property
    def _n_bins(self) -> int:
        return len(self._shown.used)

    @property
    def _step_px(self) -> float:
        return min(_MAX_BAR_PX, self.width() / max(1, self._n_bins))

    def _bin_at(self, at: QPoint) -> int | None:
        number = int(at.x() / self._step_px)
        return number if 0 <= number < self._n_bins else None

    # Events ------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        theme, shown = self._theme, self._shown
        floor = self.height() - _FOOT_PX
        painter.setPen(theme.line)
        painter.drawLine(0, floor, self.width(), floor)
        if not self._n_bins:
            painter.setPen(theme.muted)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, tr("no chart"))
            return
        both = list(zip(shown.used, shown.left_out, strict=True))
        scale = (floor - 3) / max(1, max(map(sum, both)))
        step = self._step_px
        for i, (used, left_out) in enumerate(both):
            top = float(floor)
            for n, colour in ((used, theme.accent), (left_out, theme.muted)):
                # One chart among thousands is seen, too.
                height = max(1.0, n * scale) if n else 0.0
                top -= height
                painter.fillRect(QRectF(i * step, top, step - _GAP_PX, height), colour)
        painter.setPen(theme.muted)
        every = max(1, -(-_MIN_LABEL_PX // max(1, int(step))))
        for i in range(0, self._n_bins, every):
            box = QRectF(i * step - 10, floor + 1, step + 20, _FOOT_PX - 1)
            if i == 0:
                box.setLeft(0)
            side = Qt.AlignmentFlag.AlignHCenter if i else Qt.AlignmentFlag.AlignLeft
            painter.drawText(box, side | Qt.AlignmentFlag.AlignTop, str(shown.start + i))

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            number = self._bin_at(event.pos())
            tip = "" if number is None else self._tip(number)
            QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)

    def _tip(self, number: int) -> str:
        used, left_out = self._shown.used[number], self._shown.left_out[number]
        said = text.count(used + left_out, "{n} chart", "{n} charts")
        more = tr(", {n} of them left out", n=left_out) if left_out else ""
        return f"{self._title(self._shown.start + number)}: {said}{more}"

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        number = self._bin_at(event.position().toPoint())
        if number is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(self._shown.start + number)
