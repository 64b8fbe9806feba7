"""StepMania's and ITGmania's .sm and .ssc files: the formats, and what they cannot hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np

from chartstudio.core.note import LaneNote, ticks_of
from chartstudio.core.song import Chart, Song
from chartstudio.core.timing import TimingMap
from chartstudio.formats import guidance
from chartstudio.formats.format import Format, Loss, sniff_suffix
from chartstudio.formats.marks import stepmania_prepare
from chartstudio.formats.playable import playable
from chartstudio.formats.stepmania_dialect import DIFFICULTIES, SM, SSC, Dialect
from chartstudio.formats.stepmania_effects import EFFECT_KINDS
from chartstudio.formats.stepmania_notes import KEYSOUND, STYLES, fit_notes
from chartstudio.formats.stepmania_read import read
from chartstudio.formats.stepmania_tempo import as_read, n_off_rows
from chartstudio.formats.stepmania_timing import ROW_TICKS
from chartstudio.formats.stepmania_unread import left_behind, unread
from chartstudio.formats.stepmania_write import description_of, fit_song, main_timing, write

_FAKES = "fakes"

__all__ = ["SM_FORMAT", "SSC_FORMAT", "losses", "unread"]


def losses(dialect: Dialect, song: Song) -> tuple[Loss, ...]:
    """What a dialect cannot hold of a song whose charts are all of styles it has."""
    fitted = fit_song(dialect, song)
    found = [*_of_song(dialect, song)]
    names = left_behind(dialect, song, is_aligned=fitted.timing == song.timing)
    found += [Loss("", f"the unread chart {name}", 1) for name in names]
    for chart, ready in zip(song.charts, fitted.charts, strict=True):
        found += _of_chart(dialect, song, chart, ready)
        found += _of_judgement(dialect, song, chart, (ready, fitted.timing_of(ready)))
    found += guidance.losses(song)
    return tuple(replace(loss, n=int(loss.n)) for loss in found if loss.n)


def _of_song(dialect: Dialect, song: Song) -> Iterable[Loss]:
    meta = song.metadata
    kinds = {t.kind for t in dialect.effect_tags}
    yield Loss("", "tags", len(meta.tags.split()))
    if not dialect.split:
        yield Loss("", "source", bool(meta.source))
        yield Loss("", "cover picture", bool(meta.cover))
    lost = [e.kind for e in song.effects if e.kind not in kinds]
    n_fakes = lost.count(_FAKES)
    yield Loss("", "scroll, speed and label changes of the song", len(lost) - n_fakes)
    yield Loss("", "fake stretches of the song", n_fakes)
    yield Loss("", "tempo changes between the rows of 1/192", n_off_rows(song.timing))


def _of_chart(dialect: Dialect, song: Song, chart: Chart, ready: Chart) -> Iterable[Loss]:
    notes = [n for n in chart.notes if isinstance(n, LaneNote)]
    sounds = sum(n.sound != "" and not n.sound.startswith("sm:") for n in notes)
    name = chart.name
    yield Loss(name, "hit sounds", sounds)
    held = {t.kind for t in dialect.effect_tags} if dialect.split else set()
    foreign = [e.kind for e in chart.effects if e.kind not in held | {KEYSOUND}]
    n_known, n_fakes = sum(k in EFFECT_KINDS for k in foreign), foreign.count(_FAKES)
    yield Loss(name, "scroll, speed and label changes", n_known - n_fakes)
    yield Loss(name, "fake stretches", n_fakes)
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


def _of_judgement(
    dialect: Dialect, song: Song, chart: Chart, ready: tuple[Chart, TimingMap]
) -> Iterable[Loss]:
    """Notes that are played in one of the two only: in the song, or in the file made of it.

    ``ready`` is the chart as the file has it, and the timing it runs on there.
    """
    ticks = ticks_of(chart.notes)
    warped = song.timing_of(chart).warped(ticks)
    if not any(t.kind == _FAKES for t in dialect.effect_tags):
        n_fakes = int((~playable(song, chart) & ~warped).sum())
        yield Loss(chart.name, "notes and mines of fake stretches that become real", n_fakes)
    written, timing = ready
    rows = {(round(n.tick / ROW_TICKS), n.lane) for n in written.notes if isinstance(n, LaneNote)}
    places = np.array([row * ROW_TICKS for row, _ in rows], dtype=np.int64)
    still = as_read(timing, dialect.split).warped(places)
    # Notes that share a place there are one, which is told elsewhere.
    n_real, n_warped = int((~still).sum() - (~warped).sum()), int(still.sum() - warped.sum())
    yield Loss(chart.name, "notes and mines of warps that become real", max(0, n_real))
    yield Loss(chart.name, "notes and mines that end up inside warps", max(0, n_warped))


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
        unread=unread,
    )


SM_FORMAT = _format(SM, "StepMania .sm")
SSC_FORMAT = _format(SSC, "StepMania .ssc")
