"""One .osu file: its sections as values, whatever its mode.

It knows what the keys of a file mean, and no song.
"""

from __future__ import annotations

from dataclasses import dataclass

from chartstudio.core.song import Metadata
from chartstudio.formats import osu_timing
from chartstudio.formats.format import has_suffix
from chartstudio.formats.osu_lines import Sheet, to_float
from chartstudio.formats.osu_objects import MAX_KEYS, HitObject, ObjectReader, SpinnerError
from chartstudio.formats.osu_timing import Controls, Point
from chartstudio.formats.text import decode, opts_out, without_opt_out

SUFFIX = ".osu"
MANIA = 3

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
        text, encoding = decode(data, name)
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

    def objects(self, controls: Controls) -> tuple[list[tuple[int, HitObject | None]], int, int]:
        """Hit objects with their rows (None for what is no note), spinners, and bad lines."""
        multiplier = min(max(_number(self.difficulty, "SliderMultiplier", 1.4), 0.4), 3.6)
        reader = ObjectReader(self.n_keys, self.sheet.offset_ms, multiplier, controls)
        found: list[tuple[int, HitObject | None]] = []
        n_spinners = n_bad = 0
        for row, line in self.sheet.section("HitObjects"):
            note = None
            try:
                note = reader.read(line)
            except SpinnerError:
                n_spinners += 1
            except ValueError:
                n_bad += 1
            found.append((row, note))
        return found, n_spinners, n_bad


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
