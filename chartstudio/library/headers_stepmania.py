"""Headers of .sm and .ssc files: all their tags, with the note data taken out first.

Splitting note data into tokens is what takes the time, and it holds no tag. What is left is
read as `formats.stepmania_read` reads whole files.
"""

from __future__ import annotations

import re

from chartstudio.core.errors import FormatError
from chartstudio.formats.code_pages import decode_old
from chartstudio.formats.format import Files, has_suffix
from chartstudio.formats.stepmania_dialect import SM, SSC, Dialect, difficulty
from chartstudio.formats.stepmania_notes import STYLES
from chartstudio.formats.stepmania_read import fields_of, level_of, metadata_of
from chartstudio.formats.stepmania_sheet import Item, has_tags, read_sheet
from chartstudio.library.header import ChartHeader, Header, marked

FAMILY = "stepmania"

_TAG = r"#[Nn][Oo][Tt][Ee][Ss]2?[ \t\r\n]*:"
_FIELD = r"(?:[^\\:;]|\\.)*:"
_DATA = r"(?:[^;#/]+|/(?!/)|//[^\n]*)*"
_NOTE_DATA = {
    SSC.id: re.compile(f"({_TAG}){_DATA}"),
    SM.id: re.compile(f"({_TAG}{_FIELD}{_FIELD}{_FIELD}{_FIELD}{_FIELD}){_DATA}", re.DOTALL),
}
"""A chart's notes, up to what ends them or starts another tag; comments may hold either sign."""


def read(files: Files, names: list[str]) -> Header | None:
    """The header of a song's .ssc or else .sm file; None where there is neither.

    Raises
    ------
    FormatError
        When there is no tag in the file.
    """
    for dialect in (SSC, SM):
        own = sorted(name for name in names if has_suffix(name, (dialect.suffix,)))
        if own:
            return _read(dialect, files[own[0]], own[0])
    return None


def _read(dialect: Dialect, data: bytes, name: str) -> Header:
    text, _ = decode_old(data, name)
    if text and not has_tags(text):
        what = "is no StepMania file; it has no #TITLE: nor any other tag, choose another file"
        raise FormatError(name, None, what)
    sheet = read_sheet(_NOTE_DATA[dialect.id].sub(r"\1", text), dialect.split)
    tags = dialect.values(sheet.tags())
    charts = [_chart(dialect, item) for item in sheet.items if item.kind == "chart"]
    metadata = metadata_of(dialect, tags, disallow=False)
    return Header(FAMILY, metadata, tags.get("MUSIC", "").strip(), tuple(c for c in charts if c))


def _chart(dialect: Dialect, item: Item) -> ChartHeader | None:
    fields = fields_of(dialect, item)
    if fields.style not in STYLES:
        return None
    level = level_of(dialect, fields.meter)
    name = difficulty(fields.difficulty, fields.description, level or 1, not dialect.split)
    return ChartHeader(
        fields.style,
        name,
        level,
        fields.description,
        fields.credit,
        marked(fields.description, fields.credit),
    )
