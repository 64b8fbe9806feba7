"""The spaces that are no rows of lanes, as the one table that strips and preview look in."""

from chartstudio.gui.playfield import beatsaber, osu
from chartstudio.gui.playfield.field import Playfield

PLAYFIELDS: dict[str, Playfield] = {field.space: field for field in (osu.FIELD, beatsaber.FIELD)}
"""Every playfield by the space of a mode's layout."""
