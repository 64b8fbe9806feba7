"""The Library tab: what it shows, what it asks for, and what goes wrong beneath it."""

import sqlite3
from dataclasses import replace

import pytest
from PySide6.QtCore import QBuffer, QItemSelectionModel, Qt
from PySide6.QtGui import QImage
from window_rig import BAR, make_song, write_wav

from chartstudio.core.job import Progress
from chartstudio.formats import write_song
from chartstudio.gui import library_covers
from chartstudio.gui.library import Library
from chartstudio.gui.library_rows import Column
from chartstudio.library import fill
from chartstudio.library.catalog import Catalog
from chartstudio.library.entries import Pick
from chartstudio.library.exclusions import AI
from chartstudio.library.search import Query
from chartstudio.library.update import update


class Here(fill.Workers):
    """Workers that are no processes."""

    def run(self, tasks):
        for number, task in enumerate(tasks):
            yield None, None
            yield number, self._work(task)


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Scans in the window's own process, so that a test takes no longer than it must."""
    monkeypatch.setattr(fill, "Workers", Here)
    init = Library.__init__

    def make(self, jobs):
        init(self, jobs)
        self.update = update

    monkeypatch.setattr(Library, "__init__", make)


def picture(width=64, height=32):
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data())


@pytest.fixture
def folder(tmp_path):
    """Songs to use and to leave out: Good and Other, Odd (warps), Machine (AI), No (robots)."""
    root = tmp_path / "Songs"
    songs = {
        t: replace(make_song(), metadata=replace(make_song().metadata, title=t))
        for t in ("Good", "Other", "Odd", "Machine", "No")
    }
    songs["Good"] = replace(songs["Good"], metadata=replace(songs["Good"].metadata, cover="c.png"))
    songs["Other"] = replace(songs["Other"], charts=songs["Other"].charts[:1])
    marked = [replace(c, credit="AI-assisted") for c in songs["Machine"].charts]
    songs["Machine"] = replace(songs["Machine"], charts=tuple(marked))
    for title, song in songs.items():
        place = root / title
        place.mkdir(parents=True)
        for data in write_song(song, "ssc").values():
            text = data.decode()
            if title == "Odd":
                text = text.replace("#STOPS:", "#WARPS:4=2;\n#STOPS:")
            (place / "chart.ssc").write_text(text)
        write_wav(place / "song.wav", 6.0)
    (root / "Good" / "c.png").write_bytes(picture())
    (root / "No" / "robots.txt").write_text("robots: disallow")
    return root


@pytest.fixture
def calm(qtbot):
    """Waits until the library has nothing more to do."""

    def wait(window):
        library = window.studio.library
        qtbot.waitUntil(
            lambda: (
                window.studio.jobs.idle
                and not library.scanning
                and not window.library.rows._later.isActive()
                and not window.library.rows._covers._later.isActive()
                and not window.library._later.isActive()
            )
        )

    return wait


@pytest.fixture
def full(window, folder, calm):
    """A window on a library of the songs, read."""
    window.show_library()
    calm(window)
    window.studio.library.add_folder(folder)
    calm(window)
    look(window, calm)
    return window


def look(window, calm):
    """Let every row come into sight."""
    page = window.library
    for row in range(page.rows.rowCount()):
        page.rows.data(page.rows.index(row, Column.TITLE), Qt.ItemDataRole.DecorationRole)
    calm(window)


def shown(window, column):
    rows = window.library.rows
    return [rows.data(rows.index(i, column)) for i in range(rows.rowCount())]


def mark(window, calm, *titles):
    rows, model = window.library.rows, window.library.table.selectionModel()
    model.clearSelection()
    for title in titles:
        index = rows.index(shown(window, Column.TITLE).index(title), 0)
        flags = QItemSelectionModel.SelectionFlag
        model.setCurrentIndex(index, flags.Select | flags.Rows)
    calm(window)


def trigger(window, command, calm):
    window.actions_.refresh()
    window.actions_[command].trigger()
    calm(window)
    look(window, calm)


def reasons(window):
    return {row.line.key: row for row in window.library.filters.reasons.rows}


# What is shown -----------------------------------------------------------------------------


def test_an_empty_library_says_what_to_do(window, calm, folder, answers):
    window.show_library()
    calm(window)
    page = window.library
    assert page.empty.isVisible()
    assert "empty" in page.empty._title.text()
    assert not page.details.isVisible()
    answers.answers["folder"] = folder
    page.empty.add.click()
    calm(window)
    assert not page.empty.isVisible()
    assert page.rows.rowCount() == 5


def test_songs_are_shown_with_what_training_makes_of_them(full, calm):
    assert shown(full, Column.TITLE) == ["Good", "Machine", "No", "Odd", "Other"]
    assert shown(full, Column.TRAINING) == [
        "used",
        "charted by a machine",
        "the author says no",
        "made for the show",
        "used",
    ]
    assert shown(full, Column.CHARTS) == ["2", "2", "2", "2", "1"]
    assert shown(full, Column.LEVELS)[0] == "2–6"
    # All have the same sound: one is the first.
    assert shown(full, Column.STATE)[1:] == ["same as Good (Songs)"] * 4
    training = full.studio.library.found.training
    assert (training.n_songs, training.n_charts, training.n_recordings) == (2, 3, 1)
    assert {key: row.line.n for key, row in reasons(full).items()} == {
        "robots": 1,
        "ai": 1,
        "gimmick": 1,
    }
    overview = full.studio.library.found.overview
    assert overview.levels.n_charts == overview.densities.n_charts == 9
    full.grab()


def test_covers_come_when_they_are_seen(full, calm):
    rows = full.library.rows
    cover = rows.data(rows.index(0, 0), Qt.ItemDataRole.DecorationRole)
    assert (cover.width(), cover.height()) == (library_covers.SIDE_PX,) * 2
    assert cover.toImage().pixelColor(5, 5) == Qt.GlobalColor.red
    assert rows.data(rows.index(1, 0), Qt.ItemDataRole.DecorationRole) is None


def test_small_covers_of_anything():
    assert library_covers.small(b"").isNull()
    assert library_covers.small(b"no picture").isNull()
    for size in ((1, 1), (2000, 3), (3, 2000), (72, 72)):
        made = library_covers.small(picture(*size))
        assert made.width() == made.height() > 0


def test_typing_searches(full, calm, qtbot):
    page = full.library
    qtbot.keyClicks(page.search, "goo")
    calm(full)
    assert shown(full, Column.TITLE) == ["Good"]
    assert page._count.text() == "1 of 5 songs"
    page.search.selectAll()
    qtbot.keyClicks(page.search, "nothing like it")
    calm(full)
    assert page.empty.isVisible()
    page.empty.clear.click()
    calm(full)
    assert (page.search.text(), page.rows.rowCount()) == ("", 5)


def test_a_reason_is_clicked_to_see_its_songs(full, calm):
    reasons(full)["ai"].face.click()
    calm(full)
    assert shown(full, Column.TITLE) == ["Machine"]
    # The others can still be clicked, and the same again shows all.
    assert set(reasons(full)) == {"robots", "ai", "gimmick"}
    reasons(full)["ai"].face.click()
    calm(full)
    assert full.library.rows.rowCount() == 5


def test_filters(full, calm):
    filters, library = full.library.filters, full.studio.library
    filters.used._buttons[True].click()
    calm(full)
    assert shown(full, Column.TITLE) == ["Machine", "No", "Odd"]
    filters.clear.click()
    calm(full)
    filters.high.setValue(3.0)
    calm(full)
    assert "Other" not in shown(full, Column.TITLE)
    assert library.found.training.n_charts == 1
    filters.levels.chosen.emit(6)
    calm(full)
    assert (filters.low.text(), filters.high.text()) == ("6", "6.99")
    filters.mode.setCurrentIndex(1)
    filters.mode.activated.emit(1)
    calm(full)
    assert library.query == Query(modes=("dance-single",), low=6.0, high=6.99)
    filters.levels.chosen.emit(6)
    filters.folders.rows[0].face.click()
    calm(full)
    assert library.query.folder == library.found.folders[0].id
    assert full.library.rows.rowCount() == 5


def test_columns_sort_and_marks_stay(full, calm):
    mark(full, calm, "No", "Good")
    full.library.table.sortByColumn(Column.TITLE, Qt.SortOrder.DescendingOrder)
    calm(full)
    assert shown(full, Column.TITLE) == ["Other", "Odd", "No", "Machine", "Good"]
    library = full.studio.library
    marked = {index.row() for index in full.library.table.selectionModel().selectedRows()}
    assert marked == {2, 4}
    assert library.song.title == "Good"
    assert len(library.chosen) == 2


# What can be done --------------------------------------------------------------------------


def test_songs_are_picked_by_hand(full, calm):
    library = full.studio.library
    mark(full, calm, "Good", "Other")
    trigger(full, "library.leave-out", calm)
    assert shown(full, Column.TRAINING)[0] == "left out by hand"
    assert library.song.pick is Pick.LEAVE
    assert library.found.training.n_songs == 0
    assert reasons(full)["hand"].line.n == 2
    trigger(full, "library.take-in", calm)
    assert shown(full, Column.TRAINING)[0] == "used"
    mark(full, calm, "Odd")
    assert not full.library.details._refusal.isVisible()
    trigger(full, "library.take-in", calm)
    assert shown(full, Column.TRAINING)[3] == "taken in by hand"
    assert "jumps in time" in full.library.details._verdict.text()
    trigger(full, "library.rules", calm)
    assert shown(full, Column.TRAINING)[3] == "made for the show"


@pytest.mark.parametrize(("title", "why"), [("Machine", "a machine"), ("No", "robots: disallow")])
def test_what_stands_cannot_be_taken_in(full, calm, title, why):
    mark(full, calm, title)
    full.actions_.refresh()
    assert not full.actions_["library.take-in"].isEnabled()
    assert full.library.details._refusal.isVisible()
    assert why in full.library.details._refusal.text()
    # Marked together with others it is refused by name.
    mark(full, calm, "Good", title)
    said = []
    full.studio.library.message.connect(said.append)
    trigger(full, "library.take-in", calm)
    assert f"{title}: " in said[-1]
    assert why in said[-1]
    assert full.studio.library.found.training.n_songs == 2


def test_a_song_is_opened_in_the_editor(full, calm, qtbot, settle):
    mark(full, calm, "Other")
    full.actions_.refresh()
    qtbot.keyClick(full.library.table, Qt.Key.Key_Return)
    settle(full)
    assert full.studio.document.song.metadata.title == "Other"
    assert full.centre.currentIndex() == 1
    assert full.right.isVisible()
    # Plain keys are the table's while the library is there.
    full.show_library()
    calm(full)
    qtbot.keyClick(full.library.table, Qt.Key.Key_G)
    assert not full.studio.drafting.running
    assert not full.right.isVisible()
    full.studio.timeline.go_to(BAR)
    assert full.centre.currentIndex() == 2
    qtbot.keyClick(full.library.table, Qt.Key.Key_Escape)
    assert full.centre.currentIndex() == 1


def test_a_song_of_a_pack_in_an_archive_is_opened(full, calm, folder, settle, tmp_path):
    import zipfile

    with zipfile.ZipFile(folder / "pack.zip", "w") as archive:
        for title in ("Good", "Other"):
            for file in (folder / title).iterdir():
                archive.write(file, f"Pack/{title}/{file.name}")
    trigger(full, "library.scan", calm)
    library = full.studio.library
    library.ask(Query("pack:pack title:other"))
    calm(full)
    look(full, calm)
    titles = [s.inside for s in map(full.library.rows.song_at, range(1))]
    assert titles == ["Other"]
    mark(full, calm, "Other")
    trigger(full, "library.open", calm)
    settle(full)
    assert full.studio.document.song.metadata.title == "Other"
    assert full.studio.document.path is None


def test_folders_are_taken_out(full, calm, answers):
    full.library.filters.folders.rows[0].cross.click()
    assert full.library.rows.rowCount() == 5
    answers.answers["confirm"] = True
    full.library.filters.folders.rows[0].cross.click()
    calm(full)
    assert full.library.rows.rowCount() == 0
    assert full.studio.library.song is None
    assert "empty" in full.library.empty._title.text()


def test_the_next_scan_picks_changes_up(full, calm, folder):
    mark(full, calm, "Good")
    (folder / "Other" / "chart.ssc").unlink()
    said = []
    full.studio.library.message.connect(said.append)
    trigger(full, "library.scan", calm)
    look(full, calm)
    assert "Other" not in shown(full, Column.TITLE)
    assert said[-1] == "4 songs in the library: 1 gone"
    assert full.studio.library.song.title == "Good"


# What goes wrong ---------------------------------------------------------------------------


def test_a_scan_is_shown_and_cancelled(full, calm, qtbot):
    library = full.studio.library
    ended = []

    def endless(folder):
        try:
            while True:
                yield Progress(0.25, "Looking through Songs")
        finally:
            ended.append(folder)

    library.update = endless
    library.scan()
    qtbot.waitUntil(lambda: library.progress is not None and library.progress.done == 0.25)
    assert full.library.filters.bar.isVisible()
    full.actions_.refresh()
    assert not full.actions_["library.scan"].isEnabled()
    library.cancel()
    calm(full)
    assert ended
    assert not full.library.filters.bar.isVisible()
    assert full.library.rows.rowCount() == 5


def test_a_folder_that_is_away_is_told(full, calm, folder):
    folder.rename(folder.with_name("away"))
    trigger(full, "library.scan", calm)
    assert "cannot be looked into" in full.library.filters.notice.text()
    assert full.library.rows.rowCount() == 5
    mark(full, calm, "Good")
    trigger(full, "library.show-folder", calm)
    assert "is not there any more" in full.studio.ask.errors[-1]
    folder.with_name("away").rename(folder)
    trigger(full, "library.scan", calm)
    assert not full.library.filters.notice.isVisible()


def test_a_database_that_is_spoilt_while_it_is_open_is_begun_anew(full, calm, answers):
    with Catalog() as catalog:
        file = catalog.folder / "library.sqlite3"
    for ending in ("-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (file.stat().st_size - 4096))
    full.studio.library.look()
    calm(full)
    assert answers.errors
    assert "begun anew" in full.library.filters.notice.text()
    assert [f.path.name for f in full.studio.library.found.folders] == ["Songs"]
    trigger(full, "library.scan", calm)
    assert full.library.rows.rowCount() == 5


def test_a_locked_database_is_one_error(full, calm, answers, monkeypatch):
    monkeypatch.setattr("chartstudio.library.schema._BUSY_S", 0.05)
    with Catalog() as catalog:
        other = sqlite3.connect(catalog.folder / "library.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    mark(full, calm, "Good")
    full.studio.library.leave_out()
    calm(full)
    assert len(answers.errors) == 1
    assert "close other copies" in answers.errors[0]
    other.execute("ROLLBACK")
    other.close()
    trigger(full, "library.leave-out", calm)
    assert full.studio.library.song.pick is Pick.LEAVE


def test_thousands_of_songs_are_read_a_page_at_a_time(window, calm, monkeypatch):
    library, rows = window.studio.library, window.library.rows
    asked = []
    monkeypatch.setattr(
        library, "ask_catalog", lambda what, work, done, failed: asked.append((work, done))
    )
    library.ids = tuple(range(100_000))
    library.listed.emit()
    assert rows.rowCount() == 100_000
    for row in range(0, 100_000, 50):
        rows.data(rows.index(row, Column.ARTIST))
    rows._read()
    assert len(asked) == 1
    assert len(rows._wanted) < 10
    assert AI.id not in rows.headerData(0, Qt.Orientation.Horizontal)
