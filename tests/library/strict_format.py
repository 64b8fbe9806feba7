"""A format whose game asks for everything that a game can ask for."""

from dataclasses import replace

import pytest

from chartstudio import formats
from chartstudio.core.song import Song
from chartstudio.formats.format import Format, Needs, sniff_suffix
from chartstudio.formats.project import PROJECT_FORMAT

SIDE_PX = 256


def _write(song: Song) -> dict[str, bytes]:
    (data,) = PROJECT_FORMAT.write(song).values()
    return {"song.strict": data}


STRICT = Format(
    "strict",
    "Strict game",
    "strict",
    (".strict",),
    ("dance-single",),
    sniff_suffix((".strict",)),
    lambda files, chosen: PROJECT_FORMAT.read(files, chosen or "song.strict"),
    _write,
    lambda song: (),
    Needs(
        audio=("vorbis",),
        audio_suffix=".egg",
        lead_in_s=2.0,
        starts_on_beat=True,
        square_cover_px=SIDE_PX,
    ),
)


def install(monkeypatch: pytest.MonkeyPatch) -> Format:
    """Make it one of the formats that are known."""
    known = (*formats.FORMATS, STRICT, replace(STRICT, id="strict-2"))
    monkeypatch.setattr(formats, "FORMATS", known)
    for module in ("companions", "export"):
        monkeypatch.setattr(f"chartstudio.library.{module}.FORMATS", known)
    return STRICT
