"""Reports of several models in one table: what each is worth, and what it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTreeWidgetItem, QWidget

from chartstudio.engine.tune.shelf import Told
from chartstudio.gui.panels.charts import mode_title
from chartstudio.gui.panels.parts import column, label
from chartstudio.gui.panels.train_tables import add_section, table
from chartstudio.gui.text import tr
from chartstudio.gui.theme import DARK, Theme

_BASE = "base"
_NOTHING = "–"

Cell = tuple[float, float] | None
"""A figure and what it changed against the base; None where a report does not have it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of every model.

    Parameters
    ----------
    title : str
    worth : float
        Of a unit of the figure; negative where less is better, 0 where it counts for nothing.
    cells : tuple of Cell
    """

    title: str
    worth: float
    cells: tuple[Cell, ...]

    @property
    def best(self) -> int | None:
        """Which model changed it most for the better; None where none did."""
        gains = [0.0 if cell is None else self.worth * cell[1] for cell in self.cells]
        top = max(gains, default=0.0)
        return gains.index(top) if top > 0 else None


class Beside(QWidget):
    """A table with a column for each model.

    Parameters
    ----------
    told : tuple of Told
    theme : Theme
    """

    def __init__(self, told: tuple[Told, ...], theme: Theme = DARK) -> None:
        super().__init__()
        self._theme = theme
        layout = column(self, margin=12, spacing=8)
        said = tr("All were judged on the same charts.")
        if not are_alike(told):
            said = tr(
                "They were not all judged on the same charts: compare what each changed against "
                "its base, in brackets."
            )
        self.note = label(said, "muted", wrap=True)
        self.table = table(tr("Side by side"), [tr("Figure"), *(t.name for t in told)])
        layout.addWidget(self.note)
        layout.addWidget(self.table, 1)
        for title, lines in facts(told):
            self.table.addTopLevelItem(_aligned([title, *lines]))
        for title, rows in sections(told):
            section = add_section(self.table, title)
            for line in rows:
                section.addChild(self._item(line))

    def _item(self, line: Row) -> QTreeWidgetItem:
        cells = [_NOTHING if c is None else f"{c[0]:.3f} ({c[1]:+.3f})" for c in line.cells]
        item = _aligned([line.title, *cells])
        if line.best is not None:
            item.setForeground(1 + line.best, self._theme.good)
        return item


def _aligned(cells: list[str]) -> QTreeWidgetItem:
    """A line with its figures below each other."""
    item = QTreeWidgetItem(cells)
    for i in range(1, item.columnCount()):
        item.setTextAlignment(i, Qt.AlignmentFlag.AlignRight)
    return item


# What a table says ------------------------------------------------------------------------


def are_alike(told: Sequence[Told]) -> bool:
    """Whether all reports that there are tell of the same charts."""
    kinds = ("song", "chart", "mode", "level")
    judged = [
        {tuple(str(chart.get(kind)) for kind in kinds) for chart in t.figures.get("charts", ())}
        for t in told
    ]
    return len({frozenset(charts) for charts in judged if charts}) <= 1


def facts(told: Sequence[Told]) -> list[tuple[str, list[str]]]:
    """What is known of each model besides figures."""
    figures = [t.figures for t in told]
    verdicts = [tr(str(f["verdict"])) if f.get("verdict") else tr("not judged") for f in figures]
    used = [tr(str(f["arm"])) if f.get("arm") else _NOTHING for f in figures]
    n_charts = [str(len(f["charts"])) if f.get("charts") else _NOTHING for f in figures]
    gains = [f"{f['gain']:+.3f}" if "gain" in f else _NOTHING for f in figures]
    return [
        (tr("Verdict"), verdicts),
        (tr("All figures weighed"), gains),
        (tr("What is used"), used),
        (tr("Charts that it is judged on"), n_charts),
    ]


def sections(told: Sequence[Told]) -> list[tuple[str, list[Row]]]:
    """The lines of a table: of all charts, then of every mode and level that a report has."""
    titles = {name: c for t in told for name, c in t.figures.get("changes", {}).items()}
    if not titles:
        return []
    whole = [
        {n: (c["tuned"], c["change"]) for n, c in t.figures.get("changes", {}).items()}
        for t in told
    ]
    found = [(tr("All charts"), _rows(titles, whole))]
    groups = {
        (mode, level): None
        for t in told
        for mode, levels in t.figures.get("groups", {}).items()
        for level in levels
    }
    for mode, level in groups:
        own = [_group(t.figures, mode, level) for t in told]
        found.append((f"{mode_title(mode)} {level}", _rows(titles, own)))
    return found


def _rows(titles: Mapping[str, Any], own: Sequence[Mapping[str, Cell]]) -> list[Row]:
    rows = [
        Row(
            str(change.get("title", name)),
            float(change.get("worth", 0.0)),
            tuple(cells.get(name) for cells in own),
        )
        for name, change in titles.items()
    ]
    return [line for line in rows if any(line.cells)]


def _group(figures: Mapping[str, Any], mode: str, level: str) -> dict[str, Cell]:
    """The figures of one mode and level."""
    means = figures.get("groups", {}).get(mode, {}).get(level, {}).get("means", {})
    return {
        name: (value, value - means[f"{name}.{_BASE}"])
        for name, value in means.items()
        if f"{name}.{_BASE}" in means
    }
