"""The commands on timing: their part of the table in `actions`, and what takes a question.

What each does to the song is in `timeline.tempo_verbs`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.timing import Cause
from chartstudio.editor.tempo_blocks import Later
from chartstudio.gui.command import Command, Scope, has_song
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import tr

_BPM_PLACES = 2
"""Decimals of a tapped tempo: hands are no better."""


# Verbs -----------------------------------------------------------------------------------


def tap(studio: Studio) -> None:
    """A beat was tapped: at the song's own time while it plays, whatever its rate."""
    playback = studio.playback
    studio.tempo.tap(playback.heard_s if playback.playing else time.perf_counter())


def use_taps(studio: Studio) -> None:
    """Set the tapped tempo at the playhead."""
    tapped = studio.tempo.tapped
    if tapped is not None:
        studio.timeline.set_bpm(round(tapped.bpm, _BPM_PLACES))


def ask_bpm(studio: Studio) -> None:
    """Ask for the tempo at the playhead."""
    timeline = studio.timeline
    now = timeline.timing.bpm_at(timeline.cursor_tick)
    bpm = _ask(studio, tr("Tempo"), tr("BPM from the last tempo change on"), f"{now:.6g}")
    if bpm is not None:
        timeline.set_bpm(bpm)


def ask_meter(studio: Studio) -> None:
    """Ask for the beats per bar at the playhead."""
    timeline = studio.timeline
    bars = [a for a in timeline.timing.anchors if a.bar and a.tick <= timeline.cursor_tick]
    now = bars[-1].meter if bars else timeline.timing.anchors[0].meter
    meter = _ask(studio, tr("Meter"), tr("Beats per bar from this bar on"), str(now))
    if meter is not None:
        studio.timeline.set_meter(round(meter))


def ask_pause(studio: Studio, cause: Cause) -> None:
    """Ask how long to stop or to delay at the playhead."""
    title = tr("Stop") if cause is Cause.STOP else tr("Delay")
    label = (
        tr("Seconds. Everything after it moves later by as much.")
        if studio.timeline.pauses_later == "move"
        else tr("Seconds. Later beats stay: those right after it get faster.")
    )
    seconds = _ask(studio, title, label, "0.5")
    if seconds is not None:
        studio.timeline.insert_pause(seconds, cause)


def _ask(studio: Studio, title: str, label: str, value: str) -> float | None:
    """Ask for a number.

    Raises
    ------
    ChartStudioError
        When the answer is none.
    """
    text = studio.ask.text(title, label, value)
    if text is None or not text.strip():
        return None
    try:
        return float(text.replace(",", "."))
    except ValueError as error:
        raise ChartStudioError(tr("{what} is no number; write it like 127.5", what=text)) from error


# Table -----------------------------------------------------------------------------------


def _told(run: Callable[[Studio], object]) -> Callable[[Studio], None]:
    """A verb whose refusal is told in the status line: a box would stop a key that repeats."""

    def told(studio: Studio) -> None:
        try:
            run(studio)
        except ChartStudioError as error:
            studio.timeline.refused.emit(error)

    return told


def set_pauses_later(studio: Studio, later: Later) -> None:
    """Say what the beats after stops and delays do from now on."""
    studio.timeline.pauses_later = later
    studio.view.changed.emit()


def _turn_pauses(studio: Studio) -> None:
    set_pauses_later(studio, "stay" if studio.timeline.pauses_later == "move" else "move")


def _set_view(name: str, off: object, on: object) -> dict[str, Any]:
    """How a switch of the view is run and shown."""

    def run(studio: Studio) -> None:
        now = getattr(studio.view, name)
        setattr(studio.view, name, off if now == on else on)

    return {"run": run, "checked": lambda s: getattr(s.view, name) == on}


_SHIFT_KEYS = {
    -10.0: "Alt+Shift+Left",
    -1.0: "Alt+Left",
    -0.1: "Ctrl+Alt+Left",
    0.1: "Ctrl+Alt+Right",
    1.0: "Alt+Right",
    10.0: "Alt+Shift+Right",
}
_BPM_KEYS = {
    -1.0: "Alt+Shift+Down",
    -0.01: "Alt+Down",
    -0.001: "Ctrl+Alt+Down",
    0.001: "Ctrl+Alt+Up",
    0.01: "Alt+Up",
    1.0: "Alt+Shift+Up",
}
_BEAT_KEYS = {
    -1.0: "Ctrl+Alt+Shift+Left",
    -0.1: "",
    0.1: "",
    1.0: "Ctrl+Alt+Shift+Right",
}
SHIFTS_MS, NUDGES_BPM = tuple(_SHIFT_KEYS), tuple(_BPM_KEYS)
"""Steps by which the grid is moved and the tempo changed."""

TIMING: tuple[Command, ...] = (
    Command(
        "timing.find", "Find tempo", lambda s: s.tempo.start(), "Ctrl+T",
        lambda s: s.tempo.can_start,
    ),
    Command(
        "timing.cancel", "Cancel finding the tempo", lambda s: s.tempo.cancel(),
        enabled=lambda s: s.tempo.running,
    ),
    *(
        Command(
            f"timing.shift{ms:+g}ms", f"Move the grid by {ms:+g} ms",
            _told(lambda s, ms=ms: s.timeline.shift_grid(ms / 1000)), keys, has_song, repeats=True,
        )
        for ms, keys in _SHIFT_KEYS.items()
    ),
    Command(
        "timing.half-beat", "Move the grid by half a beat",
        _told(lambda s: s.timeline.shift_beats(0.5)), "Ctrl+Alt+B", has_song,
    ),
    Command(
        "timing.beat-later", "Move the grid by a beat",
        _told(lambda s: s.timeline.shift_beats(1.0)), "", has_song, repeats=True,
    ),
    *(
        Command(
            f"timing.bpm{bpm:+g}", f"Tempo {bpm:+g} BPM",
            _told(lambda s, bpm=bpm: s.timeline.nudge_bpm(bpm)), keys, has_song, repeats=True,
        )
        for bpm, keys in _BPM_KEYS.items()
    ),
    Command("timing.bpm", "Tempo here…", ask_bpm, "Ctrl+Shift+T", has_song),
    Command(
        "timing.halve", "Halve the tempo", _told(lambda s: s.timeline.scale_tempo(0.5)),
        "Ctrl+Alt+-", has_song,
    ),
    Command(
        "timing.double", "Double the tempo", _told(lambda s: s.timeline.scale_tempo(2.0)),
        "Ctrl+Alt+=", has_song,
    ),
    Command("timing.tap", "Tap the tempo", tap, "J", has_song),
    Command(
        "timing.use-taps", "Use the tapped tempo", use_taps, "Shift+J",
        lambda s: s.tempo.tapped is not None,
    ),
    Command(
        "timing.insert", "Insert a tempo change", _told(lambda s: s.timeline.insert_change()),
        "Ctrl+Alt+I", has_song,
    ),
    Command(
        "timing.remove", "Remove the tempo change or pause here",
        _told(lambda s: s.timeline.remove_change()), "Ctrl+Alt+X", has_song,
    ),
    Command(
        "timing.stop", "Insert a stop…", lambda s: ask_pause(s, Cause.STOP), "Ctrl+Alt+S",
        has_song,
    ),
    Command(
        "timing.delay", "Insert a delay…", lambda s: ask_pause(s, Cause.DELAY), "Ctrl+Alt+D",
        has_song,
    ),
    Command("timing.meter", "Meter here…", ask_meter, "Ctrl+Alt+M", has_song),
    Command(
        "timing.start-bar", "A bar starts here", _told(lambda s: s.timeline.start_bar()),
        "Ctrl+Alt+1", has_song,
    ),
    *(
        Command(
            f"timing.beat{ms:+g}ms", f"Move the beat here by {ms:+g} ms",
            _told(lambda s, ms=ms: s.timeline.move_beat(ms / 1000)), keys, has_song, repeats=True,
        )
        for ms, keys in _BEAT_KEYS.items()
    ),
    Command(
        "timing.snap-beat", "Put the beat here onto the sound near it",
        _told(lambda s: s.timeline.snap_beat()), "Ctrl+Alt+N", lambda s: s.files.sound is not None,
    ),
    Command(
        "timing.drag-beats", "Drag beats with the mouse", keys="D", scope=Scope.TIMELINE,
        **_set_view("drags_beats", False, True),
    ),
    Command(
        "timing.magnet", "Dragged beats catch on sounds", **_set_view("magnetic", False, True)
    ),
    Command(
        "timing.keep-seconds", "Notes stay where they are heard when the tempo changes",
        **_set_view("notes_keep", "ticks", "seconds"),
    ),
    Command(
        "timing.move-later", "Later beats move along when the tempo changes",
        **_set_view("later_beats", "stay", "move"),
    ),
    Command(
        "timing.pauses-stay", "Stops and delays take their time from the beats after them",
        _turn_pauses, checked=lambda s: s.timeline.pauses_later == "stay",
    ),
    Command(
        "timing.snap-rows", "Put notes between rows of 1/192 onto them",
        _told(lambda s: s.timeline.snap_to_rows()), "", has_song,
    ),
    Command(
        "timing.next", "Next tempo change", lambda s: s.timeline.go_to_change(1),
        "Ctrl+Alt+PgDown", has_song,
    ),
    Command(
        "timing.previous", "Previous tempo change", lambda s: s.timeline.go_to_change(-1),
        "Ctrl+Alt+PgUp", has_song,
    ),
)  # fmt: skip
