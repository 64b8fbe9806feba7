"""What training would use: reasons, hand picks, filters, sides; and the figures of the library."""

import sqlite3
from pathlib import Path

import pytest
from made_catalog import GIMMICK, NO_AUDIO, OFF_BEAT, chart, put

from chartstudio.core.errors import ChartStudioError
from chartstudio.library import hand
from chartstudio.library.catalog import Catalog
from chartstudio.library.entries import Pick, SongEntry
from chartstudio.library.exclusions import AI, ROBOTS
from chartstudio.library.overview import facets, overview
from chartstudio.library.schema import FILE, PICKS_FILE
from chartstudio.library.search import ORDERS, Query, find, find_ids
from chartstudio.library.selection import Shares, Side, select, split, summarise


@pytest.fixture
def catalog(own_home: Path) -> Catalog:
    return Catalog()


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    return tmp_path / "Songs"


def one(catalog: Catalog, title: str) -> SongEntry:
    return next(s for s in catalog.songs() if s.title == title)


def used(catalog: Catalog, query: Query | None = None) -> dict[str, list[str]]:
    return {s.title: [c.name for c in s.charts] for s in select(catalog, query).songs}


def left_out(catalog: Catalog, query: Query | None = None) -> dict[str, tuple[int, int]]:
    return {x.reason: (x.n_songs, x.n_charts) for x in select(catalog, query).left_out}


def test_what_is_used_and_what_is_left_out(catalog: Catalog, songs: Path) -> None:
    put(catalog, songs, "Good", [chart("Easy"), chart("Hard")])
    put(catalog, songs, "Mixed", [chart("Easy"), chart("Odd", reasons=[GIMMICK, OFF_BEAT])])
    put(catalog, songs, "Machine", [chart(reasons=[AI])])
    put(catalog, songs, "No", [chart("A"), chart("B")], [ROBOTS])
    put(catalog, songs, "Mute", [chart()], [NO_AUDIO])
    put(catalog, songs, "New", [chart()], is_filled=False)
    assert used(catalog) == {"Good": ["Easy", "Hard"], "Mixed": ["Easy"]}
    chosen = select(catalog)
    assert (chosen.n_charts, chosen.n_recordings, chosen.duration_s) == (3, 2, 200.0)
    assert [(c.place, c.n_notes, c.charter) for c in chosen.songs[0].charts] == [
        (0, 100, "Charter"),
        (1, 100, "Charter"),
    ]
    assert chosen.songs[0].path == songs / "Good"
    assert left_out(catalog) == {
        "robots": (1, 2),
        "ai": (1, 1),
        "gimmick": (1, 1),
        "off-beat": (1, 1),
        "no-audio": (1, 1),
        "unread": (1, 1),
    }
    # Each count is what a click on it shows.
    for reason, (n_songs, _) in left_out(catalog).items():
        assert len(find_ids(catalog, Query(reason=reason))) == n_songs
    assert {s.title for s in find(catalog, Query(excluded=True))} == {"Machine", "No", "Mute"}
    assert {s.title for s in find(catalog, Query(excluded=False))} == {"Good", "Mixed", "New"}
    for song in catalog.songs():
        # One rule, told twice: by the list and by the selection.
        assert bool(song.excluded) == (song.title in ("Machine", "No", "Mute"))


def test_filters_hold_for_songs_and_for_charts(catalog: Catalog, songs: Path) -> None:
    both = [chart("Easy", level=2.0), chart("Mania", "mania-4k", None, charter="Other")]
    put(catalog, songs / "one", "A", both)
    put(catalog, songs / "two", "B", [chart("Hard", level=9.0, reasons=[GIMMICK])])
    assert used(catalog, Query(modes=("dance-single",))) == {"A": ["Easy"]}
    assert used(catalog, Query(modes=("mania", "pump"))) == {"A": ["Mania"]}
    # Without a level of its author's, a chart has the estimate.
    assert used(catalog, Query(low=3.0, high=4.0)) == {"A": ["Mania"]}
    assert used(catalog, Query(charters=("OTHER",))) == {"A": ["Mania"]}
    assert used(catalog, Query(charters=("charter",))) == {"A": ["Easy"]}
    assert used(catalog, Query("artist:b")) == {}
    assert left_out(catalog, Query(modes=("dance-single",))) == {"gimmick": (1, 1)}
    assert left_out(catalog, Query(modes=("mania",))) == {}
    folders = {f.path.name: f.id for f in catalog.folders()}
    assert used(catalog, Query(folder=folders["two"])) == {}
    assert [s.title for s in find(catalog, Query(folder=folders["two"]))] == ["B"]
    # What is asked about the verdict is no wish about what to learn from.
    assert used(catalog, Query(reason="gimmick", excluded=True)) == used(catalog)


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_sorts_all_songs_both_ways(catalog: Catalog, songs: Path, order: str) -> None:
    for title, charts in (("b", [chart(level=3.0)]), ("A", [chart(level=5.0), chart()]), ("c", [])):
        put(catalog, songs, title, charts, is_filled=title != "c")
    up, down = (find_ids(catalog, Query(), order, way) for way in (False, True))
    assert sorted(up) == sorted(down) == sorted(s.id for s in catalog.songs())
    titles = {s.id: s.title for s in catalog.songs()}
    if order in ("title", "artist"):
        assert [titles[i] for i in up] == ["A", "b", "c"]
        assert down == up[::-1]
    if order == "levels":
        assert titles[up[0]] == "b"


def test_figures_are_those_of_the_whole(catalog: Catalog, songs: Path) -> None:
    ids = [
        put(catalog, songs, f"S{i}", [chart(level=float(i)), chart("M", "mania-4k", None)])
        for i in range(30)
    ]
    catalog.put_twins({ids[5]: ids[4], ids[7]: ids[4]}, "")
    for query in (Query(), Query(low=4.0, high=20.0), Query(modes=("mania",)), Query("nothing")):
        whole, figures = select(catalog, query), summarise(catalog, query)
        assert figures.n_songs == len(whole.songs)
        assert figures.n_charts == whole.n_charts
        assert figures.n_recordings == whole.n_recordings
        assert figures.duration_s == whole.duration_s
        assert figures.sides == {side: len(whole.side(side)) for side in Side}
        assert figures.left_out == whole.left_out


# Hand picks --------------------------------------------------------------------------------


def test_songs_are_left_out_and_taken_in_by_hand(catalog: Catalog, songs: Path) -> None:
    good = put(catalog, songs, "Good")
    odd = put(catalog, songs, "Odd", [chart("Warp", reasons=[GIMMICK]), chart("Plain")])
    assert hand.leave_out(catalog, [good]).n_picked == 1
    assert (one(catalog, "Good").pick, one(catalog, "Good").excluded) == (
        Pick.LEAVE,
        "left out by hand",
    )
    assert used(catalog) == {"Odd": ["Plain"]}
    assert left_out(catalog)["hand"] == (1, 1)
    assert hand.take_in(catalog, [good, odd]).refused == ()
    assert used(catalog) == {"Good": ["Hard"], "Odd": ["Warp", "Plain"]}
    assert (one(catalog, "Good").pick, one(catalog, "Odd").pick) == (Pick.NONE, Pick.TAKE)
    assert one(catalog, "Odd").charts[0].overruled == (GIMMICK,)
    assert left_out(catalog) == {}
    hand.let_rules_decide(catalog, [odd])
    assert used(catalog)["Odd"] == ["Plain"]


@pytest.mark.parametrize(
    ("charts", "reasons", "why"),
    [
        ([chart()], [ROBOTS], "robots: disallow"),
        ([chart(reasons=[AI])], [], "a machine charted it"),
        ([chart(reasons=[AI, GIMMICK])], [], "a machine charted it"),
        ([chart()], [NO_AUDIO], "song.ogg is missing"),
        ([chart()], [], "uses it already"),
        ([chart(), chart(reasons=[AI])], [], "a machine charted it"),
    ],
)
@pytest.mark.parametrize("is_left", [False, True])
def test_what_stands_cannot_be_taken_in(
    catalog: Catalog, songs: Path, charts: list, reasons: list, why: str, is_left: bool
) -> None:
    song = put(catalog, songs, "S", charts, reasons)
    before = used(catalog)
    if is_left:
        hand.leave_out(catalog, [song])
    picked = hand.take_in(catalog, [song])
    if is_left and before:
        assert picked.n_picked == 1
    else:
        [(refused, said)] = picked.refused
        assert (refused.title, picked.n_picked) == ("S", 0)
        assert why in said
    hand.let_rules_decide(catalog, [song])
    assert used(catalog) == before


def test_a_taken_song_brings_no_chart_that_stands_out(catalog: Catalog, songs: Path) -> None:
    song = put(catalog, songs, "S", [chart("A", reasons=[AI]), chart("G", reasons=[GIMMICK])])
    assert hand.take_in(catalog, [song]).n_picked == 1
    assert used(catalog) == {"S": ["G"]}


def test_picks_outlive_folders_and_the_database(catalog: Catalog, songs: Path) -> None:
    put(catalog, songs, "S")
    hand.leave_out(catalog, [one(catalog, "S").id])
    catalog.remove_folder(catalog.folders()[0])
    assert select(catalog).songs == ()
    put(catalog, songs, "S")
    assert one(catalog, "S").pick is Pick.LEAVE
    file = catalog.folder / FILE
    catalog.close()
    file.write_bytes(b"no database" * 1000)
    with Catalog() as anew:
        assert "begun anew" in anew.notice
        put(anew, songs, "S")
        assert one(anew, "S").pick is Pick.LEAVE
        assert used(anew) == {}
        (anew.folder / PICKS_FILE).unlink()
        (anew.folder / PICKS_FILE).mkdir()
        with pytest.raises(ChartStudioError, match="cannot be written"):
            hand.let_rules_decide(anew, [one(anew, "S").id])


# Sides -------------------------------------------------------------------------------------


def test_a_recording_is_on_one_side_and_stays_there() -> None:
    names = [f"recording {i}" for i in range(400)]
    sides = split(names)
    counts = [sum(side is wanted for side in sides.values()) for wanted in Side]
    assert counts[0] > 280
    assert all(20 < n < 65 for n in counts[1:])
    assert split(reversed(names)) == sides
    # What comes and goes moves nothing else.
    fewer = split(names[::2])
    assert all(fewer[n] is sides[n] for n in fewer)
    held = split(names, Shares(0.5, 0.3))
    assert sum(side is Side.TEST for side in held.values()) > 150


@pytest.mark.parametrize("n", range(9))
def test_small_libraries_have_every_side_as_soon_as_they_can(n: int) -> None:
    for seed in range(20):
        sides = split([f"{seed} {i}" for i in range(n)])
        assert len(sides) == n
        found = set(sides.values())
        assert (Side.TRAIN in found) == (n > 0)
        assert (Side.VALIDATION in found) == (n > 1)
        assert (Side.TEST in found) == (n > 2)


def test_twins_are_one_recording(catalog: Catalog, songs: Path) -> None:
    ids = [put(catalog, songs, f"S{i}") for i in range(12)]
    put(catalog, songs, "Copy", sound="sound of S3")
    catalog.put_twins({ids[7]: ids[2], ids[9]: ids[2]}, "")
    chosen = select(catalog)
    assert (len(chosen.songs), chosen.n_recordings, chosen.duration_s) == (13, 10, 1000.0)
    by_title = {s.title: s for s in chosen.songs}
    for group in (("S2", "S7", "S9"), ("S3", "Copy")):
        assert len({by_title[t].recording for t in group}) == 1
        assert len({by_title[t].side for t in group}) == 1
    assert sum(len(chosen.side(side)) for side in Side) == 13
    assert one(catalog, "S7").twin == "S2 (Pack)"
    # A song that is read again has lost its twins, and they are looked for again.
    catalog.put_twins({}, "told")
    assert catalog.twins_among() == "told"
    put(catalog, songs, "S7")
    assert catalog.twins_among() == ""


# Figures -----------------------------------------------------------------------------------


def test_figures_of_the_library(catalog: Catalog, songs: Path) -> None:
    charts = [chart(level=2.0, nps=0.5), chart(level=2.9, nps=3.0), chart(level=5.0, nps=3.9)]
    put(catalog, songs, "A", [*charts, chart("M", "mania-4k", charter="other")])
    put(catalog, songs, "B", [chart(level=4.0, nps=90.0, reasons=[GIMMICK], charter="Other")])
    found = facets(catalog)
    assert found.n_songs == 2
    assert [(f.value, f.n_songs) for f in found.modes] == [("dance-single", 2), ("mania-4k", 1)]
    assert [(f.value.lower(), f.n_songs) for f in found.charters] == [("other", 2), ("charter", 1)]
    assert found.folders == ((catalog.folders()[0].id, 2),)
    shown = overview(catalog, Query(modes=("dance",)))
    assert (shown.levels.start, shown.levels.used, shown.levels.left_out) == (
        2,
        (2, 0, 0, 1),
        (0, 0, 1, 0),
    )
    assert shown.densities.used[:4] == (1, 0, 0, 2)
    # What is off any scale is counted in the last bin.
    assert (len(shown.densities.used), shown.densities.left_out[-1]) == (40, 1)
    assert shown.levels.n_charts == 4
    assert overview(catalog, Query("nothing")).levels.n_charts == 0


def test_a_database_of_an_older_program_is_brought_up_to_date(own_home: Path, songs: Path) -> None:
    with Catalog() as catalog:
        put(catalog, songs, "Old")
        file = catalog.folder / FILE
    db = sqlite3.connect(file)
    db.executescript("DROP TABLE picks; DROP TABLE facts; PRAGMA user_version = 1;")
    db.close()
    with Catalog() as catalog:
        assert catalog.notice == ""
        assert hand.leave_out(catalog, [one(catalog, "Old").id]).n_picked == 1
        assert one(catalog, "Old").pick is Pick.LEAVE


def test_a_damaged_database_is_one_line(catalog: Catalog, songs: Path) -> None:
    put(catalog, songs, "S")
    # A wrong question is a defect of ours, and no damage.
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        catalog.rows("SELECT colour FROM songs")
    with pytest.raises(ChartStudioError, match="cannot be read"):
        _rows_of_a_broken_one(catalog)


def _rows_of_a_broken_one(catalog: Catalog) -> None:
    """Ask a database whose pages were overwritten behind our back."""
    file = catalog.folder / FILE
    catalog.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    catalog.close()
    with Catalog(catalog.folder, check=False) as anew:
        size = file.stat().st_size
        file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (size - 4096))
        anew.rows("SELECT * FROM songs, charts, reasons")
