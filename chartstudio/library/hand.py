"""Leaving songs out of training and taking them in by hand, within what the rules allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chartstudio.library.catalog import Catalog
from chartstudio.library.entries import Pick, SongEntry
from chartstudio.library.exclusions import AI, HAND, OVERRULABLE, ROBOTS, Reason

_WHY = {
    ROBOTS.id: "its author does not allow training (robots: disallow), and that stands",
    AI.id: "a machine charted it, and a model that learns from machines learns no one's style",
}
"""Why a reason stands; the others mean that there is nothing to learn from."""


@dataclass(frozen=True, slots=True)
class Picked:
    """What came of picking songs by hand.

    Parameters
    ----------
    n_picked : int
    refused : tuple of (SongEntry, str)
        Songs that stay as they were, and why.
    """

    n_picked: int
    refused: tuple[tuple[SongEntry, str], ...] = ()


def leave_out(catalog: Catalog, song_ids: Sequence[int]) -> Picked:
    """Leave songs out of training, whatever the rules say."""
    catalog.pick(dict.fromkeys(song_ids, Pick.LEAVE))
    return Picked(len(song_ids))


def take_in(catalog: Catalog, song_ids: Sequence[int]) -> Picked:
    """Let training use songs that were left out by hand, or by a rule that may be overruled.

    Charts of them that are left out for another reason stay so.
    """
    picks, refused = {}, []
    for song in catalog.by_id(song_ids):
        why = refusal(song)
        if why:
            refused.append((song, why))
        else:
            picks[song.id] = Pick.TAKE if _needs_overruling(song) else Pick.NONE
    catalog.pick(picks)
    return Picked(len(picks), tuple(refused))


def let_rules_decide(catalog: Catalog, song_ids: Sequence[int]) -> Picked:
    """Take back what was picked by hand."""
    catalog.pick(dict.fromkeys(song_ids, Pick.NONE))
    return Picked(len(song_ids))


def refusal(song: SongEntry) -> str:
    """Why a song cannot be taken in by hand, in words; empty where it can."""
    if song.pick is Pick.TAKE:
        return "it is taken in by hand already"
    standing = [r for r in song.reasons if r.id != HAND.id]
    if standing:
        return _why(standing[0])
    if song.pick is not Pick.LEAVE and not _needs_overruling(song):
        reasons = [r for c in song.charts for r in c.reasons]
        return _why(reasons[0]) if reasons else "training uses it already"
    charts = [c.reasons for c in song.charts]
    if charts and all(any(r.id not in OVERRULABLE for r in reasons) for reasons in charts):
        return _why(next(r for r in charts[0] if r.id not in OVERRULABLE))
    return ""


def _needs_overruling(song: SongEntry) -> bool:
    """Whether the rules leave a chart out for nothing but what may be overruled."""
    return any(c.reasons and all(r.id in OVERRULABLE for r in c.reasons) for c in song.charts)


def _why(reason: Reason) -> str:
    return _WHY.get(reason.id) or f"there is nothing to learn from: {reason.text}"
