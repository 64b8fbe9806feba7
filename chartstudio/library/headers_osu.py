"""Headers of .osu files: everything above their timing points and hit objects.

The lines are split by `formats.osu_lines`, as for reading whole files; only fewer of them.
"""

from __future__ import annotations

import re

from chartstudio.core.errors import FormatError
from chartstudio.formats.code_pages import decode_old
from chartstudio.formats.format import Files, has_suffix
from chartstudio.formats.osu_file import MANIA, MODES, SUFFIX, OsuFile
from chartstudio.library.header import ChartHeader, Header, marked

FAMILY = "osu"

_BODY = re.compile(r"^[ \t]*\[(TimingPoints|HitObjects|Colours)\][ \t]*$", re.MULTILINE)
_HEADS = ("[General]", "[Metadata]", "[Difficulty]")


def read(files: Files, names: list[str]) -> Header | None:
    """The header of a set of .osu files; None where there are none.

    Raises
    ------
    FormatError
        When none of them is an osu! chart.
    """
    own = [name for name in names if has_suffix(name, (SUFFIX,))]
    if not own:
        return None
    heads = [head for name in own if (head := _head(files, name)).sheet.is_osu]
    if not heads:
        raise FormatError(own[0], None, "is no osu! chart; get the song again")
    first = next((h for h in heads if h.mode in MODES), heads[0])
    charts = tuple(_chart(h) for h in heads if h.mode in MODES)
    return Header(FAMILY, first.metadata(), first.audio(), charts)


def _head(files: Files, name: str) -> OsuFile:
    """A file without its notes; whole, where something of its head stands further down."""
    text, encoding = decode_old(files[name], name)
    body = _BODY.search(text)
    if body is not None and all(text.find(head, body.end()) < 0 for head in _HEADS):
        text = text[: body.start()]
    return OsuFile.parsed(name, encoding, text)


def _chart(head: OsuFile) -> ChartHeader:
    mode = f"mania-{head.n_keys}k" if head.mode == MANIA else MODES[head.mode]
    said = head.metadata()
    return ChartHeader(
        mode,
        head.meta.get("Version", ""),
        charter=said.credit,
        is_ai=marked(said.tags, said.credit, head.meta.get("Version", "")),
    )
