"""One .osu file: its sections as values, whatever its mode.

It knows what the keys of a file mean, and no song.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from chartstudio.core.song import Effect, Metadata
from chartstudio.core.timing import TimingMap
from chartstudio.formats import osu_ticks, osu_timing
from chartstudio.formats.code_pages import decode_old
from chartstudio.formats.format import has_suffix
from chartstudio.formats.osu_lines import LAZER_VERSION, Sheet, to_float
from chartstudio.formats.osu_objects import MAX_KEYS, FileNote, HitObject, Lines, SpinnerError
from chartstudio.formats.osu_speeds import MULTIPLIER_RANGE, TICK_RATE_RANGE, Speeds
from chartstudio.formats.osu_timing import Controls, Point
from chartstudio.formats.text import opts_out, without_opt_out
from chartstudio.modes.osu.timing import (
    DEFAULT_MULTIPLIER,
    DEFAULT_TICK_RATE,
    LATE_RULES,
    RULES_VERSION,
)

SUFFIX = ".osu"

OSU, MANIA = 0, 3

MODES = {OSU: "osu", 1: "taiko", MANIA: "mania"}
"""Modes whose charts are read, by their numbers."""


@dataclass(frozen=True, slots=True)
class SettingKey:
    """Where a file says one of a chart's settings.

    Parameters
    ----------
    name : str
        In `core.song.Chart.settings`.
    section, key : str
    low, high : float
        What the game clamps it to.
    """

    name: str
    section: str
    key: str
    low: float = 0.0
    high: float = 10.0


SETTING_KEYS = (
    SettingKey("hp", "Difficulty", "HPDrainRate"),
    SettingKey("cs", "Difficulty", "CircleSize"),
    SettingKey("od", "Difficulty", "OverallDifficulty"),
    SettingKey("ar", "Difficulty", "ApproachRate"),
    SettingKey("slider_multiplier", "Difficulty", "SliderMultiplier", *MULTIPLIER_RANGE),
    SettingKey("slider_tick_rate", "Difficulty", "SliderTickRate", *TICK_RATE_RANGE),
    SettingKey("stack_leniency", "General", "StackLeniency", -math.inf, math.inf),
)

_DEFAULT_KEYS = 5.0
_VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".flv", ".mpg", ".wmv", ".m4v")


@dataclass(frozen=True, slots=True)
class OsuFile:
    """One .osu file, read as far as every mode shares.

    Parameters
    ----------
    name, encoding : str
    sheet : Sheet
    general, meta, difficulty : dict
        Keys and values of those sections.
    """

    name: str
    encoding: str
    sheet: Sheet
    general: dict[str, str]
    meta: dict[str, str]
    difficulty: dict[str, str]

    @classmethod
    def of(cls, name: str, data: bytes) -> OsuFile:
        """Read a file's bytes."""
        text, encoding = decode_old(data, name)
        return cls.parsed(name, encoding, text)

    @classmethod
    def parsed(cls, name: str, encoding: str, text: str) -> OsuFile:
        """Read a file's text."""
        sheet = Sheet.of(text)
        values = (sheet.values(section) for section in ("General", "Metadata", "Difficulty"))
        return cls(name, encoding, sheet, *values)

    @property
    def mode(self) -> int:
        """0 osu, 1 taiko, 2 catch, 3 mania."""
        return int(_number(self.general, "Mode", 0))

    @property
    def n_keys(self) -> int:
        """Lanes of a mania chart."""
        return min(max(round(_number(self.difficulty, "CircleSize", _DEFAULT_KEYS)), 1), MAX_KEYS)

    def metadata(self) -> Metadata:
        """What the song is called."""
        meta, tags = self.meta, self.meta.get("Tags", "")
        title, artist = meta.get("Title", ""), meta.get("Artist", "")
        preview_ms = _number(self.general, "PreviewTime", -1)
        return Metadata(
            title=meta.get("TitleUnicode") or title,
            artist=meta.get("ArtistUnicode") or artist,
            title_translit=title if meta.get("TitleUnicode") else "",
            artist_translit=artist if meta.get("ArtistUnicode") else "",
            credit=meta.get("Creator", ""),
            source=meta.get("Source", ""),
            tags=without_opt_out(tags) if opts_out(tags) else tags,
            preview_s=None if preview_ms < 0 else (preview_ms + self.sheet.offset_ms) / 1000,
            background=background(self.sheet)[1],
            disallow_training=opts_out(self.sheet.text),
        )

    def audio(self) -> str:
        """Name of the audio file."""
        return self.general.get("AudioFilename", "").replace("\\", "/")

    def points(self) -> tuple[list[tuple[int, Point]], int]:
        """Timing points with their rows, and how many lines were no good."""
        default = osu_timing.default_state(self.general)
        found, n_bad = [], 0
        for row, line in self.sheet.section("TimingPoints"):
            try:
                point = osu_timing.read_point(line, self.sheet.offset_ms, default)
                found.append((row, point))
            except ValueError:
                n_bad += 1
        return found, n_bad

    def controls(self) -> tuple[Controls, int]:
        """Timing points as they take effect, and how many lines were no good."""
        found, n_bad = self.points()
        default = osu_timing.default_state(self.general)
        return osu_timing.controls((p for _, p in found), default), n_bad

    def settings(self) -> dict[str, float]:
        """What the file says for the chart as a whole, within the game's ranges."""
        found = {}
        for key in SETTING_KEYS:
            if key.name == "cs" and self.mode == MANIA:
                continue
            values = self.general if key.section == "General" else self.difficulty
            value = _number(values, key.key, math.nan)
            if not math.isnan(value):
                found[key.name] = min(max(value, key.low), key.high)
        if "od" in found:
            found.setdefault("ar", found["od"])
        if self.mode == OSU and self.sheet.version < LATE_RULES:
            found[RULES_VERSION] = float(max(self.sheet.version, 1))
        return found

    def speeds(self, controls: Controls) -> Speeds:
        """What the lengths of sliders are divided by."""
        said = self.settings()
        return Speeds(
            said.get("slider_multiplier", DEFAULT_MULTIPLIER),
            said.get("slider_tick_rate", DEFAULT_TICK_RATE),
            controls,
        )

    def lines(self, controls: Controls) -> Lines:
        """What the file's hit objects are read and written with."""
        whole = self.sheet.version < LAZER_VERSION
        speeds = self.speeds(controls)
        return Lines(MODES[self.mode], self.n_keys, self.sheet.offset_ms, whole, speeds)

    def content(self) -> Content:
        """The chart in the file; its mode must be one of `MODES`."""
        controls, n_bad_points = self.controls()
        timing = osu_timing.to_map(controls.reds)
        lines = self.lines(controls)
        rows: list[int] = []
        objects: list[HitObject] = []
        others: list[int] = []
        n_spinners = n_bad = 0
        for row, line in self.sheet.section("HitObjects"):
            try:
                objects.append(lines.read(line))
                rows.append(row)
                continue
            except SpinnerError:
                n_spinners += 1
            except ValueError:
                n_bad += 1
            others.append(row)
        notes = osu_ticks.to_notes(objects, timing, lines.mode)
        starts = {o.start_ms: n.tick for o, n in zip(objects, notes, strict=True)}
        effects = osu_timing.to_effects(controls, timing, starts)
        found = (tuple(rows), tuple(objects), tuple(notes), tuple(others))
        return Content(controls, timing, effects, lines, *found, n_bad_points, n_bad, n_spinners)


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds of a chart.

    Parameters
    ----------
    controls : Controls
    timing : TimingMap
    effects : tuple of Effect
    lines : Lines
    rows, objects, notes : tuple
        Of each hit object in the order of the file: its row, the object, the note.
    others : tuple of int
        Rows of [HitObjects] that are no note.
    n_bad_points, n_bad, n_spinners : int
        Timing points and hit objects that osu! skips, and spinners that mania has no lane for.
    """

    controls: Controls
    timing: TimingMap
    effects: tuple[Effect, ...]
    lines: Lines
    rows: tuple[int, ...]
    objects: tuple[HitObject, ...]
    notes: tuple[FileNote, ...]
    others: tuple[int, ...]
    n_bad_points: int
    n_bad: int
    n_spinners: int


def _number(values: dict[str, str], key: str, default: float) -> float:
    try:
        return to_float(values.get(key, ""))
    except ValueError:
        return default


def background(sheet: Sheet) -> tuple[int | None, str]:
    """Row and name of the background picture."""
    for row, line in sheet.section("Events"):
        fields = line.split(",")
        name = fields[2].strip().strip('"').replace("\\", "/") if len(fields) > 2 else ""
        kind = fields[0].strip()
        picture = kind in ("1", "Video") and not has_suffix(name, _VIDEO_SUFFIXES)
        if kind in ("0", "Background") or picture:
            return row, name
    return None, ""
