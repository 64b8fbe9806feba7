"""Each mode's estimate of a level beside what people said: printed, and loosely held to.

Meters are compared as figures. Names of difficulties are ranks: only their order says
something about an estimate in stars.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, groupby
from pathlib import Path

import numpy as np
import pytest

from chartstudio.core.song import Chart
from chartstudio.formats import read_song
from chartstudio.formats.bundle import Bundle
from chartstudio.formats.playable import count_notes
from chartstudio.modes import MODES

GUITAR_RANKS = ("Supaeasy", "Easy", "Medium", "Amazing")
OSU_RANKS = ("Easy", "Normal", "Hard", "Insane", "Extra")
SABER_RANKS = ("Easy", "Normal", "Hard", "Expert", "ExpertPlus")


@dataclass(frozen=True)
class Row:
    """A chart: what its author says of its level, and what the estimate is."""

    song: str
    mode: str
    name: str
    human: float
    estimate: float


def rank_by(names: tuple[str, ...]) -> Callable[[Chart], float | None]:
    """Place of the chart's name in a list, from 1; ``Someone's Hard`` is a Hard."""

    def rank(chart: Chart) -> float | None:
        words = chart.name.split()
        return names.index(words[-1]) + 1.0 if words and words[-1] in names else None

    return rank


def meter(chart: Chart) -> float | None:
    return chart.level


def saber_rank(chart: Chart) -> float | None:
    if chart.setting("characteristic", "Standard") != "Standard":
        return None
    return rank_by(SABER_RANKS)(chart)


def rows_of(
    folders: Iterable[Path], mode_ids: Iterable[str], human: Callable[[Chart], float | None]
) -> list[Row]:
    wanted = set(mode_ids)
    return sorted(_rows(folders, wanted, human), key=lambda r: (r.mode, r.song, r.human))


def _rows(
    folders: Iterable[Path], wanted: set[str], human: Callable[[Chart], float | None]
) -> Iterator[Row]:
    for folder in folders:
        song, _ = read_song(Bundle.open(folder))
        for chart in song.charts:
            said = human(chart) if chart.mode in wanted else None
            if said is not None and count_notes(song, chart):
                found = MODES[chart.mode].difficulty(chart, song.timing_of(chart))
                yield Row(folder.name, chart.mode, chart.name, said, found)


def ranks(values: Iterable[float]) -> np.ndarray:
    """Ranks from 0; equal values share the mean of theirs."""
    _, index, counts = np.unique(list(values), return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[index]


def spearman(rows: list[Row]) -> float:
    """Rank correlation of what people say and the estimates."""
    pair = ranks(r.human for r in rows), ranks(r.estimate for r in rows)
    return float(np.corrcoef(*pair)[0, 1])


def song_order(rows: list[Row]) -> float:
    """Share of the pairs of a song's charts that the estimate puts in the author's order."""
    right = [
        (a.estimate < b.estimate) == (a.human < b.human)
        for a, b in combinations(rows, 2)
        if (a.song, a.mode) == (b.song, b.mode) and a.human != b.human
    ]
    return float(np.mean(right))


def errors(rows: list[Row]) -> tuple[float, float]:
    """Mean error and mean absolute error of the estimates."""
    found = np.array([r.estimate - r.human for r in rows])
    return float(found.mean()), float(np.abs(found).mean())


def show(title: str, rows: list[Row], in_figures: bool) -> None:
    print(f"\n\n{title}")
    for (mode, song), charts in groupby(rows, key=lambda r: (r.mode, r.song)):
        said = [
            f"{r.name} {r.human:g} -> {r.estimate:.2f}"
            if in_figures
            else f"{r.name} {r.estimate:.2f}"
            for r in charts
        ]
        print(f"  {mode:13s} {song[:24]:24s} {', '.join(said)}")
    for mode in (None, *sorted({r.mode for r in rows})):
        some = [r for r in rows if mode in (None, r.mode)]
        if mode is not None and len(some) in (0, 1, len(rows)):
            continue
        line = f"  {mode or 'all':13s} n = {len(some)}, rank correlation {spearman(some):.3f}"
        line += f", pairs of a song in order {song_order(some):.2f}"
        if in_figures:
            line += ", mean error {:+.2f}, mean absolute error {:.2f}".format(*errors(some))
        print(line)


def folders_with(folder: Path, pattern: str) -> list[Path]:
    return sorted({path.parent for path in folder.rglob(pattern)})


def test_rank_correlation_is_what_it_is_called() -> None:
    def of(*pairs: tuple[float, float]) -> list[Row]:
        return [Row("s", "m", "", *pair) for pair in pairs]

    assert ranks([3, 1, 1, 9]).tolist() == [2, 0.5, 0.5, 3]
    assert spearman(of((1, 10), (2, 20), (3, 90))) == pytest.approx(1)
    assert spearman(of((1, 90), (2, 20), (3, 10))) == pytest.approx(-1)
    # By hand: 1 - 6 * (0 + 1 + 1) / (3 * 8).
    assert spearman(of((1, 1), (2, 3), (3, 2))) == pytest.approx(0.5)
    assert song_order(of((1, 1), (2, 3), (3, 2))) == pytest.approx(2 / 3)
    assert errors(of((1, 2), (2, 1), (3, 6))) == pytest.approx((1, 5 / 3))


def test_mania_stars(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = sorted((shared / "data/charted").iterdir())
    modes = [m for m in MODES if m.startswith("mania")]
    rows = rows_of(folders, modes, rank_by(GUITAR_RANKS))
    with capsys.disabled():
        show("Stars of mania charts, by the author's names from easy to hard", rows, False)
    assert len(rows) == 27
    # One song's Easy is another's Amazing: within a song the order says more.
    assert spearman(rows) > 0.6
    assert song_order(rows) > 0.85


def test_meters_of_pads(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = folders_with(shared, "*.sm") + folders_with(shared, "*.ssc")
    modes = [m for m in MODES if MODES[m].level_unit == "meter"]
    rows = rows_of(dict.fromkeys(folders), modes, meter)
    with capsys.disabled():
        show("Meters of dance and pump charts: the author's -> ours", rows, True)
    assert len(rows) >= 17
    assert spearman(rows) > 0.85
    assert song_order(rows) > 0.85
    mean, absolute = errors(rows)
    assert abs(mean) < 1.5
    assert absolute < 2


def test_osu_stars(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if "osu" not in MODES:
        pytest.skip("there is no osu!standard yet")
    rows = rows_of([shared / "fixtures/osu"], ["osu"], rank_by(OSU_RANKS))
    with capsys.disabled():
        show("Stars of osu! charts, by their names from easy to hard", rows, False)
    assert len(rows) == 6
    assert spearman(rows) > 0.7
    assert song_order(rows) > 0.7


def test_saber_ranks(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if "beatsaber" not in MODES:
        pytest.skip("there is no Beat Saber yet")
    folders = [shared / "fixtures/beatsaber" / name for name in ("JOURNEY", "werewolf howls")]
    rows = rows_of(folders, ["beatsaber"], saber_rank)
    with capsys.disabled():
        show("Ranks of Beat Saber charts: the author's -> ours", rows, True)
    assert len(rows) == 10
    assert spearman(rows) > 0.6
    assert song_order(rows) > 0.7
