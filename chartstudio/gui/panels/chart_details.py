"""What the active chart is: name, level, author, and its game's own settings, to edit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from chartstudio.core.mode import Setting
from chartstudio.core.song import Chart
from chartstudio.editor import edits
from chartstudio.editor.document import Change, Edit
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.panels.parts import column, label
from chartstudio.gui.text import tr
from chartstudio.modes import MODES

_FIELDS = (("name", "Difficulty"), ("label", "Its own name"), ("credit", "Charted by"))
"""Text fields of a chart, and their names."""

_LEAST_PX = 72
_NO_LEVEL = -1.0
_MOST = 1e6


class ChartDetails(QWidget):
    """The active chart's fields, unfolded on demand; each edit is one undo step.

    Parameters
    ----------
    bridge : Bridge
    """

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._document = bridge.document
        self._fold = QToolButton()
        self._fold.setProperty("role", "flat")
        self._fold.setCheckable(True)
        self._fold.setText(tr("Chart details"))
        self._fold.setArrowType(Qt.ArrowType.RightArrow)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setAccessibleName(tr("Chart details"))
        self._fold.toggled.connect(self.unfold)
        self._form = QWidget()
        self._lines = QFormLayout(self._form)
        self._lines.setContentsMargins(0, 0, 0, 4)
        self._lines.setSpacing(4)
        self._lines.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._lines.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.fields: dict[str, QLineEdit] = {}
        self.settings: dict[str, QComboBox | QDoubleSpinBox] = {}
        self._mode_id: str | None = None
        self._build_fields()
        self._form.hide()
        layout = column(self, margin=0, spacing=4)
        layout.addWidget(self._fold)
        layout.addWidget(self._form)
        bridge.changed.connect(self._on_change)
        self._show()

    def _build_fields(self) -> None:
        for name, title in _FIELDS:
            field = QLineEdit()
            field.setAccessibleName(tr(title))
            field.editingFinished.connect(partial(self._store_text, name, tr(title)))
            self._add(tr(title), field)
            self.fields[name] = field
        self.level = QDoubleSpinBox()
        self.level.setDecimals(2)
        self.level.setRange(_NO_LEVEL, 999)
        self.level.setSpecialValueText("–")
        self.level.setKeyboardTracking(False)
        self.level.setAccessibleName(tr("Level of the chart"))
        self.level.valueChanged.connect(self._store_level)
        self._add(tr("Level"), self.level)

    def _add(self, title: str, field: QWidget) -> None:
        # As wide as the panel is, not as wide as what a field could hold.
        field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        field.setMinimumWidth(_LEAST_PX)
        self._lines.addRow(label(title, "muted"), field)

    def unfold(self, on: bool) -> None:
        """Show the fields, or hide them."""
        self._fold.setChecked(on)
        self._fold.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._form.setVisible(on)

    # Settings of the mode ----------------------------------------------------------------

    def _build_settings(self, mode_id: str) -> None:
        """One field per setting of a mode, in place of another mode's."""
        for old in self.settings.values():
            self._lines.removeRow(old)
        self.settings = {}
        mode = MODES.get(mode_id)
        for setting in mode.settings if mode is not None else ():
            made = self._choice(setting) if setting.choices else self._figure(setting)
            made.setAccessibleName(tr(setting.title))
            made.setToolTip(tr("Usually {value}", value=setting.default))
            self._add(tr(setting.title), made)
            self.settings[setting.name] = made

    def _choice(self, setting: Setting) -> QComboBox:
        made = QComboBox()
        made.addItems(list(setting.choices))
        made.textActivated.connect(lambda text: self._store_setting(setting, text))
        return made

    def _figure(self, setting: Setting) -> QDoubleSpinBox:
        made = QDoubleSpinBox()
        made.setDecimals(2)
        made.setKeyboardTracking(False)
        made.valueChanged.connect(lambda value: self._store_setting(setting, round(value, 2)))
        return made

    # Storing -----------------------------------------------------------------------------

    def _store_text(self, name: str, title: str) -> None:
        chart, value = self._document.active_chart, self.fields[name].text()
        if chart is not None and value != getattr(chart, name):
            self._apply(
                tr("Edit {field}", field=title.lower()), lambda index: _with(index, **{name: value})
            )

    def _store_level(self, value: float) -> None:
        level = None if value == _NO_LEVEL else round(value, 2)
        self._apply(tr("Set level"), partial(_with, level=level))

    def _store_setting(self, setting: Setting, value: float | str) -> None:
        label_text = tr("Edit {field}", field=tr(setting.title))
        self._apply(label_text, lambda index: edits.set_setting(index, setting.name, value))

    def _apply(self, label_text: str, change: Callable[[int], Edit]) -> None:
        if self._document.active_chart is not None:
            self._document.apply(label_text, change(self._document.selection.chart))

    # Showing -----------------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        self._show()

    def _show(self) -> None:
        chart = self._document.active_chart
        self.setVisible(chart is not None)
        if chart is None:
            return
        if chart.mode != self._mode_id:
            self._mode_id = chart.mode
            self._build_settings(chart.mode)
        for name, field in self.fields.items():
            value = getattr(chart, name)
            if field.text() != value and not field.hasFocus():
                field.setText(value)
        blocked = QSignalBlocker(self.level)
        self.level.setValue(_NO_LEVEL if chart.level is None else chart.level)
        del blocked
        mode = MODES.get(chart.mode)
        for setting in mode.settings if mode is not None else ():
            _show_setting(self.settings[setting.name], setting, chart)


def _with(index: int, **values: Any) -> Edit:
    return edits.set_chart(index, **values)


def _show_setting(field: QComboBox | QDoubleSpinBox, setting: Setting, chart: Chart) -> None:
    """Show a chart's value; one that a file has beyond the usual ones is kept."""
    value = setting.of(chart)
    blocked = QSignalBlocker(field)
    if isinstance(field, QComboBox):
        if field.findText(str(value)) < 0:
            field.addItem(str(value))
        field.setCurrentText(str(value))
    else:
        figure = min(max(float(value), -_MOST), _MOST)
        field.setRange(min(setting.low, figure), max(setting.high, figure))
        field.setValue(figure)
    del blocked
