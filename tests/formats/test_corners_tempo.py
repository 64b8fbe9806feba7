"""Beat Saber's tempo tables as strangers write them: seconds worked out by hand."""

import gzip
import json
from typing import Any

import pytest

from chartstudio.core.song import Song
from chartstudio.formats import FORMATS

Json = dict[str, Any]

INFO_2: Json = {
    "_version": "2.1.0",
    "_songName": "x",
    "_beatsPerMinute": 120,
    "_songFilename": "s.egg",
    "_difficultyBeatmapSets": [
        {
            "_beatmapCharacteristicName": "Standard",
            "_difficultyBeatmaps": [
                {"_difficulty": "Expert", "_difficultyRank": 7, "_beatmapFilename": "E.dat"}
            ],
        }
    ],
}
INFO_4: Json = {
    "version": "4.0.1",
    "song": {"title": "x"},
    "audio": {"songFilename": "s.ogg", "audioDataFilename": "A.dat", "bpm": 120},
    "difficultyBeatmaps": [
        {
            "characteristic": "Standard",
            "difficulty": "Expert",
            "beatmapDataFilename": "E.dat",
            "lightshowDataFilename": "L.dat",
        }
    ],
}


def read(files: dict[str, Json], packed: bool = False) -> Song:
    data = {name: json.dumps(value).encode() for name, value in files.items()}
    if packed:
        data = {name: gzip.compress(value) for name, value in data.items()}
    fmt = next(f for f in FORMATS if f.sniff(data, None))
    return fmt.read(data, None)


def seconds(song: Song) -> list[float]:
    chart = song.charts[0]
    timing = song.timing_of(chart)
    return [round(timing.seconds_at(note.tick), 3) for note in chart.notes]


def version_3(bpm_events: list[Json], beats: list[float]) -> Json:
    return {
        "version": "3.3.0",
        "bpmEvents": bpm_events,
        "colorNotes": [{"b": beat} if beat else {} for beat in beats],
    }


EVENTS = [
    ([{"b": 0, "m": 120}, {"b": 4, "m": 240}], [0, 4, 8], [0.0, 2.0, 3.0]),
    # The first one comes late: the song's own tempo until then.
    ([{"b": 4, "m": 240}], [0, 4, 8], [0.0, 2.0, 3.0]),
    # A beat left out is 0.
    ([{"m": 60}, {"b": 4, "m": 240}], [0, 4, 8], [0.0, 4.0, 5.0]),
    ([{"b": 8, "m": 60}, {"b": 4, "m": 240}], [0, 4, 8, 9], [0.0, 2.0, 3.0, 4.0]),
    # A tempo of 0 or below is none.
    ([{"b": 2}, {"b": 3, "m": -5}], [0, 4], [0.0, 2.0]),
]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(("events", "beats", "expected"), EVENTS)
def test_events(
    events: list[Json], beats: list[float], expected: list[float], packed: bool
) -> None:
    song = read({"Info.dat": INFO_2, "E.dat": version_3(events, beats)}, packed)
    assert seconds(song) == expected


def test_old_events_and_the_editor_s_own_list() -> None:
    notes = [{"_time": 4, "_type": 1, "_cutDirection": 1}, {"_time": 8, "_cutDirection": 1}]
    chart = {"_version": "2.6.0", "_notes": notes, "_obstacles": [], "_events": []}
    song = read(
        {
            "Info.dat": INFO_2,
            "E.dat": chart | {"_customData": {"_BPMChanges": [{"_BPM": 240, "_time": 4}]}},
        }
    )
    assert seconds(song) == [2.0, 4.0]
    change = {"_time": 4, "_type": 100, "_value": 0, "_floatValue": 240}
    assert seconds(read({"Info.dat": INFO_2, "E.dat": chart | {"_events": [change]}})) == [2.0, 3.0]


REGIONS = [
    ([(0, 88200, 0, 4), (88200, 441000, 4, 36)], [4, 8, 40], [2.0, 3.0, 11.0]),
    # Between two regions the music goes on without a beat.
    ([(44100, 88200, 0, 2), (132300, 176400, 2, 4)], [0, 4], [1.0, 4.0]),
    ([], [4], [2.0]),
]


@pytest.mark.parametrize(("regions", "beats", "expected"), REGIONS)
def test_regions(
    regions: list[tuple[int, int, float, float]], beats: list[float], expected: list[float]
) -> None:
    keys = ("si", "ei", "sb", "eb")
    audio = {
        "version": "4.0.0",
        "songSampleCount": 441000,
        "songFrequency": 44100,
        "bpmData": [dict(zip(keys, region, strict=True)) for region in regions],
    }
    chart = {
        "version": "4.1.0",
        "colorNotes": [{"b": beat} if beat else {} for beat in beats],
        "colorNotesData": [{"x": 1}],
    }
    lights = {"version": "4.0.0"}
    song = read({"Info.dat": INFO_4, "A.dat": audio, "E.dat": chart, "L.dat": lights})
    assert seconds(song) == expected
