"""What the song is: cover, title, artist, tempo, length, and its metadata to edit."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from functools import partial
from zlib import crc32

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QSizePolicy, QToolButton, QWidget

from chartstudio.core.song import Metadata
from chartstudio.editor import edits
from chartstudio.editor.document import Change
from chartstudio.gui import text
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.panels.parts import column, label
from chartstudio.gui.text import tr

_FIELDS = (
    ("title", "Title"),
    ("subtitle", "Subtitle"),
    ("artist", "Artist"),
    ("title_translit", "Title (Latin)"),
    ("artist_translit", "Artist (Latin)"),
    ("genre", "Genre"),
    ("credit", "Charted by"),
    ("source", "Source"),
    ("tags", "Tags"),
)
"""Fields of `Metadata` that the panel edits, and their names."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What the panel says of the audio: its length, and what is wrong with it."""

    duration_s: float | None = None
    notice: str = ""


class Cover(QWidget):
    """The song's picture; without one, colours drawn from its title."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Cover"))
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._picture = QImage()
        self._name = ""

    def show_picture(self, picture: QImage, name: str) -> None:
        """Show a picture, or colours for a name when it is null."""
        self._picture, self._name = picture, name
        self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(180, self.heightForWidth(180))

    def hasHeightForWidth(self) -> bool:  # noqa: D102
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: D102
        return round(width * 0.62)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        frame = QPainterPath()
        frame.addRoundedRect(QRectF(self.rect()), 7, 7)
        painter.setClipPath(frame)
        if self._picture.isNull():
            painter.fillRect(self.rect(), _gradient(self._name, self.rect().bottomRight()))
            return
        size = self._picture.size().scaled(
            self.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding
        )
        target = QRectF(QPointF(), size)
        target.moveCenter(QRectF(self.rect()).center())
        painter.drawImage(target, self._picture)


def _gradient(name: str, end: QPoint) -> QLinearGradient:
    """Three quiet colours that the same title always gets."""
    made = QLinearGradient(QPointF(0, 0), QPointF(end))
    hue = crc32(name.encode()) % 360 / 360
    for place, shift, light, saturation in (
        (0.0, 0.0, 0.29, 0.40),
        (0.55, 0.11, 0.36, 0.32),
        (1.0, 0.42, 0.61, 0.62),
    ):
        rgb = colorsys.hls_to_rgb((hue + shift) % 1.0, light, saturation)
        made.setColorAt(place, QColor.fromRgbF(*rgb))
    return made


class SongPanel(QWidget):
    """The song's card and, unfolded, its metadata.

    Parameters
    ----------
    bridge : Bridge
    """

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._document = bridge.document
        self.cover = Cover()
        self._title = label(role="title", wrap=True)
        self._facts = label(role="muted", wrap=True)
        self._notice = label(role="bad", wrap=True)
        self._fold = QToolButton()
        self._fold.setProperty("role", "flat")
        self._fold.setCheckable(True)
        self._fold.setText(tr("Details"))
        self._fold.setArrowType(Qt.ArrowType.RightArrow)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setAccessibleName(tr("Song details"))
        self._fold.toggled.connect(self._unfold)
        self._form = QWidget()
        self.fields: dict[str, QLineEdit] = {}
        self._build_form()
        self._form.hide()
        self._sound = Sound()
        layout = column(self, margin=0, spacing=4)
        for item in (self.cover, self._title, self._facts, self._notice, self._fold, self._form):
            layout.addWidget(item)
        bridge.changed.connect(self._on_change)
        self._show()

    def _build_form(self) -> None:
        layout = QFormLayout(self._form)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.setSpacing(4)
        layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        for name, title in _FIELDS:
            field = QLineEdit()
            field.setAccessibleName(tr(title))
            field.editingFinished.connect(partial(self._store, name, tr(title)))
            layout.addRow(label(tr(title), "muted"), field)
            self.fields[name] = field
        self.opt_out = QCheckBox(tr("Never train on these charts"))
        self.opt_out.setToolTip(tr("Writes “robots: disallow” into the files"))
        self.opt_out.setAccessibleName(self.opt_out.text())
        self.opt_out.clicked.connect(
            lambda on: self._document.apply(
                tr("Training opt-out"), edits.set_metadata(disallow_training=on)
            )
        )
        layout.addRow(self.opt_out)

    def show_sound(self, sound: Sound) -> None:
        """Say how long the audio is and what is wrong with it."""
        self._sound = sound
        self._show()

    def _unfold(self, on: bool) -> None:
        self._fold.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._form.setVisible(on)

    def _store(self, name: str, title: str) -> None:
        value = self.fields[name].text()
        if value != getattr(self._document.song.metadata, name):
            label_text = tr("Edit {field}", field=title.lower())
            self._document.apply(label_text, edits.set_metadata(**{name: value}))

    def _on_change(self, change: Change) -> None:
        if change.new is not change.old:
            self._show()

    def _show(self) -> None:
        song, sound = self._document.song, self._sound
        metadata: Metadata = song.metadata
        self._title.setText(metadata.title or tr("Untitled song"))
        parts = [metadata.artist, text.bpm(song.timing)]
        if sound.duration_s is not None:
            parts.append(text.duration(sound.duration_s))
        self._facts.setText(" · ".join(p for p in parts if p))
        self._notice.setText(sound.notice)
        self._notice.setVisible(bool(sound.notice))
        for name, field in self.fields.items():
            value = getattr(metadata, name)
            if field.text() != value and not field.hasFocus():
                field.setText(value)
        self.opt_out.setChecked(metadata.disallow_training)
