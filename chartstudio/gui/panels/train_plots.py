"""The course of a tuning as plots: losses, F1 beside its null, notes per second.

The only file that loads pyqtgraph; it is imported when the first step is to be drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QWidget

from chartstudio.engine.requests import TrainStep
from chartstudio.gui.panels.parts import column, heading, label, row
from chartstudio.gui.text import tr
from chartstudio.gui.theme import DARK, Theme

_HEIGHT_PX = 132
_N_SMOOTHED = 10
"""Steps over which the loss of single steps, which jumps, is averaged."""


@dataclass(frozen=True, slots=True)
class _Curve:
    """What is drawn of steps, and in which colour of the theme."""

    title: str
    colour: str
    value: Callable[[TrainStep], float | None]
    is_sparse: bool = True
    is_null: bool = False


_PLOTS: tuple[tuple[str, tuple[_Curve, ...]], ...] = (
    (
        "Loss",
        (
            _Curve("learned", "accent", lambda s: sum(s.losses.values()) or None, is_sparse=False),
            _Curve("held out", "key_bar", lambda s: s.held_out),
        ),
    ),
    (
        "Note times, F1",
        (
            _Curve("draft", "good", lambda s: s.f1),
            _Curve("metre alone", "muted", lambda s: s.f1_null, is_null=True),
        ),
    ),
    (
        "Notes per second",
        (
            _Curve("draft", "good", lambda s: s.nps),
            _Curve("author", "muted", lambda s: s.nps_author, is_null=True),
        ),
    ),
)


class Plots(QWidget):
    """Plots of steps, below each other; one appears when there is something in it.

    Parameters
    ----------
    theme : Theme
    """

    def __init__(self, theme: Theme = DARK) -> None:
        super().__init__()
        self.setAccessibleName(tr("Course of the tuning"))
        self._theme = theme
        self._shown: tuple[int, int] = (0, 0)
        self.curves: list[tuple[QWidget, list[tuple[_Curve, pg.PlotDataItem]]]] = []
        layout = column(self, margin=0, spacing=4)
        for title, curves in _PLOTS:
            layout.addWidget(self._plot(title, curves))
        layout.addStretch(1)

    def _plot(self, title: str, curves: tuple[_Curve, ...]) -> QWidget:
        frame = QWidget()
        inner = column(frame, margin=0, spacing=2)
        # Beside the title no curve can run through it.
        keys = [self._key(curve) for curve in curves]
        inner.addLayout(row(heading(tr(title)), None, *keys, spacing=10))
        plot = pg.PlotWidget(background=self._theme.background)
        plot.setAccessibleName(tr(title))
        plot.setFixedHeight(_HEIGHT_PX)
        plot.setMenuEnabled(False)
        plot.setMouseEnabled(False, False)
        plot.hideButtons()
        # A picture to look at: no key does anything in it.
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(self._theme.line)
            axis.setTextPen(self._theme.muted)
        made = [(curve, self._curve(plot, curve)) for curve in curves]
        inner.addWidget(plot)
        frame.hide()
        self.curves.append((frame, made))
        return frame

    def _key(self, curve: _Curve) -> QLabel:
        """What the colour of a curve stands for."""
        colour: QColor = getattr(self._theme, curve.colour)
        sign = "┄" if curve.is_null else "●" if curve.is_sparse else "━"
        made = label(
            f'<span style="color:{colour.name()}">{sign}</span> {tr(curve.title)}', "muted"
        )
        made.setTextFormat(Qt.TextFormat.RichText)
        return made

    def _curve(self, plot: pg.PlotWidget, curve: _Curve) -> pg.PlotDataItem:
        colour: QColor = getattr(self._theme, curve.colour)
        style = Qt.PenStyle.DashLine if curve.is_null else Qt.PenStyle.SolidLine
        return plot.plot(
            pen=pg.mkPen(colour, width=1.6, style=style),
            symbol="o" if curve.is_sparse and not curve.is_null else None,
            symbolSize=5,
            symbolBrush=colour,
            symbolPen=None,
            antialias=True,
        )

    def show_steps(self, steps: Sequence[TrainStep]) -> None:
        """Draw the steps of a tuning."""
        state = (len(steps), steps[-1].step if steps else 0)
        if state == self._shown:
            return
        self._shown = state
        for frame, curves in self.curves:
            n_points = 0
            for curve, item in curves:
                points = [(s.step, v) for s in steps if (v := curve.value(s)) is not None]
                x = np.array([p[0] for p in points], float)
                y = np.array([p[1] for p in points], float)
                item.setData(x, y if curve.is_sparse else _smoothed(y))
                n_points += len(points)
            frame.setVisible(n_points > 0)


def _smoothed(values: np.ndarray) -> np.ndarray:
    """Each value averaged with those just before it."""
    if not len(values):
        return values
    sums = np.concatenate(([0.0], np.cumsum(values)))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - _N_SMOOTHED, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)
