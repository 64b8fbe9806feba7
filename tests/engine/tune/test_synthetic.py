"""The author made by rule: what it writes, how its style is measured, and the way through."""

import json

import numpy as np
import pytest
from made_engine import clicks
from made_tuning import RECIPE, tiny_base

from chartstudio.core.note import LaneNote
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine.train import synthesis
from chartstudio.engine.tune import synthetic
from chartstudio.engine.tune.synthetic import Rows, chart_of, compared, moved, piece_of, snares_of
from chartstudio.modes import MODES

TIMING = TimingMap.constant(120.0)
NOTHING = np.array([], dtype=np.int64)


def taps(*places):
    return [LaneNote(round(beat * BEAT), round(beat * BEAT), lane) for beat, lane in places]


def figures(rows):
    return {name: np.round(f(rows), 4).tolist() for name, f in synthetic.STATISTICS.items()}


# The author --------------------------------------------------------------------------------


@pytest.mark.parametrize("n_song", range(6))
def test_the_author_keeps_to_the_rules(n_song):
    piece = piece_of(n_song)
    chart, snares = chart_of(piece), set(snares_of(piece).tolist())
    rows = {}
    for note in chart.notes:
        rows.setdefault(note.tick, []).append(note.lane)
    assert len(rows) > 100
    assert any(t in snares for t in rows)
    assert any(t not in snares for t in rows)
    assert {t: len(lanes) for t, lanes in rows.items()} == {t: 1 + (t in snares) for t in rows}
    assert all(t % (BEAT // 2) == 0 for t in rows)
    assert all(0 not in lanes for t, lanes in rows.items() if t % BEAT)
    assert any(0 in lanes for t, lanes in rows.items() if t % BEAT == 0)
    assert all(n.end == n.tick for n in chart.notes)
    # Nobody has to be very good to play it, and the mode's own checks find nothing wrong.
    assert chart.level == pytest.approx(MODES["dance-single"].difficulty(chart, piece.timing))
    issues = MODES["dance-single"].check(chart, piece.timing)
    assert [i for i in issues if i.severity == "error"] == []


def test_songs_follow_from_their_number():
    assert piece_of(3) == piece_of(3) != piece_of(4)
    assert chart_of(piece_of(3)) == chart_of(piece_of(3))


def test_snares_are_where_they_are_struck():
    piece = piece_of(0)
    struck = {s.tick for s in piece.sounds if s.layer == "drums" and s.pitch in (38, 40)}
    near = np.abs(np.array(sorted(struck))[:, None] - snares_of(piece)[None]).min(axis=1)
    assert len(struck) > 20
    assert near.max() < BEAT / 8


# Its style in figures ----------------------------------------------------------------------


def test_figures_of_a_chart_counted_by_hand():
    notes = taps((0, 0), (1, 1), (1, 2), (1.5, 0), (2, 1), (2, 3), (2.25, 2), (4, 3))
    notes[-1] = LaneNote(4 * BEAT, 5 * BEAT, 3, "hold")
    notes.append(LaneNote(3 * BEAT, 3 * BEAT, 0, "mine"))
    rows = Rows.of(notes, TIMING, np.array([BEAT, 4 * BEAT]))
    assert figures(rows) == {
        "jumps on snares": [0.5],
        "jumps elsewhere": [0.25],
        "left lane off the beat": [0.5],
        "held rows": [0.1667],
        "rows per second": [3.0],
        "rows on snares": [0.3333],
        "lanes": [0.25, 0.25, 0.25, 0.25],
        "beats, eighths, finer": [0.6667, 0.1667, 0.1667],
    }


def test_charts_add_up_row_by_row():
    one = Rows.of(taps((0, 0), (2, 0)), TIMING, NOTHING)
    two = Rows.of(taps((0, 1), (1, 1), (2, 1), (3, 1)), TIMING, NOTHING)
    both = figures(Rows.joined([one, two]))
    assert both["lanes"] == [0.3333, 0.6667, 0.0, 0.0]
    assert both["rows per second"] == [2.4]


def numbers(*values):
    return np.array(values)


@pytest.mark.parametrize(
    ("author", "base", "tuned", "way"),
    [
        ((1.0,), (0.2,), (0.84,), 0.8),
        ((0.0,), (0.5,), (0.6,), -0.2),
        ((0.0,), (0.5,), (-0.1,), 1.2),
        ((0.5,), (0.51,), (0.9,), None),
        ((0.5, 0.5), (1.0, 0.0), (0.6, 0.4), 0.8),
        ((0.5, 0.5, 0.0), (1.0, 0.0, 0.0), (0.5, 0.0, 0.5), 0.0),
    ],
)
def test_how_far_a_statistic_moved(author, base, tuned, way):
    found = moved(numbers(*author), numbers(*base), numbers(*tuned))
    assert found == (None if way is None else pytest.approx(way))


def test_a_comparison_names_all_and_how_far_each_moved():
    author = Rows.of(taps((0, 0), (1, 1), (1, 2), (2, 0), (3, 1), (3, 2)), TIMING, NOTHING)
    base = Rows.of(taps((0, 0), (1, 0), (2, 0), (3, 0)), TIMING, NOTHING)
    found = compared({"author": author, "base": base, "tuned": base, "both": author})
    assert found["jumps elsewhere"] == {
        "author": [0.5],
        "base": [0.0],
        "tuned": [0.0],
        "both": [0.5],
        "moved": {"tuned": 0.0, "both": 1.0},
    }
    assert found["rows per second"]["moved"] == {"tuned": None, "both": None}
    head, *lines = synthetic.table(found)
    assert head.split() == ["author", "base", "tuned", "both", "tuned", "moved", "both", "moved"]
    assert len(lines) == len(synthetic.STATISTICS)
    assert lines[1].split()[-6:] == ["0.00", "0.50", "0", "%", "100", "%"]


# The way through ---------------------------------------------------------------------------


def test_songs_are_made_learned_from_and_drafted_once(tmp_path, monkeypatch, capsys):
    made = []

    def rendered(piece, rng):
        made.append(piece.name)
        seconds = piece.timing.seconds_at(snares_of(piece))
        return clicks(seconds, float(seconds[-1]) + 2)

    monkeypatch.setattr(synthesis, "render", rendered)
    monkeypatch.setenv("CHARTSTUDIO_HOME", str(tmp_path / "work" / "home"))
    tiny_base(modes=("dance-single",))
    recipe = tmp_path / "recipe.toml"
    settings = {k: v for k, v in RECIPE.to_json().items() if k in ("batch", "rank", "n_workers")}
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    recipe.write_text(f'{lines}judge_every = 2\nn_judged = 1\nnumbers = "float32"\n')
    out = tmp_path / "found.json"
    command = ["--work", str(tmp_path / "work"), "--out", str(out), "--base", "tiny"]
    command += ["--songs", "3", "--unseen", "1", "--steps", "2", "--recipe", str(recipe)]
    assert synthetic.main(command) == 0
    found = json.loads(out.read_text())
    assert len(made) == 4
    assert (found["n_songs"], found["n_unseen"], list(found["held_out"])) == (3, 1, ["0", "2"])
    snares = found["statistics"]["jumps on snares"]
    assert (snares["author"], set(snares["moved"])) == ([1.0], {"tuned", "both"})
    assert "left lane off the beat" in capsys.readouterr().out
    # What is there is not made again, and says the same.
    assert synthetic.main(command) == 0
    assert len(made) == 4
    assert json.loads(out.read_text()) == found


def test_what_cannot_be_done_is_one_line(tmp_path, capsys):
    command = ["--work", str(tmp_path), "--out", str(tmp_path / "x.json"), "--recipe", "nowhere"]
    assert synthetic.main(command) == 1
    assert capsys.readouterr().err.count("\n") == 1
