"""Marks in custom data: the opt-out from training, and which charts an engine helped with.

Both are found anywhere and written where players look: the opt-out as ``"robots": "disallow"``
in the Info's custom data; the other as a contributor of the song and a line of information at
each chart that it is about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from chartstudio.formats.beatsaber.json_text import Json, JsonText
from chartstudio.formats.beatsaber.values import Object, inner
from chartstudio.formats.text import opts_out, without_opt_out

ROBOTS, DISALLOW = "robots", "disallow"

AI_INFORMATION = "AI-assisted (ChartStudio)"
"""The line of information at a chart with generated parts."""

_AI_CONTRIBUTOR = ("AI-assisted charting", "ChartStudio", "")

_MEMBER = re.compile(r'"\s*robots\s*"\s*:\s*"\s*disallow\s*"', re.IGNORECASE)

_CONTRIBUTOR_KEYS = {
    2: ("_contributors", ("_role", "_name", "_iconPath")),
    4: ("contributors", ("role", "name", "iconPath")),
}


def text_opts_out(text: str) -> bool:
    """Whether a JSON text says ``robots: disallow``, as a member or inside a text."""
    if ROBOTS not in text.lower():
        return False
    return opts_out(text) or _MEMBER.search(text) is not None


def with_opt_out(custom: Object) -> dict[str, Json]:
    """Custom data that says it."""
    return {**custom, ROBOTS: DISALLOW}


def without_robots(value: Json) -> Json:
    """A value without the opt-out anywhere in it."""
    if isinstance(value, str):
        return without_opt_out(value) if opts_out(value) else value
    if isinstance(value, list):
        return [without_robots(item) for item in value]
    if isinstance(value, dict):
        return {k: without_robots(v) for k, v in value.items() if not _is_opt_out(k, v)}
    return value


def _is_opt_out(key: str, value: Json) -> bool:
    if key.strip().lower() != ROBOTS or not isinstance(value, str):
        return False
    return value.strip().lower() == DISALLOW


def cleared(file: JsonText) -> str:
    """The text of a file without the opt-out."""
    clean = {k: without_robots(v) for k, v in file.value.items()}
    changed = {k: v for k, v in clean.items() if v != file.value[k] and v is not None}
    text = file.edited({}, changed) if changed else file.text
    for key in (k for k, v in file.value.items() if _is_opt_out(k, v)):
        text = JsonText.of(text, "").edited({}, {key: None})
    return text


def with_contributor(custom: Mapping[str, Json], major: int) -> dict[str, Json]:
    """An Info's custom data with ChartStudio among the contributors."""
    name, keys = _CONTRIBUTOR_KEYS[major]
    found = custom.get(name)
    listed = list(found) if isinstance(found, list) else []
    mark = dict(zip(keys, _AI_CONTRIBUTOR, strict=True))
    if not any(isinstance(c, dict) and c.get(keys[1]) == mark[keys[1]] for c in listed):
        listed.append(mark)
    return {**custom, name: listed}


def with_information(entry: Mapping[str, Json], custom_key: str, key: str) -> dict[str, Json]:
    """A difficulty's entry in the Info with the line about generated parts."""
    custom = inner(entry, custom_key)
    found = custom.get(key)
    lines = list(found) if isinstance(found, list) else []
    if AI_INFORMATION not in lines:
        lines.append(AI_INFORMATION)
    return {**entry, custom_key: {**custom, key: lines}}
