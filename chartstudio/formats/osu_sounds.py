"""What osu!'s hit objects say of their sounds, as the text that notes carry, and back.

The text is ``osu:`` and the line's own fields: hit sound and hit sample, for sliders hit sound,
edge sounds, edge sets and hit sample; empty where all of it is the default. In taiko the bits
that make the kind of a note are left out, as the kind says them. This module knows no line.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from chartstudio.formats.osu_lines import one_line, to_int

PREFIX = "osu:"
NO_SAMPLE = "0:0:0:0:"

WHISTLE, FINISH, CLAP = 2, 4, 8
_RIM = WHISTLE | CLAP

_N_SLIDER_FIELDS = 4


@dataclass(frozen=True, slots=True)
class Sound:
    """The fields of one object.

    Parameters
    ----------
    bits : int
        1 normal, 2 whistle, 4 finish, 8 clap.
    sample, edges, sets : str
        Empty where the line says nothing or nothing but defaults.
    """

    bits: int = 0
    sample: str = ""
    edges: str = ""
    sets: str = ""

    @property
    def text(self) -> str:
        """As a note carries it."""
        is_said = self.bits or self.sample
        # The ends of a slider sound like its whole, unless they say otherwise: even a row of
        # zeros means something then.
        if (
            self.edges.strip("|0")
            or self.sets.strip("|:0")
            or (is_said and (self.edges or self.sets))
        ):
            return f"{PREFIX}{self.bits},{self.edges},{self.sets},{self.sample}"
        return f"{PREFIX}{self.bits},{self.sample}" if is_said else ""

    @classmethod
    def of(cls, text: str) -> Sound:
        """Fields of a note's text; what osu! would not read becomes the default."""
        if not text.startswith(PREFIX):
            return cls()
        fields = [f.strip() for f in one_line(text.removeprefix(PREFIX)).split(",")]
        bits = to_int(fields[0]) if _is_int(fields[0]) else 0
        sample = fields[-1] if len(fields) > 1 else ""
        edges, sets = fields[1:3] if len(fields) == _N_SLIDER_FIELDS else ("", "")
        sample = _plain_sample(sample) if _is_sample(sample) else ""
        return cls(bits, sample, edges, sets if _are_sets(sets) else "")


def read_sample(text: str) -> str:
    """A hit sample, empty where it is the default.

    Raises
    ------
    ValueError
        When osu! would skip the object.
    """
    text = text.strip()
    if not _is_sample(text):
        raise ValueError(f"{text[:30]!r} is no hit sample")
    return _plain_sample(text)


def read_sets(text: str) -> str:
    """The edge sets of a slider.

    Raises
    ------
    ValueError
        When osu! would skip the object.
    """
    if not _are_sets(text):
        raise ValueError(f"{text[:30]!r} are no edge sets")
    return text.strip()


def _plain_sample(text: str) -> str:
    return "" if text.strip(":0") == "" else text


@lru_cache(maxsize=1024)
def _is_sample(text: str) -> bool:
    """Whether it is nothing, or two banks and perhaps index, volume and a file name."""
    fields = text.split(":")
    return not text or (len(fields) > 1 and all(map(_is_int, fields[:4])))


@lru_cache(maxsize=1024)
def _are_sets(text: str) -> bool:
    return all(map(_is_sample, text.split("|")))


def _is_int(text: str) -> bool:
    try:
        to_int(text)
    except ValueError:
        return False
    return True


# Taiko -----------------------------------------------------------------------------------


def taiko_kind(bits: int) -> str:
    """Kind of a hit: a finish is big, a whistle or clap is on the rim."""
    name = "kat" if bits & _RIM else "don"
    return f"big-{name}" if bits & FINISH else name


def without_kind(bits: int) -> int:
    """What remains of a hit's bits when its kind is known; a clap is the usual rim."""
    rest = bits & ~FINISH
    return rest & ~CLAP if rest & _RIM == CLAP else rest


def with_kind(bits: int, kind: str) -> int:
    """The bits of a hit of a kind; those of other kinds go."""
    rest = bits & ~FINISH
    if kind.endswith("kat"):
        rest |= 0 if rest & _RIM else CLAP
    else:
        rest &= ~_RIM
    return rest | FINISH if kind.startswith("big-") else rest
