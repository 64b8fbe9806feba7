"""A look at a song: its header, whether its author allows training, and what it is known by.

Each family has a header reader that looks at no more than it must; what none of them can make
sense of goes to the format's own reader, which takes longer and knows every corner.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chartstudio.formats import Bundle, read_song
from chartstudio.formats.format import Files, has_suffix
from chartstudio.formats.project import SUFFIX as PROJECT_SUFFIX
from chartstudio.formats.text import opts_out
from chartstudio.library import headers_levels, headers_osu, headers_stepmania
from chartstudio.library.header import Header, HeaderReader, header_of
from chartstudio.library.places import LEVEL_INFO, LEVEL_SUFFIX, ROBOTS, SHEET_SUFFIXES

_READERS: tuple[HeaderReader, ...] = (
    headers_stepmania.read,
    headers_osu.read,
    headers_levels.read,
)
"""In the order in which `formats.read_song` chooses among several formats in one folder."""

_MEMBER = re.compile(r'"\s*robots\s*"\s*:\s*"\s*disallow\s*"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Looked:
    """A header with what the files around it say.

    Parameters
    ----------
    header : Header
    content : str
        Hash of the chart files, of the audio's name and size, and of the opt-out: it stays when
        a song is moved.
    opts_out : bool
        Whether anything says ``robots: disallow``.
    audio_found : bool
    """

    header: Header
    content: str
    opts_out: bool
    audio_found: bool


def look(files: Bundle) -> Looked:
    """Read a song's header.

    Raises
    ------
    FormatError
        When nothing in it can be read.
    """
    top = [n for n in files if "/" not in n] if files.chosen is None else [files.chosen]
    loaded = _Loaded(files)
    header, says_no = _header(files, loaded, top)
    content = hashlib.blake2b(digest_size=16)
    for name in top:
        if _is_chart_file(name):
            data = loaded[name]
            content.update(f"{name}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
            content.update(data)
            says_no = says_no or says_disallow(data)
    says_no = says_no or (ROBOTS in files and says_disallow(files[ROBOTS]))
    audio_found = bool(header.audio) and header.audio in files
    rest = f"{header.audio}\0{audio_found}\0{_size(files, header.audio)}\0{says_no}"
    content.update(rest.encode("utf-8", "surrogatepass"))
    return Looked(header, content.hexdigest(), says_no, audio_found)


def _size(files: Bundle, name: str) -> int:
    """Bytes of a file beside the charts; 0 in an archive, which changes as a whole."""
    found = files.find(name) if name else None
    folder = files.path if files.chosen is None else files.path.parent
    try:
        return (folder / found).stat().st_size if found else 0
    except OSError:
        return 0


def _header(files: Bundle, loaded: Files, top: list[str]) -> tuple[Header, bool]:
    """The header, and whether the reader already came by an opt-out."""
    if not any(has_suffix(name, (PROJECT_SUFFIX,)) for name in top):
        for read in _READERS:
            header = read(loaded, top)
            if header is not None:
                return header, False
    song, format_id = read_song(files)
    return header_of(song, format_id), song.metadata.disallow_training


def _is_chart_file(name: str) -> bool:
    return has_suffix(name, (*SHEET_SUFFIXES, LEVEL_SUFFIX, PROJECT_SUFFIX)) or (
        name.lower() in LEVEL_INFO
    )


class _Loaded(Mapping[str, bytes]):
    """The files of a song, each read once."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._read: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        if name not in self._read:
            self._read[name] = self._files[name]
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files


def says_disallow(data: bytes) -> bool:
    """Whether a file says ``robots: disallow``, in any case and spacing.

    Most files lack the word, which is looked for first: a search in any case over a whole
    chart takes longer than all the rest.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.replace(b"\0", b"")
    if b"disallow" not in data.lower():
        return False
    text = data.decode("utf-8", "replace")
    return opts_out(text) or _MEMBER.search(text) is not None
