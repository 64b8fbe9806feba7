"""What an author told the engine is told to be lost where a game's files cannot hold it."""

import pytest

from chartstudio.core.song import Chart, Extra, Song
from chartstudio.core.timing import TimingMap
from chartstudio.editor import finish, painted, style
from chartstudio.formats import FORMATS, guidance, losses

TIMING = TimingMap.constant(120.0)
OWNERS = (
    painted.KEY_BARS,
    painted.APPROVED,
    painted.DENSITY,
    painted.FOLLOW,
    style.OWNER,
    finish.FILLS,
)


def _song(mode, *owners):
    extra = Extra(tuple((owner, ((0, 1, 2.0), (1, 2, 2.0))) for owner in owners))
    return Song(timing=TIMING, charts=(Chart(mode, extra=extra),))


def _told(song, fmt):
    return {loss.what: loss.n for loss in fmt.losses(song) if "project" in loss.what}


def test_everything_that_the_editor_keeps_for_the_engine_has_words():
    assert set(guidance.GUIDANCE) == set(OWNERS)


@pytest.mark.parametrize("mode", ["dance-single", "osu", "taiko", "beatsaber", "mania-4k"])
def test_every_games_format_tells_and_a_project_has_nothing_to_tell(mode):
    song = _song(mode, *OWNERS)
    for fmt in FORMATS:
        if fmt.modes is None:
            assert not losses(song, fmt.id)
        elif mode in fmt.modes:
            assert list(_told(song, fmt).values()) == [2] * len(OWNERS), fmt.id
            assert not _told(_song(mode), fmt)
