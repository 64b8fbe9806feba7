"""Which songs of a library are one recording: the same song in three packs is one song.

Files of the same bytes are, and recordings whose fingerprints agree. To find those among
thousands, half words of each are looked up in an index of all: one recording shares many with
another at one and the same shift, whatever its encoding, and strangers share few.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.job import Job, Progress
from chartstudio.library.catalog import Catalog
from chartstudio.library.fingerprint import MIN_WORDS, Print, is_same

_N_ASKED = 256
"""Words of each recording that are looked up, from its middle: 32 seconds."""

_MIN_VOTES = 4
_MOST_CANDIDATES = 24
_MOST_OF_A_KEY = 4000
"""A half word that is everywhere (a held note, a fade) tells nothing."""

_SHIFTS = 1 << 13
"""More than the words of any fingerprint, twice."""

_HALVES = 2


@dataclass(frozen=True, slots=True, eq=False)
class _Index:
    """All half words in order, with where each stands.

    Attributes
    ----------
    keys : ndarray of uint32, shape (K,)
    songs, places : ndarray of int32, shape (K,)
    """

    keys: NDArray[np.uint32]
    songs: NDArray[np.int32]
    places: NDArray[np.int32]

    @classmethod
    def of(cls, prints: Sequence[Print]) -> _Index:
        keys = [_halves(p) for p in prints]
        lengths = [len(k) for k in keys]
        songs = np.repeat(np.arange(len(prints), dtype=np.int32), lengths)
        places = [np.repeat(np.arange(len(p), dtype=np.int32), _HALVES) for p in prints]
        whole = np.concatenate(keys) if keys else np.empty(0, np.uint32)
        order = np.argsort(whole, kind="stable")
        at = np.concatenate(places) if places else np.empty(0, np.int32)
        return cls(whole[order], songs[order], at[order])

    def candidates(self, number: int, asked: Print) -> Iterator[tuple[int, int]]:
        """Songs before this one that share many half words at one shift, and the shift."""
        first = max(0, (len(asked) - _N_ASKED) // 2)
        part = asked[first : first + _N_ASKED]
        keys = _halves(part)
        places = np.repeat(np.arange(first, first + len(part)), _HALVES)
        low = np.searchsorted(self.keys, keys, "left")
        counts = np.searchsorted(self.keys, keys, "right") - low
        counts[counts > _MOST_OF_A_KEY] = 0
        which = np.repeat(np.arange(len(keys)), counts)
        ends = np.cumsum(counts)
        hits = np.arange(ends[-1] if len(ends) else 0) - (ends - counts - low)[which]
        others = self.songs[hits].astype(np.int64)
        shifts = places[which] - self.places[hits]
        before = others < number
        votes = others[before] * _SHIFTS + shifts[before] + _SHIFTS // 2
        # A start between two words splits the votes between two shifts.
        found, n = np.unique(np.concatenate([votes, votes + 1]), return_counts=True)
        best = np.argsort(-n, kind="stable")[:_MOST_CANDIDATES]
        for i in best[n[best] >= _MIN_VOTES]:
            other, shift = divmod(int(found[i]), _SHIFTS)
            yield other, shift - _SHIFTS // 2


def _halves(words: Print) -> NDArray[np.uint32]:
    """Each word's two halves as keys of their own, in order."""
    low, high = words & 0xFFFF, (words >> 16) | 0x10000
    return np.stack([low, high], axis=1).ravel().astype(np.uint32)


def groups(hashes: Sequence[str], prints: Sequence[Print]) -> Job[list[int]]:
    """Which recordings are one.

    Parameters
    ----------
    hashes : sequence of str
        Of the files' bytes.
    prints : sequence of Print

    Returns
    -------
    Job of list of int
        For each the number of the first that is the same, its own for those.
    """
    first = list(range(len(prints)))
    by_hash: dict[str, int] = {}
    for i, digest in enumerate(hashes):
        _join(first, i, by_hash.setdefault(digest, i))
    index = _Index.of(prints)
    for i, asked in enumerate(prints):
        yield Progress(i / len(prints), "Comparing recordings")
        if len(asked) < MIN_WORDS:
            continue
        for other, shift in index.candidates(i, asked):
            if _root(first, i) == _root(first, other):
                continue
            if is_same(asked, prints[other], shift):
                _join(first, i, other)
    return [_root(first, i) for i in range(len(prints))]


def _root(first: list[int], i: int) -> int:
    while first[i] != i:
        first[i] = first[first[i]]
        i = first[i]
    return i


def _join(first: list[int], a: int, b: int) -> None:
    a, b = _root(first, a), _root(first, b)
    first[max(a, b)] = min(a, b)


def refresh(catalog: Catalog) -> Job[int]:
    """Find out anew which songs of the library are one, unless the recordings are the same.

    Returns
    -------
    Job of int
        How many songs sound like one before them.
    """
    ids, hashes, prints = catalog.fingerprints()
    among = hashlib.blake2b(digest_size=16)
    for i, digest in zip(ids, hashes, strict=True):
        among.update(f"{i} {digest}\n".encode())
    if catalog.twins_among() != among.hexdigest():
        found = yield from groups(hashes, prints)
        twins = {ids[i]: ids[first] for i, first in enumerate(found) if first != i}
        catalog.put_twins(twins, among.hexdigest())
    return catalog.n_twins()
