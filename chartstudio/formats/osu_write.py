"""Writing charts of osu!, taiko and mania as .osu files.

A chart that came from a .osu file is written into that file's own text: only keys and lines
that say something else now are written anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chartstudio.core.errors import ModeError
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.formats import osu_file, osu_timing
from chartstudio.formats.osu_ends import Settled, settle, with_velocities
from chartstudio.formats.osu_file import (
    SETTING_KEYS,
    SUFFIX,
    Content,
    OsuFile,
    SettingKey,
    background,
)
from chartstudio.formats.osu_lines import LAZER_VERSION, Sheet
from chartstudio.formats.osu_objects import MAX_MS, HitObject, merge, places_of
from chartstudio.formats.osu_paths import MAX_COORDINATE
from chartstudio.formats.osu_ticks import held_notes, in_file, n_moved, whole_ms
from chartstudio.formats.osu_timing import Controls, Point
from chartstudio.formats.text import encode, file_name, plain
from chartstudio.modes import MODES

OWNER = "osz"
"""Whose place in an `Extra` the files' texts are."""

_OPT_OUT = "robots:disallow"

_NUMBERS = {name: number for number, name in osu_file.MODES.items()}

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
        When a note lies in no lane of its chart, or further out or later than osu! reads.
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
        self.old_content = self.old.content()
        self.chart = chart
        self.timing = song.timing_of(chart)
        self.mode = chart.mode if chart.mode in ("osu", "taiko") else "mania"
        self.keys = _song_keys(song.metadata, song.audio)
        self.keys_before = {} if self.fresh else before.keys
        own_credit = bool(chart.credit) if self.fresh else chart.credit != before.credit
        self.credit = chart.credit if own_credit else song.metadata.credit
        self.version = chart.name or ("Normal" if self.fresh else "")

    def file(self) -> tuple[str, bytes]:
        """The file's name and bytes."""
        file = self._parsed(self._with_settings(self._with_keys()))
        sheet, settled = self._with_timing(file)
        sheet = self._with_objects(self._parsed(sheet), settled)
        unchanged = not self.fresh and sheet.text == self.text
        name = self.name if unchanged else self._new_name()
        return name, encode(sheet.text, self.encoding, unchanged)

    def costs(self) -> Costs:
        """What the chart's notes lose in the file."""
        sheet, settled = self._with_timing(self._parsed(self._with_settings(self._with_keys())))
        file = self._parsed(sheet)
        _, left = self._split(self._content(file), settled)
        held = held_notes(self.chart.notes, self.mode)
        return Costs(settled.n_lengths, n_moved([held[place] for place in left], self.timing))

    def _content(self, file: OsuFile) -> Content:
        return self.old_content if file is self.old else file.content()

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
        own = [
            (("Metadata", "Creator"), self.credit, old.meta.get("Creator", "")),
            (("Metadata", "Version"), self.version, old.meta.get("Version", "")),
            (("General", "Mode"), str(_NUMBERS[self.mode]), str(old.mode)),
        ]
        if self.mode == "mania":
            n_keys = self.chart.mode.removeprefix("mania-").removesuffix("k")
            own.append((("Difficulty", "CircleSize"), n_keys, str(old.n_keys)))
        changed |= {key: value for key, value, said in own if value != said}
        return _with_background(_with_changed(old.sheet, changed), picture)

    def _with_settings(self, sheet: Sheet) -> Sheet:
        """The chart's own figures, where the file says others."""
        wanted = {key: self._setting(key) for key in SETTING_KEYS}
        if self.mode == "mania":
            wanted = {key: value for key, value in wanted.items() if key.name != "cs"}
        # A file without an approach rate takes the overall difficulty for it, so the rate is
        # looked at last.
        others = {key: value for key, value in wanted.items() if key.name != "ar"}
        for part in (others, wanted):
            said = self._parsed(sheet).settings()
            changed = {
                (key.section, key.key): plain(value)
                for key, value in part.items()
                if value is not None and value != said.get(key.name)
            }
            sheet = _with_changed(sheet, changed)
        return sheet

    def _setting(self, key: SettingKey) -> float | None:
        value = self.chart.setting(key.name)
        mode = MODES.get(self.chart.mode)
        if value is None and self.fresh and mode is not None:
            value = next((s.default for s in mode.settings if s.name == key.name), None)
        if not isinstance(value, int | float) or math.isnan(value):
            return None
        return min(max(float(value), key.low), key.high)

    def _with_timing(self, file: OsuFile) -> tuple[Sheet, Settled]:
        """The file with its timing points, and the objects that go with them."""
        effects = tuple(e for e in self.chart.effects if e.kind in osu_timing.EFFECT_KINDS)
        before = self.old_content
        same = not self.fresh and before.timing == self.timing and before.effects == effects
        points = file.points()[0]
        lines: list[tuple[int | None, Point]] = list(points)
        default = osu_timing.default_state(file.general)
        if not same:
            starts = frozenset(n.tick for n in self.chart.notes)
            made = osu_timing.to_points(self.timing, effects, default, starts)
            rows = {osu_timing.key(p): row for row, p in points}
            lines = [(rows.get(osu_timing.key(p)), p) for p in made]
        controls = osu_timing.controls((p for _, p in lines), default)
        settled = self._settle(file, controls)
        if settled.velocities:
            lines = with_velocities(lines, settled.velocities, controls)
        elif same:
            return file.sheet, settled
        offset_ms = file.sheet.offset_ms
        texts = [p.text(offset_ms) if row is None else row for row, p in lines]
        return file.sheet.with_section("TimingPoints", texts), settled

    def _settle(self, file: OsuFile, controls: Controls) -> Settled:
        whole = file.sheet.version < LAZER_VERSION
        placed = in_file(self.chart.notes, self.timing, self.mode, whole)
        if self.mode == "osu":
            return settle(placed, file.speeds(controls))
        return Settled(tuple(p.found for p in placed))

    def _with_objects(self, file: OsuFile, settled: Settled) -> Sheet:
        content = self._content(file)
        self._refuse(settled.objects, content.lines.n_keys)
        kept, left = self._split(content, settled)
        if not left and len(kept) == len(content.rows) + len(content.others):
            return file.sheet
        new = ((place, settled.objects[place]) for place in left)
        merged: list[str | int] = [
            line if isinstance(line, int) else content.lines.text(line)
            for line in merge(sorted(kept, key=lambda item: item[0]), new)
        ]
        return file.sheet.with_section("HitObjects", merged)

    def _split(
        self, content: Content, settled: Settled
    ) -> tuple[list[tuple[int, int, HitObject | None]], list[int]]:
        """Lines that stay, as `merge` takes them, and the places of objects that get new ones."""
        places: dict[HitObject, list[int]] = {}
        for place in reversed(range(len(settled.objects))):
            places.setdefault(settled.objects[place], []).append(place)
        there = whole_ms(content.notes, content.objects, content.timing)
        kept: list[tuple[int, int, HitObject | None]] = [(row, 0, None) for row in content.others]
        for row, found in zip(content.rows, there, strict=True):
            if places.get(found):
                kept.append((row, places[found].pop(), found))
        return kept, sorted(place for free in places.values() for place in free)

    def _refuse(self, objects: Iterable[HitObject], n_keys: int) -> None:
        """Raise `ModeError` for places that osu! would skip."""
        for found in objects:
            note = found.note
            if abs(found.start_ms) > MAX_MS:
                what = f"a note lies at {found.start_ms / 1000:.0f} s, which osu! does not read"
                raise ModeError(f"{what}; move or remove it")
            if isinstance(note, LaneNote) and self.mode == "mania" and not 0 <= note.lane < n_keys:
                place = f"lane {note.lane + 1} of {n_keys}"
                raise ModeError(f"a note lies in {place}; move or remove it")
            for x, y in places_of(note):
                if not max(abs(x), abs(y)) <= MAX_COORDINATE:
                    raise ModeError(
                        f"a note lies at {x:.0f}, {y:.0f}, too far away for osu!; move or remove it"
                    )

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


def _with_changed(sheet: Sheet, changed: Mapping[tuple[str, str], str]) -> Sheet:
    """A sheet with keys of several sections set."""
    for section in ("General", "Metadata", "Difficulty"):
        values = {key: value for (s, key), value in changed.items() if s == section}
        sheet = sheet.with_values(section, values)
    return sheet


@dataclass(frozen=True, slots=True)
class Costs:
    """What notes lose in a file.

    Parameters
    ----------
    n_lengths : int
        Sliders that can end where they should with another length only.
    n_moved : int
        Notes between two milliseconds, which new lines move.
    """

    n_lengths: int
    n_moved: int


def costs_of(song: Song, chart: Chart) -> Costs:
    """What a chart's notes lose in its file."""
    return _Writer(song, chart, _Before.of(song)).costs()


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
