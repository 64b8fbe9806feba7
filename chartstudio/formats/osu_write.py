"""Writing osu!mania charts as .osu files.

A chart that came from a .osu file is written into that file's own text: only keys and lines
that say something else now are written anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from chartstudio.core.errors import ModeError
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.formats import osu_timing
from chartstudio.formats.osu_file import MANIA, SUFFIX, OsuFile, background
from chartstudio.formats.osu_lines import Sheet
from chartstudio.formats.osu_objects import HitObject, merge, to_objects, whole_ms
from chartstudio.formats.text import encode, file_name

OWNER = "osz"
"""Whose place in an `Extra` the files' texts are."""

_OPT_OUT = "robots:disallow"

_NEW = """osu file format v14

[General]
AudioFilename:
AudioLeadIn: 0
PreviewTime: -1
Countdown: 0
SampleSet: Normal
StackLeniency: 0.7
Mode: 3
LetterboxInBreaks: 0
SpecialStyle: 0
WidescreenStoryboard: 0

[Editor]
DistanceSpacing: 1
BeatDivisor: 4
GridSize: 4
TimelineZoom: 1

[Metadata]
Title:
TitleUnicode:
Artist:
ArtistUnicode:
Creator:
Version:
Source:
Tags:
BeatmapID:0
BeatmapSetID:-1

[Difficulty]
HPDrainRate:7
CircleSize:4
OverallDifficulty:7
ApproachRate:5
SliderMultiplier:1.4
SliderTickRate:1

[Events]
//Background and Video events
//Break Periods
//Storyboard Layer 0 (Background)
//Storyboard Layer 1 (Fail)
//Storyboard Layer 2 (Pass)
//Storyboard Layer 3 (Foreground)
//Storyboard Layer 4 (Overlay)
//Storyboard Sound Samples

[TimingPoints]


[HitObjects]
""".replace("\n", "\r\n")


def write(song: Song) -> dict[str, bytes]:
    """One .osu file for each chart, and those that were kept as text.

    Raises
    ------
    ModeError
        When a note lies in no lane of its chart.
    """
    before = _Before.of(song)
    found = {name: text.encode(encoding) for name, encoding, text in before.opaque}
    for chart in song.charts:
        name, data = _Writer(song, chart, before).file()
        found[_free_name(name, found)] = data
    return found


@dataclass(frozen=True, slots=True)
class _Before:
    """The song as it was when it was read.

    Parameters
    ----------
    credit : str
    keys : dict
        As of `_song_keys`; empty for a song from elsewhere.
    opaque : tuple
        Charts kept as text: name, encoding, text.
    """

    credit: str
    keys: dict[tuple[str, str], str]
    opaque: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, song: Song) -> _Before:
        saved = song.extra.get(OWNER)
        if saved is None:
            return cls("", {}, ())
        (*fields, audio), opaque = saved
        meta = Metadata(*fields)
        return cls(meta.credit, _song_keys(meta, audio), opaque)


def _song_keys(meta: Metadata, audio: str) -> dict[tuple[str, str], str]:
    """Sections, keys and values that all charts of a song share."""
    preview = -1 if meta.preview_s is None else round(meta.preview_s * 1000)
    tags = f"{meta.tags} {_OPT_OUT}".strip() if meta.disallow_training else meta.tags
    return {
        ("General", "AudioFilename"): audio,
        ("General", "PreviewTime"): str(preview),
        ("Metadata", "Title"): meta.title_translit or meta.title,
        ("Metadata", "TitleUnicode"): meta.title,
        ("Metadata", "Artist"): meta.artist_translit or meta.artist,
        ("Metadata", "ArtistUnicode"): meta.artist,
        ("Metadata", "Source"): meta.source,
        ("Metadata", "Tags"): tags,
        ("Events", "Background"): meta.background,
    }


class _Writer:
    """Writes one chart into its file's text.

    Parameters
    ----------
    song : Song
    chart : Chart
    before : _Before
    """

    def __init__(self, song: Song, chart: Chart, before: _Before) -> None:
        saved = chart.extra.get(OWNER)
        self.fresh = saved is None
        name, encoding, text = saved or ("", "utf-8", _NEW)
        self.name: str = name
        self.encoding: str = encoding
        self.text: str = text
        self.old = OsuFile.parsed(self.name, self.encoding, self.text)
        self.chart = chart
        self.timing = song.timing_of(chart)
        self.n_keys = int(chart.mode.removeprefix("mania-").removesuffix("k"))
        self.keys = _song_keys(song.metadata, song.audio)
        self.keys_before = {} if self.fresh else before.keys
        own_credit = bool(chart.credit) if self.fresh else chart.credit != before.credit
        self.credit = chart.credit if own_credit else song.metadata.credit
        self.version = chart.name or ("Normal" if self.fresh else "")

    def file(self) -> tuple[str, bytes]:
        """The file's name and bytes."""
        sheet = self._with_keys()
        sheet = self._with_timing(self._parsed(sheet))
        sheet = self._with_objects(self._parsed(sheet))
        unchanged = not self.fresh and sheet.text == self.text
        name = self.name if unchanged else self._new_name()
        return name, encode(sheet.text, self.encoding, unchanged)

    def _parsed(self, sheet: Sheet) -> OsuFile:
        if sheet is self.old.sheet:
            return self.old
        return OsuFile.parsed(self.name, self.encoding, sheet.text)

    def _with_keys(self) -> Sheet:
        keys, old, offset_ms = self.keys, self.old, self.old.sheet.offset_ms
        changed = {key: value for key, value in keys.items() if self.keys_before.get(key) != value}
        picture = changed.pop(("Events", "Background"), background(old.sheet)[1])
        preview = ("General", "PreviewTime")
        if changed.get(preview, "-1") != "-1":
            changed[preview] = str(int(changed[preview]) - offset_ms)
        own = (
            (("Metadata", "Creator"), self.credit, old.meta.get("Creator", "")),
            (("Metadata", "Version"), self.version, old.meta.get("Version", "")),
            (("Difficulty", "CircleSize"), str(self.n_keys), str(old.n_keys)),
            (("General", "Mode"), str(MANIA), str(old.mode)),
        )
        changed |= {key: value for key, value, said in own if value != said}
        sheet = old.sheet
        for section in ("General", "Metadata", "Difficulty"):
            values = {key: value for (s, key), value in changed.items() if s == section}
            sheet = sheet.with_values(section, values)
        return _with_background(sheet, picture)

    def _with_timing(self, file: OsuFile) -> Sheet:
        controls, _ = file.controls()
        said = osu_timing.to_map(controls.reds)
        effects = tuple(e for e in self.chart.effects if e.kind in osu_timing.EFFECT_KINDS)
        same = said == self.timing and osu_timing.to_effects(controls, said) == effects
        if same and not self.fresh:
            return file.sheet
        default = osu_timing.default_state(file.general)
        rows = {osu_timing.key(p): row for row, p in file.points()[0]}
        lines: list[str | int] = []
        for point in osu_timing.to_points(self.timing, effects, default):
            row = rows.get(osu_timing.key(point))
            lines.append(point.text(file.sheet.offset_ms) if row is None else row)
        return file.sheet.with_section("TimingPoints", lines)

    def _with_objects(self, file: OsuFile) -> Sheet:
        notes = [n for n in self.chart.notes if isinstance(n, LaneNote)]
        for lane in {n.lane for n in notes}:
            if not 0 <= lane < self.n_keys:
                place = f"lane {lane + 1} of {self.n_keys}"
                raise ModeError(f"a note lies in {place}; move or remove it")
        wanted = Counter(to_objects(notes, self.timing))
        lines = self._lines(file)
        same_keys = self.n_keys == self.old.n_keys
        if same_keys and wanted == Counter(o for _, o in lines if o is not None):
            return file.sheet
        kept: list[tuple[int, HitObject | None]] = []
        for row, note in lines:
            if note is None:
                kept.append((row, None))
            elif same_keys and wanted[note] > 0:
                wanted[note] -= 1
                kept.append((row, note))
        merged: list[str | int] = [
            line.text(self.n_keys, file.sheet.offset_ms) if isinstance(line, HitObject) else line
            for line in merge(kept, wanted.elements())
        ]
        return file.sheet.with_section("HitObjects", merged)

    def _lines(self, file: OsuFile) -> list[tuple[int, HitObject | None]]:
        """Rows of the file's hit objects, read with the timing that they were written with."""
        controls, _ = self.old.controls()
        there = [note for _, note in self.old.objects(controls)[0]]
        notes = [note for note in there if note is not None]
        whole = iter(whole_ms(notes, osu_timing.to_map(controls.reds)))
        rows = (row for row, _ in file.sheet.section("HitObjects"))
        return [
            (row, None if note is None else next(whole))
            for row, note in zip(rows, there, strict=True)
        ]

    def _new_name(self) -> str:
        """The file's own name while what it is made of stays; else one as osu! would make it."""
        named_by = [("Metadata", "Title"), ("Metadata", "Artist")]
        same = all(self.keys[key] == self.keys_before.get(key) for key in named_by)
        own = (self.old.meta.get("Creator", ""), self.old.meta.get("Version", ""))
        if same and (self.credit, self.version) == own:
            return self.name
        title, artist = (self.keys[key] for key in named_by)
        name = f"{artist} - {title} ({self.credit}) [{self.version}]"
        return file_name(name, "chart") + SUFFIX


def _with_background(sheet: Sheet, name: str) -> Sheet:
    row, old = background(sheet)
    if name == old:
        return sheet
    quoted = name.replace('"', "")
    line = f'0,0,"{quoted}",0,0' if name else None
    if row is not None:
        return sheet.with_row(row, line)
    return sheet.with_lines_added("Events", [] if line is None else [line])


def _free_name(name: str, taken: Iterable[str]) -> str:
    lower = {other.lower() for other in taken}
    stem, number, free = name.removesuffix(SUFFIX), 1, name
    while free.lower() in lower:
        number += 1
        free = f"{stem} {number}{SUFFIX}"
    return free
