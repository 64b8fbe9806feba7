"""What a version of Beat Saber's files cannot hold of a song, before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import Cause, TimingMap
from chartstudio.formats import guidance
from chartstudio.formats.beatsaber.chart_write import FAKES_LOST
from chartstudio.formats.beatsaber.difficulty import Difficulty
from chartstudio.formats.beatsaber.info import Info
from chartstudio.formats.beatsaber.info_convert import KNOWN, LIGHTERS, NO_PLACE
from chartstudio.formats.beatsaber.kept import KeptChart, KeptSong
from chartstudio.formats.beatsaber.v2 import FAKES
from chartstudio.formats.beatsaber.values import figure, inner, items
from chartstudio.formats.beatsaber.write import Writer
from chartstudio.formats.format import Loss


def losses(major: int, song: Song) -> tuple[Loss, ...]:
    """What version 2, 3 or 4 cannot hold."""
    kept = KeptSong.of(song)
    writer = Writer(major, song, kept)
    found = [*_of_song(song), *_of_info(writer.info, writer.info_major)]
    for chart in song.charts:
        found += _of_chart(writer, chart)
    found += guidance.losses(song)
    return tuple(Loss(loss.chart, loss.what, int(loss.n)) for loss in found if loss.n)


def _of_song(song: Song) -> Iterable[Loss]:
    meta = song.metadata
    translit = (meta.title_translit, meta.subtitle_translit, meta.artist_translit)
    yield Loss("", "transliterated names", sum(map(bool, translit)))
    yield Loss("", "genre", bool(meta.genre))
    yield Loss("", "source", bool(meta.source))
    yield Loss("", "tags", len(meta.tags.split()))
    yield Loss("", "background and banner pictures", bool(meta.background) + bool(meta.banner))
    yield Loss("", "scroll, speed, fake and label changes of the song", len(song.effects))


def _of_info(info: Info | None, major: int) -> Iterable[Loss]:
    """What an Info loses that is brought to another version."""
    if info is None or info.keys.major == major:
        return
    value = info.file.value
    n_unknown = sum(key not in KNOWN[info.keys.major] for key in value)
    yield Loss("", "values of the Info that ChartStudio does not know", n_unknown)
    for key, what in NO_PLACE[major].items():
        yield Loss("", what, bool(figure(value, key)))
    names = [items(inner(e.value, "beatmapAuthors"), LIGHTERS) for e in info.entries]
    yield Loss("", "names of who made the lights", len({str(n) for group in names for n in group}))
    if major == 2:
        credits = {e.credit for e in info.entries if e.credit}
        yield Loss("", "which mapper made which difficulty", len(credits) > 1)


def _of_chart(writer: Writer, chart: Chart) -> Iterable[Loss]:
    name, song = chart.name, writer.song
    timing = song.timing_of(chart)
    causes = Counter(a.cause for a in timing.anchors)
    n_pauses = causes[Cause.STOP] + causes[Cause.DELAY]
    yield Loss(name, "stops and delays; they become beats, notes keep their seconds", n_pauses)
    yield Loss(name, "warps; notes in them come all at once", causes[Cause.WARP])
    yield Loss(name, "measures that are not of four beats", _n_odd_bars(timing))
    own = not writer.holds(chart)
    yield Loss(name, "own timing; notes keep their seconds", own)
    yield Loss(name, "effects of other games", len(chart.effects))
    if writer.info_major == 2:
        credit = chart.credit not in ("", song.metadata.credit)
        yield Loss(name, "author of the chart", credit)
    written = writer.written(chart)
    for what, n in written.tally.items():
        yield Loss(name, what, n)
    if written.major > 2:
        yield Loss(name, FAKES_LOST, _n_fakes(chart))
    early = sum(n.tick < 0 for n in writer.ready(chart).notes)
    yield Loss(name, "objects before the audio starts, which the game does not show", early)


def _n_fakes(chart: Chart) -> int:
    """Fake notes in a chart's file of version 2."""
    own = KeptChart.of(chart)
    return Difficulty.of(own.file.text(), own.file.name).tally[FAKES] if own else 0


def _n_odd_bars(timing: TimingMap) -> int:
    """Measures that start off the count of four, and those of another length."""
    bars = [a for a in timing.anchors if a.bar]
    odd = sum(a.meter != 4 for a in bars)
    return odd + sum((b.tick - bars[0].tick) % (4 * TICKS_PER_BEAT) != 0 for b in bars[1:])
