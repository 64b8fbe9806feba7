"""Pictures of songs out of folders and archives, and none where something is wrong."""

from dataclasses import replace
from pathlib import Path

import made_library as made
import pytest

from chartstudio.core.job import run
from chartstudio.library import covers, scan
from chartstudio.library.catalog import Catalog
from chartstudio.library.entries import SongEntry

PICTURE = b"\x89PNG a picture, for all that is known here"


@pytest.fixture
def found(tmp_path: Path, own_home: Path) -> dict[str, SongEntry]:
    songs = tmp_path / "Songs"
    base = made.song("Dance")
    base = replace(base, metadata=replace(base.metadata, cover="cover.png"))
    folder = made.save(songs / "Dance", base, "ssc")
    (folder / "cover.png").write_bytes(PICTURE)
    level = made.save(songs / "Level", made.song("Level", "beatsaber"), "beatsaber-v3")
    info = level / "Info.dat"
    said = info.read_text().replace(
        '"_coverImageFilename": ""', '"_coverImageFilename": "cover.png"'
    )
    assert "cover.png" in said
    info.write_text(said)
    (level / "cover.png").write_bytes(PICTURE)
    pack = tmp_path / "stuff"
    for name in ("x", "y"):
        inner = made.save(pack / "Pack" / name, made.renamed(base, f"Packed {name}"), "ssc")
        (inner / "cover.png").write_bytes(PICTURE + name.encode())
    made.zipped(songs / "pack.zip", pack)
    with Catalog() as catalog:
        catalog.add_folder(songs)
        run(scan.scan(catalog))
        return {s.title: s for s in catalog.songs()}


def test_pictures_come_out_of_folders_and_archives(found: dict[str, SongEntry]) -> None:
    assert covers.cover_of(found["Dance"]) == PICTURE
    assert covers.cover_of(found["Level"]) == PICTURE
    assert covers.cover_of(found["Packed y"]) == PICTURE + b"y"


def test_a_list_does_without_what_cannot_be_read(
    found: dict[str, SongEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    dance, packed = found["Dance"], found["Packed x"]
    assert covers.cover_of(replace(dance, cover="")) == b""
    assert covers.cover_of(replace(dance, cover="gone.png")) == b""
    assert covers.cover_of(replace(dance, path=dance.path / "gone")) == b""
    monkeypatch.setattr(covers, "MAX_BYTES", len(PICTURE) - 1)
    assert covers.cover_of(dance) == b""
    assert covers.cover_of(packed) == b""
    packed.path.write_bytes(packed.path.read_bytes()[:200])
    assert covers.cover_of(packed) == b""
    packed.path.unlink()
    assert covers.cover_of(packed) == b""
