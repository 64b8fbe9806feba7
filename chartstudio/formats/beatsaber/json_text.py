"""JSON files as text that is changed in place: what is not touched keeps its very spelling.

Members of the outermost object and elements of its lists can be replaced; everything else, with
its order, its spaces and its spelling of numbers, stays. Of a file that wraps another as its
``content``, the members of that are meant. It knows nothing of the game.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chartstudio.core.errors import FormatError
from chartstudio.formats import text as texts

Json = Any
"""What ``json.loads`` gives."""

GZIP_MAGIC = b"\x1f\x8b"

GZIP = "gzip"
"""The encoding of a text that holds packed bytes, one character each."""

_BOM = "\ufeff"
_PADDING = "\0 \t\r\n\v\f"
"""What some tools leave behind the end of a file; the game does not mind."""

_VERSION, _CONTENT = "version", "content"
_WRAPPER = {_VERSION, "contentChecksum", _CONTENT}
"""Members of a file that holds another as one of them."""

_MAX_REPAIRS = 20
_SPACE = re.compile(r"[ \t\r\n]*")
_HALVES = re.compile("[\ud800-\udfff]")
_scan = json.JSONDecoder().raw_decode
_SAFE_DIGITS = 300


def unpack(data: bytes, name: str) -> tuple[str, str]:
    """Text of a file that may be packed with gzip, and what gives its bytes back.

    Returns
    -------
    kept : str
        What to keep of the file; see `text_of` and `bytes_of`.
    encoding : str
        Of the kept text.

    Raises
    ------
    FormatError
        When the file is damaged or far too large.
    """
    if not data.startswith(GZIP_MAGIC):
        return texts.decode(data, name)
    _inflated(data, name)
    return data.decode("latin-1"), GZIP


def text_of(kept: str, encoding: str, name: str) -> str:
    """The readable text of what `unpack` kept."""
    if encoding != GZIP:
        return kept
    return texts.decode(_inflated(kept.encode("latin-1"), name), name)[0]


def bytes_of(kept: str, encoding: str) -> bytes:
    """The bytes of the file that `unpack` read."""
    return kept.encode("latin-1" if encoding == GZIP else encoding)


def pack(text: str, encoding: str) -> bytes:
    """Bytes of a changed text; packed where the file was."""
    data = text.encode("utf-8", "replace")
    return gzip.compress(data, mtime=0) if encoding == GZIP else data


def _inflated(data: bytes, name: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            found = file.read(texts.MAX_CHART_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(name, None, "is damaged; get the song again") from error
    if len(found) > texts.MAX_CHART_BYTES:
        size = texts.MAX_CHART_BYTES >> 20
        raise FormatError(name, None, f"unpacks to more than {size} MiB; choose another file")
    return found


# Reading ---------------------------------------------------------------------------------


def _whole(digits: str) -> int | float:
    """An integer; one of thousands of digits as the float that it comes to."""
    return int(digits) if len(digits) < _SAFE_DIGITS else float(digits)


def parse(text: str) -> Json:
    """The value of a JSON text.

    Raises
    ------
    ValueError, RecursionError
        As ``json.loads`` does, but never for long numbers.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        return json.loads(text, parse_int=_whole)


def _repaired(text: str, error: json.JSONDecodeError) -> str | None:
    """The text with one missing comma added, or one that is too many taken out."""
    before = text[: error.pos].rstrip()
    if error.msg.startswith("Expecting ',' delimiter") and text[error.pos : error.pos + 1] in (
        '"',
        "{",
        "[",
    ):
        return f"{before},{text[len(before) :]}"
    at = text[error.pos : error.pos + 1]
    if before.endswith(",") and at in ("]", "}"):
        return before[:-1] + text[len(before) :]
    return None


def _is_wrapper(value: Mapping[str, Json]) -> bool:
    return _VERSION in value and value.keys() <= _WRAPPER and isinstance(value.get(_CONTENT), dict)


@dataclass(frozen=True)
class JsonText:
    """A JSON file whose outermost value is an object.

    Parameters
    ----------
    text : str
        As it is in the file; with commas put right where some were missing or too many.
    value : dict
        Of a wrapped file its content, with the version of the wrapper.
    n_repairs : int
        How many commas that were.
    is_wrapped : bool
        Whether the file is of the form ``{"version", "contentChecksum", "content": {...}}``.
        What is changed then are members of the content.
    """

    text: str
    value: dict[str, Json]
    n_repairs: int = 0
    is_wrapped: bool = False

    @classmethod
    def of(cls, text: str, name: str) -> JsonText:
        """Read a text.

        Raises
        ------
        FormatError
            When it is no JSON object.
        """
        mark = _BOM if text.startswith(_BOM) else ""
        body = text[len(mark) :].rstrip(_PADDING)
        padding = text[len(mark) + len(body) :]
        for n_repairs in range(_MAX_REPAIRS):
            try:
                value = parse(body)
            except json.JSONDecodeError as error:
                repaired = _repaired(body, error)
                if repaired is None:
                    what = f"is damaged ({error.msg}); get the song again"
                    raise FormatError(name, error.lineno, what) from error
                body = repaired
            except (RecursionError, ValueError) as error:
                raise FormatError(name, None, "is damaged; get the song again") from error
            else:
                if not isinstance(value, dict):
                    raise FormatError(name, None, "is no Beat Saber file; choose another file")
                whole = mark + body + padding
                if not _is_wrapper(value):
                    return cls(whole, value, n_repairs)
                inner = {_VERSION: value[_VERSION], **value[_CONTENT]}
                return cls(whole, inner, n_repairs, is_wrapped=True)
        raise FormatError(name, None, "is damaged; get the song again")

    # Places in the text ------------------------------------------------------------------

    @cached_property
    def _open(self) -> int:
        """Where the object starts whose members are changed."""
        opened = self.text.index("{")
        return self._members_of(opened)[_CONTENT][1] if self.is_wrapped else opened

    @property
    def _depth(self) -> int:
        """How many levels deep its members stand."""
        return 1 + self.is_wrapped

    @cached_property
    def _members(self) -> dict[str, tuple[int, int, int]]:
        return self._members_of(self._open)

    def _members_of(self, opened: int) -> dict[str, tuple[int, int, int]]:
        """Where each member's key starts, and where its value starts and ends."""
        text = self.text
        found: dict[str, tuple[int, int, int]] = {}
        at = self._skip(opened + 1)
        while text[at] != "}":
            start = at
            key, at = _scan(text, at)
            value = self._skip(self._skip(at) + 1)
            end = self._end(value)
            found[key] = (start, value, end)
            at = self._skip(end)
            if text[at] == ",":
                at = self._skip(at + 1)
        return found

    def _skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        assert match is not None
        return match.end()

    def _end(self, start: int) -> int:
        """Where the value that starts here ends."""
        try:
            return _scan(self.text, start)[1]
        except ValueError:
            decoder = json.JSONDecoder(parse_int=_whole)
            return decoder.raw_decode(self.text, start)[1]

    def _elements(self, start: int) -> Iterator[tuple[int, int]]:
        """Where each element of the list that starts here starts and ends."""
        at = self._skip(start + 1)
        while self.text[at] != "]":
            end = self._end(at)
            yield at, end
            at = self._skip(end)
            if self.text[at] == ",":
                at = self._skip(at + 1)

    # Changing ----------------------------------------------------------------------------

    @cached_property
    def style(self) -> Style:
        """How the file is laid out."""
        return Style.of(self.text)

    def edited(
        self,
        lists: Mapping[str, Sequence[int | Json]],
        members: Mapping[str, Json] | None = None,
    ) -> str:
        """The text with lists and other members of the outermost object changed.

        Parameters
        ----------
        lists : mapping of str to sequence
            The new elements of a list: the index of one that is there, or a `New` value.
        members : mapping of str to value
            New values; None takes a member out.
        """
        cuts: list[tuple[int, int, str]] = []
        added: list[str] = []
        for key, items in lists.items():
            if key in self._members and isinstance(self.value.get(key), list):
                _, start, end = self._members[key]
                cuts.append((start, end, self._list(start, end, items)))
            elif items or key not in self.value:
                values = [item.value for item in items if isinstance(item, New)]
                cuts += self._member(key, values, added)
        for key, value in (members or {}).items():
            cuts += self._member(key, value, added)
        text = self.text
        if added:
            cuts.append(self._addition(added))
        for start, end, new in sorted(cuts, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def _member(self, key: str, value: Json, added: list[str]) -> list[tuple[int, int, str]]:
        place = self._members.get(key)
        if place is None:
            if value is not None:
                added.append(self.style.member(key, value, self._depth))
            return []
        start, at, end = place
        if value is not None:
            return [(at, end, self.style.dumps(value, self._depth))]
        after = self._skip(end)
        if self.text[after] == ",":
            return [(start, self._skip(after + 1), "")]
        before = self.text.rfind(",", self._open, start)
        return [(before if before >= 0 else start, end, "")]

    def _addition(self, added: list[str]) -> tuple[int, int, str]:
        """The cut that puts members behind the last."""
        last = max((end for _, _, end in self._members.values()), default=None)
        style, depth = self.style, self._depth
        body = style.between(depth).join(added)
        if last is not None:
            return last, last, style.between(depth) + body
        opened = self._open + 1
        return opened, self.text.index("}", opened), style.around(body, depth)

    def _list(self, start: int, end: int, items: Sequence[int | New]) -> str:
        places = list(self._elements(start))
        style, depth = self.style, self._depth + 1
        parts = [
            self.text[slice(*places[item])]
            if isinstance(item, int)
            else style.dumps(item.value, depth)
            for item in items
        ]
        if not parts:
            return "[]"
        if not places:
            return f"[{style.around(style.between(depth).join(parts), depth)}]"
        between = style.between(depth)
        if len(places) > 1:
            between = self.text[places[0][1] : places[1][0]]
        body = parts[0]
        for before, item, part in zip(items, items[1:], parts[1:], strict=False):
            if isinstance(before, int) and item == before + 1:
                body += self.text[places[before][1] : places[before + 1][0]] + part
            else:
                body += between + part
        return self.text[start : places[0][0]] + body + self.text[places[-1][1] : end]


@dataclass(frozen=True, slots=True)
class New:
    """An element that was not in the file."""

    value: Json


@dataclass(frozen=True, slots=True)
class Style:
    """How a JSON file is laid out.

    Parameters
    ----------
    indent : str or None
        What one level is indented by; None where all is on one line.
    comma, colon : str
    newline : str
    """

    indent: str | None
    comma: str = ","
    colon: str = ":"
    newline: str = "\n"

    @classmethod
    def of(cls, text: str) -> Style:
        """The style of a text, told from its first member."""
        match = re.match(r'[\ufeff\s]*\{(\r?\n)?([ \t]*)"(?:[^"\\]|\\.)*"\s*(: ?)', text)
        if match is None:
            return cls(None)
        newline, indent, colon = match.groups()
        if newline is None:
            return cls(None, ", " if colon == ": " else ",", colon)
        return cls(indent, ",", colon, newline)

    def dumps(self, value: Json, depth: int) -> str:
        """The text of a value that stands so many levels deep."""
        separators = (self.comma, self.colon)
        text = json.dumps(value, ensure_ascii=False, indent=self.indent, separators=separators)
        if _HALVES.search(text):
            # Half a character has no bytes of its own, only an escape.
            text = json.dumps(value, indent=self.indent, separators=separators)
        if self.indent is None:
            return text
        return text.replace("\n", self.newline + self.indent * depth)

    def member(self, key: str, value: Json, depth: int) -> str:
        """A member of an object, which stands so many levels deep."""
        return self.dumps(key, depth) + self.colon + self.dumps(value, depth)

    def between(self, depth: int) -> str:
        """What stands between two elements."""
        if self.indent is None:
            return self.comma
        return self.comma + self.newline + self.indent * depth

    def around(self, body: str, depth: int) -> str:
        """Elements with the line breaks that stand before the first and after the last."""
        if self.indent is None:
            return body
        line = self.newline + self.indent * (depth - 1)
        return line + self.indent + body + line


COMPACT = Style(None)
INDENTED = Style("  ", colon=": ")
"""How the game's editors write difficulties, and how they write Info files."""


def fresh(value: Json, style: Style) -> bytes:
    """The bytes of a new file."""
    return style.dumps(value, 0).encode("utf-8", "replace")
