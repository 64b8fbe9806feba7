"""Every real file: our counts against those that are known, as one table.

StepMania's come from the files' own RADARVALUES, osu!'s from rosu-pp, Beat Saber's from the
notes beside the files.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import rosu_pp_py

from chartstudio.core.song import Extra, Song
from chartstudio.formats import Bundle, find_format, read_song
from chartstudio.formats.playable import count_kinds
from chartstudio.formats.stepmania_radar import radar

SHARED = Path(__file__).resolve().parents[3] / "shared"
FIXTURES = SHARED / "fixtures"

pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason="the real files are not here")


@dataclass(frozen=True)
class Line:
    """One chart: what is counted, what is known, what we say."""

    file: str
    what: str
    known: tuple[float, ...]
    ours: tuple[float, ...]

    @property
    def text(self) -> str:
        known, ours = (" ".join(f"{v:g}" for v in values) for values in (self.known, self.ours))
        verdict = "=" if self.known == self.ours else "DIFFERENT"
        return f"{self.file[:58]:58} {self.what:34} {known:32} {ours:32} {verdict}"


def stepmania() -> Iterator[Line]:
    for path in sorted((FIXTURES / "stepmania").glob("*/*.s[ms]*")):
        said = re.findall(rb"#RADARVALUES:([^;]*);", path.read_bytes())
        song, _ = read_song(Bundle.open(path))
        for chart, values in zip(song.charts, said, strict=False):
            known = tuple(float(v) for v in values.decode().split(",")[5:14])
            ours = [float(v) for v in radar(song, chart).text(14).split(",")[5:14]]
            if len(known) == 9:
                # The file's own figures have decimals only in the first five.
                yield Line(f"{path.name} {chart.mode} {chart.name}", "radar", known, tuple(ours))


def osu() -> Iterator[Line]:
    paths = [*(FIXTURES / "osu").glob("*.osu"), *(SHARED / "data" / "charted").rglob("*.osu")]
    for path in sorted(paths):
        oracle = rosu_pp_py.Beatmap(bytes=path.read_bytes())
        known = (oracle.n_circles, oracle.n_sliders + oracle.n_holds, oracle.n_spinners)
        song, _ = read_song(Bundle.open(path))
        (chart,) = song.charts
        counts = count_kinds(song, chart)
        short = counts["circle"] + counts["tap"]
        ours = (short, counts["slider"] + counts["hold"], counts["spinner"])
        name = path.stem.split(" - ")[-1]
        yield Line(f"{path.parent.name}/{name}", "circles sliders/holds spinners", known, ours)


SABER = {
    "JOURNEY": [
        ("OneSaber", "ExpertPlus", (1227, 22, 435, 45)),
        ("Standard", "Easy", (624, 12, 493, 0)),
        ("Standard", "Normal", (881, 12, 489, 0)),
        ("Standard", "Hard", (1242, 14, 471, 0)),
        ("Standard", "Expert", (1869, 16, 236, 0)),
        ("Standard", "ExpertPlus", (2313, 16, 236, 0)),
    ],
    "werewolf howls": [
        ("Standard", "Easy", (258, 144, 324, 0)),
        ("Standard", "Normal", (371, 140, 324, 0)),
        ("Standard", "Hard", (495, 154, 324, 0)),
        ("Standard", "Expert", (729, 121, 263, 0)),
        ("Standard", "ExpertPlus", (909, 102, 261, 0)),
    ],
}


def saber() -> Iterator[Line]:
    for folder, known in SABER.items():
        song, _ = read_song(Bundle.open(FIXTURES / "beatsaber" / folder))
        charts = {(c.setting("characteristic"), c.name): c for c in song.charts}
        for characteristic, name, figures in known:
            counts = count_kinds(song, charts[characteristic, name], everything=True)
            ours = (counts["red"] + counts["blue"], counts["bomb"], counts["wall"], counts["arc"])
            file = f"{folder} {characteristic} {name}"
            yield Line(file, "notes bombs walls arcs", figures, ours)


def test_counts(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [*stepmania(), *osu(), *saber()]
    with capsys.disabled():
        print("\n" + "\n".join(line.text for line in lines))
    assert [line.text for line in lines if line.known != line.ours] == []
    assert len(lines) >= 10 + 34 + 11


def rewritten(song: Song) -> Song:
    """The song as a file written from nothing gives it back."""
    fresh = replace(
        song,
        extra=Extra(),
        charts=tuple(replace(chart, extra=Extra()) for chart in song.charts),
    )
    osz = find_format("osz")
    return osz.read(osz.write(fresh), None)


def test_stars_of_osu_before_and_after(capsys: pytest.CaptureFixture[str]) -> None:
    osz = find_format("osz")
    rows = []
    for path in sorted((FIXTURES / "osu").glob("*.osu")):
        data = path.read_bytes()
        song = osz.read({path.name: data}, path.name)
        (same,) = osz.write(song).values()
        (fresh,) = osz.write(rewritten(song)).values()
        before, after, anew = (
            float(rosu_pp_py.Difficulty().calculate(rosu_pp_py.Beatmap(bytes=d)).stars)
            for d in (data, same, fresh)
        )
        rows.append((path.stem.split(" - ")[-1][:40], before, after, anew))
    with capsys.disabled():
        print("\nstars: the file, written again, written from nothing")
        print("\n".join(f"{n:40} {b:.6f} {a:.6f} {f:.6f}" for n, b, a, f in rows))
    assert rows
    assert all(before == after for _, before, after, _ in rows)


def test_the_notes_beside_the_saber_maps_agree() -> None:
    """The figures above against a count of the raw files that shares nothing with the reader."""
    for folder, known in SABER.items():
        info = json.loads((FIXTURES / "beatsaber" / folder / "Info.dat").read_text("utf-8-sig"))
        files = {
            (s["_beatmapCharacteristicName"], b["_difficulty"]): b["_beatmapFilename"]
            for s in info["_difficultyBeatmapSets"]
            for b in s["_difficultyBeatmaps"]
        }
        for characteristic, name, (n_notes, n_bombs, n_walls, _) in known:
            path = FIXTURES / "beatsaber" / folder / files[characteristic, name]
            whole = json.loads(path.read_text("utf-8-sig"))
            if "_notes" in whole:
                found = (
                    sum(n["_type"] in (0, 1) for n in whole["_notes"]),
                    sum(n["_type"] == 3 for n in whole["_notes"]),
                    len(whole["_obstacles"]),
                )
            else:
                found = tuple(len(whole[k]) for k in ("colorNotes", "bombNotes", "obstacles"))
            assert found == (n_notes, n_bombs, n_walls)
