"""Writing Beat Saber levels: the Info, every difficulty, and version 4's other files.

A set whose version is the one asked for keeps each file's own version, so that mixed sets stay
as they are; any other is brought to the version as a whole. What nothing was changed in comes
back byte for byte.

Version 4's table of tempo regions counts samples. Where nobody said how many the audio has,
`tempo.RATE_HZ` and an end some seconds after the last note are taken; `with_audio_facts` puts
right what was written when the audio is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chartstudio.core.errors import FormatError
from chartstudio.core.note import Note
from chartstudio.core.song import Chart, Song
from chartstudio.core.timing import TimingMap
from chartstudio.formats.beatsaber import info_convert, marks
from chartstudio.formats.beatsaber.chart_write import (
    Ready,
    Written,
    difficulty_file,
    saber_notes,
)
from chartstudio.formats.beatsaber.difficulty import Difficulty
from chartstudio.formats.beatsaber.info import STANDARD, Entry, Info
from chartstudio.formats.beatsaber.info_write import Row, Sheet, info_bytes
from chartstudio.formats.beatsaber.json_text import (
    COMPACT,
    Json,
    JsonText,
    fresh,
    pack,
    text_of,
    unpack,
)
from chartstudio.formats.beatsaber.kept import KeptChart, KeptFile, KeptSong, anchors_of
from chartstudio.formats.beatsaber.read import BPM_INFO_NAME, INFO_NAME, Shelf, read
from chartstudio.formats.beatsaber.tempo import (
    RATE_HZ,
    audio_data,
    map_of,
    moved,
    n_samples_after,
    plain,
    regions_of,
    resampled,
    tempos_of,
)
from chartstudio.formats.beatsaber.values import figure
from chartstudio.formats.text import file_name
from chartstudio.modes.beatsaber.notes import SaberNote

_SLACK_S = 1e-6
_LAST = 1 << 30


def write(major: int, song: Song) -> dict[str, bytes]:
    """The files of a level in a version.

    Parameters
    ----------
    major : int
        2, 3 or 4.
    song : Song

    Raises
    ------
    ModeError
        When a chart holds notes of another game.
    """
    kept = KeptSong.of(song)
    if kept is not None and (kept.info is None or _is_v1(kept)):
        # A lone difficulty, or an old set, stays what it is until something changes.
        files = _as_it_was(song, kept, major)
        if files is not None:
            return files
    return Writer(major, song, kept).files()


def _is_v1(kept: KeptSong) -> bool:
    assert kept.info is not None
    return Info.of(kept.info.name, kept.info.kept, kept.info.encoding).keys.major == 1


def _as_it_was(song: Song, kept: KeptSong, major: int) -> dict[str, bytes] | None:
    """The files that a song was read from, where it still says the same."""
    if kept.home != major:
        return None
    files = {kept.info.name: kept.info.data()} if kept.info else {}
    for chart in song.charts:
        own = KeptChart.of(chart)
        if own is None:
            return None
        files[own.file.name] = own.file.data()
    files |= {other.name: other.data() for other in kept.others}
    chosen = None if kept.info else next(iter(files), None)
    if kept.info is None and len(files) != 1:
        return None
    if kept.info and kept.info.name.lower() not in ("info.dat", "info.json"):
        chosen = kept.info.name
    return files if read(files, chosen) == replace(song, problems=()) else None


@dataclass(frozen=True, slots=True)
class _Clock:
    """How a level counts time.

    Parameters
    ----------
    timing : TimingMap
        The song's, without stops and warps.
    bpm, offset_s : float
        What the Info says.
    is_same : bool
        Whether it is as it was read.
    """

    timing: TimingMap
    bpm: float
    offset_s: float
    is_same: bool

    @classmethod
    def of(cls, song: Song, kept: KeptSong | None, info: Info | None) -> _Clock:
        timing = plain(song.timing)
        same = kept is not None and kept.anchors == anchors_of(song.timing)
        if same and info is not None:
            offset_s = timing.seconds_at(0) if info.keys.major == 4 else info.offset_s()
            return cls(timing, info.bpm()[0], offset_s, True)
        return cls(timing, timing.bpm_at(0), timing.seconds_at(0), same)


class Writer:
    """Writes one level.

    Parameters
    ----------
    major : int
    song : Song
    kept : KeptSong or None
    """

    def __init__(self, major: int, song: Song, kept: KeptSong | None) -> None:
        self.major = major
        self.song = song
        self.kept = kept
        file = kept.info if kept else None
        self.info = Info.of(file.name, file.kept, file.encoding) if file else None
        self.info_major = 4 if major == 4 else 2
        self.stays = kept is not None and kept.home == major
        if self.info is not None and self.info.keys.major == 1:
            self.stays = False
        elif self.info is not None and self.stays:
            self.info_major = self.info.keys.major
        self.clock = _Clock.of(song, kept, self.info)
        self.found: dict[str, bytes] = {}
        self.entries = list(self.info.entries) if self.info else []
        self.free = list(range(len(self.entries)))
        self.lightshows: dict[bytes, str] = {}

    def files(self) -> dict[str, bytes]:
        """Every file, the Info first."""
        info_name = self._info_name()
        self.found[info_name] = b""
        last_tick = max((n.end for c in self.song.charts for n in c.notes), default=0)
        duration_s = self._tempo_files(last_tick)
        rows = [self._row(chart) for chart in self.song.charts]
        rows += self._unread()
        metadata, clock = self.song.metadata, self.clock
        opts_out = metadata.disallow_training and not self._says_opt_out()
        sheet = Sheet(
            metadata,
            self.song.audio,
            clock.bpm,
            clock.offset_s,
            self._known(rows),
            duration_s,
            opts_out,
        )
        self.found[info_name] = info_bytes(self.info_major, sheet, self.info)
        if metadata.disallow_training:
            return self.found
        return {name: _without_mark(name, data) for name, data in self.found.items()}

    def _info_name(self) -> str:
        """Name of the Info: the one that there was, so that a folder never holds two."""
        info = self.info
        if info is None:
            return INFO_NAME
        is_usual = info.name.lower() == INFO_NAME.lower()
        return info.name if is_usual or self._same_info() is not None else INFO_NAME

    def _says_opt_out(self) -> bool:
        """Whether the opt-out is said already, in the files or beside them."""
        kept = self.kept
        info = self._same_info()
        if info is not None and marks.text_opts_out(info.file.text):
            return True
        if any(_says_opt_out(name, data) for name, data in self.found.items() if data):
            return True
        # A robots.txt stays where the files stay.
        old = (KeptChart.of(chart) for chart in self.song.charts)
        files = [own.file for own in old if own] + [*(kept.others if kept else ())]
        said = any(marks.text_opts_out(_text(file)) for file in files)
        return kept is not None and kept.disallow and self.stays and not said

    def _same_info(self) -> Info | None:
        """The Info that there was, where it stays of its version."""
        same = self.info is not None and self.info.keys.major == self.info_major
        return self.info if same else None

    def _known(self, rows: Iterable[Row]) -> list[Row]:
        """Rows whose entries are of the Info's version."""
        info = self.info
        if info is None or self._same_info() is not None:
            return list(rows)
        return [
            replace(
                row,
                before=row.before
                and replace(
                    row.before, value=info_convert.entry_in(row.before, info, self.info_major)
                ),
            )
            for row in rows
        ]

    # Tempo -------------------------------------------------------------------------------

    def _tempo_files(self, last_tick: int) -> float:
        """Write the table of tempo regions; the audio's length where it was not known."""
        if self.clock.is_same and self.stays:
            # What was missing or damaged stays so; the game takes the Info's tempo.
            self._keep_table()
            return 0.0
        old = self._table()
        if self.major != 4:
            if old is not None:
                self.found[old.name] = self._old_table(old)
            return 0.0
        n_samples, rate_hz = n_samples_after(self.clock.timing, last_tick), RATE_HZ
        if old is not None:
            file = JsonText.of(old.text(), old.name)
            rate_hz = round(regions_of(file.value)[1])
            n_samples = int(figure(file.value, "songSampleCount") or n_samples)
            table = audio_data(self.clock.timing, n_samples, rate_hz)
            text = file.edited({}, {"bpmData": table["bpmData"]})
            self.found[old.name] = pack(text, old.encoding)
            return 0.0
        name = self._audio_data_name()
        self.found[name] = fresh(audio_data(self.clock.timing, n_samples, rate_hz), COMPACT)
        return n_samples / rate_hz

    def _audio_data_name(self) -> str:
        info = self._same_info()
        return (info.audio_data_name() if info else "") or info_convert.AUDIO_DATA_NAME

    def _keep_table(self) -> None:
        found = self._table_file()
        if found is not None:
            self.found[found.name] = found.data()

    def _table_file(self) -> KeptFile | None:
        if self.kept is None or self._same_info() is None:
            return None
        name = self._audio_data_name() if self.major == 4 else BPM_INFO_NAME
        return self.kept.other(name)

    def _table(self) -> KeptFile | None:
        """The table of tempo regions that there was, where it can be read."""
        found = self._table_file()
        try:
            if found is not None:
                JsonText.of(found.text(), found.name)
        except FormatError:
            return None
        return found

    def _old_table(self, old: KeptFile) -> bytes:
        """The editor's table of tempo regions, as the song's timing is now."""
        if self.clock.is_same:
            return old.data()
        file = JsonText.of(old.text(), old.name)
        rate_hz = round(regions_of(file.value)[1])
        n_samples = int(figure(file.value, "_songSampleCount") or 0)
        table = audio_data(self.clock.timing, n_samples, rate_hz)
        names = {
            "_startSampleIndex": "si",
            "_endSampleIndex": "ei",
            "_startBeat": "sb",
            "_endBeat": "eb",
        }
        regions = [{old: r[new] for old, new in names.items()} for r in table["bpmData"]]
        return pack(file.edited({}, {"_regions": regions}), old.encoding)

    # Charts ------------------------------------------------------------------------------

    def _row(self, chart: Chart) -> Row:
        own = KeptChart.of(chart)
        index = self._entry_index(chart, own)
        before = self.entries[index] if index is not None else None
        written = self.written(chart)
        name = self._place(self._name(chart, own, before), written.data)
        lightshow = ""
        if written.lightshow is not None:
            lightshow = self._new_lightshow(written.lightshow)
        elif own is not None and self.info_major == 4:
            lightshow = self._old_lightshow(own.lightshow)
        return Row(name, lightshow, chart, before, _LAST if index is None else index)

    def written(self, chart: Chart) -> Written:
        """The chart's file."""
        return difficulty_file(self.ready(chart), self.major, self.stays)

    def ready(self, chart: Chart) -> Ready:
        """The chart on the beats of its file, with its tempo changes."""
        song, clock, own = self.song, self.clock, KeptChart.of(chart)
        said = song.timing_of(chart)
        notes: Sequence[Note] = saber_notes(chart)
        same = own is not None and clock.is_same and own.anchors == anchors_of(said)
        timing = plain(said)
        if not (same and self.stays):
            notes = moved(notes, said, timing)
            if not self._holds(timing):
                notes, timing = moved(notes, timing, clock.timing), clock.timing
                same = False
        if own is not None and not same:
            file = Difficulty.of(own.file.text(), own.file.name)
            same = map_of(clock.bpm, clock.offset_s, file.tempos) == timing
        tempos = tempos_of(timing, clock.bpm, clock.offset_s)
        shown = self.kept.other(own.lightshow) if self.kept and own and own.lightshow else None
        saber = tuple(n for n in notes if isinstance(n, SaberNote))
        return Ready(chart, saber, tempos, same, own, _text(shown))

    def holds(self, chart: Chart) -> bool:
        """Whether the level can hold the chart's timing."""
        return self._holds(plain(self.song.timing_of(chart)))

    def _holds(self, timing: TimingMap) -> bool:
        if self.major == 4:
            return timing == self.clock.timing
        return abs(timing.seconds_at(0) - self.clock.offset_s) < _SLACK_S or (
            timing == self.clock.timing
        )

    def _entry_index(self, chart: Chart, own: KeptChart | None) -> int | None:
        """The Info's entry of a chart: of its file, and best of its name too."""
        if own is None:
            return None
        name = own.file.name.lower()
        fitting = [i for i in self.free if self.entries[i].file.lower() == name]
        exact = [i for i in fitting if _is_entry(self.entries[i], chart)]
        index = next(iter([*exact, *fitting]), None)
        if index is not None:
            self.free.remove(index)
        return index

    def _name(self, chart: Chart, own: KeptChart | None, before: Entry | None) -> str:
        if own is not None and own.file.name.lower().endswith(".dat"):
            return own.file.name if before is None or self.stays else before.file
        characteristic = str(chart.setting("characteristic", "") or STANDARD)
        name = f"{chart.name or 'Normal'}{characteristic}".encode("utf-8", "replace").decode()
        return file_name(name, "Chart") + ".dat"

    def _place(self, name: str, data: bytes) -> str:
        """Put a file where there is room; the same file may stand for several charts."""
        stem = name[: -len(".dat")] if name.lower().endswith(".dat") else name
        taken = {other.lower(): other for other in self.found}
        free, number = name, 1
        while free.lower() in taken and self.found[taken[free.lower()]] != data:
            number += 1
            free = f"{stem}{number}.dat"
        free = taken.get(free.lower(), free)
        self.found[free] = data
        return free

    def _new_lightshow(self, data: bytes) -> str:
        if data not in self.lightshows:
            self.lightshows[data] = self._place("Lightshow.dat", data)
        return self.lightshows[data]

    def _old_lightshow(self, name: str) -> str:
        found = self.kept.other(name) if self.kept and name else None
        if found is not None:
            self.found[found.name] = found.data()
        return name

    def _unread(self) -> list[Row]:
        """Entries whose files could not be read, and those files."""
        if self.kept is None:
            return []
        names = {name.lower() for name in self.kept.unread}
        rows = []
        for index in self.free:
            entry = self.entries[index]
            if entry.file.lower() not in names or not self.stays:
                continue
            found = self.kept.other(entry.file)
            if found is not None:
                self.found[found.name] = found.data()
            rows.append(Row(entry.file, entry.lightshow, None, entry, index))
            self._old_lightshow(entry.lightshow)
        return rows


def _text(file: KeptFile | None) -> str:
    try:
        return file.text() if file else ""
    except FormatError:
        return ""


def _says_opt_out(name: str, data: bytes) -> bool:
    try:
        return marks.text_opts_out(text_of(*unpack(data, name), name))
    except FormatError:
        return False


def _without_mark(name: str, data: bytes) -> bytes:
    """A file's bytes, without the opt-out."""
    try:
        kept, encoding = unpack(data, name)
        text = text_of(kept, encoding, name)
        if not marks.text_opts_out(text):
            return data
        return pack(marks.cleared(JsonText.of(text, name)), encoding)
    except FormatError:
        return data


def _is_entry(entry: Entry, chart: Chart) -> bool:
    same = entry.characteristic == chart.setting("characteristic")
    return same and entry.difficulty == chart.name


# Audio -----------------------------------------------------------------------------------


def with_audio_facts(files: Mapping[str, bytes], n_samples: int, rate_hz: int) -> dict[str, bytes]:
    """The files of a level with what is known of its audio.

    Parameters
    ----------
    files : mapping of str to bytes
        As `write` gives them.
    n_samples, rate_hz : int
        Of the audio that goes with them, per channel.

    Returns
    -------
    dict
        The same files; in version 4 the table of tempo regions ends with the audio and counts
        its samples, and the Info says its length.
    """
    shelf = Shelf(files)
    kept = shelf.info()
    if kept is None:
        return dict(files)
    info = Info.of(kept.name, kept.kept, kept.encoding)
    table = shelf.kept(info.audio_data_name()) if info.keys.major == 4 else None
    if table is None:
        return dict(files)
    file = JsonText.of(table.text(), table.name)
    value = resampled(file.value, n_samples, rate_hz)
    changed = {k: v for k, v in value.items() if v != file.value.get(k)}
    if not changed:
        return dict(files)
    audio: dict[str, Json] = dict(info.file.value.get("audio", {}))
    audio["songDuration"] = round(n_samples / rate_hz, 3)
    return {
        **files,
        table.name: pack(file.edited({}, changed), table.encoding),
        kept.name: pack(info.file.edited({}, {"audio": audio}), kept.encoding),
    }
