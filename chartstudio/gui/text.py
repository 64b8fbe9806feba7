"""Words and figures as the window shows them; every text goes through `tr`."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from chartstudio.core.mode import Mode
from chartstudio.core.timing import TimingMap
from chartstudio.modes.usual import level_name

_CONTEXT = "ChartStudio"
_BPM_PLACES = 3


def tr(text: str, **values: object) -> str:
    """The text in the user's language, with ``{name}`` places filled.

    Parameters
    ----------
    text : str
        In English; also the key of its translation.
    **values : object
        What `str.format` puts in the places.
    """
    found = QCoreApplication.translate(_CONTEXT, text)
    return found.format(**values) if values else found


def clock(seconds: float) -> str:
    """Seconds as ``m:ss.mmm``, with a minus before the song."""
    total_ms = round(abs(seconds) * 1000)
    minutes, rest_ms = divmod(total_ms, 60_000)
    sign = "-" if seconds < 0 and total_ms else ""
    return f"{sign}{minutes}:{rest_ms // 1000:02}.{rest_ms % 1000:03}"


def duration(seconds: float) -> str:
    """A length as ``m:ss`` or ``h:mm:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def bar_and_beat(timing: TimingMap, tick: int) -> str:
    """A tick as people count it: ``bar 43 · beat 2.25``."""
    position = timing.position(tick)
    beat = f"{position.beat:.2f}"
    return tr("bar {measure} · beat {beat}", measure=position.measure, beat=beat)


def bars(timing: TimingMap, start: int, end: int) -> str:
    """A range as bars, both named ones inclusive: ``Bars 41–44``."""
    first = timing.position(start).measure
    last = timing.position(max(start, end - 1)).measure
    if first == last:
        return tr("Bar {bar}", bar=first)
    return tr("Bars {first}–{last}", first=first, last=last)


def bpm(timing: TimingMap) -> str:
    """The tempo, or its span, as ``142 BPM`` or ``90–180 BPM``.

    A span has as many decimals as tell its ends apart: ``94.6–95.2 BPM``.
    """
    tempos = [a.bpm for a in timing.anchors]
    low, high = min(tempos), max(tempos)
    if round(low, _BPM_PLACES) == round(high, _BPM_PLACES):
        return tr("{bpm} BPM", bpm=f"{low:.{_BPM_PLACES}f}".rstrip("0").rstrip("."))
    places = next(n for n in range(_BPM_PLACES + 1) if round(low, n) != round(high, n))
    return tr("{low}–{high} BPM", low=f"{low:.{places}f}", high=f"{high:.{places}f}")


def level(value: float | None, mode: Mode | None = None) -> str:
    """A chart's level: ``9``, ``3.4★``, ``Hard 3.2``, or a dash where the author gave none."""
    if value is None:
        return "–"
    figure = f"{value:.1f}".removesuffix(".0")
    unit = "" if mode is None else mode.level_unit
    if mode is not None and unit == "rank":
        name = level_name(mode, value)
        return f"{name} {figure}" if "." in figure else name
    return f"{figure}★" if unit == "stars" else figure


def count(n: int, one: str, many: str) -> str:
    """A number with its word: ``count(1, "{n} hold", "{n} holds")``."""
    return tr(one if n == 1 else many, n=n)


def one_line(error: BaseException) -> str:
    """What an error says, as one line; its type where it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__
