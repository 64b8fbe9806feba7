"""What an author tells the engine about a chart, which no game's files can hold.

Kept in a chart's `Extra` under the names that the editor gives it. Knows those names and how
to speak of them; refuses to know what they mean.
"""

from __future__ import annotations

from collections.abc import Iterable

from chartstudio.core.song import Chart, Song
from chartstudio.formats.format import Loss

GUIDANCE = {
    "key-bars": "key bars",
    "approved-bars": "bars that you approved",
    "density": "bars with a painted density",
    "follow": "sections that follow a layer of the music",
    "style": "habits that drafts are asked to have",
    "fills": "fills around your bars, which count as yours once they are read again",
}
"""Owner in a chart's `Extra`, and what its rows are."""

_ONLY_A_PROJECT = "{what} (only a ChartStudio project keeps these)"


def losses(song: Song) -> tuple[Loss, ...]:
    """What a game's format drops of all this."""
    return tuple(loss for chart in song.charts for loss in _of_chart(chart))


def _of_chart(chart: Chart) -> Iterable[Loss]:
    for owner, what in GUIDANCE.items():
        rows = chart.extra.get(owner, ())
        if rows:
            yield Loss(chart.name, _ONLY_A_PROJECT.format(what=what), len(rows))
