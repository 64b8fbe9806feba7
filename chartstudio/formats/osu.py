"""osu!, taiko and mania charts: .osu files, alone, in a folder or in an .osz archive.

What nothing was changed in is written back byte for byte. Charts for catch are kept as text.
The corners are in the ``osu_*`` modules beside this one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, replace

from chartstudio.core.errors import FormatError
from chartstudio.core.note import LaneNote, Note, sort_notes
from chartstudio.core.song import Chart, Extra, Song
from chartstudio.core.timing import Cause, TimingMap
from chartstudio.formats import guidance, osu_timing
from chartstudio.formats.format import Files, Format, Loss, Needs, sniff_suffix, top_level
from chartstudio.formats.marks import osu_prepare
from chartstudio.formats.osu_file import MODES, SETTING_KEYS, SUFFIX, OsuFile
from chartstudio.formats.osu_lines import LATEST_VERSION, LAZER_VERSION, Sheet
from chartstudio.formats.osu_objects import MAX_KEYS, places_of
from chartstudio.formats.osu_sounds import PREFIX
from chartstudio.formats.osu_ticks import held_notes
from chartstudio.formats.osu_write import OWNER, costs_of, write
from chartstudio.formats.text import opts_out
from chartstudio.modes.osu.notes import Circle, Slider
from chartstudio.modes.osu.timing import (
    LATE_STACKING,
    RULES_VERSION,
    n_ticks_by_old_rules,
    rules_version,
)

_CATCH = 2
_MODES = ("osu", "taiko", *(f"mania-{n}k" for n in range(1, MAX_KEYS + 1)))


def read(files: Files, chosen: str | None) -> Song:
    """The chart of one .osu file, or all of a folder or archive.

    Raises
    ------
    FormatError
        When a file asked for, or every file, is no .osu file.
    """
    read_files, problems = _read_files(files, chosen)
    first = next((f for f in read_files if f.mode in MODES), read_files[0])
    disallow = any(opts_out(f.sheet.text) for f in read_files) or (
        "robots.txt" in files and opts_out(files["robots.txt"].decode("utf-8", "replace"))
    )
    metadata = replace(first.metadata(), disallow_training=disallow)
    timing = osu_timing.to_map(first.controls()[0].reds)
    charts = []
    opaque = []
    for file in read_files:
        if file.mode in MODES:
            charts.append(_chart(file, timing, problems))
        else:
            opaque.append((file.name, file.encoding, file.sheet.text))
            mode = "catch" if file.mode == _CATCH else f"mode {file.mode}"
            problems.append(f"{file.name}: a chart for {mode} is kept as it is, unread")
        if not file.encoding.startswith("utf"):
            problems.append(f"{file.name} is not UTF-8; read as {file.encoding}")
        if file.audio() != first.audio():
            problems.append(f"{file.name}: plays {file.audio()}, not {first.audio()}")
    saved = ((*astuple(metadata), first.audio()), tuple(opaque))
    return Song(
        metadata,
        audio=first.audio(),
        timing=timing,
        charts=tuple(charts),
        extra=Extra(((OWNER, saved),)),
        problems=tuple(problems),
    )


def unread(song: Song) -> tuple[str, ...]:
    """Names of the song's charts for catch, which are kept as text."""
    _, opaque = song.extra.get(OWNER, ((), ()))
    return tuple(name for name, _, _ in opaque)


def _read_files(files: Files, chosen: str | None) -> tuple[list[OsuFile], list[str]]:
    names = [chosen] if chosen is not None else top_level(files, (SUFFIX,))
    found: list[OsuFile] = []
    refused: list[FormatError] = []
    for name in names:
        file = OsuFile.of(name, files[name])
        if file.sheet.is_osu:
            found.append(file)
        else:
            what = "is no osu! chart" if file.sheet.rows else "is empty"
            refused.append(FormatError(name, None, f"{what}; get the song again"))
    if not found:
        raise refused[0]
    return found, [str(error) for error in refused]


def _chart(file: OsuFile, song_timing: TimingMap, problems: list[str]) -> Chart:
    content = file.content()
    if not content.controls.reds:
        problems.append(f"{file.name}: has no tempo; 60 BPM is taken")
    for n, what in (
        (content.n_bad_points, "timing points that osu! skips too"),
        (content.n_bad, "hit objects that osu! skips too"),
        (content.n_spinners, "spinners, which have no lane"),
    ):
        if n:
            problems.append(f"{file.name}: {n} x {what}")
    mode = content.lines.mode
    return Chart(
        f"mania-{file.n_keys}k" if mode == "mania" else mode,
        file.meta.get("Version", ""),
        None,
        sort_notes(content.notes),
        None if content.timing == song_timing else content.timing,
        content.effects,
        credit=file.meta.get("Creator", ""),
        extra=Extra(((OWNER, (file.name, file.encoding, file.sheet.text)),)),
        settings=tuple(sorted(file.settings().items())),
    )


# Losses ----------------------------------------------------------------------------------


def losses(song: Song) -> tuple[Loss, ...]:
    """What osu! cannot hold of a song whose charts are all for it."""
    meta = song.metadata
    found = [
        Loss("", "subtitle", bool(meta.subtitle or meta.subtitle_translit)),
        Loss("", "genre", bool(meta.genre)),
        Loss("", "banner and cover pictures", bool(meta.banner) + bool(meta.cover)),
        Loss("", "length of the preview", meta.preview_length_s is not None),
        Loss("", "scroll, speed, fake and label changes of the song", len(song.effects)),
    ]
    for chart in song.charts:
        found += _of_chart(song, chart)
    found += guidance.losses(song)
    return tuple(replace(loss, n=int(loss.n)) for loss in found if loss.n)


_KIND_NAMES = {"mine": "mines", "roll": "rolls", "lift": "lifts", "fake": "fake notes"}
_SETTINGS = {*(key.name for key in SETTING_KEYS), RULES_VERSION}


def _of_chart(song: Song, chart: Chart) -> Iterable[Loss]:
    name = chart.name
    mode = chart.mode if chart.mode in ("osu", "taiko") else "mania"
    held = {id(n) for n in held_notes(chart.notes, mode)}
    others = (n for n in chart.notes if id(n) not in held)
    kinds = Counter(n.kind if isinstance(n, LaneNote) else "" for n in others)
    for kind, n in kinds.items():
        yield Loss(name, _KIND_NAMES.get(kind, "notes of an unknown kind"), n)
    costs = costs_of(song, chart)
    if mode == "osu":
        rounded = sum(_is_between_pixels(n) for n in chart.notes) if _is_whole(chart) else 0
        yield Loss(name, "places between two pixels; they are rounded", rounded)
        what = "sliders too fast or slow for osu!; their length is changed to keep their end"
        yield Loss(name, what, costs.n_lengths)
        yield from _of_old_rules(song, chart)
    yield Loss(name, "times between two milliseconds; they are rounded", costs.n_moved)
    foreign = sum(_is_foreign(n) for n in chart.notes)
    yield Loss(name, "samples of notes from StepMania", foreign)
    effects = sum(e.kind not in osu_timing.EFFECT_KINDS for e in chart.effects)
    yield Loss(name, "scroll, speed, fake and label changes", effects)
    foreign_settings = sum(key not in _SETTINGS for key, _ in chart.settings)
    yield Loss(name, "settings of another game", foreign_settings)
    yield Loss(name, "chart's own label", bool(chart.label))
    timing = song.timing_of(chart)
    causes = Counter(a.cause for a in timing.anchors)
    yield Loss(name, "stops and delays; notes keep their seconds", _pauses(causes))
    yield Loss(name, "warps; notes in them come all at once", causes[Cause.WARP])
    inside = sum(not a.bar and timing.position(a.tick).beat != 1 for a in timing.anchors)
    yield Loss(name, "tempo changes inside a measure; they start a new one", inside)


def _of_old_rules(song: Song, chart: Chart) -> Iterable[Loss]:
    """What a file of today's version cannot say of a chart that plays by older rules."""
    version = rules_version(chart)
    if version is None or version >= _version_of_file(chart):
        return
    n_ticks = n_ticks_by_old_rules(chart, song.timing_of(chart))
    yield Loss(chart.name, "sliders with ticks by the rules of old .osu files", n_ticks)
    what = "stacks by the rules of old .osu files"
    yield Loss(chart.name, what, version < LATE_STACKING)


def _version_of_file(chart: Chart) -> int:
    """The version of the file that the chart is written into."""
    saved = chart.extra.get(OWNER)
    return LATEST_VERSION if saved is None else Sheet.of(saved[2]).version


def _pauses(causes: Counter[Cause]) -> int:
    return causes[Cause.STOP] + causes[Cause.DELAY]


def _is_foreign(note: Note) -> bool:
    sound = getattr(note, "sound", "")
    return bool(sound) and not sound.startswith(PREFIX)


def _is_whole(chart: Chart) -> bool:
    """Whether the chart's file holds whole pixels only."""
    return _version_of_file(chart) < LAZER_VERSION


def _is_between_pixels(note: Note) -> bool:
    if not isinstance(note, Circle | Slider):
        return False
    return any(x % 1 or y % 1 for x, y in places_of(note))


OSZ_FORMAT = Format(
    OWNER,
    "osu! .osz",
    "osu",
    (".osz", SUFFIX),
    _MODES,
    sniff_suffix((SUFFIX,)),
    read,
    write,
    losses,
    Needs(archive=".osz", audio=("vorbis", "mp3", "wav")),
    osu_prepare,
    unread=unread,
)
