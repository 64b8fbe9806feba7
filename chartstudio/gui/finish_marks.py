"""What the timeline is to mark of key bars and locks, as the studio stands."""

from __future__ import annotations

from chartstudio.editor.locks import fitting, staying
from chartstudio.gui.proposals import Purpose
from chartstudio.gui.studio import Studio
from chartstudio.gui.timeline.key_bar_marks import KeyBarMark
from chartstudio.gui.timeline.lock_marks import LockMarks
from chartstudio.modes import MODES


def key_bar_marks(studio: Studio) -> tuple[KeyBarMark, ...]:
    """The key bars of the active chart."""
    index = studio.document.selection.chart
    return tuple(
        KeyBarMark(index, item.order, *item.bar.span, own=item.standing.own)
        for item in studio.finishing.listed
    )


def lock_marks(studio: Studio) -> LockMarks | None:
    """What a redraw would hold fast, or the one that is shown does; None for nothing."""
    document, drafting = studio.document, studio.drafting
    asked, settings = drafting.asked, drafting.settings
    if asked is not None:
        request = asked.request
        if asked.purpose is not Purpose.DRAFT or asked.chart >= len(document.song.charts):
            return None
        index, span = asked.chart, (request.start, request.end)
        locks, lanes = request.locks, request.lanes
    else:
        index, target = document.selection.chart, drafting.target_range()
        if target is None or drafting.refusal:
            return None
        span, locks = target, settings.locks
        lanes = settings.lanes
    chart = document.song.charts[index] if index < len(document.song.charts) else None
    if chart is None or not locks or chart.mode not in MODES:
        return None
    mode = MODES[chart.mode]
    locks, lanes = fitting(locks, lanes, mode)
    return LockMarks(
        chart=index,
        start=span[0],
        end=span[1],
        notes=staying(chart, mode, span, locks, lanes),
        lanes=lanes,
        times="rhythm" in locks,
        places="placement" in locks or ("lanes" in locks and not lanes),
    )
