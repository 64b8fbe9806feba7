"""Tables of figures in sections, as reports have them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from chartstudio.gui.text import tr


def table(name: str, titles: Sequence[str]) -> QTreeWidget:
    """A table; the first column takes the room that the others leave.

    Parameters
    ----------
    name : str
        Accessible name.
    titles : sequence of str
        Of the columns.
    """
    made = QTreeWidget()
    made.setAccessibleName(name)
    made.setTabKeyNavigation(False)
    made.setHeaderLabels(list(titles))
    header = made.header()
    header.setAccessibleName(tr("Columns: {name}", name=name))
    header.setStretchLastSection(False)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return made


def add_section(made: QTreeWidget, title: str) -> QTreeWidgetItem:
    """A bold, unfolded line in a table, for lines below it."""
    section = QTreeWidgetItem([title])
    font = section.font(0)
    font.setBold(True)
    section.setFont(0, font)
    made.addTopLevelItem(section)
    section.setExpanded(True)
    return section
