"""The habits that drafts can be asked to have, in words, and which modes know them.

A model says which habits it has learned and between what values; only those are offered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chartstudio.core.mode import Mode
from chartstudio.editor import style
from chartstudio.engine.requests import ModelCard
from chartstudio.gui.playfield import PLAYFIELDS
from chartstudio.gui.playfield.field import HabitWords

_GENERAL = (
    HabitWords("repeat", "Repeats", "How often music that comes again is charted as before"),
    HabitWords("mirror", "Mirrored repeats", "How often it comes back with the sides exchanged"),
    HabitWords("metre", "Strong beats", "Strong beats before loud sounds"),
    HabitWords("contrast", "Contrast", "How much fuller loud parts are than calm ones"),
    HabitWords("fill", "Filling in", "How readily other voices fill gaps of the followed one"),
    HabitWords("accents", "Accents", "How many notes become chords or are stressed otherwise"),
    HabitWords("holds", "Holds", "How many long sounds are held"),
    HabitWords("lead", "Likes the lead", "How readily sections follow the tune"),
    HabitWords("drums", "Likes drums", "How readily sections follow the drums"),
    HabitWords("bass", "Likes bass", "How readily sections follow the bass line"),
    HabitWords("chords", "Likes chords", "How readily sections follow chords and pads"),
    HabitWords("section_measures", "Section length", "How long one layer is followed at a stretch"),
)
_LANES = (
    HabitWords("overlaps", "Notes in holds", "How often other notes go on while one is held"),
    HabitWords("contour", "Follow the pitch", "How far lanes follow the tune up and down"),
    HabitWords("stairs", "Runs", "How readily notes run over neighbouring lanes"),
)
_FEET = (
    HabitWords("jacks", "Jacks", "How readily one panel is stepped on again and again"),
    HabitWords("crossovers", "Crossovers", "How readily the feet cross"),
)
_DRUM = (
    HabitWords("contour", "Follow the pitch", "How far don and kat follow the tune"),
    HabitWords("offbeats", "Kat off the beat", "How far the colour tells beats from off-beats"),
    HabitWords("turns", "Colour changes", "How readily the colour changes"),
    HabitWords("one_colour", "One-colour groups", "How readily a group keeps to one colour"),
    HabitWords("tails", "Turned ends", "How readily the last hit of a group changes colour"),
    HabitWords("alternations", "Alternation", "How readily the colour changes hit by hit"),
    HabitWords("backbeat", "Snare first", "From the middle on, kick and snare together are a kat"),
    HabitWords("rolls", "Drumrolls", "How many long sounds are rolled"),
    HabitWords("dendens", "Dendens", "How readily the last roll of a section is a denden"),
)

_ONLY_WITH_SIDES = frozenset({"mirror"})
_STEPPED = "meter"
"""Unit of the levels of games that are played with the feet."""


@dataclass(frozen=True, slots=True)
class Knob:
    """A habit that a model can be asked for.

    Parameters
    ----------
    words : HabitWords
    low, high : float
        What the model has learned, in the habit's own unit.
    """

    words: HabitWords
    low: float
    high: float

    @property
    def name(self) -> str:
        """The habit's name in a request."""
        return self.words.name


def habits_of(mode: Mode) -> tuple[HabitWords, ...]:
    """Every habit that means something in a mode; the general ones first."""
    field, n_lanes = PLAYFIELDS.get(mode.layout.space), len(mode.layout.lanes)
    if field is not None:
        return (*_GENERAL, *field.habits)
    general = tuple(h for h in _GENERAL if n_lanes > 1 or h.name not in _ONLY_WITH_SIDES)
    if "don" in mode.kinds:
        return (*general, *_DRUM)
    own = (*_LANES, *(_FEET if mode.level_unit == _STEPPED else ()))
    return (*general, *own) if n_lanes > 1 else general


def knobs(mode: Mode | None, card: ModelCard | None) -> tuple[Knob, ...]:
    """Which habits a model can be asked for in charts of a mode."""
    if mode is None or card is None:
        return ()
    learned = {name: (low, high) for name, low, high in card.styles}
    return tuple(Knob(h, *learned[h.name]) for h in habits_of(mode) if h.name in learned)


def ways(
    card: ModelCard | None, known: Iterable[Knob]
) -> tuple[tuple[str, tuple[style.Habit, ...]], ...]:
    """The named ways of charting of a model, as what the sliders of a mode then ask for.

    Parameters
    ----------
    card : ModelCard or None
    known : iterable of Knob
        Of the mode.
    """
    if card is None:
        return ()
    names = {knob.name for knob in known}
    found = []
    for name, habits in card.labels:
        asked = within_reach((h for h in habits if h[0] in names), card)
        if asked:
            found.append((name, tuple(sorted(asked))))
    return tuple(found)


def within_reach(asked: Iterable[style.Habit], card: ModelCard | None) -> tuple[style.Habit, ...]:
    """The habits that a model knows, each no lower and no higher than it has learned."""
    learned = {name: (low, high) for name, low, high in card.styles} if card is not None else {}
    return tuple(
        (name, min(max(value, learned[name][0]), learned[name][1]))
        for name, value in asked
        if name in learned
    )
