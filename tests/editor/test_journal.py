import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chartstudio.core.errors import FormatError
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.editor.journal import N_KEPT, Journal, abandoned, forget, restore

SONG = Song(Metadata("Title"), charts=(Chart("dance-single", notes=(LaneNote(0, 0, 1),)),))

CRASH = """
import os, signal, sys
from pathlib import Path
from chartstudio.core.song import Metadata, Song
from chartstudio.editor.journal import Journal
journal = Journal(Path(sys.argv[1]))
for i in range(30):
    journal.record(Song(Metadata(f"take {i}")), Path("song.ssc"), "ssc")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_running_journal_is_not_lost_and_a_closed_one_leaves_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.record(SONG, None, None)
    assert abandoned(tmp_path) == ()
    journal.close()
    assert abandoned(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_work_survives_kill_9(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (lost,) = abandoned(tmp_path)
    assert (lost.title, lost.origin, lost.format_id) == ("take 29", "song.ssc", "ssc")
    assert restore(lost).metadata.title == "take 29"
    forget(lost)
    assert abandoned(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_what_comes_back_is_the_very_song(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for _ in range(N_KEPT + 5):
        journal.record(SONG, Path("x"), "sm")
    journal._lock.close()  # as when the process ends
    (lost,) = abandoned(tmp_path)
    assert restore(lost) == SONG


def test_saved_work_is_not_lost_work(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.record(SONG, None, None)
    journal.clear()
    journal._lock.close()
    assert abandoned(tmp_path) == ()


def test_broken_journals_are_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "x.journal").write_bytes(b"no database" * 100)
    assert abandoned(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_snapshot_is_one_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.record(SONG, None, None)
    with journal._db:
        journal._db.execute("UPDATE snapshot SET song = x'00'")
    journal._lock.close()
    (lost,) = abandoned(tmp_path)
    with pytest.raises(FormatError, match="damaged"):
        restore(lost)


def test_the_users_own_folder_is_the_default(own_home: Path) -> None:
    journal = Journal()
    assert own_home in journal.path.parents
    assert abandoned() == ()
    journal.close()
