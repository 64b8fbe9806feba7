"""Writing one difficulty: into the file that it came from, or as a new one of a version.

Into its own file only what changed is written: objects that are the same keep their text, new
ones go to their place in time. A file of another version, or one whose version cannot hold
what is in the chart now, is written anew, with its lights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from chartstudio.core.errors import ModeError
from chartstudio.core.note import sort_notes
from chartstudio.core.song import Chart
from chartstudio.formats.beatsaber import custom, lights, v2
from chartstudio.formats.beatsaber.difficulty import VERSIONS, Difficulty, is_tempo_event
from chartstudio.formats.beatsaber.json_text import COMPACT, Json, New, fresh, pack
from chartstudio.formats.beatsaber.kept import KeptChart
from chartstudio.formats.beatsaber.kinds import Kind, Version
from chartstudio.formats.beatsaber.tempo import Tempo
from chartstudio.formats.beatsaber.values import (
    OddValue,
    Tally,
    beat,
    items,
    plain_number,
    tick_of,
)
from chartstudio.modes.beatsaber.notes import Arc, Bomb, Chain, ColorNote, SaberNote, Wall

_TYPES = (ColorNote, Bomb, Wall, Arc, Chain)

CHAINS_LOST = "chains"
ANGLES_LOST = "angles of notes beyond the nine directions"
TORN_LOST = "objects of one beat that face different ways"
FAKES_LOST = "fake notes of mods, left out"


@dataclass(frozen=True, slots=True)
class Ready:
    """A chart as it is to be written.

    Parameters
    ----------
    chart : Chart
    notes : tuple of SaberNote
        On the beats that the file will count in.
    tempos : tuple of Tempo
        Its tempo changes, for versions 2 and 3.
    same_tempo : bool
        Whether the file that it came from has them already.
    kept : KeptChart or None
    lightshow : str
        Text of its lightshow file, for version 4; empty for none.
    """

    chart: Chart
    notes: tuple[SaberNote, ...]
    tempos: tuple[Tempo, ...]
    same_tempo: bool
    kept: KeptChart | None
    lightshow: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A difficulty as written.

    Parameters
    ----------
    major : int
    data : bytes
    lightshow : bytes or None
        A new lightshow, in version 4.
    tally : Tally
        What the version has no place for.
    """

    major: int
    data: bytes
    tally: Tally
    lightshow: bytes | None = None


def saber_notes(chart: Chart) -> tuple[SaberNote, ...]:
    """A chart's notes.

    Raises
    ------
    ModeError
        When one is of another game.
    """
    for note in chart.notes:
        if not isinstance(note, _TYPES):
            name = type(note).__name__
            raise ModeError(f"the chart {chart.name} holds a {name}, which is none of Beat Saber's")
    return tuple(note for note in chart.notes if isinstance(note, _TYPES))


# What a version holds --------------------------------------------------------------------


def as_held(notes: Iterable[SaberNote], major: int, tally: Tally) -> list[SaberNote]:
    """Notes as a version can say them; what it cannot is counted."""
    found = []
    for note in notes:
        if major == 2:
            if isinstance(note, Chain):
                tally[CHAINS_LOST] += 1
                continue
            if isinstance(note, ColorNote) and note.angle:
                tally[ANGLES_LOST] += 1
                note = replace(note, angle=0)
        found.append(note if major == 4 else _straight(note))
    return found


def _straight(note: SaberNote) -> SaberNote:
    """The note without rotations of its own."""
    if note.rotation:
        note = replace(note, rotation=0)
    if isinstance(note, Arc | Chain) and note.tail_rotation:
        note = replace(note, tail_rotation=0)
    return note


def fits(file: Difficulty, ready: Ready, highest: int) -> bool:
    """Whether a chart can stay in its own file, with a set's highest version at hand."""
    if file.version.major == 4:
        return True
    there = Counter(file.notes)
    added = [note for note in ready.notes if not there[note]]
    if file.version.major == 2:
        if not ready.same_tempo and file.number < (2, 5):
            return False
        if not all(v2.holds(file.number, note) for note in added):
            return False
        if highest > 2:
            odd = (isinstance(n, Chain) or (isinstance(n, ColorNote) and n.angle) for n in added)
            return not any(odd)
    return highest < 4 or not any(note.rotation for note in added)


# Into the same file ----------------------------------------------------------------------


def edited(file: Difficulty, ready: Ready, tally: Tally) -> str:
    """The text of a difficulty's own file with what changed in it."""
    major = file.version.major
    wanted = as_held(ready.notes, major, tally)
    edits = _note_edits(file, wanted)
    if not ready.same_tempo and major == 3:
        edits["bpmEvents"] = [New(_bpm_event(t)) for t in ready.tempos]
    elif not ready.same_tempo and major == 2:
        edits["_events"] = _tempo_edits(file, ready.tempos)
    return file.file.edited(edits) if edits else file.file.text


def _bpm_event(tempo: Tempo) -> dict[str, Json]:
    return {"b": plain_number(tempo.beat), "m": plain_number(tempo.bpm)}


def _tempo_edits(file: Difficulty, tempos: Sequence[Tempo]) -> list[int | New]:
    """Version 2's events with other tempo changes among them."""
    kept: list[tuple[int, int | New]] = []
    for index, item in enumerate(items(file.file.value, "_events")):
        if not is_tempo_event(item, file.number):
            kept.append((_tick(item, "_time"), index))
    new: list[tuple[int, int | New]] = [
        (
            tick_of(t.beat),
            New(
                {
                    "_time": plain_number(t.beat),
                    "_type": 100,
                    "_value": 0,
                    "_floatValue": plain_number(t.bpm),
                }
            ),
        )
        for t in tempos
    ]
    return _merged(kept, new)


def _tick(item: Json, key: str) -> int:
    try:
        return tick_of(beat(item, key)) if isinstance(item, dict) else 0
    except OddValue:
        return 0


def _merged(
    kept: Sequence[tuple[int, int | New]], new: Sequence[tuple[int, int | New]]
) -> list[int | New]:
    """Each new element before the first kept one that is later."""
    found: list[int | New] = []
    waiting = list(reversed(new))
    for tick, element in kept:
        while waiting and waiting[-1][0] < tick:
            found.append(waiting.pop()[1])
        found.append(element)
    return [*found, *(element for _, element in reversed(waiting))]


def _note_edits(file: Difficulty, wanted: Sequence[SaberNote]) -> dict[str, list[int | New]]:
    """Lists of a difficulty file that change."""
    left = Counter(wanted)
    kept: dict[str, list[tuple[int, int | New]]] = {k.name: [] for k in file.version.kinds}
    changed: set[str] = set()
    for place in file.places:
        note = place.note
        if note is None:
            before = kept[place.name]
            kept[place.name].append((before[-1][0] if before else 0, place.index))
        elif left[note] > 0:
            left[note] -= 1
            kept[place.name].append((note.tick, place.index))
        else:
            changed.add(place.name)
    tables = _Tables(file)
    new: dict[str, list[tuple[int, int | New]]] = {}
    for note in sort_notes((+left).elements()):
        kind = file.version.kind_of(note)
        if kind is not None:
            new.setdefault(kind.name, []).append((note.tick, New(tables.value(kind, note))))
    edits = {name: _merged(kept[name], new.get(name, ())) for name in changed | new.keys()}
    return edits | tables.edits()


class _Tables:
    """The lists of data of a version 4 file, with what new notes need.

    Parameters
    ----------
    file : Difficulty or Version
    """

    def __init__(self, file: Difficulty | Version) -> None:
        version = file if isinstance(file, Version) else file.version
        self._major = version.major
        self._whole = {} if isinstance(file, Version) else file.file.value
        self._known: dict[str, dict[str, int]] = {}
        self.added: dict[str, list[Json]] = {}

    def value(self, kind: Kind, note: SaberNote) -> dict[str, Json]:
        """A note as it stands in its list, with the indices of its data."""
        piece = kind.write(_spelled(note, self._major))
        value = dict(piece.value)
        for key, name, data in piece.data:
            value[key] = self._index(name, data)
        return value

    def _index(self, name: str, data: dict[str, Json]) -> int:
        there = items(self._whole, name)
        if name not in self._known:
            self._known[name] = {
                _key(entry): i for i, entry in reversed([*enumerate(there)]) if _is_plain(entry)
            }
        known = self._known[name]
        key = _key(data)
        if key not in known:
            added = self.added.setdefault(name, [])
            known[key] = len(there) + len(added)
            added.append(data)
        return known[key]

    def edits(self) -> dict[str, list[int | New]]:
        """The lists of data that grow."""
        return {
            name: [*range(len(items(self._whole, name))), *map(New, data)]
            for name, data in self.added.items()
        }


def _is_plain(entry: Json) -> bool:
    return isinstance(entry, dict)


def _key(entry: dict[str, Json]) -> str:
    """What two entries that mean the same have in common: order and zeros do not matter."""
    return repr(sorted((k, v) for k, v in entry.items() if v != 0))


def _spelled(note: SaberNote, major: int) -> SaberNote:
    """The note with its ``custom`` as the version spells it."""
    said = custom.major_of_note(note, major)
    return note if said == major else custom.note_in(note, said, major)[0]


# As a new file ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Translated:
    """A chart's notes and lights for another version.

    Parameters
    ----------
    notes : list of SaberNote
    lights : Lights
    """

    notes: list[SaberNote]
    lights: lights.Lights


def translated(ready: Ready, file: Difficulty | None, major: int, tally: Tally) -> Translated:
    """A chart's notes and lights for a version; what that has no place for is counted."""
    source = file.version.major if file else major
    shown = _lights(file, ready.lightshow, tally)
    notes = []
    for note in ready.notes:
        said = custom.major_of_note(note, source)
        if said == 2 and major > 2 and custom.is_fake(note):
            tally[FAKES_LOST] += 1
            continue
        if said != major:
            note, n_lost = custom.note_in(note, said, major)
            tally[lights.CUSTOM_LOST] += n_lost
        notes.append(note)
    if major == 4:
        turned = lights.turned(notes, shown.turns)
        return Translated(turned, replace(shown, turns=[]))
    turns, n_torn = lights.turns_of(notes)
    tally[TORN_LOST] += n_torn
    turns = sorted([*shown.turns, *turns], key=lambda e: _tick(e, "b"))
    return Translated(as_held(notes, major, tally), replace(shown, turns=turns))


def _lights(file: Difficulty | None, lightshow: str, tally: Tally) -> lights.Lights:
    if file is None:
        return lights.Lights()
    if file.version.major == 2:
        return lights.of_v2(file.file.value, file.number, tally)
    if file.version.major == 3:
        return lights.of_v3(file.file.value, tally)
    return lights.of_v4(file.file.value, lights.lightshow_of(lightshow), tally)


def rewritten(ready: Ready, file: Difficulty | None, version: Version) -> Written:
    """A chart as a new file of a version."""
    tally: Tally = Counter()
    made = translated(ready, file, version.major, tally)
    tables = _Tables(version)
    value: dict[str, Json] = {version.version_key: version.number} | {
        key: list(entry) if isinstance(entry, list) else entry
        for key, entry in version.empty.items()
    }
    for note in made.notes:
        kind = version.kind_of(note)
        if kind is not None:
            value[kind.name].append(tables.value(kind, note))
    lightshow = None
    if version.major == 2:
        value |= lights.to_v2(made.lights, ready.tempos, tally)
    elif version.major == 3:
        value |= lights.to_v3(made.lights, ready.tempos)
    else:
        value |= tables.added
        if made.lights.custom:
            value[custom.NEW] = made.lights.custom
        lightshow = fresh(lights.to_v4(made.lights, tally), COMPACT)
    return Written(version.major, fresh(value, COMPACT), tally, lightshow)


def difficulty_file(ready: Ready, major: int, stays: bool) -> Written:
    """A chart's file.

    Parameters
    ----------
    ready : Ready
    major : int
        The set's version.
    stays : bool
        Whether its own file is kept where it can be, whatever version that is of.
    """
    kept = ready.kept
    if kept is None:
        return rewritten(ready, None, VERSIONS[major])
    text = kept.file.text()
    file = Difficulty.of(text, kept.file.name)
    if (stays or file.version.major == major) and fits(file, ready, major):
        tally: Tally = Counter()
        new = edited(file, ready, tally)
        data = kept.file.data() if new == file.file.text else pack(new, kept.file.encoding)
        return Written(file.version.major, data, tally)
    return rewritten(ready, file, VERSIONS[major])
