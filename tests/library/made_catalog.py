"""Catalogs for tests, written without reading a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chartstudio.library import exclusions, fill
from chartstudio.library.catalog import Catalog
from chartstudio.library.entries import ChartEntry, NewSong, Sound
from chartstudio.library.exclusions import Reason
from chartstudio.library.places import Place

GIMMICK = Reason("gimmick", "jumps in time 3 x (warps or negative tempos)")
OFF_BEAT = Reason("off-beat", "31% of its note times lie off the 1/48 and 1/64 grids")
NO_AUDIO = exclusions.no_audio("song.ogg")


def chart(
    name: str = "Hard",
    mode: str = "dance-single",
    level: float | None = 7.0,
    reasons: Sequence[Reason] = (),
    charter: str = "",
    nps: float = 3.5,
) -> ChartEntry:
    """A chart whose notes were read."""
    return ChartEntry(
        mode,
        name,
        level,
        charter=charter,
        estimate=(level or 3.0) + 0.5,
        n_notes=100,
        nps=nps,
        nps_peak=5.0,
        density=(2.0, 3.0),
        reasons=tuple(reasons),
    )


def put(
    catalog: Catalog,
    folder: Path,
    title: str,
    charts: Sequence[ChartEntry] = (),
    reasons: Sequence[Reason] = (),
    sound: str | None = None,
    is_filled: bool = True,
) -> int:
    """Put a song into a catalog; its sound is known by a word. Returns its id."""
    folder.mkdir(parents=True, exist_ok=True)
    home = catalog.add_folder(folder)
    place = Place(folder / title, "", "Pack", f"stamp of {title}")
    charts = tuple(charts) or (chart(),)
    catalog.put(
        [
            NewSong(
                place, home.id, f"content of {title}", "stepmania", title, f"Artist {title}",
                "Charter", "Pack", "song.ogg", "cover.png", charts=charts, reasons=tuple(reasons),
            )
        ]
    )  # fmt: skip
    known = catalog.known()[place.path, ""]
    if is_filled:
        heard = Sound(100.0, sound or f"sound of {title}", b"")
        catalog.put_filled(known, fill.VERSION, charts, reasons, heard)
    return known.id
