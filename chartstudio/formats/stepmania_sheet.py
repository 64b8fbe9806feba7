"""A StepMania file as a list of tags and charts that remembers its own text.

Tags that nothing is known of, comments and spacing stay as they are; `Wanted` says what a
tag should hold, and only a tag that says something else is written anew. This module knows
how the files are laid out, not what their values mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from chartstudio.core.song import Frozen
from chartstudio.formats.msd import Parameter, parameter, parse

NOTES = ("NOTES", "NOTES2")

_N_SM_FIELDS = 7

ItemKind = Literal["tag", "chart", "kept"]


@dataclass(frozen=True, slots=True)
class Item:
    """A tag of the song, a chart with its tags, or a chart that is kept unread."""

    kind: ItemKind
    parameters: tuple[Parameter, ...]

    @property
    def text(self) -> str:
        """As in the file, with what leads up to it."""
        return "".join(p.text for p in self.parameters)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole file.

    Parameters
    ----------
    items : tuple of Item
    rest : str
        What follows the last one.
    """

    items: tuple[Item, ...]
    rest: str = ""

    def tags(self) -> list[Parameter]:
        """The song's own tags."""
        return [p for item in self.items if item.kind == "tag" for p in item.parameters]

    def saved(self) -> Frozen:
        """For an `Extra`; the charts' texts are left to the charts."""
        items = tuple((i.kind, "" if i.kind == "chart" else i.text) for i in self.items)
        return (items, self.rest)

    @classmethod
    def restored(cls, saved: Frozen) -> Sheet:
        """What `saved` was made from, with charts as empty places."""
        assert isinstance(saved, tuple)
        items, rest = saved
        assert isinstance(items, tuple)
        return cls(tuple(_restored(*i) for i in items if isinstance(i, tuple)), str(rest))


def is_whole(item: Item, blocks: bool) -> bool:
    """Whether a chart has all that the games ask of one; ``blocks`` as in `read_sheet`."""
    last = item.parameters[-1]
    return last.key in NOTES and (blocks or len(last.values) >= _N_SM_FIELDS)


def _restored(kind: Frozen, text: Frozen) -> Item:
    kinds: dict[Frozen, ItemKind] = {"chart": "chart", "kept": "kept"}
    return Item(kinds.get(kind, "tag"), parse(str(text))[0])


def read_sheet(text: str, blocks: bool) -> Sheet:
    """Split a file into tags and charts.

    Parameters
    ----------
    text : str
    blocks : bool
        Whether a chart is a run of tags from ``#NOTEDATA`` to its notes (.ssc), or one tag
        with everything in it (.sm).
    """
    parameters, rest = parse(text)
    items = _blocks(parameters) if blocks else _single(parameters)
    return Sheet(tuple(items), rest)


def _single(parameters: Iterable[Parameter]) -> Iterable[Item]:
    for p in parameters:
        item = Item("chart", (p,))
        is_chart = p.key in NOTES
        whole = is_whole(item, blocks=False)
        yield item if whole else replace(item, kind="kept" if is_chart else "tag")


def _blocks(parameters: Iterable[Parameter]) -> Iterable[Item]:
    block: list[Parameter] = []
    for p in parameters:
        if not block and p.key != "NOTEDATA":
            yield Item("tag", (p,))
            continue
        block.append(p)
        if p.key in NOTES:
            yield Item("chart", tuple(block))
            block = []
    if block:
        yield Item("kept", tuple(block))


def values_of(
    parameters: Iterable[Parameter], aliases: Mapping[str, str], joined: frozenset[str]
) -> dict[str, str]:
    """Values by tag.

    Parameters
    ----------
    parameters : iterable of Parameter
    aliases : mapping
        Old names to current ones.
    joined : frozenset of str
        Tags whose repetitions add up; of any other the last counts.
    """
    found: dict[str, str] = {}
    for p in parameters:
        key = aliases.get(p.key, p.key)
        found[key] = f"{found[key]},{p.value}" if key in joined and key in found else p.value
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a tag should say.

    Parameters
    ----------
    value : str or None
        None to remove the tag.
    holds : callable
        Whether a value in the file says it already; the empty one stands for a missing tag.
    """

    value: str | None
    holds: Callable[[str], bool]


_TAG = re.compile(r"#\s*\w{3,}\s*:", re.ASCII)


def has_tags(text: str) -> bool:
    """Whether there is any ``#TAG:`` in a text; names of them have three letters and more."""
    return _TAG.search(text) is not None


def exactly(value: str) -> Wanted:
    """A tag whose value is plain text."""
    return Wanted(value, lambda raw: raw == value)


def rewrite(
    parameters: Sequence[Parameter],
    wanted: Mapping[str, Wanted],
    aliases: Mapping[str, str],
    joined: frozenset[str],
) -> tuple[list[Parameter | None], list[Parameter]]:
    """Bring tags to what is wanted of them.

    Returns
    -------
    rewritten : list of Parameter or None
        For each that was there; None for one to remove.
    added : list of Parameter
        Those that were missing.
    """
    values = values_of(parameters, aliases, joined)
    keys = [aliases.get(p.key, p.key) for p in parameters]
    changed = {k: w for k, w in wanted.items() if k in values and not w.holds(values[k])}
    last = {key: i for i, key in enumerate(keys)}
    rewritten: list[Parameter | None] = []
    for i, (key, p) in enumerate(zip(keys, parameters, strict=True)):
        value = changed[key].value if key in changed and i == last[key] else None
        if key not in changed:
            rewritten.append(p)
        else:
            rewritten.append(None if value is None else p.with_value(value))
    added = [
        parameter(key, w.value)
        for key, w in wanted.items()
        if key not in values and w.value is not None and not w.holds("")
    ]
    return rewritten, added
