"""What the window's tests are built from: a person, an engine, a song and its sound."""

from dataclasses import dataclass, field

import numpy as np
import soundfile

from chartstudio.core.job import Progress
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine.requests import (
    LAYERS,
    Candidate,
    Draft,
    KeyBars,
    ModelCard,
    Tempo,
    TempoCandidate,
)
from chartstudio.gui.dialogs.ask import Answer

BEAT = TICKS_PER_BEAT
BAR = 4 * BEAT
RATE_HZ = 22_050
DURATION_S = 17.0


@dataclass
class Answers:
    """Stands in for `Ask`: gives prepared answers and notes what was said."""

    answers: dict = field(default_factory=dict)
    errors: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    parent: object = None

    def tell_error(self, text):
        self.errors.append(text)

    def unsaved(self, title):
        self.asked.append("unsaved")
        return self.answers.get("unsaved", Answer.CANCEL)

    def __getattr__(self, name):
        def answer(*args):
            self.asked.append(name)
            return self.answers.get(name)

        return answer


class FakeEngine:
    """Drafts one note per beat, candidate ``i`` on lane ``i``; finds 150 BPM and 3 key bars."""

    def __init__(self):
        self.requests = []
        self.error = None
        self.endless = False
        self.closed = False
        self.lane = 0
        self.issues = ()
        self.cut = ()
        self.key_bars_found = ((7, 2, 5), (0.4, 0.6, 0.71), (1.0, 0.8, 0.6))
        self.unlike = lambda request: 0.0
        self.layers = LAYERS
        self.styles = (("repeat", 0.7, 1.0), ("jacks", 0.0, 0.6), ("spinners", 0.0, 1.0))
        self.labels = ()
        self.densities = (1.1, 3.9)
        self.tempo = Tempo((TempoCandidate(150.0, 0.5, 4, 0.9), TempoCandidate(75.0, 0.5, 4, 0.4)))

    def draft(self, request):
        self.requests.append(request)
        if self.error:
            yield Progress(0.0, "Listening")
            raise self.error
        ticks = range(request.start, request.end, BEAT)
        try:
            yield Progress(0.5, "Drafting", tuple(LaneNote(t, t, 0) for t in list(ticks)[:2]))
            while self.endless:
                yield Progress(0.6, "Drafting", tuple(LaneNote(t, t, 0) for t in list(ticks)[:2]))
        finally:
            self.closed = True
        candidates = tuple(
            Candidate(
                tuple(LaneNote(t, t, (self.lane + i) % 4) for t in ticks),
                request.seed + i,
                5.0 + i,
                self.issues,
            )
            for i in range(request.n_candidates)
        )
        return Draft(candidates, "fake 1", "cpu", "float32", {"draft": 0.25}, cut=self.cut)

    def key_bars(self, request):
        if request.stretch is not None:
            yield Progress(0.5, "Listening")
            return KeyBars((1,), (1.0,), (self.unlike(request),))
        self.requests.append(request)
        try:
            yield Progress(0.5, "Listening")
            while self.endless:
                yield Progress(0.6, "Listening")
        finally:
            self.closed = True
        return KeyBars(*self.key_bars_found)

    def density(self, request):
        self.requests.append(request)
        yield Progress(0.5, "Listening")
        bars = range(request.start, request.end, BAR)
        while self.endless:
            yield Progress(0.6, "Listening")
        if self.error:
            raise self.error
        return tuple(
            (bar, bar + BAR, self.densities[i % len(self.densities)]) for i, bar in enumerate(bars)
        )

    def models(self):
        return (
            ModelCard("other", False, "", ("dance-single",)),
            ModelCard("fake", True, "", ("dance-single",), self.layers, self.styles, self.labels),
        )

    def find_timing(self, request):
        self.requests.append(request)
        yield Progress(0.5, "Listening")
        if self.error:
            raise self.error
        return self.tempo


def make_song():
    notes = tuple(LaneNote(b * BEAT, b * BEAT, b % 4) for b in range(16))
    return Song(
        Metadata(title="Test Song", artist="Nobody"),
        "song.wav",
        TimingMap.constant(120.0, 0.1),
        (Chart("dance-single", "Hard", 6.0, notes), Chart("dance-single", "Easy", 2.0, notes[::4])),
    )


def write_wav(path, duration_s=DURATION_S):
    t = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    soundfile.write(path, (0.5 * np.sin(2 * np.pi * 220 * t)).astype(np.float32), RATE_HZ)
    return path
