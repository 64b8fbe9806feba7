"""The tempo as fields and buttons: what the commands on timing do, to be seen and clicked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QCheckBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QWidget,
)

from chartstudio.core.timing import Cause
from chartstudio.editor import retime
from chartstudio.editor.taps import PAUSE_S
from chartstudio.editor.tempo_blocks import BPM_LIMITS
from chartstudio.gui import verbs
from chartstudio.gui.actions import sequences
from chartstudio.gui.panels.parts import button, column, heading, label, row
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import bar_and_beat, clock, tr
from chartstudio.gui.timing_commands import NUDGES_BPM, SHIFTS_MS, TIMING, set_pauses_later

Attempt = Callable[[Callable[[], object]], None]
"""Runs what may be refused, and tells when it is."""

_COMMANDS = {command.id: command for command in TIMING}
_METRONOME_GAIN = 0.6
_LAST_S = 3600.0


def command_button(studio: Studio, attempt: Attempt, command_id: str, face: str) -> QPushButton:
    """A button of a command on timing, with a short face; its tip has the name and the key."""
    command = _COMMANDS[command_id]
    keys = dict(studio.preferences.now.keys).get(command_id, command.keys)
    tip = tr(command.text).rstrip("…")
    shown = ", ".join(key.toString() for key in sequences(keys))
    made = button(face, lambda: attempt(lambda: command.run(studio)), tip=tip)
    if shown:
        made.setToolTip(f"{tip} ({shown})")
    made.setObjectName(command_id)
    return made


class ChoicesBox(QWidget):
    """What notes keep, what later beats do and what a pause adds, in words.

    Parameters
    ----------
    studio : Studio
    attempt : Attempt
    """

    def __init__(self, studio: Studio, attempt: Attempt) -> None:
        super().__init__()
        self._studio = studio
        self._counted: object = None
        layout = column(self, margin=0, spacing=5)
        layout.addWidget(heading(tr("When the tempo changes, notes")))
        self.keep = self._choice(
            tr("Notes {what}"),
            {
                "ticks": tr("keep their beats and move in time"),
                "seconds": tr("keep their time and move on the grid"),
            },
            lambda value: setattr(studio.view, "notes_keep", value),
        )
        self.rows = label(role="muted", wrap=True)
        self.snap = command_button(studio, attempt, "timing.snap-rows", tr("Snap to rows"))
        layout.addWidget(self.rows)
        layout.addLayout(row(self.snap, None))
        layout.addSpacing(4)
        layout.addWidget(heading(tr("later beats")))
        self.later = self._choice(
            tr("Later beats {what}"),
            {
                "stay": tr("stay, and the tempo before them adapts"),
                "move": tr("move along and keep their tempo"),
            },
            lambda value: setattr(studio.view, "later_beats", value),
        )
        layout.addSpacing(4)
        layout.addWidget(heading(tr("and a stop or delay")))
        self.pauses = self._choice(
            tr("A stop or delay {what}"),
            {
                "move": tr("adds its time: all after it moves later"),
                "stay": tr("takes its time from the beats after it"),
            },
            lambda value: set_pauses_later(studio, value),
        )
        studio.view.changed.connect(self.show_state)
        self.show_state()

    def _choice(
        self, name: str, options: dict[str, str], choose: Callable[[str], None]
    ) -> dict[str, QRadioButton]:
        group = QButtonGroup(self)
        made = {}
        for value, text in options.items():
            radio = made[value] = QRadioButton(text)
            radio.setAccessibleName(name.format(what=text))
            radio.clicked.connect(lambda _=False, v=value: choose(v))
            group.addButton(radio)
            self.layout().addWidget(radio)
        return made

    def show_state(self) -> None:
        """Show what is chosen."""
        view, timeline = self._studio.view, self._studio.timeline
        self.keep[view.notes_keep].setChecked(True)
        self.later[view.later_beats].setChecked(True)
        self.pauses[timeline.pauses_later].setChecked(True)
        self.show_rows()

    def show_rows(self) -> None:
        """Say what keeping seconds costs in files that hold rows."""
        document, keeps = self._studio.document, self._studio.view.notes_keep == "seconds"
        now = (document.song, document.selection.chart, keeps)
        if now == self._counted or not self.isVisible():
            return
        self._counted = now
        off = self._studio.timeline.off_rows
        if off.n_notes:
            text = tr(
                "{n} of {all} notes lie between the rows of 1/192 that StepMania files hold. "
                "The game moves them, by up to {ms} ms. Quantise (Edit menu) puts selected "
                "ones on the coarser lines of the snap.",
                n=off.n_notes,
                all=off.n_all,
                ms=f"{off.worst_s * 1000:.1f}",
            )
        elif keeps and off.n_all:
            text = tr(
                "Notes may then lie between the rows of 1/192 that StepMania files hold; how "
                "many, and how far, is told here."
            )
        else:
            text = ""
        self.rows.setText(text)
        self.rows.setVisible(bool(text))
        self.snap.setVisible(bool(off.n_notes))

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what has changed unseen."""
        self.show_rows()
        super().showEvent(event)


class HandBox(QWidget):
    """The tempo at the playhead and the grid as a whole.

    Parameters
    ----------
    studio : Studio
    attempt : Attempt
    """

    def __init__(self, studio: Studio, attempt: Attempt) -> None:
        super().__init__()
        self._studio = studio
        self._attempt = attempt
        self._shown: tuple[object, ...] = ()
        self._build_fields()
        layout = column(self, margin=0, spacing=6)
        layout.addWidget(heading(tr("By hand")))
        self.place = label(role="muted", wrap=True)
        layout.addWidget(self.place)
        for line in self._lines():
            layout.addLayout(line)
        self.notice = label(role="muted", wrap=True)
        layout.addWidget(self.notice)
        studio.preferences.changed.connect(self._show_switches)
        studio.view.changed.connect(self._show_switches)
        self._show_switches()

    def _build_fields(self) -> None:
        timeline = self._studio.timeline
        self.bpm = _number(tr("Tempo in BPM at the playhead"), 3, BPM_LIMITS, 0.01)
        self.bpm.valueChanged.connect(
            lambda bpm: self._attempt(lambda: timeline.set_bpm(round(bpm, 3)))
        )
        self.offset_ms = _number(tr("Time of the first downbeat"), 1, (-_LAST_S * 1000,) * 2, 1.0)
        self.offset_ms.setRange(-_LAST_S * 1000, _LAST_S * 1000)
        self.offset_ms.setSuffix(" ms")
        self.offset_ms.valueChanged.connect(self._set_offset)
        self.meter = QSpinBox()
        self.meter.setRange(*retime.METER_LIMITS)
        self.meter.setAccessibleName(tr("Beats per bar at the playhead"))
        self.meter.setKeyboardTracking(False)
        self.meter.valueChanged.connect(lambda n: self._attempt(lambda: timeline.set_meter(n)))
        self.pause_s = _number(tr("Length of a stop or a delay"), 3, (0.001, 600.0), 0.1)
        self.pause_s.setValue(0.5)
        self.pause_s.setSuffix(" s")
        self.drags = self._switch(tr("Drag beats"), "drags_beats")
        self.magnet = self._switch(tr("Catch on sounds"), "magnetic")
        self.metronome = QCheckBox(tr("Metronome"))
        self.metronome.setAccessibleName(tr("Metronome"))
        self.metronome.clicked.connect(
            lambda: verbs.toggle_gain(self._studio, "metronome", _METRONOME_GAIN)
        )

    def _switch(self, text: str, field: str) -> QCheckBox:
        made = QCheckBox(text)
        made.setAccessibleName(text)
        made.clicked.connect(lambda on: setattr(self._studio.view, field, on))
        return made

    def _lines(self) -> tuple[QHBoxLayout, ...]:
        self.bpm_nudges = [self._command(f"timing.bpm{bpm:+g}", _figure(bpm)) for bpm in NUDGES_BPM]
        self.offset_nudges = [
            self._command(f"timing.shift{ms:+g}ms", _figure(ms)) for ms in SHIFTS_MS
        ]
        pauses = [
            button(text, lambda cause=cause: self._pause(cause), tip=tip)
            for text, cause, tip in (
                (tr("Stop"), Cause.STOP, tr("Insert a stop at the playhead, after its notes")),
                (tr("Delay"), Cause.DELAY, tr("Insert a delay at the playhead, before its notes")),
            )
        ]
        command = self._command
        return (
            row(
                *(_name(tr("BPM")), self.bpm),
                *(command("timing.halve", "½"), command("timing.double", "×2"), None),
            ),
            row(*self.bpm_nudges, label(tr("BPM"), "muted"), spacing=3),
            row(
                *(_name(tr("Bar 1 at")), self.offset_ms),
                *(command("timing.half-beat", tr("½ beat")), None),
            ),
            row(*self.offset_nudges, label(tr("ms"), "muted"), spacing=3),
            row(
                *(_name(tr("Beats per bar")), self.meter),
                *(command("timing.start-bar", tr("Bar starts here")), None),
            ),
            row(label(tr("At the playhead"), "muted")),
            row(_name(tr("Pause")), self.pause_s, *pauses, None),
            row(
                command("timing.insert", tr("Tempo change")),
                command("timing.remove", tr("Remove")),
                *(command("timing.snap-beat", tr("Beat onto sound")), None),
                spacing=4,
            ),
            row(self.drags, self.magnet, None, spacing=10),
            row(self.metronome, None),
        )

    def _command(self, command_id: str, face: str) -> QAbstractButton:
        return command_button(self._studio, self._attempt, command_id, face)

    def _set_offset(self, offset_ms: float) -> None:
        change = retime.set_offset(offset_ms / 1000)
        self._attempt(lambda: self._studio.timeline.retime(tr("Move grid"), change))

    def _pause(self, cause: Cause) -> None:
        self._attempt(lambda: self._studio.timeline.insert_pause(self.pause_s.value(), cause))

    def show_state(self, anew: bool = False) -> None:
        """Show the tempo at the playhead.

        Parameters
        ----------
        anew : bool
            Even where the song says what it said before: a field may say something else.
        """
        timeline, chart = self._studio.timeline, self._studio.document.active_chart
        timing, tick = timeline.timing, timeline.cursor_tick
        anchor = next((a for a in reversed(timing.anchors) if a.tick <= tick), timing.anchors[0])
        bar = next(
            (a for a in reversed(timing.anchors) if a.bar and a.tick <= tick), timing.anchors[0]
        )
        shown = (timing, anchor, bar, chart is not None and chart.timing is not None)
        if shown == self._shown and not anew:
            # A field in which somebody types is left alone while the song plays.
            return
        self._shown = shown
        self._show_fields(anchor.bpm, timing.anchors[0].seconds * 1000, bar.meter)
        where = bar_and_beat(timing, anchor.tick)
        self.place.setText(
            tr("The tempo from {place} on ({time}).", place=where, time=clock(anchor.seconds))
            if len(timing.anchors) > 1
            else tr("One tempo for the whole song.")
        )
        self.notice.setText(tr("The active chart has a timing of its own: only it changes."))
        self.notice.setVisible(shown[-1])

    def _show_fields(self, bpm: float, offset_ms: float, meter: int) -> None:
        """Show figures without taking them for the user's."""
        blocked = [QSignalBlocker(field) for field in (self.bpm, self.offset_ms, self.meter)]
        self.bpm.setValue(bpm)
        self.offset_ms.setValue(offset_ms)
        self.meter.setValue(meter)
        del blocked

    def _show_switches(self) -> None:
        view = self._studio.view
        self.drags.setChecked(view.drags_beats)
        self.magnet.setChecked(view.magnetic)
        self.metronome.setChecked(self._studio.preferences.now.metronome > 0)


class TapBox(QWidget):
    """Tap the tempo; see how sure it is; use it.

    Parameters
    ----------
    studio : Studio
    attempt : Attempt
    """

    def __init__(self, studio: Studio, attempt: Attempt) -> None:
        super().__init__()
        self._finder = studio.tempo
        layout = column(self, margin=0, spacing=6)
        layout.addWidget(heading(tr("Tap")))
        self.tap = command_button(studio, attempt, "timing.tap", tr("Tap"))
        # On the press: a release comes a tenth of a second late, and never evenly.
        self.tap.clicked.disconnect()
        self.tap.pressed.connect(lambda: attempt(lambda: _COMMANDS["timing.tap"].run(studio)))
        self.use = command_button(studio, attempt, "timing.use-taps", tr("Use"))
        self.text = label(role="muted", wrap=True)
        line = row(self.tap, self.text, self.use)
        line.setStretch(1, 1)
        layout.addLayout(line)

    def show_state(self) -> None:
        """Show what the taps amount to."""
        tapped, n_taps = self._finder.tapped, self._finder.n_taps
        self.use.setEnabled(tapped is not None)
        if tapped is not None:
            self.text.setText(
                tr(
                    "{bpm} ± {error} BPM, {n} taps",
                    bpm=f"{tapped.bpm:.2f}",
                    error=f"{max(tapped.error_bpm, 0.01):.2f}",
                    n=tapped.n_taps,
                )
            )
        elif n_taps:
            self.text.setText(tr("{n} taps; go on", n=n_taps))
        else:
            self.text.setText(
                tr(
                    "J on every beat, best while the song plays; after {n} s it starts anew",
                    n=round(PAUSE_S),
                )
            )


def _number(name: str, n_decimals: int, limits: tuple[float, float], step: float) -> QDoubleSpinBox:
    made = QDoubleSpinBox()
    made.setDecimals(n_decimals)
    made.setRange(*limits)
    made.setSingleStep(step)
    made.setAccessibleName(name)
    made.setKeyboardTracking(False)
    return made


def _name(text: str) -> QWidget:
    made = label(text)
    made.setMinimumWidth(62)
    return made


def _figure(step: float) -> str:
    """A step as a button's face: ``+.001``."""
    text = f"{step:+g}".replace("0.", ".")
    return text.replace("-", "−")
