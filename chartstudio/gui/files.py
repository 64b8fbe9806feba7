"""Opening and saving: from a path to the document and its decoded audio, and back.

Everything that touches the disk runs on the io lane. Nothing reaches the document before
it has been read whole, so a file that cannot be read leaves the open song alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage

from chartstudio.audio.decode import Audio, decode_job
from chartstudio.audio.peaks import Peaks, peaks_job
from chartstudio.core.errors import FormatError
from chartstudio.core.job import Job, Progress, part
from chartstudio.core.song import Song
from chartstudio.editor import edits
from chartstudio.editor.document import Change
from chartstudio.formats import Bundle, read_song
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.preferences import Preferences
from chartstudio.gui.saving import PROJECT, Place, save_job
from chartstudio.gui.text import tr
from chartstudio.library import soundtrack
from chartstudio.library.demo import demo_source
from chartstudio.library.places import open_place
from chartstudio.library.source import FilesOnDisk, Source, open_source

_COVER_PX = 640


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A song's decoded audio with its waveform."""

    audio: Audio
    peaks: Peaks


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """What came of opening a path: the song, and its audio when that is all there is."""

    source: Source
    sound: Sound | None


class SongFiles(QObject):
    """Where the open song came from, and its audio.

    Parameters
    ----------
    bridge : Bridge
    jobs : Jobs
    preferences : Preferences
        Remembers recent files.
    """

    changed = Signal()
    """Something is being read or written, or no longer is."""
    opened = Signal(object)
    """A `Source` has become the document."""
    sound_changed = Signal()
    """The audio arrived, or belongs to no open song any more."""
    cover_changed = Signal(object)
    """The song's picture, a QImage; null when it has none."""
    message = Signal(str)

    def __init__(self, bridge: Bridge, jobs: Jobs, preferences: Preferences) -> None:
        super().__init__()
        self._document = bridge.document
        self._jobs = jobs
        self._preferences = preferences
        self._assets: Mapping[str, bytes] = {}
        self._located: dict[str, Path] = {}
        self._opening: Handle | None = None
        self._listening: Handle | None = None
        self._saving: Handle | None = None
        self._remember = False
        self.origin: Path | None = None
        self.sound: Sound | None = None
        self.sound_error = ""
        self.accepted_losses: frozenset[str] = frozenset()
        bridge.changed.connect(self._on_change)

    # State -------------------------------------------------------------------------------

    @property
    def audio(self) -> Audio | None:
        """The decoded song; None while it is missing or being decoded."""
        return None if self.sound is None else self.sound.audio

    @property
    def audio_found(self) -> bool:
        """Whether the audio that the song names is there and could be read."""
        name = self._document.song.audio
        if self.sound is not None:
            return True
        there = name in self._located or name in self._assets
        return bool(name) and there and not self.sound_error

    @property
    def busy(self) -> Progress | None:
        """What is being read or written now."""
        for handle in (self._opening, self._listening, self._saving):
            if handle is not None and handle.active:
                return handle.progress or Progress(0.0, tr("Opening"))
        return None

    def cancel(self) -> None:
        """Stop opening or decoding; what is open stays."""
        for handle in (self._opening, self._listening):
            if handle is not None:
                handle.cancel()
        self.changed.emit()

    def assets(self, song: Song) -> dict[str, bytes]:
        """The files that a song names, as far as they exist; reads them.

        Raises
        ------
        FormatError
            When one is there and cannot be read.
        """
        metadata = song.metadata
        names = {song.audio, metadata.cover, metadata.background, metadata.banner} - {""}
        found = {name: self._assets[name] for name in names if name in self._assets}
        for name in names & set(self._located):
            found[name] = _read(self._located[name])
        return found

    def surroundings(self, song: Song) -> Mapping[str, bytes]:
        """Every file around a song, read when asked for; located ones win.

        Of a lone chart file among others only what the song names, as soon as one of that
        lies elsewhere.
        """
        located = [path for name, path in self._located.items() if name == song.audio]
        assets = self._assets
        if not located:
            return assets
        if isinstance(assets, Bundle) and assets.chosen is not None:
            return self.assets(song)
        return _Layered(FilesOnDisk(*located), assets)

    # Opening -----------------------------------------------------------------------------

    def open(self, path: Path) -> None:
        """Read a song, chart, archive or audio file and make it the document."""

        def failed(_: Exception) -> None:
            if not path.exists():
                self._preferences.forget_recent(path)
            self.changed.emit()

        self._remember = True
        self._open(lambda: open_source(path), failed)

    def open_source(
        self, make: Callable[[], Source], recovered: Callable[[], None] | None = None
    ) -> None:
        """Make a song the document.

        Parameters
        ----------
        make : callable
            Called on the io lane.
        recovered : callable, optional
            The song is unsaved work of an earlier run; called when it is open.
        """
        self._remember = False
        self._open(make, lambda _: self.changed.emit(), recovered)

    def open_demo(self) -> None:
        """Make the bundled demo song the document."""
        self.open_source(lambda: demo_source(timed=True))

    def _open(
        self,
        make: Callable[[], Source],
        failed: Callable[[Exception], None],
        recovered: Callable[[], None] | None = None,
    ) -> None:
        if self._opening is not None:
            self._opening.cancel()
        self._opening = self._jobs.submit(
            Lane.IO,
            lambda: _open_job(make, decode_bare=recovered is None),
            lambda progress: self.changed.emit(),
            lambda opened: self._on_opened(opened, recovered),
            failed,
        )
        self.changed.emit()

    def _on_opened(self, opened: Opened, recovered: Callable[[], None] | None) -> None:
        source = opened.source
        self.origin = source.path
        self._assets, self._located = source.assets, {}
        self.accepted_losses = frozenset()
        # The old song's sound must not be taken for the new one's while views hear of it.
        self.sound, self.sound_error = opened.sound, ""
        if source.format_id is None:
            # Bare audio: the file is not a song yet, so there is nothing to save over.
            song, sound = source.song, opened.sound
            if sound is not None:
                song = soundtrack.noted(song, sound.audio.origin)
            self._document.open(song, None, None)
        else:
            self._document.open(source.song, source.path, source.format_id)
        if source.format_id is None or recovered is not None:
            self._document.mark_unsaved()
        if self._remember:
            self._preferences.add_recent(source.path)
        self._set_sound(opened.sound)
        self.opened.emit(source)
        self._load_cover()
        if opened.sound is None:
            self._listen()
        if recovered is not None:
            recovered()
        self.changed.emit()

    def _on_sound(self, sound: Sound) -> None:
        self._set_sound(sound)
        self.changed.emit()

    def locate_audio(self, path: Path) -> None:
        """Use this file as the song's audio, once it has been decoded."""
        self._decode(path.name, lambda: _read(path), lambda sound: self._on_located(path, sound))

    def _on_located(self, path: Path, sound: Sound) -> None:
        self._located[path.name] = path
        self._set_sound(sound)
        self._document.apply(tr("Choose audio"), edits.set_audio(path.name))
        self.changed.emit()

    def _listen(self) -> None:
        """Decode the song's audio, where it is there."""
        name = self._document.song.audio
        if self._listening is not None:
            self._listening.cancel()
        if self.audio_found:
            located, assets = self._located.get(name), self._assets
            self._decode(
                name,
                lambda: _read(located) if located is not None else assets[name],
                self._on_sound,
            )

    def _decode(
        self, name: str, read: Callable[[], bytes], on_done: Callable[[Sound], None]
    ) -> None:
        if self._listening is not None:
            self._listening.cancel()
        self._listening = self._jobs.submit(
            Lane.IO,
            lambda: _sound_job(read, name),
            lambda progress: self.changed.emit(),
            on_done,
            self._on_sound_failed,
        )
        self.changed.emit()

    def _on_sound_failed(self, error: Exception) -> None:
        if self.sound is None:
            self.sound_error = tr("The audio cannot be read.")
            self.sound_changed.emit()
        self.changed.emit()

    def _set_sound(self, sound: Sound | None) -> None:
        self.sound = sound
        self.sound_error = ""
        self.sound_changed.emit()
        if sound is None:
            return
        moved_s = soundtrack.start_moved_s(self._document.song, sound.audio.origin)
        if moved_s:
            what = tr(
                "The audio starts {n} ms {way} than when this song was saved: check its offset",
                n=f"{abs(moved_s) * 1000:.1f}",
                way=tr("earlier") if moved_s > 0 else tr("later"),
            )
            self.message.emit(what)
        if sound.audio.notice:
            self.message.emit(sound.audio.notice)

    def _on_change(self, change: Change) -> None:
        """Undoing the choice of another audio file brings the former one back."""
        if change.origin in ("undo", "redo") and change.new.audio != change.old.audio:
            self._set_sound(None)
            self._listen()

    def _load_cover(self) -> None:
        song, assets = self._document.song, self._assets

        def job() -> Job[QImage]:
            yield Progress(0.0, tr("Reading the cover"))
            return _cover(song, assets)

        self.cover_changed.emit(QImage())
        self._jobs.submit(Lane.IO, job, on_done=self.cover_changed.emit)

    # Saving ------------------------------------------------------------------------------

    @property
    def saved_place(self) -> Place | None:
        """Where saving writes; None when the song was never saved and needs a name first."""
        document = self._document
        if document.path is None or document.format_id is None:
            return None
        return Place(document.path, document.format_id)

    def save(self, place: Place, then: Callable[[], object] | None = None) -> None:
        """Write the song; nothing is half written.

        Parameters
        ----------
        place : Place
        then : callable, optional
            Called when all is on the disk.
        """
        song, assets = self._document.song, self._assets
        is_new_place = self.saved_place != place
        written = song
        if place.format_id == PROJECT and self.audio is not None:
            written = soundtrack.noted(song, self.audio.origin)

        def job() -> Job[None]:
            yield Progress(0.0, tr("Saving"))
            beside = self.assets(song) if is_new_place else {}
            yield from save_job(written, place, assets, beside)

        def done(_: None) -> None:
            if self._document.song is song:
                self._document.mark_saved(place.path, place.format_id)
            self._preferences.add_recent(place.path)
            self.message.emit(tr("Saved {name}", name=place.path.name))
            self.changed.emit()
            if then is not None:
                then()

        self._saving = self._jobs.submit(
            Lane.IO, job, lambda _: self.changed.emit(), done, lambda _: self.changed.emit()
        )
        self.changed.emit()


class _Layered(Mapping[str, bytes]):
    """Files of which the upper ones hide those of the same name below."""

    def __init__(self, upper: Mapping[str, bytes], lower: Mapping[str, bytes]) -> None:
        self._upper, self._lower = upper, lower

    def __getitem__(self, name: str) -> bytes:
        return self._upper[name] if name in self._upper else self._lower[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._upper
        yield from (name for name in self._lower if name not in self._upper)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def source_at(path: Path, inside: str = "") -> Source:
    """A song of the library.

    Parameters
    ----------
    path : Path
    inside : str
        The folder within a pack's archive. Such a song has no place of its own to be saved over.

    Raises
    ------
    FormatError
        When it is not there any more, or cannot be read.
    """
    if not inside:
        return open_source(path)
    files = open_place(path, inside)
    song, _ = read_song(files)
    return Source(files.path, song, None, files)


# Jobs ------------------------------------------------------------------------------------


def _open_job(make: Callable[[], Source], decode_bare: bool) -> Job[Opened]:
    """Read a song; bare audio is decoded first, so that no song is made of what is no sound."""
    yield Progress(0.0, tr("Opening"))
    source = make()
    sound = None
    if source.format_id is None and decode_bare:
        sound = yield from part(_sound_job(source.audio, str(source.path)), 0.1, 1.0)
    return Opened(source, sound)


def _sound_job(read: Callable[[], bytes], name: str) -> Job[Sound]:
    yield Progress(0.0, tr("Reading {name}", name=Path(name).name))
    data = read()
    audio = yield from part(decode_job(data, name), 0.0, 0.85)
    peaks = yield from part(peaks_job(audio.samples, audio.rate_hz), 0.85, 1.0)
    return Sound(audio, peaks)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        raise FormatError(str(path), None, tr("cannot be read ({why})", why=why)) from error


def _cover(song: Song, assets: Mapping[str, bytes]) -> QImage:
    """The first of the song's pictures that can be read, at the size that is shown."""
    metadata = song.metadata
    for name in (metadata.cover, metadata.background, metadata.banner):
        if name and name in assets:
            picture = QImage.fromData(assets[name])
            if not picture.isNull():
                return picture.scaled(
                    QSize(_COVER_PX, _COVER_PX),
                    Qt.AspectRatioMode.KeepAspectRatio,
                    Qt.TransformationMode.SmoothTransformation,
                )
    return QImage()
