"""The answer as pictures for a model's card: plain SVG, drawn from the JSON alone.

Knows shapes and the answer's keys; measures nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape

Answer = dict[str, Any]
Place = tuple[float, float]
"""In pixels, from the upper left corner."""

_INK, _MUTED, _LINE, _MODEL, _NULL = "#1d2129", "#68707f", "#d9dde4", "#2f7fe0", "#b9c0cc"
_COLORS = (_MODEL, "#e08a2f", "#3f9d6b", "#9a63d0", "#68707f")
_ROW_PX, _LABEL_PX, _PLOT_PX, _TOP_PX, _FOOT_PX = 24, 190, 430, 48, 34
_LEFT_PX, _SIDE_PX = 56, 320


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar with its interval, 0 to 1."""

    label: str
    value: float
    low: float
    high: float
    own: bool


def plots(answer: Answer) -> dict[str, bytes]:
    """Pictures of what an answer holds.

    Returns
    -------
    dict of str to bytes
        SVG by file name; only of what was measured.
    """
    found = {}
    for name, draw in _PLOTS.items():
        picture = draw(answer)
        if picture:
            found[f"{name}.svg"] = picture.encode("utf-8")
    return found


def _bars_of(answer: Answer, figures: Sequence[tuple[str, str]]) -> list[Bar]:
    found = []
    for name, label in figures:
        if name in answer["means"]:
            low, high = answer["intervals"][name]
            found.append(Bar(label, answer["means"][name], low, high, "." not in name))
    return found


def _with_nulls(answer: Answer, figure: str, label: str) -> list[Bar]:
    nulls = [n for n in answer["means"] if n.startswith(f"{figure}.")]
    names = [(n, n.split(".", 1)[1].replace("_", " ")) for n in nulls]
    bars = _bars_of(answer, [(figure, label), *names])
    return sorted(bars, key=lambda b: -b.value)


# Shapes ----------------------------------------------------------------------------------


def _svg(width: float, height: float, title: str, body: Sequence[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" font-family="sans-serif" font-size="12">',
            f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
            _text((12, 24), title, size=15),
            *body,
            "</svg>\n",
        ]
    )


def _text(at: Place, text: str, anchor: str = "start", size: int = 12, color: str = _INK) -> str:
    x, y = at
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="{color}">{escape(text)}</text>'
    )


def _line(start: Place, end: Place, color: str = _LINE, width: float = 1) -> str:
    (x1, y1), (x2, y2) = start, end
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{color}" stroke-width="{width:g}"/>'
    )


def bar_chart(title: str, bars: Sequence[Bar], note: str = "") -> str:
    """Lying bars with their intervals, the model's own in colour; empty without any."""
    if not bars:
        return ""
    body, height = [], _TOP_PX + _ROW_PX * len(bars)
    for tenth in range(0, 11, 2):
        x = _LABEL_PX + _PLOT_PX * tenth / 10
        body += [_line((x, _TOP_PX - 6), (x, height))]
        body += [_text((x, height + 16), str(tenth * 10), "middle", 11, _MUTED)]
    for row, bar in enumerate(bars):
        y = _TOP_PX + _ROW_PX * row
        low, value, high = (
            _LABEL_PX + _PLOT_PX * min(max(v, 0.0), 1.0) for v in (bar.low, bar.value, bar.high)
        )
        color = _MODEL if bar.own else _NULL
        body += [
            _text((_LABEL_PX - 8, y + 14), bar.label, "end"),
            f'<rect x="{_LABEL_PX}" y="{y + 3}" width="{value - _LABEL_PX:.1f}" '
            f'height="{_ROW_PX - 8}" fill="{color}"/>',
            _line((low, y + _ROW_PX / 2 - 1), (high, y + _ROW_PX / 2 - 1), _INK, 1.5),
            _text((_LABEL_PX + _PLOT_PX + 8, y + 14), f"{bar.value * 100:.1f}"),
        ]
    body.append(_text((_LABEL_PX, height + 30), note, "start", 11, _MUTED))
    return _svg(_LABEL_PX + _PLOT_PX + 60, height + _FOOT_PX + 6, title, body)


@dataclass(frozen=True, slots=True)
class Axes:
    """What a picture of points shows along its sides.

    Parameters
    ----------
    title, x_label, y_label : str
    low, high : (float, float)
        Corners, as x and y.
    """

    title: str
    x_label: str
    y_label: str
    low: tuple[float, float]
    high: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Place of a point in the picture, in pixels."""
        wide, tall = (max(h - a, 1e-9) for a, h in zip(self.low, self.high, strict=True))
        return (
            _LEFT_PX + _SIDE_PX * (x - self.low[0]) / wide,
            _TOP_PX + _SIDE_PX - _SIDE_PX * (y - self.low[1]) / tall,
        )


def points(axes: Axes, series: dict[str, list[tuple[float, float]]], joined: bool) -> str:
    """Points of several series, joined by lines or beside a diagonal; empty without any."""
    if not any(series.values()):
        return ""
    left, bottom = axes.at(*axes.low)
    right, top = axes.at(*axes.high)
    body = []
    for step in range(5):
        x, y = (a + (h - a) * step / 4 for a, h in zip(axes.low, axes.high, strict=True))
        at_x, at_y = axes.at(x, y)
        body += [_line((at_x, top), (at_x, bottom)), _line((left, at_y), (right, at_y))]
        body += [_text((at_x, bottom + 16), f"{x:.3g}", "middle", 11, _MUTED)]
        body += [_text((left - 6, at_y + 4), f"{y:.3g}", "end", 11, _MUTED)]
    if not joined:
        body.append(_line((left, bottom), (right, top), _MUTED))
    for (name, some), color, row in zip(series.items(), _COLORS, range(len(series)), strict=False):
        places = [axes.at(x, y) for x, y in some]
        if joined:
            body += [_line(a, b, color, 2) for a, b in pairwise(places)]
        body += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{color}" fill-opacity="0.8"/>'
            for x, y in places
        ]
        if len(series) > 1:
            y = top + 18 * row + 12
            body.append(f'<circle cx="{right + 16:.1f}" cy="{y - 4:.1f}" r="4" fill="{color}"/>')
            body.append(_text((right + 26, y), name))
    body.append(_text(((left + right) / 2, bottom + 34), axes.x_label, "middle", 12, _MUTED))
    body.append(_text((left - 44, top - 10), axes.y_label, "start", 11, _MUTED))
    return _svg(right + (150 if len(series) > 1 else 30), bottom + 46, axes.title, body)


# Pictures --------------------------------------------------------------------------------


def _times(answer: Answer) -> str:
    bars = _with_nulls(answer, "f1_20ms", answer.get("model", "model"))
    n = len(answer["charts"])
    note = f"mean of {n} charts; lines: 95 % by drawing songs"
    return bar_chart("Note times beside a human's, F1 in % within 20 ms", bars, note)


def _listening(answer: Answer) -> str:
    classes = (("", "all"), ("_4", "beats"), ("_8", "off-8ths"), ("_16", "off-16ths"))
    figures = [
        (f"listening_auc{suffix}{null}", f"{title}{what}")
        for suffix, title in classes
        for null, what in (("", ""), (".flux", ", rise of the sound"))
    ]
    title = "Listening AUC in %: a metronome has 50"
    return bar_chart(title, _bars_of(answer, figures))


def _by_chart(answer: Answer) -> str:
    pairs = [
        (c["nulls"]["f1_20ms.metro_fill"] * 100, c["measures"]["f1_20ms"] * 100)
        for c in answer["charts"]
        if "f1_20ms" in c["measures"] and "f1_20ms.metro_fill" in c["nulls"]
    ]
    axes = Axes("Note-time F1 in %, chart by chart", "metro-fill", "draft", (0, 0), (100, 100))
    return points(axes, {"chart": pairs}, joined=False)


def _finish(answer: Answer) -> str:
    lines = {
        answer.get("model", "model"): "",
        "copy of chosen bars": ".copy",
        "copy of random bars": ".copy_random",
        "copy of the first bars": ".copy_first",
        "metro-fill": ".metro_fill",
    }
    means = answer["means"]
    series = {
        title: [
            (float(n), means[name] * 100)
            for n in (4, 8, 16, 32)
            if (name := f"finish_{n}_f1{null}") in means
        ]
        for title, null in lines.items()
    }
    axes = Axes("Finishing a song", "bars given", "F1 of the rest in %", (0, 50), (32, 100))
    return points(axes, series, joined=True)


def _levels(answer: Answer) -> str:
    pairs = [
        (c["level"], c["level"] + c["measures"]["level_miss"])
        for c in answer["charts"]
        if "level_miss" in c["measures"]
    ]
    top = math.ceil(max((max(p) for p in pairs), default=1.0))
    axes = Axes("Levels asked and reached", "asked", "reached", (0, 0), (top, top))
    return points(axes, {"chart": pairs}, joined=False)


_PLOTS: dict[str, Callable[[Answer], str]] = {
    "times": _times,
    "listening": _listening,
    "charts": _by_chart,
    "finish": _finish,
    "levels": _levels,
}
