"""The list of issues: what the checks are given, and what they say of a song."""

from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Effect, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.editor.checks import issues


def test_fake_stretches_of_the_song_hold_for_its_charts() -> None:
    jack = (LaneNote(0, 0, 0), LaneNote(BEAT // 24, BEAT // 24, 0))
    song = Song(audio="a.ogg", charts=(Chart("dance-single", "Hard", 9.0, jack),))
    assert "jack-too-fast" in [i.id for i in issues(song)]
    faked = Song(
        song.metadata, song.audio, song.timing, song.charts, (Effect(0, "fakes", (BEAT,)),)
    )
    assert "jack-too-fast" not in [i.id for i in issues(faked)]
