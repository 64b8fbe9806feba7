"""Habits that drafts are asked to have, with a slider for each: a part of the Draft panel."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QSlider, QWidget

from chartstudio.core.song import Song
from chartstudio.editor import style
from chartstudio.gui.habits import Knob, knobs, ways
from chartstudio.gui.panels.command_button import CommandButton
from chartstudio.gui.panels.fields import combo, fill
from chartstudio.gui.panels.parts import button, column, heading, label, restyle, row
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import count, tr
from chartstudio.modes import MODES

_STEPS = 100
_PLACES = 3
"""Decimals of a value that is kept."""

_USUAL, _OWN = "\0usual", "\0own"
"""What is chosen that has no name of its own."""

_SMALL_PX = 26
_FIGURE_PX = 44


class HabitSlider(QSlider):
    """A slider that rests in the middle, faint, until it is moved.

    Parameters
    ----------
    knob : Knob
    """

    def __init__(self, knob: Knob) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.knob = knob
        self.setRange(0, _STEPS)
        self.setPageStep(_STEPS // 10)
        # A drag is one undo step: the value counts when the mouse lets go.
        self.setTracking(False)
        self.setAccessibleName(tr(knob.words.title))

    def show_value(self, value: float | None) -> None:
        """Stand where a value lies, or unsaid in the middle."""
        low, high = self.knob.low, self.knob.high
        share = 0.5 if value is None else (value - low) / ((high - low) or 1.0)
        with QSignalBlocker(self):
            self.setValue(round(min(max(share, 0.0), 1.0) * _STEPS))
        self.setAccessibleDescription(self.said(value))
        if self.property("unsaid") != (value is None):
            self.setProperty("unsaid", value is None)
            restyle(self)

    def value_at(self, step: int) -> float:
        """The value that a place of the slider stands for."""
        low, high = self.knob.low, self.knob.high
        return round(low + (high - low) * step / _STEPS, _PLACES)

    @staticmethod
    def said(value: float | None) -> str:
        """What the slider asks for, in words."""
        return tr("as the song suggests") if value is None else tr("asked for")

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the panel, which scrolls."""
        event.ignore()


class HabitRow:
    """One habit: its name, its slider, its figure, and a button to leave it to the song.

    Parameters
    ----------
    knob : Knob
    change : callable
        ``(name, value or None)``: what the author asks for now.
    """

    def __init__(self, knob: Knob, change: Callable[[str, float | None], None]) -> None:
        self.knob = knob
        tip = tr("{what}; unsaid, it is as the song suggests", what=tr(knob.words.tip))
        self.title: QLabel = label(tr(knob.words.title))
        self.slider = HabitSlider(knob)
        self.figure: QLabel = label(role="muted")
        self.figure.setFixedWidth(_FIGURE_PX)
        name = tr(knob.words.title)
        self.reset: QPushButton = button(
            "×",
            lambda: change(knob.name, None),
            "flat",
            tr("Leave {name} to the song", name=name.lower()),
        )
        self.reset.setFixedWidth(_SMALL_PX)
        for part in (self.title, self.slider):
            part.setToolTip(tip)
        self._change = change
        self.slider.valueChanged.connect(self._on_step)
        self.slider.sliderReleased.connect(self._on_released)
        self.slider.sliderMoved.connect(lambda step: self._show_figure(step))

    def _on_step(self, step: int) -> None:
        self._change(self.knob.name, self.slider.value_at(step))

    def _on_released(self) -> None:
        """Let go where it rested unsaid: that place is meant now, and no step tells so."""
        if self.slider.property("unsaid") and self.slider.sliderPosition() == self.slider.value():
            self._on_step(self.slider.value())

    def show_value(self, value: float | None, is_tuned: bool = False) -> None:
        """Show what is asked for; None leaves it to the song, or to what was tuned."""
        self.slider.show_value(value)
        self.reset.setEnabled(value is not None)
        self.reset.setText("" if value is None else "×")
        if value is None:
            self.figure.setText(tr("tuned") if is_tuned else tr("song"))
        else:
            self._show_figure(self.slider.value())

    def _show_figure(self, step: int) -> None:
        self.figure.setText(f"{step * 100 // _STEPS} %")

    def put(self, grid: QGridLayout, line: int) -> None:
        """Take a line of a grid."""
        for at, part in enumerate((self.title, self.slider, self.figure, self.reset)):
            grid.addWidget(part, line, at)


class StyleSection(QWidget):
    """The habits that the model knows of the active chart's mode.

    Parameters
    ----------
    studio : Studio
    """

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.rows: tuple[HabitRow, ...] = ()
        self._made_of: tuple[Knob, ...] = ()
        self._ways: dict[str, tuple[style.Habit, ...]] = {}
        layout = column(self, margin=0, spacing=6)
        layout.addWidget(heading(tr("Style")))
        self.show_sliders = CommandButton(
            "style.show", tr("Sliders"), tr("Show a slider for each habit that the model knows")
        )
        self.reset = CommandButton(
            "style.reset", tr("Reset"), tr("Leave every habit to the song again")
        )
        self.state = label(role="muted", wrap=True)
        layout.addLayout(row(self.state, self.show_sliders, self.reset, spacing=4, wide=(0,)))
        self.ways = combo(tr("Named style"), lambda: self._take(self.ways.currentData()))
        self.ways.setToolTip(tr("Ways of charting that the model has learned from your songs"))
        layout.addWidget(self.ways)
        self.sliders = QWidget()
        self._grid = QGridLayout(self.sliders)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        layout.addWidget(self.sliders)
        studio.drafting.changed.connect(self.refresh)
        studio.bridge.changed.connect(lambda _: self.refresh())
        self.refresh()

    def focus_first(self) -> None:
        """Put the focus on the first slider, where they are unfolded."""
        if self.rows and self.sliders.isVisible():
            self.rows[0].slider.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def refresh(self) -> None:
        """Show the sliders of the active chart's mode as they stand."""
        studio = self._studio
        chart, card = studio.document.active_chart, studio.drafting.card
        mode_id = studio.drafting.settings.mode if chart is None else chart.mode
        known = knobs(MODES.get(mode_id), card) if not studio.drafting.refusal else ()
        if known != self._made_of:
            self._made_of = known
            self._make_rows()
        asked = dict(style.habits(chart)) if chart is not None else {}
        self._ways = dict(ways(card, known))
        usual = dict(next(iter(self._ways.values()), ()))
        for made in self.rows:
            made.show_value(asked.get(made.knob.name), made.knob.name in usual)
        self._show_ways(asked)
        self.sliders.setVisible(bool(known) and studio.drafting.settings.shows_style)
        self.sliders.setEnabled(chart is not None)
        self.state.setText(self._state(asked))

    def _show_ways(self, asked: dict[str, float]) -> None:
        self.ways.setVisible(bool(self._ways))
        self.ways.setEnabled(self._studio.document.active_chart is not None)
        if not self._ways:
            return
        known = {made.knob.name for made in self.rows}
        own = tuple((name, value) for name, value in sorted(asked.items()) if name in known)
        usual = tr("As it was tuned ({name})", name=next(iter(self._ways)))
        options = [(_USUAL, usual), *((name, name) for name in self._ways)]
        chosen = next((name for name, habits in self._ways.items() if habits == own), _OWN)
        if own and chosen is _OWN:
            options.append((_OWN, tr("Your own")))
        fill(self.ways, options, chosen if own else _USUAL)

    def _take(self, name: str) -> None:
        """Ask for the habits of a way of charting and for no others, or for none."""
        if name == _OWN:
            return
        index, habits = self._studio.document.selection.chart, self._ways.get(name, ())
        said = tr("as tuned") if name == _USUAL else name

        def edit(song: Song) -> Song:
            song = style.clear(index)(song)
            for habit, value in habits:
                song = style.set_habit(index, habit, value)(song)
            return song

        self._studio.document.apply(tr("Style: {habit}", habit=said), edit)

    def _state(self, asked: dict[str, float]) -> str:
        card = self._studio.drafting.card
        if card is None:
            return tr("No model is in use that could be read.")
        if not card.styles:
            return tr("The model {name} cannot be asked for habits.", name=card.name)
        if not self._made_of:
            return ""
        n = sum(made.knob.name in asked for made in self.rows)
        if not n:
            return tr("As it was tuned.") if self._ways else tr("As the song suggests.")
        return count(n, "{n} habit asked for.", "{n} habits asked for.")

    def _make_rows(self) -> None:
        for made in self.rows:
            for part in (made.title, made.slider, made.figure, made.reset):
                self._grid.removeWidget(part)
                part.hide()
                part.deleteLater()
        self.rows = tuple(HabitRow(knob, self._change) for knob in self._made_of)
        for line, made in enumerate(self.rows):
            made.put(self._grid, line)

    def _change(self, name: str, value: float | None) -> None:
        document = self._studio.document
        made = next(r for r in self.rows if r.knob.name == name)
        title = tr(made.knob.words.title)
        edit = style.set_habit(document.selection.chart, name, value)
        document.apply(tr("Style: {habit}", habit=title.lower()), edit)
