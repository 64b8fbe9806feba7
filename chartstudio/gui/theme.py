"""The look of the window: colours, fonts and a short stylesheet on Qt's Fusion style.

Every colour that is drawn anywhere comes from a `Theme`; no widget writes a colour of its
own. This module knows no song and no widget of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from types import MappingProxyType

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from chartstudio.core.ticks import OFF_GRID

SNAP_COLOURS: MappingProxyType[int, QColor] = MappingProxyType(
    {
        4: QColor("#ff5a5a"),
        8: QColor("#4e8cff"),
        12: QColor("#b15cff"),
        16: QColor("#ffd34e"),
        24: QColor("#ff7ac6"),
        32: QColor("#ff9f43"),
        48: QColor("#4fe0c0"),
        64: QColor("#6bd968"),
        96: QColor("#9aa6b8"),
        192: QColor("#9aa6b8"),
        OFF_GRID: QColor("#6b7484"),
    }
)
"""Note colour by snap, the convention of the lane games; the finest and off-grid are grey."""


@dataclass(frozen=True)
class Theme:
    """One set of colours.

    Parameters
    ----------
    background : QColor
        Behind everything, and the timeline's ground.
    panel, panel_raised : QColor
        Docks and bars; buttons, fields and cards on them.
    line : QColor
        Borders and grid lines.
    text, muted : QColor
    accent, accent_dim : QColor
        What is active or pressed; the fill of what is chosen.
    ghost, key_bar, lock : QColor
        Proposed notes, the bars that stand for the song, kept notes.
    good, bad : QColor
    wave, wave_core : QColor
        The waveform's peaks and its loud middle.
    playhead : QColor
    snaps : mapping of int to QColor
        Note colour by snap.
    """

    background: QColor
    panel: QColor
    panel_raised: QColor
    line: QColor
    text: QColor
    muted: QColor
    accent: QColor
    accent_dim: QColor
    ghost: QColor
    key_bar: QColor
    lock: QColor
    good: QColor
    bad: QColor
    wave: QColor
    wave_core: QColor
    playhead: QColor
    snaps: MappingProxyType[int, QColor] = field(default_factory=lambda: SNAP_COLOURS)

    def snap(self, snap: int) -> QColor:
        """The colour of notes on a snap; unknown snaps look off the grid."""
        return self.snaps.get(snap, self.snaps[OFF_GRID])

    def severity(self, severity: str) -> QColor:
        """The colour of an issue: ``error``, ``warning`` or ``hint``."""
        return {"error": self.bad, "warning": self.key_bar}.get(severity, self.muted)


DARK = Theme(
    background=QColor("#14161a"),
    panel=QColor("#1b1e24"),
    panel_raised=QColor("#20242b"),
    line=QColor("#2a2f38"),
    text=QColor("#d7dce5"),
    muted=QColor("#8a93a3"),
    accent=QColor("#5aa9ff"),
    accent_dim=QColor("#2a4166"),
    ghost=QColor("#b48cff"),
    key_bar=QColor("#ffc857"),
    lock=QColor("#4fe0c0"),
    good=QColor("#63d297"),
    bad=QColor("#ff6b6b"),
    wave=QColor("#2f6db3"),
    wave_core=QColor("#7db8ff"),
    playhead=QColor("#ffffff"),
)
"""The default palette."""

_STYLE = """
QMainWindow, QDialog {{ background: {background}; }}
QMenuBar {{ background: {panel}; padding: 3px 6px; border-bottom: 1px solid {line}; }}
QMenuBar::item {{ padding: 4px 8px; color: {muted}; background: transparent; }}
QMenuBar::item:selected {{ color: {text}; background: {panel_raised}; border-radius: 4px; }}
QMenu {{ background: {panel_raised}; border: 1px solid {line}; padding: 4px; }}
QMenu::item {{ padding: 4px 24px 4px 12px; border-radius: 3px; }}
QMenu::item:selected {{ background: {accent_dim}; }}
QMenu::item:disabled {{ color: {faint}; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 6px; }}
QToolBar {{ background: {panel}; border: none; border-bottom: 1px solid {line};
    spacing: 5px; padding: 6px 8px; }}
QToolBar::separator {{ width: 1px; background: {line}; margin: 5px 6px; }}
QStatusBar {{ background: {panel}; border-top: 1px solid {line}; color: {muted}; }}
QStatusBar::item {{ border: none; }}
QStatusBar QLabel {{ color: {muted}; padding: 0 8px; }}
QDockWidget {{ color: {muted}; }}
QMainWindow::separator {{ background: {line}; width: 1px; height: 1px; }}
QMainWindow::separator:hover {{ background: {accent}; }}
QSplitter::handle {{ background: {background}; height: 4px; }}
QSplitter::handle:hover {{ background: {accent_dim}; }}
QToolButton, QPushButton {{ background: {panel_raised}; border: 1px solid {line};
    border-radius: 5px; padding: 4px 7px; color: {text}; }}
QToolButton:hover, QPushButton:hover {{ border-color: {edge}; background: {hover}; }}
QToolButton:pressed, QPushButton:pressed {{ background: {accent_dim}; }}
QToolButton:checked, QPushButton:checked {{ background: {accent_dim}; border-color: {accent_dim};
    color: {bright}; }}
QToolButton:disabled, QPushButton:disabled {{ color: {faint}; }}
QToolButton:focus, QPushButton:focus {{ border-color: {accent}; }}
QPushButton[role="primary"], QToolButton[role="primary"] {{ background: {accent};
    border-color: {accent}; color: {background}; font-weight: 600; }}
QPushButton[role="primary"]:hover, QToolButton[role="primary"]:hover {{ background: {lit}; }}
QPushButton[role="primary"]:disabled, QToolButton[role="primary"]:disabled {{
    background: {accent_dim}; border-color: {accent_dim}; color: {muted}; }}
QPushButton[role="flat"], QToolButton[role="flat"] {{ background: transparent;
    border-color: transparent; color: {muted}; text-align: left; }}
QPushButton[role="flat"]:hover, QToolButton[role="flat"]:hover {{ color: {text};
    background: {panel_raised}; }}
QToolButton[segment="first"] {{ border-top-right-radius: 0; border-bottom-right-radius: 0;
    border-right: none; }}
QToolButton[segment="middle"] {{ border-radius: 0; border-right: none; }}
QToolButton[segment="last"] {{ border-top-left-radius: 0; border-bottom-left-radius: 0; }}
QToolButton[segment] {{ padding: 4px 3px; color: {muted}; }}
QToolButton[segment]:checked {{ color: {bright}; }}
QLineEdit, QPlainTextEdit {{ background: {background};
    border: 1px solid {line}; border-radius: 4px; padding: 3px 6px; color: {text};
    selection-background-color: {accent_dim}; }}
QLineEdit:focus, QPlainTextEdit:focus {{ border-color: {accent}; }}
QLineEdit:disabled {{ color: {faint}; }}
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: none; padding: 0 2px;
    background: transparent; }}
QComboBox QAbstractItemView {{ background: {panel_raised}; border: 1px solid {line};
    selection-background-color: {accent_dim}; }}
QListWidget, QListView, QTreeView, QScrollArea {{ background: transparent; border: none;
    outline: none; }}
QListView::item {{ padding: 4px 6px; border-radius: 5px; }}
QListView::item:hover {{ background: {panel_raised}; }}
QListView::item:selected {{ background: {accent_dim}; color: {bright}; }}
QTabWidget::pane {{ border: none; border-top: 1px solid {line}; }}
QTabBar {{ background: {panel}; }}
QTabBar::tab {{ background: transparent; color: {muted}; padding: 8px 11px;
    border: none; border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {text}; border-bottom: 2px solid {accent}; }}
QTabBar::tab:hover {{ color: {text}; }}
QCheckBox::indicator, QRadioButton::indicator {{ width: 12px; height: 12px;
    background: {background}; border: 1px solid {edge}; border-radius: 3px; }}
QRadioButton::indicator {{ border-radius: 6px; }}
QCheckBox::indicator:checked, QRadioButton::indicator:checked {{ background: {accent};
    border-color: {accent}; }}
QCheckBox::indicator:focus, QRadioButton::indicator:focus {{ border-color: {accent}; }}
QDialog#palette {{ background: {panel}; border: 1px solid {edge}; border-radius: 8px; }}
QProgressBar {{ background: {background}; border: 1px solid {line}; border-radius: 4px;
    height: 8px; text-align: center; color: {muted}; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 3px; }}
QSlider::groove:horizontal {{ height: 3px; background: {line}; border-radius: 1px; }}
QSlider::sub-page:horizontal {{ background: {accent}; border-radius: 1px; }}
QSlider::sub-page:horizontal:disabled {{ background: {line}; }}
QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -5px 0; border-radius: 6px;
    background: {bright}; }}
QSlider::handle:horizontal:disabled {{ background: {muted}; }}
QSlider[unsaid="true"]::sub-page:horizontal {{ background: {line}; }}
QSlider[unsaid="true"]::handle:horizontal {{ background: {faint}; width: 8px; height: 8px;
    margin: -3px 0; border-radius: 4px; }}
QScrollBar:vertical {{ background: transparent; width: 9px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 9px; margin: 0; }}
QScrollBar::handle {{ background: {line}; border-radius: 4px; min-height: 24px;
    min-width: 24px; }}
QScrollBar::handle:hover {{ background: {edge}; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
    background: none; border: none; width: 0; height: 0; }}
QToolTip {{ background: {panel_raised}; color: {text}; border: 1px solid {line}; }}
QLabel[role="heading"] {{ color: {muted}; font-weight: 600; font-size: 8pt; }}
QLabel[role="title"] {{ font-weight: 700; font-size: 13pt; }}
QLabel[role="muted"] {{ color: {muted}; }}
QLabel[role="bad"] {{ color: {bad}; }}
QLabel[role="good"] {{ color: {good}; }}
QLabel[role="warning"] {{ color: {key_bar}; }}
QPushButton[role="lock"]:checked {{ background: {lock_dim}; border-color: {lock};
    color: {lock}; }}
QTreeView::item {{ padding: 3px 2px; }}
QTreeView::item:selected {{ background: {accent_dim}; color: {bright}; }}
QLabel[role="clock"] {{ font-weight: 700; }}
QLabel[role="brand"] {{ font-weight: 700; padding: 5px 12px 4px 12px; }}
QLabel[role="key"] {{ background: {panel_raised}; border: 1px solid {line}; border-radius: 3px;
    padding: 1px 5px; color: {muted}; font-size: 8pt; }}
QLabel[role="chip"] {{ background: {line}; color: {muted}; border-radius: 7px;
    padding: 1px 7px; font-size: 8pt; }}
QFrame[role="card"] {{ background: {panel_raised}; border: 1px solid {line};
    border-radius: 7px; }}
QFrame[role="card"]:hover {{ border-color: {edge}; }}
QFrame[role="card"][shown="true"] {{ background: {ghost_dim}; border-color: {ghost}; }}
QFrame[role="card"][shown="true"] QLabel[role="name"] {{ color: {ghost}; }}
QLabel[role="name"] {{ font-weight: 700; }}
"""


def stylesheet(theme: Theme = DARK) -> str:
    """The stylesheet of a theme, for the few things that a palette cannot say."""
    values = {f.name: getattr(theme, f.name) for f in fields(theme)}
    names = {name: value.name() for name, value in values.items() if isinstance(value, QColor)}
    names["faint"] = _mix(theme.muted, theme.panel, 0.5).name()
    names["edge"] = _mix(theme.line, theme.muted, 0.35).name()
    names["hover"] = _mix(theme.panel_raised, theme.muted, 0.12).name()
    names["bright"] = theme.playhead.name()
    names["lit"] = theme.accent.lighter(112).name()
    names["lock_dim"] = _mix(theme.panel_raised, theme.lock, 0.14).name()
    names["ghost_dim"] = _mix(theme.panel_raised, theme.ghost, 0.14).name()
    return _STYLE.format(**names)


def _mix(low: QColor, high: QColor, share: float) -> QColor:
    """The colour that lies ``share`` of the way from one to the other."""
    return QColor.fromRgbF(
        low.redF() + (high.redF() - low.redF()) * share,
        low.greenF() + (high.greenF() - low.greenF()) * share,
        low.blueF() + (high.blueF() - low.blueF()) * share,
    )


def palette(theme: Theme = DARK) -> QPalette:
    """Qt's palette in a theme's colours."""
    roles = QPalette.ColorRole
    found = QPalette()
    colours = {
        roles.Window: theme.panel,
        roles.WindowText: theme.text,
        roles.Base: theme.background,
        roles.AlternateBase: theme.panel_raised,
        roles.Text: theme.text,
        roles.PlaceholderText: theme.muted,
        roles.Button: theme.panel_raised,
        roles.ButtonText: theme.text,
        roles.BrightText: theme.bad,
        roles.Light: theme.line,
        roles.Midlight: theme.line,
        roles.Mid: theme.line,
        roles.Dark: theme.background,
        roles.Shadow: theme.background,
        roles.Highlight: theme.accent_dim,
        roles.HighlightedText: theme.playhead,
        roles.Link: theme.accent,
        roles.ToolTipBase: theme.panel_raised,
        roles.ToolTipText: theme.text,
    }
    for role, colour in colours.items():
        found.setColor(role, colour)
    faint = _mix(theme.muted, theme.panel, 0.5)
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        found.setColor(QPalette.ColorGroup.Disabled, role, faint)
    return found


def mono_font(point_size: float) -> QFont:
    """A fixed-width font for clocks and figures."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(point_size)
    return font


def apply(app: QApplication, theme: Theme = DARK) -> None:
    """Give the whole program a theme; Fusion looks alike on every system."""
    app.setStyle(QStyleFactory.create("Fusion"))
    app.setPalette(palette(theme))
    app.setStyleSheet(stylesheet(theme))
