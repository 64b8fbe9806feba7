"""Small covers of songs, read and decoded on the io lane when they come into sight."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QImageReader, QPixmap

from chartstudio.core.job import Job, Progress
from chartstudio.gui.jobs import Jobs, Lane
from chartstudio.gui.text import tr
from chartstudio.library.covers import cover_of
from chartstudio.library.entries import SongEntry
from chartstudio.library.pictures import MAX_PIXELS

SIDE_PX = 72
"""Twice what a row shows, for screens with fine pixels."""

_N_KEPT = 600
_N_WAITING = 48
"""Covers that are still wanted; older ones have been scrolled past."""

_AT_ONCE = 8
_PAUSE_MS = 30


class Covers(QObject):
    """Covers by song, as long as there is room for them.

    Parameters
    ----------
    jobs : Jobs
    """

    arrived = Signal(int)
    """The cover of the song of this id can be had."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs
        self._kept: OrderedDict[tuple[int, str], QPixmap] = OrderedDict()
        self._wanted: OrderedDict[tuple[int, str], SongEntry] = OrderedDict()
        self._is_reading = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE_MS)
        self._later.timeout.connect(self._read)

    def of(self, song: SongEntry) -> QPixmap | None:
        """The cover of a song, square; None where it has none, or until it was read."""
        if not song.cover:
            return None
        key = (song.id, song.cover)
        if key in self._kept:
            self._kept.move_to_end(key)
            found = self._kept[key]
            return None if found.isNull() else found
        self._wanted[key] = song
        self._wanted.move_to_end(key)
        while len(self._wanted) > _N_WAITING:
            self._wanted.popitem(last=False)
        if not self._is_reading and not self._later.isActive():
            self._later.start()
        return None

    def stop(self) -> None:
        """Read no more covers."""
        self._later.stop()

    def _read(self) -> None:
        wanted = [self._wanted.popitem()[1] for _ in range(min(_AT_ONCE, len(self._wanted)))]
        if not wanted:
            return
        self._is_reading = True

        def job() -> Job[list[QImage]]:
            images = []
            for i, song in enumerate(wanted):
                yield Progress(i / len(wanted), tr("Reading covers"))
                images.append(small(cover_of(song)))
            return images

        def done(images: list[QImage]) -> None:
            self._is_reading = False
            for song, image in zip(wanted, images, strict=True):
                self._kept[song.id, song.cover] = QPixmap.fromImage(image)
                self.arrived.emit(song.id)
            while len(self._kept) > _N_KEPT:
                self._kept.popitem(last=False)
            if self._wanted:
                self._later.start()

        self._jobs.submit(Lane.IO, job, on_done=done)


def small(data: bytes, side_px: int = SIDE_PX) -> QImage:
    """The middle of a picture file as a small square; null where it is none, or far too large.

    A JPEG is decoded at about the size that is wanted, which takes a tenth of the time.
    """
    if not data:
        return QImage()
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    size = reader.size()
    if size.isValid():
        if size.width() * size.height() > MAX_PIXELS:
            return QImage()
        wanted = QSize(side_px, side_px)
        reader.setScaledSize(size.scaled(wanted, Qt.AspectRatioMode.KeepAspectRatioByExpanding))
    image = reader.read()
    if image.isNull():
        return image
    image = image.scaled(
        QSize(side_px, side_px),
        Qt.AspectRatioMode.KeepAspectRatioByExpanding,
        Qt.TransformationMode.SmoothTransformation,
    )
    side = min(image.width(), image.height())
    left, top = (image.width() - side) // 2, (image.height() - side) // 2
    return image.copy(QRect(left, top, side, side))
