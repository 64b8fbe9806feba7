"""Game modes: one file per game, and the one table of them."""

from chartstudio.core.mode import Mode
from chartstudio.modes import dance, mania, osu, pump, taiko
from chartstudio.modes.beatsaber.mode import MODE as BEAT_SABER

MODES: dict[str, Mode] = {
    mode.id: mode
    for mode in (
        dance.SINGLE,
        dance.DOUBLE,
        pump.SINGLE,
        pump.DOUBLE,
        *mania.MODES,
        taiko.MODE,
        osu.MODE,
        BEAT_SABER,
    )
}
"""Every mode by its id, in the order in which lists show them."""
