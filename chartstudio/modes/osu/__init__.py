"""osu!standard: circles, sliders and spinners under a cursor."""

from chartstudio.core.mode import Layout, Mode
from chartstudio.modes.osu import checks
from chartstudio.modes.osu.events import EVENT_RANGES, decode, encode
from chartstudio.modes.osu.field import (
    KINDS,
    conflicts,
    counts,
    facts,
    kind_of,
    mirror,
    place,
    spot_of,
)
from chartstudio.modes.osu.grammar import OsuGrammar
from chartstudio.modes.osu.notes import Circle, Slider, Spinner
from chartstudio.modes.osu.rating import SETTINGS, stars
from chartstudio.modes.osu_family import CALCULATOR as CALCULATOR

MODE = Mode(
    id="osu",
    title="osu!",
    kinds=KINDS,
    note_types=(Circle, Slider, Spinner),
    layout=Layout("osu"),
    level_unit="stars",
    level_range=(1.0, 8.0),
    place=place,
    spot=spot_of,
    kind=kind_of,
    counts=counts,
    mirror=mirror,
    conflicts=conflicts,
    checks=(
        checks.check_overlaps,
        checks.check_lengths,
        checks.check_velocity,
        checks.check_off_screen,
        checks.check_snapping,
        checks.check_before_start,
        checks.spread_check(stars),
    ),
    event_ranges=EVENT_RANGES,
    encode=encode,
    decode=decode,
    grammar=OsuGrammar,
    difficulty=stars,
    settings=SETTINGS,
    facts=facts,
    estimator=CALCULATOR,
)
