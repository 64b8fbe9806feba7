"""What StepMania's two file formats share and where they differ: tags, names, empty files.

This module holds facts only; reading and writing are beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chartstudio.formats.msd import Parameter
from chartstudio.formats.stepmania_effects import EFFECT_TAGS, EffectTag
from chartstudio.formats.stepmania_sheet import values_of

VERSION = 0.83
"""The .ssc version that is written."""

MAP_TAGS = ("OFFSET", "BPMS", "STOPS", "DELAYS", "WARPS", "TIMESIGNATURES")
TIMING_TAGS = frozenset((*MAP_TAGS, *(t.tag for t in EFFECT_TAGS)))

DIFFICULTIES = ("Beginner", "Easy", "Medium", "Hard", "Challenge", "Edit")
"""The games' difficulties, easiest first."""

_OLD_NAMES = {
    "basic": "Easy",
    "light": "Easy",
    "another": "Medium",
    "trick": "Medium",
    "standard": "Medium",
    "difficult": "Medium",
    "ssr": "Hard",
    "maniac": "Hard",
    "heavy": "Hard",
    "smaniac": "Challenge",
    "expert": "Challenge",
    "oni": "Challenge",
}
_NAMES = {name.lower(): name for name in DIFFICULTIES}
_NAME_BY_METER = ((1, "Beginner"), (3, "Easy"), (6, "Medium"), (math.inf, "Hard"))


@dataclass(frozen=True, slots=True)
class Dialect:
    """One of the two file formats.

    Parameters
    ----------
    id, other, suffix : str
    split : bool
        Whether charts can have their own timing, and warps are tags.
    text_tags : tuple of (str, str)
        Tags and the fields of `Metadata` they hold.
    n_radar : int
    song, chart : str
        What a new file starts from.
    """

    id: str
    other: str
    suffix: str
    split: bool
    text_tags: tuple[tuple[str, str], ...]
    n_radar: int
    song: str
    chart: str

    @property
    def aliases(self) -> Mapping[str, str]:
        """Old names of tags."""
        return {} if self.split else {"FREEZES": "STOPS"}

    @property
    def joined(self) -> frozenset[str]:
        """Tags whose repetitions add up."""
        return TIMING_TAGS - {"OFFSET"} if self.split else frozenset({"DELAYS"})

    @property
    def effect_tags(self) -> tuple[EffectTag, ...]:
        """Effects that the format has."""
        return tuple(t for t in EFFECT_TAGS if self.split or t.sm)

    def values(self, parameters: Sequence[Parameter]) -> dict[str, str]:
        """Values by tag."""
        return values_of(parameters, self.aliases, self.joined)


_SHARED_TEXTS = (
    ("TITLE", "title"),
    ("SUBTITLE", "subtitle"),
    ("ARTIST", "artist"),
    ("TITLETRANSLIT", "title_translit"),
    ("SUBTITLETRANSLIT", "subtitle_translit"),
    ("ARTISTTRANSLIT", "artist_translit"),
    ("GENRE", "genre"),
    ("CREDIT", "credit"),
    ("BANNER", "banner"),
    ("BACKGROUND", "background"),
)

SM = Dialect(
    id="sm",
    other="ssc",
    suffix=".sm",
    split=False,
    text_tags=_SHARED_TEXTS,
    n_radar=11,
    song="""#TITLE:;
#SUBTITLE:;
#ARTIST:;
#TITLETRANSLIT:;
#SUBTITLETRANSLIT:;
#ARTISTTRANSLIT:;
#GENRE:;
#CREDIT:;
#BANNER:;
#BACKGROUND:;
#LYRICSPATH:;
#CDTITLE:;
#MUSIC:;
#OFFSET:;
#SAMPLESTART:;
#SAMPLELENGTH:;
#SELECTABLE:YES;
#BPMS:;
#STOPS:;
#DELAYS:;
#TIMESIGNATURES:;
#TICKCOUNTS:;
#BGCHANGES:;
#KEYSOUNDS:;
#ATTACKS:;
""",
    chart="""

#NOTES:
     :
     :
     :
     :
     :
;""",
)

SSC = Dialect(
    id="ssc",
    other="sm",
    suffix=".ssc",
    split=True,
    text_tags=(*_SHARED_TEXTS, ("ORIGIN", "source"), ("JACKET", "cover")),
    n_radar=14,
    song=f"""#VERSION:{VERSION};
#TITLE:;
#SUBTITLE:;
#ARTIST:;
#TITLETRANSLIT:;
#SUBTITLETRANSLIT:;
#ARTISTTRANSLIT:;
#GENRE:;
#ORIGIN:;
#CREDIT:;
#BANNER:;
#BACKGROUND:;
#PREVIEWVID:;
#JACKET:;
#CDIMAGE:;
#DISCIMAGE:;
#LYRICSPATH:;
#CDTITLE:;
#MUSIC:;
#OFFSET:;
#SAMPLESTART:;
#SAMPLELENGTH:;
#SELECTABLE:YES;
#BPMS:;
#STOPS:;
#DELAYS:;
#WARPS:;
#TIMESIGNATURES:;
#TICKCOUNTS:;
#COMBOS:;
#SPEEDS:;
#SCROLLS:;
#FAKES:;
#LABELS:;
#BGCHANGES:;
#KEYSOUNDS:;
#ATTACKS:;
""",
    chart="""

#NOTEDATA:;
#CHARTNAME:;
#STEPSTYPE:;
#DESCRIPTION:;
#CHARTSTYLE:;
#DIFFICULTY:;
#METER:;
#RADARVALUES:;
#CREDIT:;
#NOTES:
;""",
)


def difficulty(text: str, description: str, meter: float, old_names: bool) -> str:
    """The difficulty that a chart is shown under.

    Parameters
    ----------
    text, description : str
    meter : float
    old_names : bool
        Whether names of the years before .ssc count (``OldStyleStringToDifficulty``), and the
        habit of marking a Challenge chart as Hard with a description.
    """
    name = text.strip().lower()
    said = description.strip().lower()
    if (
        old_names
        and name in ("hard", "maniac", "heavy", "ssr")
        and said in ("smaniac", "challenge")
    ):
        return "Challenge"
    found = _NAMES.get(name) or (_OLD_NAMES.get(name) if old_names else None) or _NAMES.get(said)
    return found or next(name for top, name in _NAME_BY_METER if meter <= top)
