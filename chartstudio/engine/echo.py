"""Which bars of a song sound alike, and what the charted ones say about the others.

A bar that is charted speaks for every bar that sounds like it: per slot by the share of the
alike bars that have a note there, per row by what they hold. Pure functions on arrays; knows
no mode, no grammar, no network and no chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.job import Job, Progress
from chartstudio.engine.features import (
    BLOCK_BEATS,
    POSITIONS_PER_BEAT,
    SLOTS_PER_BEAT,
    SLOTS_PER_POSITION,
    SlotGrid,
    SongFeatures,
)
from chartstudio.engine.tokens import Echo

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Slots = NDArray[np.integer]

WARMTH = 0.05
"""Temperature of the echo: a bar that is less similar by this weighs 1/e."""

UNLIKE = np.float32(-1.0)
"""Similarity of bars that are never compared: those of another length."""

_CONTEXT = 0.25
"""Weight of each neighbour when two bars are compared: alike bars stand in alike places."""

_RISE_PER_BEAT, _MEL_PER_BEAT = 4, 2
_ONSET_WEIGHT = 0.5
_COLOUR_POSITIONS, _COLOUR_WEIGHT = POSITIONS_PER_BEAT // 4, np.float32(0.7)
_FLOOR = 0.1
"""Least spread that a figure is divided by, in spreads of all figures of its kind: below it
lies what is the same in every bar but for rounding."""

_ALL_ALIKE = 0.1
"""What all bars share, in spreads. Only where bars hardly differ does it count, and makes
them alike; without it the cosine of two nothings would be chance."""

_FEW_BARS = 8
"""Fewer bars of a length are measured by the figures of the whole song."""

_HEARD_SHARE = 0.75
"""Share of a bar that must lie in the audio for it to be heard as one."""

_SOUNDING_SHARE = 0.3
"""A bar in which no larger share of the beats sounds is silent."""


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """How the bars of a song compare; M bars, P positions.

    Attributes
    ----------
    beats : ndarray of int64, shape (M + 1,)
        First beat of each bar, and the end of the last.
    similar : ndarray, shape (M, M), float32
        -1 to 1: what tells the bars of this song apart weighs most. For copying.
    plain : ndarray, shape (M, M), float32
        -1 to 1 by what is loud in them. For choosing bars that stand for others.
    sounding : ndarray of bool, shape (M,)
        Bars in which something starts, and which lie in the audio.
    rises, mels : ndarray, shape (P, n_mels), float32
        What starts at each position and what sounds there, less the mean of the song.
    """

    beats: NDArray[np.int64]
    similar: Floats
    plain: Floats
    sounding: Mask
    rises: Floats
    mels: Floats

    def __len__(self) -> int:
        return len(self.sounding)

    def bar_of(self, slots: Slots) -> NDArray[np.int64]:
        """The bar of each slot."""
        return np.searchsorted(self.beats, slots // SLOTS_PER_BEAT, "right") - 1

    def moments(self, slots: Slots) -> Floats:
        """The sound around slots as vectors of length 1, shape (L, D).

        What rises at the slot's position and beside it, and the colour of the sixteenth that
        begins there.
        """
        at, last = slots // SLOTS_PER_POSITION, len(self.rises) - 1
        attack = [self.rises[np.clip(at + i, 0, last)] for i in (-1, 0, 1)]
        colour = sum(self.mels[np.minimum(at + i, last)] for i in range(_COLOUR_POSITIONS))
        parts = (_unit(np.concatenate(attack, axis=1)), _COLOUR_WEIGHT * _unit(np.asarray(colour)))
        return _unit(np.concatenate(parts, axis=1))


# Hearing bars ----------------------------------------------------------------------------


_known_songs: WeakKeyDictionary[SongFeatures, Likeness] = WeakKeyDictionary()


def listen(song: SongFeatures) -> Job[Likeness]:
    """Compare the bars of a song; a second time costs nothing.

    Yields
    ------
    Progress
        One for each block of beats that had to be heard first.
    """
    if song in _known_songs:
        return _known_songs[song]
    for block in range(song.n_blocks):
        song.beats(block * BLOCK_BEATS, BLOCK_BEATS)
        yield Progress((block + 1) / song.n_blocks, "Listening")
    return likeness(song)


def likeness(song: SongFeatures) -> Likeness:
    """Compare the bars of a song."""
    if song not in _known_songs:
        grid = song.grid
        # Long windows tell tones apart, shorter ones when something starts.
        groups = len(song.spec.groups)
        mels, rises = _heard(song, groups - 1)
        _, sharp = _heard(song, groups // 2)
        onsets = song.onsets(0, grid.n_beats).reshape(-1, SLOTS_PER_POSITION).max(axis=1)
        beats = bar_beats(grid)
        parts = (
            (1.0, _pooled(rises, _RISE_PER_BEAT)),
            (1.0, _pooled(mels, _MEL_PER_BEAT)),
            (_ONSET_WEIGHT, onsets[:, None]),
        )
        loud = ((1.0, sharp), (1.0, _pooled(mels, _RISE_PER_BEAT)))
        _known_songs[song] = Likeness(
            beats=beats,
            similar=compared(parts, beats, even=True),
            plain=compared(loud, beats, even=False),
            sounding=_sounding(song, beats),
            rises=rises - rises.mean(axis=0),
            mels=mels - mels.mean(axis=0),
        )
    return _known_songs[song]


def bar_beats(grid: SlotGrid) -> NDArray[np.int64]:
    """First beat of each bar, and the end of the last; beats before the first bar are one."""
    starts = np.flatnonzero(grid.beat_in_bar == 0)
    if not len(starts) or starts[0] != 0:
        starts = np.concatenate(([0], starts))
    return np.append(starts, grid.n_beats).astype(np.int64)


def _heard(song: SongFeatures, index: int) -> tuple[Floats, Floats]:
    """Mels and rises of one group of features, position by position, each (P, n_mels)."""
    group = song.spec.groups[index]
    n = song.grid.n_beats
    low = sum(g.n_channels for g in song.spec.groups[:index])
    parts = [
        song.beats(first, min(BLOCK_BEATS, n - first))[:, low : low + group.n_channels]
        for first in range(0, n, BLOCK_BEATS)
    ]
    frames = np.concatenate(parts).reshape(n * POSITIONS_PER_BEAT, -1, 2, group.n_mels)
    found: Floats = frames.mean(axis=1, dtype=np.float32)
    return found[:, 0], found[:, 1]


def _pooled(values: Floats, per_beat: int) -> Floats:
    step = POSITIONS_PER_BEAT // per_beat
    found: Floats = values.reshape(-1, step, values.shape[1]).mean(axis=1, dtype=np.float32)
    return found


def _unit(values: Floats) -> Floats:
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    found: Floats = values / np.maximum(lengths, np.float32(1e-6))
    return found


def _sounding(song: SongFeatures, beats: NDArray[np.int64]) -> Mask:
    valid = song.grid.valid.reshape(-1, SLOTS_PER_BEAT).mean(axis=1)
    # The sound of the next bar reaches into the last beat of a silent one.
    active = (song.activity > 0).astype(np.float64)
    n = np.diff(beats)
    heard: Mask = np.add.reduceat(valid, beats[:-1]) >= _HEARD_SHARE * n
    return heard & (np.add.reduceat(active, beats[:-1]) > _SOUNDING_SHARE * n)


# Comparing -------------------------------------------------------------------------------


def compared(
    parts: tuple[tuple[float, Floats], ...], beats: NDArray[np.int64], even: bool
) -> Floats:
    """Similarity of all bars, -1 to 1, their neighbours counting a little.

    Parameters
    ----------
    parts : tuple of (float, ndarray of shape (beats * n, D))
        Weights and figures of the sound; n may differ between them.
    beats : ndarray of int64, shape (M + 1,)
        First beat of each bar, and the end of the last.
    even : bool
        Weigh every figure by how much it differs between bars, rather than by its size.

    Returns
    -------
    ndarray, shape (M, M), float32
        `UNLIKE` between bars of different lengths.
    """
    lengths = np.diff(beats)
    found = np.full((len(lengths), len(lengths)), UNLIKE, dtype=np.float32)
    total = sum(weight for weight, _ in parts)
    for length in np.unique(lengths):
        some = np.flatnonzero(lengths == length)
        own = np.zeros((len(some), len(some)), dtype=np.float32)
        for weight, values in parts:
            per_beat = len(values) // int(beats[-1])
            rows = beats[some][:, None] * per_beat + np.arange(length * per_beat)
            vectors = _apart(values[rows].reshape(len(some), -1), values, even)
            own += np.float32(weight / total) * (vectors @ vectors.T)
        found[np.ix_(some, some)] = own
    return _in_context(found, lengths)


def _apart(bars: Floats, whole: Floats, even: bool) -> Floats:
    """Bars as vectors of length 1, what they share taken away."""
    spread = float(whole.std()) or 1.0
    n_repeats = bars.shape[1] // whole.shape[1]
    centre = np.tile(whole.mean(axis=0), n_repeats)
    spreads = np.tile(whole.std(axis=0), n_repeats)
    if not even:
        bars = (bars - centre) / spread
    elif len(bars) < _FEW_BARS:
        bars = (bars - centre) / (spreads + np.float32(_FLOOR * spread))
    else:
        bars = (bars - bars.mean(axis=0)) / (bars.std(axis=0) + np.float32(_FLOOR * spread))
    shared = np.full((len(bars), 1), _ALL_ALIKE * np.sqrt(bars.shape[1]), dtype=np.float32)
    return _unit(np.concatenate((bars, shared), axis=1).astype(np.float32))


def _in_context(similar: Floats, lengths: NDArray[np.int64]) -> Floats:
    """Similarity with the neighbours on either side weighed in, where they compare."""
    n = len(lengths)
    total, weight = similar.copy(), np.ones_like(similar)
    alike = lengths[:, None] == lengths[None, :]
    for low, high in (((0, n - 1), (1, n)), ((1, n), (0, n - 1))):
        near, here = slice(*low), slice(*high)
        counts = np.where(alike[near, near], np.float32(_CONTEXT), np.float32(0.0))
        total[here, here] += counts * similar[near, near]
        weight[here, here] += counts
    found: Floats = np.where(alike, total / weight, UNLIKE)
    return found


# What known bars say ---------------------------------------------------------------------


def heard_from(known: Mask, like: Likeness, warmth: float = WARMTH) -> Echo:
    """Which known bars stand in for which.

    Parameters
    ----------
    known : ndarray of bool, shape (M,)
    like : Likeness
    warmth : float
        Less is surer.

    Returns
    -------
    Echo
        Its weights of a bar are 0 where no known bar has its length.
    """
    n = np.diff(like.beats)
    open_ = known[None, :] & (n[:, None] == n[None, :])
    np.fill_diagonal(open_, False)
    scores = np.where(open_, like.similar, -np.inf)
    best = scores.max(axis=1, initial=-np.inf)
    some = np.isfinite(best)
    weights = np.zeros_like(like.similar)
    weights[some] = np.exp((scores[some] - best[some, None]) / warmth)
    weights[some] /= weights[some].sum(axis=1, keepdims=True)
    best = np.where(some, np.clip(best, 0.0, 1.0), 0.0).astype(np.float32)
    return Echo(like.beats, weights, best)


def shares(echo: Echo, has: Mask, known: Mask, slots: Slots) -> tuple[Floats, Floats]:
    """What the known bars say of single slots.

    Parameters
    ----------
    echo : Echo
    has, known : ndarray of bool, shape (beats * 48,)
        Slots with a row, and slots of which it is known whether they have one.
    slots : ndarray of int64, shape (L,)
        Where to ask.

    Returns
    -------
    share : ndarray, shape (L,), float32
        Weighted share of the known bars that have a row at the slot; 0 where none is known.
    habit : ndarray, shape (L,), float32
        The plain share of all known bars, drawn a little to the density of them all.
    """
    bars = np.searchsorted(echo.beats, slots // SLOTS_PER_BEAT, "right") - 1
    lengths = np.diff(echo.beats)
    share = np.zeros(len(slots), dtype=np.float32)
    habit = np.zeros(len(slots), dtype=np.float32)
    density = float(has[known].mean()) if known.any() else 0.0
    for length in np.unique(lengths[bars]):
        some = np.flatnonzero(lengths == length)
        index = echo.beats[some][:, None] * SLOTS_PER_BEAT + np.arange(length * SLOTS_PER_BEAT)
        here, told = (has & known)[index].astype(np.float32), known[index].astype(np.float32)
        asked = np.flatnonzero(lengths[bars] == length)
        within = slots[asked] - echo.beats[bars[asked]] * SLOTS_PER_BEAT
        weights = echo.weights[np.ix_(some, some)]
        row = np.searchsorted(some, bars[asked])
        total = (weights @ told)[row, within]
        share[asked] = (weights @ here)[row, within] / np.maximum(total, 1e-6)
        count = told.sum(axis=0)[within]
        habit[asked] = (here.sum(axis=0)[within] + _DRAWN * density) / (count + _DRAWN)
    return np.clip(share, 0.0, 1.0), habit


_DRAWN = 2.0


def by_moments(like: Likeness, has: Mask, known: Mask, slots: Slots) -> Floats:
    """Share of the known moments that have a row, among those that sound like a slot's.

    Compared are moments at the same place in the beat, wherever in the song they are.

    Parameters
    ----------
    like : Likeness
    has, known : ndarray of bool, shape (beats * 48,)
    slots : ndarray of int64, shape (L,)

    Returns
    -------
    ndarray, shape (L,), float32
    """
    found = np.zeros(len(slots), dtype=np.float32)
    told, phases = np.flatnonzero(known), slots % SLOTS_PER_BEAT
    for phase in np.unique(phases):
        asked = np.flatnonzero(phases == phase)
        source = told[told % SLOTS_PER_BEAT == phase]
        if not len(source):
            continue
        moments = like.moments(source)
        rows = has[source].astype(np.float32)
        for low in range(0, len(asked), _AT_ONCE):
            some = asked[low : low + _AT_ONCE]
            scores = like.moments(slots[some]) @ moments.T
            scores = np.exp((scores - scores.max(axis=1, keepdims=True)) / np.float32(WARMTH))
            found[some] = (scores @ rows) / scores.sum(axis=1)
    return found


_AT_ONCE = 512


def repeated(values: Floats, slots: Slots, like: Likeness, weight: float) -> Floats:
    """Values of slots drawn towards those of the same slots of alike bars.

    What repeats in the song is then judged alike wherever it comes, and single errors of
    hearing are evened out.

    Parameters
    ----------
    values : ndarray, shape (L,)
    slots : ndarray of int64, shape (L,)
    like : Likeness
    weight : float
        Of the mean of the others, 0 to 1.
    """
    bars = like.bar_of(slots)
    heard = np.zeros(len(like), dtype=bool)
    heard[bars] = True
    weights = heard_from(heard, like, _REPEAT_WARMTH).weights
    lengths = np.diff(like.beats)
    found = values.copy()
    for length in np.unique(lengths[bars]):
        some = np.flatnonzero(lengths == length)
        asked = np.flatnonzero(lengths[bars] == length)
        row = np.searchsorted(some, bars[asked])
        within = slots[asked] - like.beats[bars[asked]] * SLOTS_PER_BEAT
        table = np.zeros((2, len(some), length * SLOTS_PER_BEAT), dtype=np.float32)
        table[0, row, within], table[1, row, within] = values[asked], 1.0
        total, count = weights[np.ix_(some, some)] @ table
        share = np.where(count > 0, np.float32(weight), np.float32(0.0))[row, within]
        mean = (total / np.maximum(count, np.float32(1e-6)))[row, within]
        found[asked] += share * (mean - values[asked])
    return found


_REPEAT_WARMTH = 0.1


def widened(has: Mask) -> Mask:
    """Slots with a row on them or beside them: charts kept in milliseconds miss a slot."""
    found = has.copy()
    found[1:] |= has[:-1]
    found[:-1] |= has[1:]
    return found


# Putting it together ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Blend:
    """Weights of what is known of a slot, as log-odds of a note there.

    Fitted by logistic regression on human charts, leaving out the song that is judged; see
    `finish_table`. ``echo`` and ``onset`` grow by their ``_more`` with each doubling of the
    known bars beyond a dozen, and ``echo`` by ``echo_sure`` with the similarity beyond one half.

    Parameters
    ----------
    constant : float
    echo, echo_sure, echo_more : float
        Of the log-odds of `shares`.
    moment : float
        Of the log-odds of `by_moments`.
    habit : float
        Of the log-odds of the author's use of the slot.
    onset, onset_more : float
        Of the rise of the sound.
    net : float
        Of the network's log-odds.
    """

    constant: float = -0.94
    echo: float = 0.5
    echo_sure: float = 0.85
    echo_more: float = 0.1
    moment: float = 0.28
    habit: float = -0.18
    onset: float = 0.43
    onset_more: float = 0.13
    net: float = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """All that is known of some slots but what the network hears; L slots.

    Attributes
    ----------
    share, moment, habit : ndarray, shape (L,), float32
        See `shares` and `by_moments`.
    sure : ndarray, shape (L,), float32
        Similarity of the most similar known bar.
    onset : ndarray, shape (L,), float32
    n_bars : int
        Known bars.
    """

    share: Floats
    moment: Floats
    habit: Floats
    sure: Floats
    onset: Floats
    n_bars: int

    def part(self, lines: slice) -> Evidence:
        """The same of some of the slots."""
        fields = (self.share, self.moment, self.habit, self.sure, self.onset)
        return Evidence(*(column[lines] for column in fields), self.n_bars)

    def columns(self, net: Floats) -> dict[str, NDArray[np.float64]]:
        """What each weight of a `Blend` is multiplied with, by its name."""
        more = float(np.log2(np.clip(self.n_bars, _FEWEST, _MOST) / _DOZEN))
        echo, onset = log_odds(self.share), np.minimum(self.onset, _LOUDEST).astype(np.float64)
        return {
            "constant": np.ones(len(echo)),
            "echo": echo,
            "echo_sure": echo * (self.sure - 0.5),
            "echo_more": echo * more,
            "moment": log_odds(self.moment),
            "habit": log_odds(self.habit),
            "onset": onset,
            "onset_more": onset * more,
            "net": net.astype(np.float64),
        }

    def blended(self, blend: Blend, net: Floats) -> Floats:
        """Log-odds of a note at each slot, shape (L,).

        Parameters
        ----------
        blend : Blend
        net : ndarray, shape (L,)
            The network's log-odds.
        """
        columns = self.columns(net)
        found = sum(getattr(blend, name) * column for name, column in columns.items())
        return np.asarray(found, dtype=np.float32)

    def expected(self, odds: Floats) -> int:
        """How many of the slots the author would use.

        The sum of their chances; of bars that are much like known ones, the sum of the shares.
        Where the chances fall apart into likely and unlikely ones near that number, all the
        likely ones, so that no clear pattern loses notes.

        Parameters
        ----------
        odds : ndarray, shape (L,)
            See `blended`.
        """
        chances = 1 / (1 + np.exp(-odds.astype(np.float64)))
        trust = np.clip((self.sure - _ALIKE_FROM) / (1 - _ALIKE_FROM), 0.0, 1.0)
        n = float((trust * self.share + (1 - trust) * chances).sum())
        ordered = np.sort(odds)[::-1]
        low, high = max(int(n / _CLEAR_WITHIN), 1), min(int(n * _CLEAR_WITHIN) + 1, len(odds) - 1)
        steps = ordered[low - 1 : high] - ordered[low : high + 1]
        if len(steps) and steps.max() >= _CLEAR:
            return low + int(steps.argmax())
        return round(n)


_ALIKE_FROM = 0.4
_CLEAR, _CLEAR_WITHIN = 1.0, 1.25
_LOUDEST = 4.0
_DOZEN, _FEWEST, _MOST = 12, 3, 48


def log_odds(shares_: Floats) -> NDArray[np.float64]:
    """Log-odds of shares, never surer than 1 in 34."""
    p = shares_.astype(np.float64)
    return np.log((p + 0.03) / (1.03 - p))


def evidence(
    song: SongFeatures, like: Likeness, echo: Echo, has: Mask, known: Mask, slots: Slots
) -> Evidence:
    """Gather what is known of some slots.

    Parameters
    ----------
    song : SongFeatures
    like : Likeness
    echo : Echo
        Of the known bars.
    has, known : ndarray of bool, shape (beats * 48,)
        Slots with a row, and slots of which it is known whether they have one.
    slots : ndarray of int64, shape (L,)
    """
    share, habit = shares(echo, has, known, slots)
    return Evidence(
        share=share,
        moment=by_moments(like, has, known, slots),
        habit=habit,
        sure=echo.best[like.bar_of(slots)],
        onset=song.onsets(0, song.grid.n_beats)[slots],
        n_bars=int((echo.weights.max(axis=0, initial=0.0) > 0).sum()),
    )
