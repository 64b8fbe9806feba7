"""Charts of styles that are not read as lanes: what they are called, and their way into the
other dialect.

Both dialects spell note data the same, so it is carried over as text. Nothing here knows what
the text means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chartstudio.core.song import Song
from chartstudio.formats.msd import Parameter, escape
from chartstudio.formats.stepmania_dialect import SM, SSC, TIMING_TAGS, Dialect, difficulty
from chartstudio.formats.stepmania_read import fields_of, level_of, version_of
from chartstudio.formats.stepmania_sheet import Item, Sheet, is_whole, read_sheet
from chartstudio.formats.stepmania_timing import SPLIT_TIMING_VERSION

_DIALECTS = {d.id: d for d in (SM, SSC)}


def unread(song: Song) -> tuple[str, ...]:
    """Names of the charts that a song holds as text only: ``dance-routine Hard``.

    A chart that is no whole one is ``a broken chart``.
    """
    return tuple(_name(d, item) for d in _DIALECTS.values() for item in _kept(d, song))


def carried(dialect: Dialect, song: Song) -> tuple[Item, ...]:
    """The other dialect's unread charts, as a new file of this one holds them.

    Parameters
    ----------
    dialect : Dialect
    song : Song
        As it was before `fit_song`.
    """
    source = _DIALECTS[dialect.other]
    return tuple(_spelled(source, dialect, i) for i in _kept(source, song) if _fits(source, i))


def left_behind(dialect: Dialect, song: Song, is_aligned: bool) -> tuple[str, ...]:
    """Names of the other dialect's unread charts that a file of this one does without.

    Parameters
    ----------
    dialect : Dialect
    song : Song
    is_aligned : bool
        Whether the new file counts its beats as the song does, so that charts can be carried.
    """
    source = _DIALECTS[dialect.other]
    is_new = song.extra.get(dialect.id) is None
    return tuple(
        _name(source, item)
        for item in _kept(source, song)
        if not (is_new and is_aligned and _fits(source, item))
    )


def _kept(dialect: Dialect, song: Song) -> Iterator[Item]:
    saved = song.extra.get(dialect.id)
    if saved is None:
        return
    sheet = Sheet.restored(saved[2])
    # A chart of before version 0.7 runs on the song's timing, whatever its own tags say.
    old = dialect.split and version_of(dialect.values(sheet.tags())) < SPLIT_TIMING_VERSION
    for item in sheet.items:
        if item.kind == "kept":
            tags = [p for p in item.parameters if not (old and p.key in TIMING_TAGS)]
            yield replace(item, parameters=tuple(tags))


def _name(dialect: Dialect, item: Item) -> str:
    if not is_whole(item, dialect.split):
        return "a broken chart"
    return f"{fields_of(dialect, item).style or 'nameless'} {_difficulty(dialect, item)}"


def _difficulty(dialect: Dialect, item: Item) -> str:
    found = fields_of(dialect, item)
    level = level_of(dialect, found.meter) or 1
    return difficulty(found.difficulty, found.description, level, not dialect.split)


def _fits(dialect: Dialect, item: Item) -> bool:
    """Whether the other dialect can hold a chart: a whole one without timing of its own."""
    own_timing = dialect.split and any(p.key in TIMING_TAGS for p in item.parameters)
    return is_whole(item, dialect.split) and not own_timing


def _spelled(source: Dialect, target: Dialect, item: Item) -> Item:
    found = fields_of(source, item)
    notes = item.parameters[-1]
    head = 1 if source.split else 6
    texts = {
        "STEPSTYPE": found.style,
        "DESCRIPTION": found.description or ("" if target.split else found.credit),
        "DIFFICULTY": _difficulty(source, item),
        "METER": found.meter or "1",
        "CREDIT": found.credit,
        "RADARVALUES": "",
    }
    data = ":".join(notes.parts[head:]).replace("\r\n", "\n")
    (new,) = read_sheet(target.chart, target.split).items
    if target.split:
        *tags, last = new.parameters
        tags = [p.with_value(texts[p.key]) if p.key in texts else p for p in tags]
        written = [*tags, _notes(last, notes, (data,))]
    else:
        (whole,) = new.parameters
        order = ("STEPSTYPE", "DESCRIPTION", "DIFFICULTY", "METER", "RADARVALUES")
        fields = [f"\n     {escape(texts[tag])}" for tag in order]
        written = [_notes(whole, notes, (*fields, data))]
    return Item("kept", tuple(written))


def _notes(into: Parameter, notes: Parameter, parts: tuple[str, ...]) -> Parameter:
    """A tag with literal components, under the name that the notes had."""
    raw = (notes.parts[0].strip(), *parts)
    return Parameter(into.lead, raw, raw)
