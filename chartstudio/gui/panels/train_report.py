"""A window with reports of tunings: one, or several beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from chartstudio.engine.tune.shelf import Told
from chartstudio.gui.panels.charts import mode_title
from chartstudio.gui.panels.parts import button, column, label, row
from chartstudio.gui.panels.train_beside import Beside
from chartstudio.gui.panels.train_tables import add_section, table
from chartstudio.gui.text import count, tr
from chartstudio.gui.theme import DARK, Theme

_SIZE_PX = (820, 680)
_ARMS = {"base": "Base", "habits": "Habits", "tuned": "Tuned", "both": "Both"}
_GUESSING, _AUTHOR = "guessing", "human"
_ROLES = {"better": "good", "worse": "warning"}


class ReportView(QWidget):
    """One report: the verdict, and a table of every figure by mode and level.

    Parameters
    ----------
    told : Told
    theme : Theme
    """

    def __init__(self, told: Told, theme: Theme = DARK) -> None:
        super().__init__()
        self._theme = theme
        layout = column(self, margin=12, spacing=8)
        layout.addWidget(label(told.name, "title"))
        figures = told.figures
        role = _ROLES.get(str(figures.get("verdict", "")), "name")
        first, *others = told.lines or (tr("It has not been judged: there is no report yet."),)
        layout.addWidget(label(first, role, wrap=True))
        # What follows the empty line is in the table.
        words = others[: others.index("")] if "" in others else others
        if words:
            layout.addWidget(label("\n".join(words), "muted", wrap=True))
        self.table = self._table(figures)
        tabs = QTabWidget()
        tabs.setDocumentMode(True)
        tabs.setAccessibleName(tr("Report of {name}", name=told.name))
        tabs.addTab(self.table, tr("Figures"))
        if told.steps:
            # The library of plots takes most of a second to load.
            from chartstudio.gui.panels.train_plots import Plots

            plots = Plots()
            plots.show_steps(told.steps)
            tabs.addTab(plots, tr("Course"))
        layout.addWidget(tabs, 1)

    def _table(self, figures: dict[str, Any]) -> QTreeWidget:
        titles = [tr(t) for t in ("Figure", *_ARMS.values(), "Guessing", "Author")]
        made = table(tr("Figures"), titles)
        # Where the base stays in use, the report is about the best of the others.
        arm = str(figures.get("shown") or figures.get("arm", ""))
        for title, lines in sections(figures):
            section = add_section(made, title)
            for line in lines:
                section.addChild(self._item(line, arm))
        return made

    def _item(self, line: Line, arm: str) -> QTreeWidgetItem:
        cells = [line.values.get(name) for name in (*_ARMS, _GUESSING, _AUTHOR)]
        item = QTreeWidgetItem([line.title, *("" if v is None else f"{v:.3f}" for v in cells)])
        for i in range(1, item.columnCount()):
            item.setTextAlignment(i, Qt.AlignmentFlag.AlignRight)
        base, chosen = line.values.get("base"), line.values.get(arm)
        if line.worth and base is not None and chosen is not None and chosen != base:
            is_better = (chosen > base) == (line.worth > 0)
            colour = self._theme.good if is_better else self._theme.bad
            item.setForeground(1 + list(_ARMS).index(arm), colour)
        return item


class ReportDialog(QDialog):
    """A report, or several: first what each is worth in one table, then one after the other.

    Parameters
    ----------
    parent : QWidget or None
    told : tuple of Told
    """

    def __init__(self, parent: QWidget | None, told: tuple[Told, ...]) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Report: {names}", names=", ".join(t.name for t in told)))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = column(self, margin=0, spacing=0)
        self.views = tuple(ReportView(t) for t in told)
        self.beside = Beside(told) if len(told) > 1 else None
        if self.beside is None:
            layout.addWidget(self.views[0], 1)
        else:
            tabs = QTabWidget()
            tabs.setAccessibleName(tr("Reports"))
            tabs.addTab(self.beside, tr("Side by side"))
            for view, one in zip(self.views, told, strict=True):
                tabs.addTab(view, one.name)
            layout.addWidget(tabs, 1)
        foot = row(None, button(tr("Close"), self.close))
        foot.setContentsMargins(12, 0, 12, 12)
        layout.addLayout(foot)
        self.resize(*_SIZE_PX)


# What a table says ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A figure: its title, what a unit of it is worth, its values by arm."""

    title: str
    worth: float
    values: dict[str, float]


def sections(figures: dict[str, Any]) -> list[tuple[str, list[Line]]]:
    """The lines of a table: of all charts, then of every mode and level."""
    changes, arms = figures.get("changes", {}), figures.get("arms", {})
    if not changes:
        return []
    found = [(tr("All charts"), [_of_all(name, changes, arms) for name in changes])]
    for mode, levels in figures.get("groups", {}).items():
        for level, group in levels.items():
            n_charts = count(group["n"], "{n} chart", "{n} charts")
            title = tr("{mode} {level} ({n})", mode=mode_title(mode), level=level, n=n_charts)
            means = {
                arm: told.get("groups", {}).get(mode, {}).get(level, {}).get("means", {})
                for arm, told in arms.items()
            }
            lines = [_of_group(name, changes[name], group["means"], means) for name in changes]
            found.append((title, [line for line in lines if line.values]))
    return found


def _of_all(name: str, changes: dict[str, Any], arms: dict[str, Any]) -> Line:
    """A figure over all charts."""
    change = changes[name]
    values = {"base": change["base"]}
    for arm, told in arms.items():
        if name in told["changes"]:
            values[arm] = told["changes"][name]["tuned"]
    return _line(name, change, values, change["nulls"])


def _of_group(
    name: str, change: dict[str, Any], means: dict[str, float], arms: dict[str, dict[str, float]]
) -> Line:
    """A figure in one mode and level."""
    values = {arm: own[name] for arm, own in arms.items() if name in own}
    if f"{name}.base" in means:
        values["base"] = means[f"{name}.base"]
    nulls = {n: means[f"{name}.{n}"] for n in change["nulls"] if f"{name}.{n}" in means}
    return _line(name, change, values, nulls)


def _line(
    name: str, change: dict[str, Any], values: dict[str, float], nulls: dict[str, float]
) -> Line:
    """A line with the best of all guesses beside it."""
    worth = float(change.get("worth", 0.0))
    guesses = [value for null, value in nulls.items() if null != _AUTHOR]
    if guesses:
        values = {**values, _GUESSING: min(guesses) if worth < 0 else max(guesses)}
    if _AUTHOR in nulls:
        values = {**values, _AUTHOR: nulls[_AUTHOR]}
    return Line(str(change.get("title", name)), worth, values)
