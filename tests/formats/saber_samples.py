"""Beat Saber levels made by hand.

No public file was found for real version 4 levels, packed levels, or version 3 levels that
leave out defaults, so all of those are made here.
"""

import json
from typing import Any

from chartstudio.core.note import sort_notes
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.modes.beatsaber.notes import Arc, Bomb, Chain, ColorNote, Wall

BEAT = TICKS_PER_BEAT


def dumps(value: Any, indent: int | None = None) -> bytes:
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return text.encode()


def entry2(difficulty: str, file: str = "", **more: Any) -> dict[str, Any]:
    ranks = {"Easy": 1, "Normal": 3, "Hard": 5, "Expert": 7}
    return {
        "_difficulty": difficulty,
        "_difficultyRank": ranks.get(difficulty, 9),
        "_beatmapFilename": file or f"{difficulty}Standard.dat",
        "_noteJumpMovementSpeed": 12.5,
        "_noteJumpStartBeatOffset": -0.25,
        **more,
    }


def info2(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    sets = [{"_beatmapCharacteristicName": "Standard", "_difficultyBeatmaps": list(entries)}]
    return {
        "_version": "2.0.0",
        "_songName": "Name",
        "_songSubName": "Sub",
        "_songAuthorName": "Artist",
        "_levelAuthorName": "Mapper",
        "_beatsPerMinute": 120,
        "_songTimeOffset": 0,
        "_shuffle": 0,
        "_shufflePeriod": 0.50,
        "_previewStartTime": 12.0,
        "_previewDuration": 10,
        "_songFilename": "song.egg",
        "_coverImageFilename": "cover.jpg",
        "_environmentName": "BTSEnvironment",
        "_allDirectionsEnvironmentName": "GlassDesertEnvironment",
        **more,
        "_difficultyBeatmapSets": sets,
    }


def entry4(difficulty: str, file: str = "", **more: Any) -> dict[str, Any]:
    return {
        "characteristic": "Standard",
        "difficulty": difficulty,
        "beatmapAuthors": {"mappers": ["One", "Two"], "lighters": ["Three"]},
        "environmentNameIdx": 0,
        "beatmapColorSchemeIdx": -1,
        "noteJumpMovementSpeed": 16,
        "noteJumpStartBeatOffset": 0.5,
        "beatmapDataFilename": file or f"{difficulty}Standard.dat",
        "lightshowDataFilename": "Lightshow.dat",
        **more,
    }


def info4(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "version": "4.0.1",
        "song": {"title": "Name", "subTitle": "", "author": "Artist"},
        "audio": {
            "songChecksum": "",
            "songFilename": "song.ogg",
            "songDuration": 100,
            "audioDataFilename": "AudioData.dat",
            "bpm": 120,
            "lufs": -6.5,
            "previewStartTime": 1,
            "previewDuration": 2,
        },
        "songPreviewFilename": "song.ogg",
        "coverImageFilename": "cover.png",
        "environmentNames": ["WeaveEnvironment"],
        "colorSchemes": [],
        "difficultyBeatmaps": list(entries),
        **more,
    }


DIFFICULTY_2: dict[str, Any] = {
    "_version": "2.6.0",
    "_notes": [
        {"_time": 4.0, "_lineIndex": 1, "_lineLayer": 0, "_type": 0, "_cutDirection": 1},
        {"_time": 2, "_lineIndex": 2, "_lineLayer": 0, "_type": 1, "_cutDirection": 8, "_odd": [1]},
        {"_time": 3, "_lineIndex": 0, "_lineLayer": 1, "_type": 3, "_cutDirection": 0},
    ],
    "_sliders": [],
    "_obstacles": [
        {"_time": 5, "_lineIndex": 0, "_type": 0, "_duration": 1.50, "_width": 1},
        {"_time": 6, "_lineIndex": 0, "_type": 1, "_duration": 0.333, "_width": 4},
        {
            "_time": 7,
            "_lineIndex": 1,
            "_type": 2,
            "_duration": 1,
            "_width": 2,
            "_lineLayer": 1,
            "_height": 2,
        },
    ],
    "_events": [
        {"_time": 0, "_type": 1, "_value": 3, "_floatValue": 1},
        {"_time": 1, "_type": 5, "_value": 1, "_floatValue": 0},
        {"_time": 2, "_type": 14, "_value": 4, "_floatValue": 0},
        {"_time": 3, "_type": 15, "_value": 0, "_floatValue": 0},
    ],
    "_waypoints": [{"_time": 9, "_lineIndex": 1, "_lineLayer": 0, "_offsetDirection": 2}],
    "_specialEventsKeywordFilters": {
        "_keywords": [{"_keyword": "SECRET", "_specialEvents": [40, 41]}]
    },
    "_unknown": {"deep": [1.50, {"x": 1e3}]},
    "_customData": {"_time": 12.5, "_bookmarks": [{"_time": 1, "_name": "a"}]},
}

DIFFICULTY_3: dict[str, Any] = {
    "version": "3.3.0",
    "bpmEvents": [],
    "colorNotes": [{"b": 1}, {"b": 2, "x": 1, "y": 2, "c": 1, "d": 3, "a": 15}],
    "bombNotes": [{"b": 3, "x": 3}],
    "obstacles": [{"b": 4, "d": 2, "w": 1, "h": 3, "y": 2}],
    "sliders": [{"b": 5, "tb": 6, "mu": 1, "tmu": 0.5, "tx": 1, "ty": 2, "tc": 1, "m": 1}],
    "burstSliders": [{"b": 7, "tb": 7.5, "tx": 2, "sc": 5, "s": 0.8, "d": 1}],
    "rotationEvents": [{"b": 3, "e": 1, "r": 15}],
    "basicBeatmapEvents": [{"b": 1, "et": 4, "i": 2, "f": 0.5}],
    "colorBoostBeatmapEvents": [{"b": 1, "o": True}],
    "useNormalEventsAsCompatibleEvents": True,
}

DIFFICULTY_4: dict[str, Any] = {
    "version": "4.0.0",
    "colorNotes": [{"b": 1}, {"b": 2, "r": 15, "i": 1}, {"b": 3, "i": 9}],
    "colorNotesData": [{}, {"x": 1, "y": 2, "c": 1, "d": 3, "a": 15}],
    "bombNotes": [{"b": 3, "i": 0}],
    "bombNotesData": [{"x": 3, "y": 1}],
    "obstacles": [{"b": 4}],
    "obstaclesData": [{"d": 2, "w": 1, "h": 5}],
    "arcs": [{"hb": 5, "tb": 6, "hi": 1, "ti": 0}],
    "arcsData": [{"m": 1, "tm": 0.5}],
    "chains": [{"hb": 7, "tb": 7.5, "i": 1}],
    "chainsData": [{"tx": 2, "ty": 1, "c": 5, "s": 0.5}],
    "njsEvents": [{"b": 1}],
    "njsEventData": [{"d": 2}],
}

LIGHTSHOW_4: dict[str, Any] = {
    "version": "4.0.0",
    "basicEvents": [{"b": 1}, {"b": 2, "i": 1}],
    "basicEventsData": [{"t": 4, "i": 2, "f": 0.5}, {"t": 0}],
    "colorBoostEvents": [{"b": 1}],
    "colorBoostEventsData": [{"b": 1}],
    "eventBoxGroups": [],
    "useNormalEventsAsCompatibleEvents": True,
}

AUDIO_4: dict[str, Any] = {
    "version": "4.0.0",
    "songChecksum": "abc",
    "songSampleCount": 4_410_000,
    "songFrequency": 44_100,
    "bpmData": [
        {"si": 0, "ei": 441_000, "sb": 0, "eb": 20},
        {"si": 441_000, "ei": 4_410_000, "sb": 20, "eb": 245},
    ],
    "lufsData": [{"si": 0, "ei": 4_410_000, "l": -2.5}],
}


def level(major: int, indent: int | None = None) -> dict[str, bytes]:
    """A level of one difficulty."""
    if major == 4:
        return {
            "Info.dat": dumps(info4(entry4("Expert")), 2),
            "AudioData.dat": dumps(AUDIO_4, indent),
            "ExpertStandard.dat": dumps(DIFFICULTY_4, indent),
            "Lightshow.dat": dumps(LIGHTSHOW_4, indent),
        }
    value = DIFFICULTY_2 if major == 2 else DIFFICULTY_3
    return {
        "Info.dat": dumps(info2(entry2("Expert")), 2),
        "ExpertStandard.dat": dumps(value, indent),
    }


def note(beat: float, x: int, y: int = 0, color: int = 0, direction: int = 1) -> ColorNote:
    tick = round(beat * BEAT)
    return ColorNote(tick, tick, x, y, color, direction)


SONG = Song(
    Metadata(title="題名", subtitle="s", artist="Artist", credit="Me", cover="c.png"),
    "song.ogg",
    TimingMap.constant(123.45),
    (
        Chart(
            "beatsaber",
            "Expert",
            4.0,
            sort_notes(
                [
                    note(4, 1),
                    note(4, 2, color=1),
                    note(5 + 1 / 3, 3, 2, 1, 8),
                    Bomb(6 * BEAT, 6 * BEAT, 0, 1),
                    Wall(8 * BEAT, 10 * BEAT, 0, 0, 1, 5),
                    Wall(9 * BEAT, 10 * BEAT, 1, 2, 2, 3),
                    Wall(11 * BEAT, 12 * BEAT, 1, 1, 2, 1),
                    Arc(13 * BEAT, 14 * BEAT, 1, 0, 0, 1, 2, 2, 0, 1.0, 0.5, 1),
                ]
            ),
        ),
    ),
)
"""A song from nothing that every version can hold."""

CHAIN = Chain(20 * BEAT, 20 * BEAT + BEAT // 2, 1, 1, 1, 1, 2, 0, 4, 0.75)
