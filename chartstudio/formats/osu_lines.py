"""A .osu file as sections of lines that remembers its own text.

It knows the file's syntax and how numbers are spelled, not what a key or a line means. Rules
are those of osu!'s ``LegacyDecoder`` and ``Parsing``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

LATEST_VERSION = 14

LAZER_VERSION = 128
"""The first version that osu! (lazer) writes, with fractions of pixels."""

EARLY_OFFSET_MS = 24
"""What osu! adds to every time of files before version 5."""

_LAST_EARLY_VERSION = 4
_MAX_NUMBER = 2147483647.0
_HEADER = re.compile(r"\ufeff?\s*osu file format v(\d+)\s*$")
_LINES = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
_FLOAT = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,4})?\s*$", re.ASCII)
_INT = re.compile(r"\s*[-+]?\d+\s*$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One line.

    Parameters
    ----------
    section : str
        Name of its section; empty before the first.
    text, end : str
        The line and how it ends.
    """

    section: str
    text: str
    end: str

    @property
    def is_header(self) -> bool:
        """Whether the line opens its section."""
        text = self.text.strip()
        return text.startswith("[") and text.endswith("]")

    @property
    def content(self) -> str:
        """What the line says: nothing for blank lines and comments."""
        text = self.text.strip()
        if not text or text.startswith("//") or self.is_header:
            return ""
        if self.section == "Metadata":
            return text
        cut = text.find("//")
        return text[:cut].rstrip() if cut > 0 else text


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole file.

    Parameters
    ----------
    rows : tuple of Row
    """

    rows: tuple[Row, ...]

    @classmethod
    def of(cls, text: str) -> Sheet:
        """Split a file; joining the rows gives the text again."""
        rows = []
        section = ""
        # The last match is the empty one at the end of the text.
        for line, end in _LINES.findall(text)[:-1]:
            stripped = line.strip()
            if stripped.startswith("[") and stripped.endswith("]"):
                section = stripped[1:-1]
            rows.append(Row(section, line, end))
        return cls(tuple(rows))

    @property
    def text(self) -> str:
        """The file."""
        return "".join(row.text + row.end for row in self.rows)

    @property
    def is_osu(self) -> bool:
        """Whether anything here is of a .osu file."""
        return self._header() is not None or any(row.is_header for row in self.rows)

    @property
    def version(self) -> int:
        """The file's version; the latest where it does not say."""
        found = self._header()
        return int(found[1][:9]) if found else LATEST_VERSION

    def _header(self) -> re.Match[str] | None:
        first = next((row.text for row in self.rows if row.text.strip("\ufeff \t")), "")
        return _HEADER.match(first)

    @property
    def offset_ms(self) -> int:
        """What is added to every time in the file."""
        return EARLY_OFFSET_MS if self.version <= _LAST_EARLY_VERSION else 0

    @property
    def newline(self) -> str:
        """How lines end here."""
        return next((row.end for row in self.rows if row.end), "\r\n")

    def section(self, name: str) -> list[tuple[int, str]]:
        """The lines of a section that say something, by their place in the file."""
        return [
            (i, row.content)
            for i, row in enumerate(self.rows)
            if row.section == name and row.content
        ]

    def values(self, name: str) -> dict[str, str]:
        """Keys and values of a section; of repeated keys the last counts."""
        found = {}
        for _, line in self.section(name):
            key, _, value = line.partition(":")
            found[key.strip()] = value.strip()
        return found

    def with_values(self, name: str, values: Mapping[str, str]) -> Sheet:
        """A copy with some keys of a section set, in their own spelling where they exist."""
        if not values:
            return self
        left = dict(values)
        rows = list(self.rows)
        usual = " " if name in ("General", "Editor") else ""
        for i, row in enumerate(rows):
            key, colon, rest = row.text.partition(":")
            if row.section != name or not row.content or not colon or key.strip() not in values:
                continue
            left.pop(key.strip(), None)
            space = rest[: len(rest) - len(rest.lstrip())] or (usual if not rest else "")
            rows[i] = replace(row, text=f"{key}:{space}{one_line(values[key.strip()])}")
        new = [f"{key}:{usual}{one_line(value)}" for key, value in left.items()]
        return Sheet(tuple(rows)).with_lines_added(name, new)

    def with_lines_added(self, name: str, lines: Iterable[str]) -> Sheet:
        """A copy with lines at the end of a section, which is made where it is missing."""
        rows = list(self.rows)
        new = [Row(name, line, self.newline) for line in lines]
        if not new:
            return self
        said = [i for i, row in enumerate(rows) if row.section == name and row.text.strip()]
        if said:
            at = said[-1] + 1
        else:
            at = len(rows)
            head = [Row("", "", self.newline), Row(name, f"[{name}]", self.newline)]
            new = [*head, *(row for row in new if not row.is_header)]
        if at and not rows[at - 1].end:
            rows[at - 1] = replace(rows[at - 1], end=self.newline)
        return Sheet((*rows[:at], *new, *rows[at:]))

    def with_row(self, number: int, text: str | None) -> Sheet:
        """A copy with one line replaced, or without it."""
        row = self.rows[number]
        new = () if text is None else (replace(row, text=text),)
        return Sheet((*self.rows[:number], *new, *self.rows[number + 1 :]))

    def with_section(self, name: str, lines: Iterable[str | int]) -> Sheet:
        """A copy whose section holds these lines: new text, or the number of a row to keep.

        Comments and blank lines of the section stay, below them.
        """
        places = {i for i, _ in self.section(name)}
        new = [
            self.rows[line] if isinstance(line, int) else Row(name, line, self.newline)
            for line in lines
        ]
        new = [replace(row, end=row.end or self.newline) for row in new]
        rows: list[Row] = []
        headers = [i for i, row in enumerate(self.rows) if row.section == name and row.is_header]
        for i, row in enumerate(self.rows):
            if i in places:
                continue
            rows.append(row)
            if headers and i == headers[0]:
                rows[-1] = replace(row, end=row.end or self.newline)
                rows += new
        if headers or not new:
            return Sheet(tuple(rows))
        opened = self.with_lines_added(name, [f"[{name}]"])
        return opened.with_section(name, [row.text for row in new])


def one_line(value: str) -> str:
    """A value without line ends, and without what would start a comment."""
    return " ".join(value.split("\n")).replace("\r", " ").replace("//", "/ /").strip()


def to_float(text: str, limit: float = _MAX_NUMBER, nan: bool = False) -> float:
    """A number as osu! reads it.

    Raises
    ------
    ValueError
        When it is none, or larger than the limit.
    """
    if nan and text.strip().lower() == "nan":
        return float("nan")
    # Most are plain digits, which need no closer look.
    if not (text.isascii() and text.isdigit()) and not _FLOAT.match(text):
        raise ValueError(f"{text[:30]!r} is no number")
    value = float(text)
    if abs(value) > limit:
        raise ValueError(f"{text[:30]!r} is too large")
    return value


def to_int(text: str) -> int:
    """A whole number as osu! reads it.

    Raises
    ------
    ValueError
        When it is none, or larger than 32 bits.
    """
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    if not _INT.match(text) or len(text) > 20 or abs(int(text)) > _MAX_NUMBER:
        raise ValueError(f"{text[:30]!r} is no whole number")
    return int(text)
