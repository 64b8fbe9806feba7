import re

from PySide6.QtGui import QColor, QPalette

from chartstudio.core.ticks import OFF_GRID, SNAPS
from chartstudio.gui.theme import DARK, SNAP_COLOURS, palette, stylesheet


def test_every_snap_has_a_colour():
    assert set(SNAP_COLOURS) == {*SNAPS, OFF_GRID}
    assert DARK.snap(5) == SNAP_COLOURS[OFF_GRID]


def test_the_stylesheet_names_only_colours():
    sheet = stylesheet()
    assert "{background}" not in sheet
    assert all(QColor(c).isValid() for c in re.findall(r"#[0-9a-f]+", sheet))


def test_the_palette_is_dark_with_light_text():
    colours = palette()
    assert colours.color(QPalette.ColorRole.Window) == DARK.panel
    assert colours.color(QPalette.ColorRole.WindowText).lightness() > 180


def test_errors_and_hints_look_different():
    assert len({DARK.severity(s).name() for s in ("error", "warning", "hint")}) == 3
