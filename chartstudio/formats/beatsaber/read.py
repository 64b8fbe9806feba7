"""Reading Beat Saber levels: a whole set by its Info, or one difficulty.

Each file's version is told by itself, so sets may mix them. What cannot be read is kept and
said in a line of problems.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from chartstudio.core.errors import FormatError
from chartstudio.core.song import Chart, Extra, Metadata, Song
from chartstudio.core.timing import TimingMap
from chartstudio.formats.beatsaber import marks
from chartstudio.formats.beatsaber.custom import NEW
from chartstudio.formats.beatsaber.difficulty import Difficulty, leading_version, major_of
from chartstudio.formats.beatsaber.info import (
    DIFFICULTIES,
    MAPS,
    MAPS_1,
    MAPS_4,
    SETS,
    STANDARD,
    Entry,
    Info,
    is_info,
    known_difficulty,
    level_of,
)
from chartstudio.formats.beatsaber.json_text import JsonText, text_of, unpack
from chartstudio.formats.beatsaber.kept import OWNER, KeptChart, KeptFile, KeptSong, anchors_of
from chartstudio.formats.beatsaber.tempo import map_of, map_of_regions
from chartstudio.formats.beatsaber.v2 import FAKES
from chartstudio.formats.beatsaber.values import inner, items, objects
from chartstudio.formats.format import Files
from chartstudio.formats.text import opts_out

MODE = "beatsaber"

SUFFIXES = (".dat",)

INFO_NAME = "Info.dat"
INFO_NAMES = (INFO_NAME, "info.json")
BPM_INFO_NAME = "BPMInfo.dat"

_FAKES = ("fakeColorNotes", "fakeBombNotes", "fakeObstacles", "fakeBurstSliders")
"""Lists of version 3's custom data, see `v2.FAKES`."""

_NO_DIFFICULTY = (
    ("bpmData", "songFrequency", "_regions", "_songFrequency"),
    ("basicEvents", "eventBoxGroups"),
)


class Shelf:
    """The files of a set by their names in any case."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._names = {n.lower(): n for n in sorted(files, reverse=True) if "/" not in n}

    def find(self, name: str) -> str | None:
        """A file's own name, or None."""
        return self._names.get(name.lower()) if name else None

    def kept(self, name: str) -> KeptFile | None:
        """A file, or None where there is none.

        Raises
        ------
        FormatError
            When it is damaged.
        """
        found = self.find(name)
        if found is None:
            return None
        kept, encoding = unpack(self._files[found], found)
        return KeptFile(found, encoding, kept)

    def raw(self, name: str) -> bytes:
        """A file's bytes, by its own name."""
        return self._files[name]

    def info(self) -> KeptFile | None:
        """The Info, where there is one."""
        return next((f for f in map(self.kept, INFO_NAMES) if f is not None), None)

    def disallows(self) -> bool:
        """Whether a ``robots.txt`` lies beside that says the opt-out."""
        name = self.find("robots.txt")
        return name is not None and opts_out(self._files[name].decode("utf-8", "replace"))


def read(files: Files, chosen: str | None) -> Song:
    """The charts of a level, or the one of a difficulty file.

    Raises
    ------
    FormatError
        When the file asked for, or the Info, cannot be read.
    """
    shelf = Shelf(files)
    if chosen is None:
        info = shelf.info()
        if info is None:
            what = "holds no Info.dat; choose a folder with one, or a difficulty file"
            raise FormatError("", None, what)
        return _Reader(shelf, Info.of(info.name, info.kept, info.encoding)).song()
    file = shelf.kept(chosen) or _outside(files, chosen)
    value = JsonText.of(file.text(), file.name).value
    if _is_info_name(file.name) or is_info(value):
        return _Reader(shelf, Info.of(file.name, file.kept, file.encoding)).song()
    if any(key in value for keys in _NO_DIFFICULTY for key in keys):
        what = "holds no notes; choose the Info.dat or a difficulty beside it"
        raise FormatError(file.name, None, what)
    return _one(shelf, file)


def _is_info_name(name: str) -> bool:
    return name.lower() == INFO_NAME.lower()


def _outside(files: Files, name: str) -> KeptFile:
    kept, encoding = unpack(files[name], name)
    return KeptFile(name, encoding, kept)


def _one(shelf: Shelf, file: KeptFile) -> Song:
    """The song of one difficulty: with its Info, cut down to it, where that names it."""
    beside = shelf.info()
    if beside is not None:
        try:
            info = Info.of(beside.name, beside.kept, beside.encoding)
        except FormatError:
            return _Reader(shelf, None).song_of(file)
        names = [e.file.lower() for e in info.entries]
        if file.name.lower() in names:
            text = _cut_down(info, file.name)
            return _Reader(shelf, Info.of(info.name, *text)).song()
    return _Reader(shelf, None).song_of(file)


def _cut_down(info: Info, name: str) -> tuple[str, str]:
    """The Info's text with one difficulty only, and its encoding."""
    if len(info.entries) == 1:
        return info.kept, info.encoding

    def stays(entry: dict[str, object], key: str) -> bool:
        said = entry.get(key)
        return isinstance(said, str) and said.lower() == name.lower()

    value = info.file.value
    if info.keys.major == 2:
        groups = [
            {**g, MAPS: [e for e in objects(g, MAPS) if stays(e, "_beatmapFilename")]}
            for g in objects(value, SETS)
        ]
        members = {SETS: [g for g in groups if g[MAPS]]}
    else:
        key, field = (
            (MAPS_4, "beatmapDataFilename") if info.keys.major == 4 else (MAPS_1, "jsonPath")
        )
        members = {key: [e for e in objects(value, key) if stays(e, field)]}
    return info.file.edited({}, members), "utf-8"


@dataclass(frozen=True, slots=True)
class _Table:
    """The tempo table of a set."""

    file: KeptFile | None
    timing: TimingMap | None


class _Reader:
    """Reads one set.

    Parameters
    ----------
    shelf : Shelf
    info : Info or None
    """

    def __init__(self, shelf: Shelf, info: Info | None) -> None:
        self.shelf = shelf
        self.info = info
        self.problems: list[str] = []
        self.others: dict[str, KeptFile] = {}
        self.unread: list[str] = []
        self.disallow = shelf.disallows()
        self.home = 2
        bpm, said = info.bpm() if info else (120.0, False)
        if not said:
            where = info.name if info else "the difficulty"
            self.problems.append(f"{where}: says no tempo; {bpm:g} BPM is taken")
        self.bpm = bpm
        self.offset_s = info.offset_s() if info else 0.0
        self.table = self._table()

    # The set -----------------------------------------------------------------------------

    def song(self) -> Song:
        """The whole set."""
        assert self.info is not None
        self.home = _home_of(self.shelf, self.info)
        if self.info.file.n_repairs:
            n = self.info.file.n_repairs
            self.problems.append(f"{self.info.name}: {n} x commas missing or too many")
        charts = [c for e in self.info.entries if (c := self._chart(e)) is not None]
        metadata = self.info.metadata()
        charts = [replace(c, credit="") if c.credit == metadata.credit else c for c in charts]
        self.disallow |= marks.text_opts_out(self.info.file.text)
        return self._song(replace(metadata, disallow_training=self.disallow), charts)

    def song_of(self, file: KeptFile) -> Song:
        """A difficulty without an Info."""
        self.problems.append(f"{file.name}: there is no Info.dat that names it; choose its folder")
        stem = re.sub(r"\.[^.]*$", "", file.name)
        named = next((d for d in reversed(DIFFICULTIES) if stem.lower().startswith(d.lower())), "")
        characteristic = stem[len(named) :] if named else ""
        settings = (("characteristic", characteristic or STANDARD),)
        name = named or known_difficulty(stem) or stem
        entry = Entry(file.name, "", characteristic, name, "", settings, "", {})
        chart = self._read_chart(entry, file)
        self.home = Difficulty.of(file.text(), file.name).version.major
        return self._song(Metadata(disallow_training=self.disallow), [chart])

    def _song(self, metadata: Metadata, charts: list[Chart]) -> Song:
        timings = Counter(anchors_of(t) for c in charts if (t := c.timing) is not None)
        timing = self._base()
        if timings:
            common = timings.most_common(1)[0][0]
            timing = next(c.timing for c in charts if c.timing and anchors_of(c.timing) == common)
        charts = [replace(c, timing=None) if c.timing == timing else c for c in charts]
        info = self.info
        kept = KeptSong(
            self.home,
            KeptFile(info.name, info.encoding, info.kept) if info else None,
            tuple(self.others.values()),
            tuple(self.unread),
            anchors_of(timing),
            metadata.disallow_training,
        )
        return Song(
            metadata,
            info.audio() if info else "",
            timing,
            tuple(charts),
            extra=Extra(((OWNER, kept.frozen()),)),
            problems=tuple(self.problems),
        )

    # Timing ------------------------------------------------------------------------------

    def _table(self) -> _Table:
        """The set's table of tempo regions, where it has one."""
        is_v4 = self.info is not None and self.info.keys.major == 4
        name = self.info.audio_data_name() if self.info and is_v4 else BPM_INFO_NAME
        if self.info is None:
            return _Table(None, None)
        try:
            file = self.shelf.kept(name)
            if file is None:
                if is_v4:
                    what = f"{name or 'the audio data file'} is missing; the Info's tempo is taken"
                    self.problems.append(what)
                return _Table(None, None)
            self.others[file.name] = file
            self.disallow |= marks.text_opts_out(file.text())
            value = JsonText.of(file.text(), file.name).value
        except FormatError as error:
            self.problems.append(str(error))
            self._keep_raw(name)
            return _Table(None, None)
        timing, n_bad = map_of_regions(value, self.bpm)
        if n_bad:
            self.problems.append(f"{file.name}: {n_bad} x tempo regions that make no sense")
        constant = TimingMap.constant(self.bpm)
        return _Table(file, None if timing == constant else timing)

    def _base(self) -> TimingMap:
        """The timing of a difficulty that says nothing of it."""
        return self.table.timing or TimingMap.constant(self.bpm, self.offset_s)

    def _timing(self, difficulty: Difficulty, name: str) -> TimingMap:
        if difficulty.tempos and difficulty.version.major != 4:
            return map_of(self.bpm, self.offset_s, difficulty.tempos)
        if difficulty.version.major != 4 and self.table.timing and self.table.file:
            table = self.table.file.name
            what = f"has no tempo changes of its own, as the game needs; {table} is taken"
            self.problems.append(f"{name}: {what}")
        return self._base()

    # Charts ------------------------------------------------------------------------------

    def _chart(self, entry: Entry) -> Chart | None:
        """A chart, or None where its file cannot be read."""
        try:
            file = self.shelf.kept(entry.file)
            if file is None or (self.info and file.name == self.info.name):
                self.problems.append(f"{entry.file or 'a difficulty'}: the file is missing")
                self.unread.append(entry.file)
                return None
            return self._read_chart(entry, file)
        except FormatError as error:
            self.problems.append(str(error))
            self.unread.append(entry.file)
            self._keep_raw(entry.file)
            return None

    def _keep_raw(self, name: str) -> None:
        """Keep a file that cannot be read, byte for byte."""
        found = self.shelf.find(name)
        if found is not None:
            data = self.shelf.raw(found)
            self.others[found] = KeptFile(found, "latin-1", data.decode("latin-1"))

    def _read_chart(self, entry: Entry, file: KeptFile) -> Chart:
        text = file.text()
        difficulty = Difficulty.of(text, file.name)
        self.disallow |= marks.text_opts_out(text)
        said = difficulty.tally + Counter({FAKES: _n_fakes(difficulty)})
        self.problems += [f"{file.name}: {n} x {what}" for what, n in said.items()]
        self._keep_lightshow(entry.lightshow)
        timing = self._timing(difficulty, file.name)
        kept = KeptChart(file, entry.lightshow, anchors_of(timing))
        return Chart(
            MODE,
            entry.difficulty,
            level_of(entry.difficulty),
            difficulty.notes,
            timing,
            label=entry.label,
            credit=entry.credit,
            extra=Extra(((OWNER, kept.frozen()),)),
            settings=entry.settings,
        )

    def _keep_lightshow(self, name: str) -> None:
        if not name or self.shelf.find(name) in self.others:
            return
        try:
            file = self.shelf.kept(name)
        except FormatError as error:
            self.problems.append(str(error))
            self._keep_raw(name)
            return
        if file is None:
            self.problems.append(f"{name}: the file is missing")
            return
        self.others[file.name] = file
        self.disallow |= marks.text_opts_out(file.text())


def _n_fakes(difficulty: Difficulty) -> int:
    """Objects in a difficulty's lists of fakes."""
    custom = inner(difficulty.file.value, NEW)
    return sum(len(items(custom, name)) for name in _FAKES)


# Telling versions ------------------------------------------------------------------------


def home_of(files: Files, chosen: str | None) -> int | None:
    """The highest version in use: 2, 3 or 4; None where there is no level.

    Never raises for what a file holds.
    """
    shelf = Shelf(files)
    if chosen is not None:
        return _home_of_file(shelf, chosen)
    try:
        info = shelf.info()
    except FormatError:
        return 2
    return None if info is None else _home_of_info(shelf, info)


def _home_of_file(shelf: Shelf, chosen: str) -> int | None:
    if not chosen.lower().endswith((*SUFFIXES, ".json")):
        return None
    try:
        file = shelf.kept(chosen)
        if file is None:
            return None
        text = file.text()
        leading = leading_version(text)
        value = JsonText.of(text, file.name).value
    except FormatError:
        # A damaged file is best refused by the reader, in words.
        return 2 if chosen.lower().endswith(SUFFIXES) else None
    if _is_info_name(file.name) or is_info(value):
        return _home_of_info(shelf, file)
    if chosen.lower().endswith(".json") and leading is None:
        return None
    return 4 if _is_in_v4(shelf, file.name) else major_of(value)


def _is_in_v4(shelf: Shelf, name: str) -> bool:
    """Whether the Info beside a difficulty is of version 4 and names it."""
    try:
        kept = shelf.info()
        info = Info.of(kept.name, kept.kept, kept.encoding) if kept else None
    except FormatError:
        return False
    names = (e.file.lower() for e in info.entries) if info and info.keys.major == 4 else ()
    return name.lower() in names


def _home_of_info(shelf: Shelf, info: KeptFile) -> int:
    try:
        return _home_of(shelf, Info.of(info.name, info.kept, info.encoding))
    except FormatError:
        return 2


def _home_of(shelf: Shelf, info: Info) -> int:
    return 4 if info.keys.major == 4 else max([2, *_majors(shelf, info.entries)])


def _majors(shelf: Shelf, entries: Iterable[Entry]) -> Iterable[int]:
    for entry in entries:
        try:
            file = shelf.kept(entry.file)
            if file is None:
                continue
            text = text_of(file.kept, file.encoding, file.name)
            leading = leading_version(text)
            if leading is None:
                leading = major_of(JsonText.of(text, file.name).value)
        except FormatError:
            continue
        yield min(max(leading, 2), 4)
