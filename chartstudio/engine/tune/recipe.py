"""How to fine-tune: every knob with its default, and short files that hold differences.

Knows no torch, so that a window can show it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from chartstudio.core.errors import ChartStudioError, FormatError

MIRRORS = ("auto", "always", "never")
NUMBERS = ("fastest", "float32", "bfloat16")
MOST_SPEEDS = 4

FEW_SONGS = 8
"""Authors with so many songs, or fewer, have each of them left out in turn: a fixed split would
judge on one or two."""

_FULL_RATE = 3e-4


@dataclass(frozen=True, slots=True)
class _Usual:
    """What suits a number of songs."""

    n_steps: int
    batch: int
    adapters_rate: float


_FEW = _Usual(n_steps=100, batch=8, adapters_rate=1e-3)
"""Of three and four songs, more steps or a higher rate lose some of what the base hears."""

_MANY = _Usual(n_steps=200, batch=16, adapters_rate=3e-3)
"""Of twenty songs in one style, what is right for few learns a fifth of the style, and this nine
tenths (`synthetic`). Numbers of songs in between were not tried."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to fine-tune.

    Parameters
    ----------
    full : bool
        All weights learn, and the tuned model is as large as its base; else adapters do.
    rank : int
        Of the adapters.
    parts : tuple of str
        Beginnings of the names of the layers that learn: ``encoder`` hears and chooses times,
        ``placer`` writes rows.
    n_steps : int
        0 for what suits the number of songs.
    batch : int
        Windows per step, of all processes together; 0 as for steps.
    rate : float
        Highest learning rate; 0 for what suits all weights, or adapters and the songs.
    warm_up : int
        Steps of the rate's rise.
    weight_decay, smoothing, clip, kinds_weight : float
        As of `train.loop.Recipe`.
    dropout : bool
    roughen : bool
        Learn from sound of other tone and timing, too.
    mirror : str
        Whether mirrored charts are learned from, too: ``always``, ``never``, or ``auto`` where
        the author's own are alike in a mirror.
    speeds : int
        Other speeds at which songs are learned from, too, 0 to 4: a semitone up, one down, a
        tone up, one down. Each takes as much of the folder of features as the songs do, and 0.7 s
        of a core per minute of music. None by default: of three songs, in 80 steps, two more
        speeds made the loss on the author's fourth 1.546 and 3.061 in place of 1.532 and 3.066.
    judge_every : int
        Steps between looks at the held-out songs, each with a checkpoint.
    n_judged : int
        Held-out windows of each mode.
    draft_every : int
        Looks between drafts of a held-out song, whose note times are scored; 0 for none.
    habits : bool
        Measure the author's habits, too, and use them where they help.
    folds : int
        In how many parts songs are left out in turn, to find out what helps: what was tuned on
        the others is judged on each. 0 for every song by itself where there are few of them, and
        none of it where there are more; 1 for none: validation songs decide, test songs tell.
    numbers : str
        What steps compute in; ``fastest`` times both first.
    seed : int
    n_workers : int
        Processes that read songs; 0 for as many as leave a core to the rest.
    cache_gib : float
        Largest size of the folder of features.
    """

    full: bool = False
    rank: int = 8
    parts: tuple[str, ...] = ("encoder", "placer")
    n_steps: int = 0
    batch: int = 0
    rate: float = 0.0
    warm_up: int = 20
    weight_decay: float = 0.01
    smoothing: float = 0.02
    clip: float = 1.0
    kinds_weight: float = 0.3
    dropout: bool = True
    roughen: bool = True
    mirror: str = "auto"
    speeds: int = 0
    judge_every: int = 25
    n_judged: int = 24
    draft_every: int = 4
    habits: bool = True
    folds: int = 0
    numbers: str = "fastest"
    seed: int = 0
    n_workers: int = 0
    cache_gib: float = 8.0

    def __post_init__(self) -> None:
        for name, is_right, what in _RULES:
            if not is_right(getattr(self, name)):
                raise ChartStudioError(f"{name} = {getattr(self, name)!r}: it is {what}")

    def for_songs(self, n_songs: int) -> Recipe:
        """The recipe with what suits so many songs wherever it leaves that open."""
        usual = _FEW if n_songs <= FEW_SONGS else _MANY
        return replace(
            self,
            n_steps=self.n_steps or usual.n_steps,
            batch=self.batch or usual.batch,
            rate=self.rate or (_FULL_RATE if self.full else usual.adapters_rate),
        )

    def n_parts(self, n_songs: int) -> int:
        """In how many parts so many songs are left out in turn; 1 for not at all."""
        wanted = self.folds or (n_songs if n_songs <= FEW_SONGS else 1)
        return max(1, min(wanted, n_songs))

    def to_json(self) -> dict[str, Any]:
        """All knobs by name."""
        return asdict(self)


_COUNTS = ("rank", "judge_every", "n_judged")
_POSITIVE = ("clip", "cache_gib")
_NOT_NEGATIVE = (
    *("n_steps", "batch", "rate", "warm_up", "weight_decay", "smoothing", "kinds_weight"),
    *("draft_every", "folds", "seed", "n_workers"),
)
_RULES: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    *((name, lambda v: v >= 1, "to be 1 or more") for name in _COUNTS),
    *((name, lambda v: v > 0, "to be more than 0") for name in _POSITIVE),
    *((name, lambda v: v >= 0, "not to be below 0") for name in _NOT_NEGATIVE),
    ("parts", lambda v: bool(v) and all(v), "to name at least one part, such as encoder"),
    ("speeds", lambda v: 0 <= v <= MOST_SPEEDS, f"one of 0 to {MOST_SPEEDS}"),
    ("mirror", lambda v: v in MIRRORS, f"one of {', '.join(MIRRORS)}"),
    ("numbers", lambda v: v in NUMBERS, f"one of {', '.join(NUMBERS)}"),
)


def recipe_of(found: dict[str, Any]) -> Recipe:
    """A recipe of what differs from the defaults.

    Raises
    ------
    ChartStudioError
        When a name is unknown, or a value of another kind or out of its range.
    """
    hints = get_type_hints(Recipe)
    values: dict[str, Any] = {}
    for name, value in found.items():
        if name not in hints:
            known = ", ".join(f.name for f in fields(Recipe))
            raise ChartStudioError(f"there is no {name!r} in a recipe; there is {known}")
        values[name] = _fitting(name, value, hints[name])
    return Recipe(**values)


def _fitting(name: str, value: Any, kind: Any) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if isinstance(value, list) and all(isinstance(v, str) for v in value) and name == "parts":
        return tuple(value)
    if type(value) is kind:
        return value
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    raise ChartStudioError(f"{name} = {value!r}: it is {words.get(kind, 'a list of texts')}")


def read_recipe(path: Path) -> Recipe:
    """A recipe from a TOML file.

    Raises
    ------
    FormatError
        When it cannot be read, or says what no recipe says.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(str(path), None, f"cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FormatError(str(path), None, f"is no TOML ({error})") from error
    try:
        return recipe_of(found)
    except ChartStudioError as error:
        raise FormatError(str(path), None, str(error)) from error
