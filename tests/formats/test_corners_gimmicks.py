"""StepMania's time gimmicks: figures worked out by hand, and a law over random ones."""

import random
from dataclasses import replace

import pytest

from chartstudio.core.song import Extra, Song
from chartstudio.formats import find_format
from chartstudio.formats.playable import playable

N_SONGS = 150
MEASURE = "1000\n0100\n0010\n0001\n"

BY_HAND = [
    # bpms, stops -> seconds of the notes on beats 0, 1, 2 ...; None where none can be hit
    ("0=120", "", [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]),
    # Backwards from beat 4 to 5, paid back by beat 6.
    ("0=120,4=-120,5=120", "", [0.0, 0.5, 1.0, 1.5, None, None, 2.0, 2.5]),
    # Half a second owed at beat 4 is one beat.
    ("0=120", "4=-0.5", [0.0, 0.5, 1.0, 1.5, None, 2.0, 2.5, 3.0]),
    # No time passes until the tempo is one again.
    ("0=120,4=99999999,6=120", "", [0.0, 0.5, 1.0, 1.5, None, None, 2.0, 2.5]),
    # Never paid back: nothing after it can be hit.
    ("0=120,4=-120", "", [0.0, 0.5, 1.0, 1.5, None, None, None, None]),
    # A stop before beat 0 moves the whole chart.
    ("0=120", "-4=1", [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5]),
    # Of two stops on one beat the last counts.
    ("0=120", "1=0.75,1=0.25", [0.0, 0.5, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75]),
    # What makes no sense is skipped.
    ("0=nan,1=inf,2=1e400,3=120", "1e18=3,x", [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]),
]


def song_of(bpms: str, stops: str, n_measures: int = 2) -> Song:
    notes = ",\n".join([MEASURE] * n_measures)
    text = f"#OFFSET:0;\n#BPMS:{bpms};\n#STOPS:{stops};\n#NOTES:dance-single::Hard:5:0:{notes};"
    return find_format("sm").read({"a.sm": text.encode()}, None)


def heard(song: Song) -> list[float | None]:
    """Seconds of each note, None for those that cannot be hit."""
    chart = song.charts[0]
    timing = song.timing_of(chart)
    return [
        round(timing.seconds_at(note.tick), 3) if can_be_hit else None
        for note, can_be_hit in zip(chart.notes, playable(song, chart), strict=True)
    ]


@pytest.mark.parametrize(("bpms", "stops", "expected"), BY_HAND)
def test_times_by_hand(bpms: str, stops: str, expected: list[float | None]) -> None:
    assert heard(song_of(bpms, stops)) == expected


@pytest.mark.parametrize("target", ["sm", "ssc"])
def test_random_gimmicks_come_back_from_a_file_made_anew(target: str) -> None:
    """Warps that end, written without anything kept from the file that they came in."""
    rng = random.Random(target)
    fmt = find_format(target)
    for _ in range(N_SONGS):
        bpms = {0.0: 120.0, 15.0: 120.0}
        for _ in range(rng.randint(0, 4)):
            bpms.setdefault(rng.randint(1, 40) / 4, rng.choice((-120, 60, 240, 99999999, 150, 90)))
        stops = {rng.randint(0, 28) / 2: rng.choice((-0.5, 0.5, 1, -0.25, 2)) for _ in range(2)}
        tags = (",".join(f"{b}={v}" for b, v in sorted(d.items())) for d in (bpms, stops))
        song = song_of(*tags, n_measures=8)
        bare = replace(
            song, extra=Extra(), charts=tuple(replace(c, extra=Extra()) for c in song.charts)
        )
        again = fmt.read(fmt.write(fmt.prepare(bare)), None)
        for before, after in zip(heard(song), heard(again), strict=True):
            assert (before is None) == (after is None), (bpms, stops)
            assert before is None or after == pytest.approx(before, abs=2e-3), (bpms, stops)
