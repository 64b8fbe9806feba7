"""The real songs beside the repository, where there are some."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_songs():
    folder = Path(__file__).resolve().parents[3] / "shared" / "data" / "audio"
    files = sorted(folder.glob("*.opus"), key=lambda file: file.stat().st_size)
    if not files:
        pytest.skip("no real songs beside the repository")
    return files
