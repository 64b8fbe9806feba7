"""Beat Saber levels in versions 2, 3 and 4: the formats, and how an export prepares a song.

The corners are in the modules beside this one: `json_text` changes files in place, `v2`, `v3`
and `v4` spell objects, `tempo` counts time, `info` names the song, `read` and `write` put it
together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from chartstudio.core.song import Chart, Song
from chartstudio.formats.beatsaber.hashes import level_hash
from chartstudio.formats.beatsaber.info import DIFFICULTIES, STANDARD, known_difficulty, level_of
from chartstudio.formats.beatsaber.kept import AI_OWNER
from chartstudio.formats.beatsaber.losses import losses
from chartstudio.formats.beatsaber.read import MODE, SUFFIXES, home_of, read
from chartstudio.formats.beatsaber.write import with_audio_facts, write
from chartstudio.formats.format import Files, Format, Needs
from chartstudio.formats.marks import is_generated

__all__ = [
    "FORMATS",
    "V2_FORMAT",
    "V3_FORMAT",
    "V4_FORMAT",
    "level_hash",
    "prepare",
    "with_audio_facts",
]

LEAD_IN_S = 2.0
COVER_PX = 256


def prepare(song: Song) -> Song:
    """The song with difficulties that the game knows, and generated charts marked.

    A chart of another name gets the difficulty of its level, or the nearest that is free in
    its characteristic, and keeps its name as its label.
    """
    taken: set[tuple[str, str]] = set()
    for chart in song.charts:
        if chart.name in DIFFICULTIES:
            taken.add((_characteristic(chart), chart.name))
    seen: set[tuple[str, str]] = set()
    charts = []
    for chart in song.charts:
        key = (_characteristic(chart), chart.name)
        if chart.name not in DIFFICULTIES or key in seen:
            chart = _named(chart, taken)
        seen.add((_characteristic(chart), chart.name))
        charts.append(_marked(chart))
    return replace(song, charts=tuple(charts))


def _characteristic(chart: Chart) -> str:
    return str(chart.setting("characteristic", "") or STANDARD)


def _named(chart: Chart, taken: set[tuple[str, str]]) -> Chart:
    characteristic = _characteristic(chart)
    wanted = known_difficulty(chart.name)
    place = DIFFICULTIES.index(wanted) if wanted else round((chart.level or 4.0) - 1)
    place = min(max(place, 0), len(DIFFICULTIES) - 1)
    near = sorted(range(len(DIFFICULTIES)), key=lambda i: (abs(i - place), -i))
    free = (DIFFICULTIES[i] for i in near if (characteristic, DIFFICULTIES[i]) not in taken)
    name = next(free, DIFFICULTIES[place])
    taken.add((characteristic, name))
    label = chart.label or ("" if wanted == name else chart.name)
    return replace(chart, name=name, label=label, level=level_of(name))


def _marked(chart: Chart) -> Chart:
    mark = True if is_generated(chart) else None
    if chart.extra.get(AI_OWNER) == mark:
        return chart
    return replace(chart, extra=chart.extra.set(AI_OWNER, mark))


def _sniff(major: int) -> Callable[[Files, str | None], bool]:
    def sniff(files: Files, chosen: str | None) -> bool:
        return home_of(files, chosen) == major

    return sniff


def _formats() -> Iterable[Format]:
    for major in (2, 3, 4):
        yield Format(
            f"beatsaber-v{major}",
            f"Beat Saber v{major}",
            "beatsaber",
            SUFFIXES,
            (MODE,),
            _sniff(major),
            read,
            partial(write, major),
            partial(losses, major),
            Needs(
                audio=("vorbis",),
                audio_suffix=".ogg",
                lead_in_s=LEAD_IN_S,
                starts_on_beat=True,
                square_cover_px=COVER_PX,
            ),
            prepare,
            with_audio_facts,
        )


FORMATS = V2_FORMAT, V3_FORMAT, V4_FORMAT = (*_formats(),)
