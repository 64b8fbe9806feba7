"""The whole library brought up to date, here and in a process of its own."""

from pathlib import Path

import made_library as made

from chartstudio.core.job import run
from chartstudio.library.catalog import Catalog
from chartstudio.library.update import update, update_apart


def test_an_update_scans_and_fills(tmp_path: Path, own_home: Path) -> None:
    songs = tmp_path / "Songs"
    made.save(songs / "a", made.song("A"), "ssc", made.ogg(made.music(1, 6.0)))
    before = made.snapshot(songs)
    with Catalog() as catalog:
        catalog.add_folder(songs)
        folder = catalog.folder
        updated = run(update_apart(folder, 1))
        assert (updated.scanned.n_new, updated.filled.n_filled, updated.notice) == (1, 1, "")
        assert catalog.songs()[0].is_filled
    assert run(update(folder)).scanned.n_new == 0
    assert made.snapshot(songs) == before
