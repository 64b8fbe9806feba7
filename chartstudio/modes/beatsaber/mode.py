"""The mode record of Beat Saber."""

from chartstudio.core.mode import Layout, Mode
from chartstudio.modes.beatsaber import events, space
from chartstudio.modes.beatsaber.checks import check
from chartstudio.modes.beatsaber.difficulty import estimate_rank
from chartstudio.modes.beatsaber.grammar import SaberGrammar
from chartstudio.modes.beatsaber.notes import Arc, Bomb, Chain, ColorNote, Wall
from chartstudio.modes.beatsaber.scene import SETTINGS

MODE = Mode(
    id="beatsaber",
    title="Beat Saber",
    kinds=space.KINDS,
    note_types=(ColorNote, Bomb, Wall, Arc, Chain),
    layout=Layout("beatsaber"),
    level_unit="rank",
    level_range=(1, 5),
    place=space.place,
    spot=space.spot_of,
    kind=space.kind_of,
    counts=space.counts,
    mirror=space.mirror,
    conflicts=space.conflicts,
    checks=(check,),
    event_ranges=events.EVENT_RANGES,
    encode=events.encode,
    decode=events.decode,
    grammar=SaberGrammar,
    difficulty=estimate_rank,
    settings=SETTINGS,
    facts=space.facts,
)
