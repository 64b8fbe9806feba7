"""StepMania's and ITGmania's .sm and .ssc files: the formats, and what they cannot hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Song
from chartstudio.formats.format import Format, Loss, sniff_suffix
from chartstudio.formats.marks import stepmania_prepare
from chartstudio.formats.stepmania_dialect import DIFFICULTIES, SM, SSC, Dialect
from chartstudio.formats.stepmania_effects import EFFECT_KINDS
from chartstudio.formats.stepmania_notes import KEYSOUND, STYLES, fit_notes
from chartstudio.formats.stepmania_read import read
from chartstudio.formats.stepmania_tempo import n_off_rows
from chartstudio.formats.stepmania_timing import ROW_TICKS
from chartstudio.formats.stepmania_write import description_of, fit_song, main_timing, write


def losses(dialect: Dialect, song: Song) -> tuple[Loss, ...]:
    """What a dialect cannot hold of a song whose charts are all of styles it has."""
    found = [*_of_song(dialect, song)]
    for chart, ready in zip(song.charts, fit_song(dialect, song).charts, strict=True):
        found += _of_chart(dialect, song, chart, ready)
    return tuple(replace(loss, n=int(loss.n)) for loss in found if loss.n)


def _of_song(dialect: Dialect, song: Song) -> Iterable[Loss]:
    meta = song.metadata
    kinds = {t.kind for t in dialect.effect_tags}
    yield Loss("", "tags", len(meta.tags.split()))
    if not dialect.split:
        yield Loss("", "source", bool(meta.source))
        yield Loss("", "cover picture", bool(meta.cover))
    n_effects = sum(e.kind not in kinds for e in song.effects)
    yield Loss("", "scroll, speed, fake and label changes of the song", n_effects)
    yield Loss("", "tempo changes between the rows of 1/192", n_off_rows(song.timing))


def _of_chart(dialect: Dialect, song: Song, chart: Chart, ready: Chart) -> Iterable[Loss]:
    notes = [n for n in chart.notes if isinstance(n, LaneNote)]
    sounds = sum(n.sound != "" and not n.sound.startswith("sm:") for n in notes)
    name = chart.name
    yield Loss(name, "hit sounds", sounds)
    held = {t.kind for t in dialect.effect_tags} if dialect.split else set()
    foreign = [e for e in chart.effects if e.kind not in held | {KEYSOUND}]
    n_known = sum(e.kind in EFFECT_KINDS for e in foreign)
    yield Loss(name, "scroll, speed, fake and label changes", n_known)
    yield Loss(name, "osu! changes of speed and sound", len(foreign) - n_known)
    fraction = chart.level is not None and chart.level != int(chart.level)
    yield Loss(name, "decimals of the level", fraction)
    hidden = chart.label and chart.name not in DIFFICULTIES
    yield Loss(name, "name of the chart", bool(hidden))
    if not dialect.split:
        credit = chart.credit not in ("", description_of(dialect, chart))
        yield Loss(name, "author of the chart", credit)
        other = song.timing_of(chart) != main_timing(song)
        yield Loss(name, "own timing; notes keep their seconds", other)
    elif chart.timing is not None:
        yield Loss(name, "tempo changes between the rows of 1/192", n_off_rows(chart.timing))
    ticks = (e.tick for e in chart.effects if e.kind in held)
    yield Loss(name, "effects moved to the nearest 1/192", sum(t % ROW_TICKS != 0 for t in ticks))
    keysounds = [e for e in ready.effects if e.kind == KEYSOUND]
    fitted = fit_notes(ready.notes, keysounds, STYLES[chart.mode])
    yield Loss(name, "notes moved to the nearest 1/192", fitted.n_moved)
    yield Loss(name, "holds cut short by a note in their lane", fitted.n_cut)
    yield Loss(name, "notes without a place of their own", fitted.n_dropped)


def _format(dialect: Dialect, title: str) -> Format:
    return Format(
        dialect.id,
        title,
        "stepmania",
        (dialect.suffix,),
        tuple(STYLES),
        sniff_suffix((dialect.suffix,)),
        partial(read, dialect),
        partial(write, dialect),
        partial(losses, dialect),
        prepare=stepmania_prepare("credit" if dialect.split else "label"),
    )


SM_FORMAT = _format(SM, "StepMania .sm")
SSC_FORMAT = _format(SSC, "StepMania .ssc")
