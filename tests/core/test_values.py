import dataclasses

import numpy as np
import pytest

from chartstudio.core import paths
from chartstudio.core.errors import ChartStudioError, FormatError
from chartstudio.core.job import Job, Progress, part, run
from chartstudio.core.note import (
    LaneNote,
    ends_of,
    overlapping,
    shift,
    slice_notes,
    sort_notes,
    ticks_of,
)
from chartstudio.core.provenance import Generated, generated, mark, touched
from chartstudio.core.song import Chart, Extra, Song
from chartstudio.core.timing import TimingMap

NOTES = sort_notes([LaneNote(40, 40, 1), LaneNote(10, 30, 2, "hold"), LaneNote(10, 10, 0)])


def test_notes_sort_by_tick_then_end_then_lane() -> None:
    assert [(n.tick, n.lane) for n in NOTES] == [(10, 0), (10, 2), (40, 1)]


def test_slices_shifts_and_overlaps() -> None:
    assert slice_notes(NOTES, 10, 40) == NOTES[:2]
    assert slice_notes(NOTES, 11, 41) == NOTES[2:]
    assert shift(NOTES[1], 5) == LaneNote(15, 35, 2, "hold")
    assert overlapping(NOTES, 25, 39).tolist() == [False, True, False]
    assert ticks_of(NOTES).tolist() == [10, 10, 40]
    assert ends_of(NOTES).tolist() == [10, 30, 40]
    assert ticks_of(()).dtype == np.int64


def test_nothing_can_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Song().audio = "x"  # type: ignore[misc]


def test_extra_replaces_and_removes_by_owner() -> None:
    extra = Extra().set("sm", ("a", 1)).set("osz", "b").set("sm", ("c",))
    assert extra.get("sm") == ("c",)
    assert extra.set("sm", None).get("sm", "gone") == "gone"


def test_a_chart_without_timing_of_its_own_runs_on_the_songs() -> None:
    own = TimingMap.constant(90)
    song = Song(charts=(Chart("dance-single"), Chart("dance-single", timing=own)))
    assert [song.timing_of(c) for c in song.charts] == [song.timing, own]


def test_format_errors_name_file_line_and_way_out() -> None:
    assert str(FormatError("a.sm", 3, "bad; do this")) == "a.sm:3: bad; do this"
    assert str(FormatError("a.sm", None, "bad")) == "a.sm: bad"
    assert isinstance(FormatError("", None, "x"), ChartStudioError)


def _counting(closed: list[bool]) -> Job[int]:
    try:
        for i in range(4):
            yield Progress(i / 4, str(i))
        return 7
    finally:
        closed.append(True)


def test_a_job_reports_and_returns() -> None:
    seen: list[Progress] = []
    closed: list[bool] = []
    assert run(_counting(closed), seen.append) == 7
    assert [p.what for p in seen] == ["0", "1", "2", "3"]


def test_a_part_is_scaled_and_closing_it_closes_what_it_runs() -> None:
    closed: list[bool] = []
    outer = part(_counting(closed), 0.5, 0.9, "inner")
    assert next(outer) == Progress(0.5, "inner")
    assert next(outer).done == pytest.approx(0.6)
    outer.close()
    assert closed == [True]


def test_a_failing_report_still_closes_the_job() -> None:
    closed: list[bool] = []

    def fail(progress: Progress) -> None:
        raise ChartStudioError("stop")

    with pytest.raises(ChartStudioError):
        run(_counting(closed), fail)
    assert closed == [True]


def test_own_folders_follow_the_home_variable(
    tmp_path: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARTSTUDIO_HOME", str(tmp_path))
    folders = [paths.user_models(), paths.settings(), paths.cache(), paths.state()]
    assert all(f.is_dir() and f.parent == tmp_path for f in folders)
    assert len(set(folders)) == 4
    assert (paths.resources() / "demo").is_dir()
    assert paths.shipped_models().name == "models"


def test_own_folders_without_the_variable_are_the_systems(
    tmp_path: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHARTSTUDIO_HOME", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert "chartstudio" in str(paths.settings())


def test_a_new_generated_stretch_cuts_what_it_covers_out_of_older_ones() -> None:
    chart = mark(Chart("dance-single"), Generated(0, 100, "base", 1, "2026-01-01"))
    chart = mark(chart, Generated(40, 60, "base", 2, "2026-01-02"))
    assert [(m.start, m.end, m.seed) for m in generated(chart)] == [
        (0, 40, 1),
        (40, 60, 2),
        (60, 100, 1),
    ]


def test_a_hand_edit_marks_only_the_stretch_it_touches() -> None:
    chart = Chart("dance-single", notes=NOTES)
    chart = mark(chart, Generated(0, 20, "base", 1, "d"))
    chart = mark(chart, Generated(20, 50, "base", 2, "d"))
    new = touched(chart, dataclasses.replace(chart, notes=NOTES[:2]))
    assert [m.edited for m in generated(new)] == [False, True]
    assert touched(chart, chart) is chart
    assert generated(touched(new, dataclasses.replace(new, notes=()))) == (
        dataclasses.replace(generated(chart)[0], edited=True),
        dataclasses.replace(generated(chart)[1], edited=True),
    )
