"""The syntax of StepMania's files, keeping every character for writing them again.

``msdparser`` splits the text into tokens; this module groups them into parameters as the
games do (``MsdFile.cpp``), which differs from that library where a ``;`` is missing. It knows
no tag's meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from msdparser.lexer import MSDToken, lex_msd

_BLANK = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One ``#TAG:value:value;`` with the text before it.

    Parameters
    ----------
    lead : str
        What stands between the parameter before and this one: line ends, comments.
    parts : tuple of str
        The components as they are in the file, the tag's name first.
    values : tuple of str
        The components as the game takes them: without comments and escapes.
    end : str
        ``;``, or nothing where it is missing.
    """

    lead: str
    parts: tuple[str, ...]
    values: tuple[str, ...]
    end: str = ";"

    @property
    def key(self) -> str:
        """The tag in upper case."""
        return self.values[0].strip(_BLANK).upper()

    @property
    def value(self) -> str:
        """The first component after the tag; empty when there is none."""
        return self.values[1] if len(self.values) > 1 else ""

    @property
    def raw(self) -> str:
        """The parameter as it is in the file, without what leads up to it."""
        return "#" + ":".join(self.parts) + self.end

    @property
    def text(self) -> str:
        """The parameter with its lead."""
        return self.lead + self.raw

    def with_value(self, value: str) -> Parameter:
        """A copy with one value, written anew."""
        return replace(
            self,
            parts=(self.parts[0], escape(value)),
            values=(self.values[0], value),
            end=";",
        )

    def with_part(self, index: int, part: str) -> Parameter:
        """A copy with one component replaced by literal text that needs no escapes."""
        parts = (*self.parts[:index], part, *self.parts[index + 1 :])
        values = (*self.values[:index], part, *self.values[index + 1 :])
        return replace(self, parts=parts, values=values, end=";")


def parameter(tag: str, value: str, lead: str = "\n") -> Parameter:
    """A new parameter."""
    return Parameter(lead, (tag, escape(value)), (tag, value))


def escape(value: str) -> str:
    """A value as StepMania writes it (``SmEscape``), safe at the start of a line too."""
    text = re.sub(r"([\\:;])", r"\\\1", value).replace("//", "\\/\\/")
    return re.sub(r"(?m)^([ \t]*)#", r"\1\\#", text)


def parse(text: str) -> tuple[tuple[Parameter, ...], str]:
    """All parameters of a file, and the text after the last.

    Joining every parameter's ``text`` and the rest gives the input. Nothing is an error.

    Returns
    -------
    parameters : tuple of Parameter
    rest : str
    """
    # The lexer has no rule for a backslash with nothing after it.
    n_backslashes = len(text) - len(text.rstrip("\\"))
    end = len(text) - n_backslashes % 2
    grouping = _Grouping()
    for token, piece in lex_msd(string=text[:end]):
        grouping.add(token, piece)
    return grouping.finish(text[end:])


class _Grouping:
    """Tokens to parameters, one at a time."""

    def __init__(self) -> None:
        self.done: list[Parameter] = []
        self.lead: list[str] = []
        self.inside = False
        self.parts: list[list[str]] = []
        self.values: list[list[str]] = []

    def add(self, token: MSDToken, piece: str) -> None:
        if piece == "#" and token in (MSDToken.START_PARAMETER, MSDToken.TEXT):
            self._hash(token)
        elif not self.inside:
            self.lead.append(piece)
        elif token is MSDToken.NEXT_COMPONENT:
            self._component()
        elif token is MSDToken.END_PARAMETER:
            self._close(";")
        else:
            self.parts[-1].append(piece)
            if token is MSDToken.ESCAPE:
                self.values[-1].append(piece[1:])
            elif token is MSDToken.TEXT:
                self.values[-1].append(piece)

    def _hash(self, token: MSDToken) -> None:
        """Start a parameter, also where the one before was never closed.

        Inside a parameter a ``#`` counts only as the first visible character of a line or of
        a component.
        """
        if self.inside:
            line = "".join(self.values[-1]).rstrip(" \t")
            if line and line[-1] not in "\r\n":
                self.parts[-1].append("#")
                self.values[-1].append("#")
                return
            self._recover()
        self.inside = True
        self._component()

    def _recover(self) -> None:
        """Close a parameter without its ``;``; the blanks before the ``#`` lead the next."""
        kept = "".join(self.parts[-1])
        blank = len(kept) - len(kept.rstrip(_BLANK))
        self.parts[-1] = [kept[: len(kept) - blank]]
        self.values[-1] = ["".join(self.values[-1]).rstrip(_BLANK)]
        self._close("")
        self.lead = [kept[len(kept) - blank :]]

    def _component(self) -> None:
        self.parts.append([])
        self.values.append([])

    def _close(self, end: str) -> None:
        self.done.append(
            Parameter(
                "".join(self.lead),
                tuple("".join(p) for p in self.parts),
                tuple("".join(v) for v in self.values),
                end,
            )
        )
        self.lead, self.parts, self.values = [], [], []
        self.inside = False

    def finish(self, rest: str) -> tuple[tuple[Parameter, ...], str]:
        (self.parts[-1] if self.inside else self.lead).append(rest)
        if self.inside:
            self.values[-1] = ["".join(self.values[-1]).rstrip(_BLANK)]
            self._close("")
        return tuple(self.done), "".join(self.lead)
