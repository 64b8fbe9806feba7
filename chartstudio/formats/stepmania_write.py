"""Writing StepMania's .sm and .ssc files.

A song that came from such a file is written into that file's own text: only tags, charts and
measures that say something else now are written anew.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from chartstudio.core.note import LaneNote, Note, shift, sort_notes
from chartstudio.core.song import Chart, Effect, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import Side, TimingMap
from chartstudio.formats.msd import Parameter, escape
from chartstudio.formats.playable import effects_of
from chartstudio.formats.stepmania_dialect import (
    DIFFICULTIES,
    SSC,
    TIMING_TAGS,
    VERSION,
    Dialect,
    difficulty,
)
from chartstudio.formats.stepmania_effects import (
    EFFECT_KINDS,
    EffectTag,
    effects_text,
    read_effects,
)
from chartstudio.formats.stepmania_notes import (
    KEYSOUND,
    MEASURE_TICKS,
    STYLES,
    fit_notes,
    read_notes,
    split_measures,
    style_of,
    write_measures,
)
from chartstudio.formats.stepmania_radar import radar
from chartstudio.formats.stepmania_read import (
    Reader,
    level_of,
    notes_text,
    seconds,
    version_of,
)
from chartstudio.formats.stepmania_sheet import (
    NOTES,
    Item,
    Sheet,
    Wanted,
    exactly,
    has_tags,
    read_sheet,
    rewrite,
)
from chartstudio.formats.stepmania_tempo import of_map, tag_texts
from chartstudio.formats.stepmania_timing import SPLIT_TIMING_VERSION, entries, number
from chartstudio.formats.stepmania_unread import carried
from chartstudio.formats.text import encode, file_name, opts_out, plain

_MODELLED = (
    {tag for tag, _ in SSC.text_tags}
    | TIMING_TAGS
    | {"VERSION", "MUSIC", "SAMPLESTART", "SAMPLELENGTH", "FREEZES", "ROBOTS"}
    # Astray among the song's tags; the other dialect would take them for charts.
    | {"NOTEDATA", *NOTES}
)


def write(dialect: Dialect, song: Song) -> dict[str, bytes]:
    """The song's file in one dialect.

    Parameters
    ----------
    dialect : Dialect
    song : Song
        Every chart of a style that `STYLES` knows.

    Raises
    ------
    ModeError
        When a note lies in no lane of its style.
    """
    ready = fit_song(dialect, song)
    kept = carried(dialect, song) if ready.timing == song.timing else ()
    song = ready
    saved = song.extra.get(dialect.id)
    name, encoding, text = _name(dialect, song), "utf-8", ""
    unchanged = False
    if saved is not None:
        name, encoding, stored = saved
        sheet = Sheet.restored(stored)
        text = _Writer(dialect, song, sheet, fresh=False).text()
        unchanged = text == _as_read(dialect, song, sheet)
    if saved is None or not (unchanged or has_tags(text)):
        text = _Writer(dialect, song, _new_sheet(dialect, song, kept), fresh=True).text()
    return {name: encode(text, encoding, unchanged)}


def _name(dialect: Dialect, song: Song) -> str:
    other = song.extra.get(dialect.other)
    stem = other[0].rpartition(".")[0] if other else file_name(song.metadata.title, "song")
    return f"{stem}{dialect.suffix}"


def _as_read(dialect: Dialect, song: Song, sheet: Sheet) -> str | None:
    """The text that the song was read from, if all its charts are still there."""
    texts = [chart.extra.get(dialect.id, "") for chart in song.charts]
    if len(texts) != sum(item.kind == "chart" for item in sheet.items):
        return None
    left = iter(texts)
    items = (next(left) if item.kind == "chart" else item.text for item in sheet.items)
    return "".join(items) + sheet.rest


def _new_sheet(dialect: Dialect, song: Song, kept: tuple[Item, ...]) -> Sheet:
    """An empty file, with what both dialects leave alone: unknown tags, unread charts."""
    sheet = read_sheet(dialect.song, dialect.split)
    other = song.extra.get(dialect.other)
    if not other:
        return sheet
    carried = {p.key: p for p in Sheet.restored(other[2]).tags() if p.key not in _MODELLED}
    tags = {p.key: p for p in sheet.tags()}
    tags |= {
        key: replace(p, lead=tags[key].lead if key in tags else "\n") for key, p in carried.items()
    }
    return Sheet((*(Item("tag", (p,)) for p in tags.values()), *kept), sheet.rest)


# Making the song fit -----------------------------------------------------------------------


def fit_song(dialect: Dialect, song: Song) -> Song:
    """The song as the format can say it: from beat 0 on, and with one timing in .sm files."""
    if not dialect.split:
        song = _with_one_timing(song)
    timings = [song.timing, *(c.timing for c in song.charts if c.timing is not None)]
    starts = [t.anchors[0].tick for t in timings]
    starts += [c.notes[0].tick for c in song.charts if c.notes]
    starts += [e.tick for c in song.charts for e in c.effects if e.kind == KEYSOUND]
    ticks = math.ceil(max(0, -min(starts)) / MEASURE_TICKS) * MEASURE_TICKS
    return _shifted(song, ticks) if ticks else song


def main_timing(song: Song) -> TimingMap:
    """The timing that most charts run on, which a file with one timing takes."""
    uses = Counter(song.timing_of(chart) for chart in song.charts)
    return uses.most_common(1)[0][0] if uses else song.timing


def _with_one_timing(song: Song) -> Song:
    if all(chart.timing is None for chart in song.charts):
        return song
    timing = main_timing(song)
    first = next(c for c in song.charts if song.timing_of(c) == timing)
    effects = tuple(e for e in effects_of(song, first) if e.kind != KEYSOUND)
    charts = tuple(_retimed(c, song.timing_of(c), timing) for c in song.charts)
    return replace(song, timing=timing, effects=effects, charts=charts)


def _keysounds(chart: Chart) -> tuple[Effect, ...]:
    return tuple(e for e in chart.effects if e.kind == KEYSOUND)


def _retimed(chart: Chart, own: TimingMap, timing: TimingMap) -> Chart:
    """A chart's notes at the same seconds on another timing."""
    if own == timing:
        return replace(chart, timing=None, effects=_keysounds(chart))

    def tick(at: int) -> int:
        return timing.tick_at(own.seconds_at(at))

    notes: Iterable[Note] = (
        replace(n, tick=tick(n.tick), end=tick(n.end)) if isinstance(n, LaneNote) else n
        for n in chart.notes
    )
    effects = tuple(replace(e, tick=tick(e.tick)) for e in _keysounds(chart))
    return replace(chart, timing=None, notes=sort_notes(notes), effects=effects)


def _shifted(song: Song, ticks: int) -> Song:
    """The song counted from an earlier measure; nothing moves in time."""

    def effects(old: tuple[Effect, ...]) -> tuple[Effect, ...]:
        return tuple(replace(e, tick=e.tick + ticks) for e in old)

    def timing(old: TimingMap) -> TimingMap:
        new = TimingMap(tuple(replace(a, tick=a.tick + ticks) for a in old.anchors))
        first, *others = new.anchors
        if first.tick > 0 and first.tick % (first.meter * TICKS_PER_BEAT) == 0:
            first = replace(first, tick=0, seconds=new.seconds_at(0, Side.BEFORE))
        return TimingMap((first, *others))

    charts = tuple(
        replace(
            c,
            notes=tuple(shift(n, ticks) for n in c.notes),
            timing=None if c.timing is None else timing(c.timing),
            effects=effects(c.effects),
        )
        for c in song.charts
    )
    song = replace(song, charts=charts, effects=effects(song.effects))
    return replace(song, timing=timing(song.timing))


# Text fields -------------------------------------------------------------------------------


def description_of(dialect: Dialect, chart: Chart) -> str:
    """What a chart's description says: its label, or what has no place of its own."""
    own_name = "" if chart.name in DIFFICULTIES else chart.name
    credit = "" if dialect.split else chart.credit
    return chart.label or own_name or credit


def _meter_text(level: float | None) -> str:
    return "1" if level is None else str(max(1, math.floor(level + 0.5)))


def _chart_texts(dialect: Dialect, chart: Chart) -> dict[str, Wanted]:
    """A chart's text fields, in the order of .sm files."""
    name = chart.name if chart.name in DIFFICULTIES else "Edit"
    label = description_of(dialect, chart)
    level = chart.level
    if level is not None and level != int(level):
        level = float(_meter_text(level))

    def is_name(raw: str) -> bool:
        return difficulty(raw, label, level or 1, not dialect.split) == name

    return {
        "STEPSTYPE": Wanted(chart.mode, lambda raw: style_of(raw) == chart.mode),
        "DESCRIPTION": _stripped(label),
        "DIFFICULTY": Wanted(name, is_name),
        "METER": Wanted(_meter_text(level), lambda raw: level_of(dialect, raw.strip()) == level),
    }


def _stripped(value: str) -> Wanted:
    return Wanted(value, lambda raw: raw.strip() == value.strip())


def _never(raw: str) -> bool:
    return False


_NO_OPT_OUT = Wanted(None, lambda raw: not opts_out(f"robots:{raw}"))
"""An opt-out that the author has taken back goes; any other word to robots stays."""


@dataclass(frozen=True, slots=True)
class _Clock:
    """The timing and effects of the song or of a chart.

    Parameters
    ----------
    timing : TimingMap
    effects : tuple of Effect
    start_s : float
        Time of beat 0 where no tag says it.
    said : bool
        Whether the file has tags that could say it already.
    """

    timing: TimingMap
    effects: tuple[Effect, ...]
    start_s: float
    said: bool


@dataclass
class _Writer:
    """Writes one song into one file's text."""

    dialect: Dialect
    song: Song
    sheet: Sheet
    fresh: bool
    reader: Reader = field(init=False)
    newline: str = field(init=False)
    upgrade: bool = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(self.dialect)
        tags = self.dialect.values(self.sheet.tags())
        self.reader.version = version_of(tags)
        crlf = any("\r\n" in item.text for item in self.sheet.items)
        self.newline = "\r\n" if crlf else "\n"
        old = self.dialect.split and self.reader.version < SPLIT_TIMING_VERSION
        self.upgrade = old and self._is_retimed(tags)

    def _is_retimed(self, tags: Mapping[str, str]) -> bool:
        """Whether timing changed in a file whose version spells it differently."""
        same = self.reader.timing(tags, 0.0) == (self.song.timing, self.song.effects)
        return not same or any(self._has_own(chart) for chart in self.song.charts)

    def text(self) -> str:
        text = self._text(self._opt_out_is_said())
        if self.song.metadata.disallow_training and not opts_out(text):
            # What said it was among the texts that changed.
            return self._text(said=False)
        return text

    def _text(self, said: bool) -> str:
        tags = self.sheet.tags()
        rewritten, added = self._rewrite(tags, self._song_tags(self.dialect.values(tags), said))
        texts = iter(rewritten)
        charts = iter(self.song.charts)
        out: list[Parameter] = []
        seen_chart = False
        for item in self.sheet.items:
            if item.kind == "tag":
                out += [p for p in (next(texts) for _ in item.parameters) if p is not None]
                continue
            if not seen_chart:
                out += added
                seen_chart = True
            if item.kind == "kept":
                out += item.parameters
            else:
                chart = next(charts, None)
                out += [] if chart is None else self._chart(chart)
        out += [] if seen_chart else added
        for chart in charts:
            out += self._chart(chart)
        return "".join(p.text for p in out) + self.sheet.rest

    def _rewrite(
        self, parameters: list[Parameter], wanted: Mapping[str, Wanted], fresh: bool = False
    ) -> tuple[list[Parameter | None], list[Parameter]]:
        if fresh or self.fresh:
            wanted = {k: replace(w, holds=_never) for k, w in wanted.items()}
        wanted = {
            k: replace(w, value=None if w.value is None else self._lines(w.value))
            for k, w in wanted.items()
        }
        rewritten, added = rewrite(parameters, wanted, self.dialect.aliases, self.dialect.joined)
        return rewritten, [replace(p, lead=self.newline) for p in added]

    def _lines(self, text: str) -> str:
        return text.replace("\r\n", "\n").replace("\n", self.newline)

    # The song's tags

    def _song_tags(self, tags: Mapping[str, str], said: bool) -> dict[str, Wanted]:
        meta = self.song.metadata
        wanted = {tag: exactly(getattr(meta, name)) for tag, name in self.dialect.text_tags}
        wanted["MUSIC"] = _stripped(self.song.audio)
        wanted["SAMPLESTART"] = _seconds(meta.preview_s)
        wanted["SAMPLELENGTH"] = _seconds(meta.preview_length_s)
        clock = _Clock(self.song.timing, self.song.effects, 0.0, said=True)
        wanted |= self._timing_tags(tags, clock)
        if not said and meta.disallow_training:
            wanted["ROBOTS"] = Wanted("disallow", _never)
        elif not meta.disallow_training:
            wanted["ROBOTS"] = _NO_OPT_OUT
        if self.upgrade:
            wanted["VERSION"] = Wanted(plain(VERSION), _never)
        return wanted

    def _opt_out_is_said(self) -> bool:
        texts = [chart.extra.get(self.dialect.id, "") for chart in self.song.charts]
        return any(
            opts_out(t) for t in (*(i.text for i in self.sheet.items), self.sheet.rest, *texts)
        )

    def _timing_tags(self, tags: Mapping[str, str], clock: _Clock) -> dict[str, Wanted]:
        """Timing and effect tags; none for a timing that the file says already."""
        wanted = {}
        said, _ = self.reader.timing(tags, clock.start_s)
        if self.fresh or self.upgrade or not clock.said or said != clock.timing:
            for tag, text in tag_texts(of_map(clock.timing), self.dialect.split).items():
                holds = _same_number(text) if tag == "OFFSET" else _same_entries(text)
                wanted[tag] = Wanted(text, _never if self.upgrade else holds)
        for spec in self.dialect.effect_tags:
            mine = tuple(e for e in clock.effects if e.kind == spec.kind)
            wanted[spec.tag] = Wanted(effects_text(spec, mine), _same_effects(spec, mine))
        return wanted

    # Charts

    def _has_own(self, chart: Chart) -> bool:
        """Whether a chart needs timing tags of its own (.ssc)."""
        return chart.timing is not None or any(e.kind in EFFECT_KINDS for e in chart.effects)

    def _chart(self, chart: Chart) -> list[Parameter]:
        saved = chart.extra.get(self.dialect.id)
        new = saved is None
        text = self._new_chart(chart) if new else str(saved)
        parameters = list(read_sheet(text, self.dialect.split).items[0].parameters)
        if self.dialect.split:
            return self._block(chart, parameters, new)
        return [self._whole(chart, parameters[0], new)]

    def _new_chart(self, chart: Chart) -> str:
        """An empty chart below the line that the games put above it."""
        label = " ".join(description_of(self.dialect, chart).split())
        line = f"//---------------{chart.mode} - {escape(label)}----------------"
        text = self.dialect.chart.replace("\n\n", f"\n\n{line}\n", 1)
        if any(n.sound.startswith("sm:") for n in chart.notes if isinstance(n, LaneNote)):
            text = text.replace("#NOTES:", "#NOTES2:")
        return self._lines(text)

    def _block(self, chart: Chart, parameters: list[Parameter], new: bool) -> list[Parameter]:
        """A chart of an .ssc file."""
        *parameters, notes = parameters
        tags = self.dialect.values(parameters)
        wanted = _chart_texts(self.dialect, chart)
        wanted["CREDIT"] = _stripped(chart.credit)
        if not self.song.metadata.disallow_training:
            wanted["ROBOTS"] = _NO_OPT_OUT
        written = self._notes(chart, notes, 1)
        if written is not notes or new:
            wanted["RADARVALUES"] = Wanted(
                radar(self.song, chart).text(self.dialect.n_radar), _never
            )
        if self._has_own(chart):
            clock = _Clock(
                self.song.timing_of(chart),
                effects_of(self.song, chart),
                self.song.timing.seconds_at(0, Side.BEFORE),
                said=bool(TIMING_TAGS & tags.keys()),
            )
            wanted |= self._timing_tags(tags, clock)
        elif self.upgrade or self.reader.version >= SPLIT_TIMING_VERSION:
            wanted |= {tag: Wanted(None, _never) for tag in TIMING_TAGS & tags.keys()}
        rewritten, added = self._rewrite(parameters, wanted, new)
        return [*(p for p in rewritten if p is not None), *added, written]

    def _whole(self, chart: Chart, p: Parameter, new: bool) -> Parameter:
        """A chart of an .sm file."""
        written = self._notes(chart, p, 6)
        if written is not p or new:
            text = radar(self.song, chart).text(self.dialect.n_radar)
            written = written.with_part(5, _refit(written.parts[5], text))
        for i, wanted in enumerate(_chart_texts(self.dialect, chart).values(), start=1):
            if wanted.value is not None and (new or not wanted.holds(p.values[i].strip())):
                written = written.with_part(i, _refit(written.parts[i], escape(wanted.value)))
        return written

    def _notes(self, chart: Chart, p: Parameter, index: int) -> Parameter:
        """The tag with the chart's notes; the same one if it holds them already."""
        n_lanes = STYLES[chart.mode]
        measures = split_measures(notes_text(p, index), n_lanes)
        data = read_notes(measures)
        keysounds = sorted(_keysounds(chart), key=_sample_key)
        if data.notes == chart.notes and sorted(data.keysounds, key=_sample_key) == keysounds:
            return p
        fitted = fit_notes(chart.notes, keysounds, n_lanes, measures)
        text = write_measures(fitted.cells, n_lanes, measures)
        return p.with_part(index, self._lines(text))


def _sample_key(effect: Effect) -> tuple[int, str]:
    return effect.tick, str(effect.values)


def _refit(part: str, text: str) -> str:
    """A component with its core replaced and the blanks around it kept."""
    core = part.strip()
    if not core:
        return part + text
    before, _, after = part.partition(core)
    return before + text + after


def _seconds(value: float | None) -> Wanted:
    return Wanted(None if value is None else plain(value), lambda raw: seconds(raw) == value)


def _same_effects(spec: EffectTag, effects: tuple[Effect, ...]) -> Callable[[str], bool]:
    return lambda raw: read_effects(spec, raw)[0] == effects


def _same_number(text: str) -> Callable[[str], bool]:
    return lambda raw: raw.strip() != "" and number(raw) == number(text)


def _same_entries(text: str) -> Callable[[str], bool]:
    def values(listed: str) -> list[list[float]]:
        return [[number(f) for f in fields] for fields in entries(listed)]

    return lambda raw: values(raw) == values(text)
