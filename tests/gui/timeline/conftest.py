"""A small song on a timeline, with a player that is a number."""

from dataclasses import dataclass, field

import pytest

from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.editor.document import Document
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.timeline.bands import GUTTER_PX
from chartstudio.gui.timeline.timeline import Timeline
from chartstudio.gui.timeline.view import ViewState

B = TICKS_PER_BEAT


@dataclass
class Stage:
    """Everything around one timeline: 120 BPM, 100 pixels per second, 50 per beat."""

    document: Document
    view: ViewState
    timeline: Timeline
    bridge: Bridge
    at_s: float = 0.0
    sought: list[float] = field(default_factory=list)

    def seek(self, seconds: float) -> None:
        self.at_s = seconds
        self.sought.append(seconds)

    @property
    def notes(self) -> tuple[LaneNote, ...]:
        return self.document.song.charts[0].notes

    def x(self, tick: int) -> float:
        return GUTTER_PX + self.view.x_of_ticks(tick)

    def y(self, lane: int, chart: int = 0) -> float:
        return self.timeline.scene.bands.strip_of(chart).lane_y(lane)


def small_song() -> Song:
    """Two charts: taps on the beats of a bar and a hold; one tap."""
    first = (
        LaneNote(0, 0, 0),
        LaneNote(B, B, 1),
        LaneNote(2 * B, 2 * B, 2),
        LaneNote(3 * B, 3 * B, 3),
        LaneNote(4 * B, 6 * B, 0, "hold"),
        LaneNote(8 * B, 8 * B, 2, "mine"),
    )
    return Song(
        timing=TimingMap.constant(120.0),
        charts=(
            Chart("dance-single", "Hard", 9, first),
            Chart("dance-single", "Easy", 2, (LaneNote(B, B, 2),)),
        ),
    )


@pytest.fixture
def stage(qtbot) -> Stage:
    document = Document(small_song())
    bridge, view = Bridge(document), ViewState()
    made: list[Stage] = []
    timeline = Timeline(document, bridge, view, lambda: made[0].at_s if made else 0.0)
    made.append(Stage(document, view, timeline, bridge))
    timeline.seek_requested.connect(made[0].seek)
    qtbot.addWidget(timeline)
    timeline.resize(GUTTER_PX + 1000, 700)
    timeline.set_peaks(None, 60.0)
    timeline.show()
    qtbot.waitExposed(timeline)
    view.seconds_per_px = 0.01
    view.start_s = -0.5
    return made[0]
