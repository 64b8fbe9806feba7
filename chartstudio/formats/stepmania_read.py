"""Reading StepMania's .sm and .ssc files.

Everything that a file holds ends in the song: as values where they are understood, and as
text beside them. A chart of a style that cannot be read as lanes is kept as text only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chartstudio.core.errors import FormatError
from chartstudio.core.song import Chart, Effect, Extra, Metadata, Song
from chartstudio.core.timing import TimingMap
from chartstudio.formats.code_pages import decode_old
from chartstudio.formats.format import Files, top_level
from chartstudio.formats.msd import Parameter
from chartstudio.formats.stepmania_dialect import (
    MAP_TAGS,
    TIMING_TAGS,
    VERSION,
    Dialect,
    difficulty,
)
from chartstudio.formats.stepmania_effects import read_effects
from chartstudio.formats.stepmania_notes import (
    STYLES,
    NoteData,
    read_notes,
    split_measures,
    style_of,
)
from chartstudio.formats.stepmania_sheet import Item, Sheet, has_tags, read_sheet
from chartstudio.formats.stepmania_timing import (
    SPLIT_TIMING_VERSION,
    number,
    read_segments,
    to_map,
)
from chartstudio.formats.text import opts_out

_MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class ChartFields:
    """A chart's text fields, whichever format they come from."""

    style: str
    description: str
    difficulty: str
    meter: str
    credit: str
    notes: str


def read(dialect: Dialect, files: Files, chosen: str | None) -> Song:
    """The song in a folder's file of one dialect.

    Parameters
    ----------
    dialect : Dialect
    files : mapping of str to bytes
    chosen : str or None
        The file to read; else the first of the folder, as the games do.

    Raises
    ------
    FormatError
        When there is no tag in the file. One of no bytes is a song that nothing is known of.
    """
    name = chosen or top_level(files, (dialect.suffix,))[0]
    text, encoding = decode_old(files[name], name)
    if text and not has_tags(text):
        what = "is no StepMania file; it has no #TITLE: nor any other tag, choose another file"
        raise FormatError(name, None, what)
    sheet = read_sheet(text, dialect.split)
    reader = Reader(dialect)
    if not text:
        reader.problems.append(f"{name} is empty")
    if not encoding.startswith("utf"):
        reader.problems.append(f"{name} is not UTF-8; read as {encoding}, so names may look wrong")
    tags = dialect.values(sheet.tags())
    reader.version = version_of(tags)
    timing, effects = reader.timing(tags, 0.0)
    charts = []
    items = []
    for item in sheet.items:
        chart = reader.chart(item, timing) if item.kind == "chart" else None
        if item.kind != "tag" and chart is None:
            item = Item("kept", item.parameters)
            reader.problems.append(f"a {_style(dialect, item)} chart is kept as it is, unread")
        if chart is not None:
            charts.append(chart)
        items.append(item)
    disallow = opts_out(text) or ("robots.txt" in files and opts_out(_text(files["robots.txt"])))
    saved = (name, encoding, Sheet(tuple(items), sheet.rest).saved())
    return Song(
        metadata_of(dialect, tags, disallow),
        audio=tags.get("MUSIC", "").strip(),
        timing=timing,
        charts=tuple(charts),
        effects=effects,
        extra=Extra(((dialect.id, saved),)),
        problems=few(reader.problems),
    )


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _style(dialect: Dialect, item: Item) -> str:
    values = item.parameters[0].values
    style = "" if dialect.split else values[1] if len(values) > 1 else ""
    style = style or dialect.values(item.parameters).get("STEPSTYPE", "")
    return style.strip() or "broken"


def few(problems: list[str]) -> tuple[str, ...]:
    """The first problems, and how many more there are."""
    if len(problems) <= _MOST_PROBLEMS:
        return tuple(problems)
    rest = len(problems) - _MOST_PROBLEMS
    return (*problems[:_MOST_PROBLEMS], f"and {rest} more of this sort")


def version_of(tags: Mapping[str, str]) -> float:
    """The file's version; a file without one is as new as we know."""
    return number(tags["VERSION"]) if "VERSION" in tags else VERSION


def metadata_of(dialect: Dialect, tags: Mapping[str, str], disallow: bool) -> Metadata:
    """What the song is called, and its files."""
    texts: dict[str, Any] = {field: tags.get(tag, "") for tag, field in dialect.text_tags}
    return Metadata(
        **texts,
        preview_s=seconds(tags.get("SAMPLESTART", "")),
        preview_length_s=seconds(tags.get("SAMPLELENGTH", "")),
        disallow_training=disallow,
    )


def seconds(text: str) -> float | None:
    """Seconds of a sample tag; None where the game is to choose."""
    if not text.strip():
        return None
    value = number(text)
    return value if value >= 0 else None


def fields_of(dialect: Dialect, item: Item) -> ChartFields:
    """A chart's text fields."""
    if dialect.split:
        tags = dialect.values(item.parameters)
        of_tags = [tags.get(t, "") for t in ("STEPSTYPE", "DESCRIPTION", "DIFFICULTY", "METER")]
        style, said, name, meter = (text.strip() for text in of_tags)
        credit = tags.get("CREDIT", "").strip()
        notes = notes_text(item.parameters[-1], 1)
        return ChartFields(style_of(style), said, name, meter, credit, notes)
    whole = item.parameters[0]
    style, said, name, meter = (text.strip() for text in whole.values[1:5])
    return ChartFields(style_of(style), said, name, meter, "", notes_text(whole, 6))


def notes_text(p: Parameter, index: int) -> str:
    """Note data with its comments, where it has no escapes."""
    if index >= len(p.values):
        return ""
    return p.values[index] if "\\" in p.parts[index] else p.parts[index]


def level_of(dialect: Dialect, meter: str) -> float | None:
    """A chart's meter; .sm files that name none mean 1."""
    if not meter:
        return None if dialect.split else 1.0
    return float(int(number(meter)))


class Reader:
    """Reads the parts of one file, collecting what it had to skip.

    Parameters
    ----------
    dialect : Dialect
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.version = VERSION
        self.problems: list[str] = []

    def timing(
        self, tags: Mapping[str, str], start_s: float
    ) -> tuple[TimingMap, tuple[Effect, ...]]:
        """Timing and effects of the song or of a chart.

        Parameters
        ----------
        tags : mapping of tag to value
        start_s : float
            Time of beat 0 unless a tag says it.
        """
        map_tags = {tag: tags[tag] for tag in MAP_TAGS if tag in tags}
        segments, problems = read_segments(map_tags, self.dialect.split, self.version, start_s)
        self.problems += problems
        effects: list[Effect] = []
        for spec in self.dialect.effect_tags:
            found, n_bad = read_effects(spec, tags.get(spec.tag, ""))
            effects += found
            if n_bad:
                self.problems.append(f"#{spec.tag}: {n_bad} entries were skipped")
        return to_map(segments), sort_effects(effects)

    def chart(self, item: Item, song_timing: TimingMap) -> Chart | None:
        """A chart, or None when it cannot be read as lanes."""
        fields = fields_of(self.dialect, item)
        if fields.style not in STYLES:
            return None
        level = level_of(self.dialect, fields.meter)
        name = difficulty(fields.difficulty, fields.description, level or 1, not self.dialect.split)
        data = self._notes(fields, f"{fields.style} {name}")
        timing, effects = self.own_timing(item, song_timing)
        return Chart(
            fields.style,
            name,
            level,
            data.notes,
            timing,
            sort_effects([*effects, *data.keysounds]),
            fields.description,
            fields.credit,
            Extra(((self.dialect.id, item.text),)),
        )

    def own_timing(
        self, item: Item, song_timing: TimingMap
    ) -> tuple[TimingMap | None, tuple[Effect, ...]]:
        """A chart's own timing and effects, if it has any.

        One timing tag makes a chart use its own only; the rest of them are then empty, and
        the offset is the song's.
        """
        if not self.dialect.split or self.version < SPLIT_TIMING_VERSION:
            return None, ()
        tags = self.dialect.values(item.parameters)
        if not TIMING_TAGS & tags.keys():
            return None, ()
        return self.timing(tags, song_timing.anchors[0].seconds)

    def _notes(self, fields: ChartFields, chart: str) -> NoteData:
        data = read_notes(split_measures(fields.notes, STYLES[fields.style]))
        self.problems += [f"{chart}: {problem}" for problem in data.problems]
        return data


def sort_effects(effects: list[Effect]) -> tuple[Effect, ...]:
    """Effects in order of ticks; those on one tick keep theirs."""
    return tuple(sorted(effects, key=lambda e: e.tick))
