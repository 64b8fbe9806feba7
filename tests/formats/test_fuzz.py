"""Damaged files: only errors that are meant for people may come out."""

import random
from pathlib import Path

import fuzzing
import pytest

N_INPUTS = 700


@pytest.mark.parametrize("family", fuzzing.FAMILIES)
def test_damaged_songs_are_read_or_refused(family: str) -> None:
    seeds = list(fuzzing.FAMILIES[family]())
    if not seeds:
        pytest.skip("no format of this family is installed")
    n_read = 0
    for number in range(N_INPUTS):
        case = fuzzing.damaged(seeds[number % len(seeds)], random.Random(number))
        n_read += fuzzing.try_out(case)
    assert n_read > N_INPUTS / 20


def test_damaged_and_hostile_archives_are_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.osz"
    n_opened = 0
    for number in range(N_INPUTS):
        path.write_bytes(fuzzing.archive(random.Random(number)))
        n_opened += fuzzing.try_archive(path)
    assert 0 < n_opened < N_INPUTS
    assert [p.name for p in tmp_path.iterdir()] == ["a.osz"]


def _kept(pattern: str) -> list[Path]:
    return sorted(fuzzing.FAILED.glob(pattern))


@pytest.mark.parametrize("folder", [p for p in _kept("*") if p.is_dir()], ids=lambda p: p.name)
def test_inputs_that_once_failed(folder: Path) -> None:
    with fuzzing.limits():
        fuzzing.try_out(fuzzing.load_input(folder))


@pytest.mark.parametrize("path", _kept("*.osz"), ids=lambda p: p.name)
def test_archives_that_once_failed(path: Path) -> None:
    with fuzzing.limits():
        fuzzing.try_archive(path)
