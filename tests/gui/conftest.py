"""The window's tests run without a display, a sound card or the user's own folders."""

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("CHARTSTUDIO_HOME", str(tmp_path / "home"))
