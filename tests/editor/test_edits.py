from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.provenance import Generated, generated, mark
from chartstudio.core.song import Chart, Effect, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.editor import checks, edits
from chartstudio.editor.clipboard import copy, from_text, to_text
from chartstudio.editor.document import Edit
from chartstudio.editor.settings import Settings, load, save

SOURCE = Generated(0, 0, "base", 7, "2026-01-01")


def tap(beat: float, lane: int) -> LaneNote:
    return LaneNote(round(beat * BEAT), round(beat * BEAT), lane)


def hold(beat: float, end: float, lane: int) -> LaneNote:
    return LaneNote(round(beat * BEAT), round(end * BEAT), lane, "hold")


def after(notes: list[LaneNote], edit: Edit) -> tuple[LaneNote, ...]:
    song = Song(charts=(Chart("dance-single", notes=sort_notes(notes)),))
    return edit(song).charts[0].notes  # type: ignore[return-value]


def test_placing_takes_out_what_it_would_touch_and_nothing_else() -> None:
    notes = [hold(0, 2, 0), tap(1, 1), tap(3, 0)]
    assert after(notes, edits.place(0, tap(1, 0))) == (tap(1, 0), tap(1, 1), tap(3, 0))


def test_moving_keeps_shape_and_stops_at_the_outermost_lane() -> None:
    notes = [tap(0, 1), tap(1, 2), tap(2, 0)]
    moved = after(notes, edits.move(0, notes[:2], BEAT, 5))
    assert moved == (tap(1, 2), tap(2, 0), tap(2, 3))
    assert edits.moved_notes(notes[:2], "dance-single", 0, -5) == (tap(0, 0), tap(1, 1))


def test_moving_onto_a_note_replaces_it_and_onto_itself_does_not() -> None:
    notes = [tap(0, 0), tap(1, 0), tap(2, 0)]
    assert after(notes, edits.move(0, notes[:2], BEAT)) == (tap(1, 0), tap(2, 0))


def test_ends_make_holds_and_unmake_them() -> None:
    assert after([tap(0, 0)], edits.set_end(0, tap(0, 0), 2 * BEAT)) == (hold(0, 2, 0),)
    assert after([hold(0, 2, 0)], edits.set_end(0, hold(0, 2, 0), 0)) == (tap(0, 0),)


def test_kinds_change_in_place() -> None:
    mine = LaneNote(0, 0, 0, "mine")
    assert after([tap(0, 0), tap(1, 0)], edits.set_kind(0, [tap(0, 0)], "mine")) == (
        mine,
        tap(1, 0),
    )


def test_a_note_keeps_its_sample_when_its_shape_changes() -> None:
    loud = LaneNote(0, 0, 0, "tap", "sm:3")
    assert after([loud], edits.set_end(0, loud, BEAT)) == (LaneNote(0, BEAT, 0, "hold", "sm:3"),)
    assert after([loud], edits.set_kind(0, [loud], "lift")) == (LaneNote(0, 0, 0, "lift", "sm:3"),)


def test_mirroring_a_part_leaves_the_rest() -> None:
    notes = [tap(0, 0), tap(1, 0)]
    assert after(notes, edits.mirror(0, [tap(1, 0)], "horizontal")) == (tap(0, 0), tap(1, 3))


def test_quantising_moves_starts_and_ends() -> None:
    rough = LaneNote(BEAT + 40, 2 * BEAT - 90, 1, "hold")
    assert after([rough], edits.quantise(0, [rough], 16)) == (hold(1, 2, 1),)


def test_pasting_follows_beats_across_a_tempo_change() -> None:
    timing = TimingMap((Anchor(0, 0, 100), Anchor(8 * BEAT, 4.8, 173.3)))
    chart = Chart("dance-single", notes=sort_notes([tap(1, 0), hold(1.5, 2, 3)]))
    song = Song(timing=timing, charts=(chart,))
    clip = from_text(to_text(copy(chart.notes, start=BEAT)))
    assert clip is not None
    pasted = edits.paste(0, clip, 9 * BEAT)(song).charts[0].notes
    assert pasted[2:] == (tap(9, 0), hold(9.5, 10, 3))


def test_foreign_clipboards_are_nothing() -> None:
    for text in ("", "hello", "[1]", '{"chartstudio-notes": 1}', '{"chartstudio-notes": 2}'):
        assert from_text(text) is None
    assert copy(()).notes == ()
    assert copy([tap(2, 0)], 0, 4 * BEAT).length == 4 * BEAT


def test_accepting_a_draft_touches_only_its_range_and_marks_it() -> None:
    notes = [tap(0, 0), hold(3, 5, 1), tap(4, 2), tap(8, 3)]
    song = Song(charts=(Chart("dance-single", notes=sort_notes(notes)),))
    proposal = (tap(4, 0), tap(5, 3), tap(9, 1))
    new = edits.replace_range(0, 4 * BEAT, 8 * BEAT, proposal, SOURCE)(song).charts[0]
    assert new.notes == sort_notes([tap(0, 0), hold(3, 5, 1), tap(4, 0), tap(5, 3), tap(8, 3)])
    assert [(m.start, m.end, m.edited) for m in generated(new)] == [(4 * BEAT, 8 * BEAT, False)]
    edited = edits.remove(0, [tap(5, 3)])(Song(charts=(new,))).charts[0]
    assert [m.edited for m in generated(edited)] == [True]


def test_charts_come_go_and_are_renamed() -> None:
    song = edits.add_chart(Chart("mania-4k", "A"))(Song())
    song = edits.set_chart(0, name="B", level=3.0)(song)
    assert (song.charts[0].name, song.charts[0].level) == ("B", 3.0)
    assert edits.remove_chart(0)(song).charts == ()
    assert edits.set_audio("x.ogg")(song).audio == "x.ogg"


def test_retiming_keeps_beats_or_seconds_as_asked() -> None:
    old, new = TimingMap.constant(120), TimingMap.constant(60, 1.0)
    own = Chart("dance-single", notes=(tap(4, 0),), timing=old)
    chart = mark(Chart("dance-single", notes=(hold(4, 6, 0),)), SOURCE)
    song = Song(timing=old, charts=(chart, own), effects=(Effect(4 * BEAT, "sv", (1.0,)),))
    kept = edits.retime(new, "ticks")(song)
    assert (kept.timing, kept.charts) == (new, song.charts)
    moved = edits.retime(new, "seconds")(song)
    assert moved.charts[0].notes == (hold(1, 2, 0),)
    assert moved.charts[1] is own
    assert moved.effects[0].tick == BEAT
    assert edits.retime(old, "seconds")(song) is song


def test_issues_of_a_song_name_their_chart_and_second() -> None:
    bad = Chart("dance-single", "Hard", notes=(tap(1, 0), tap(1, 0)))
    odd = Chart("lights-cabinet", "Easy")
    song = Song(audio="gone.ogg", charts=(bad, odd), problems=("line 3 was skipped",))
    found = {(i.chart, i.id, i.start_s) for i in checks.issues(song, audio_found=False)}
    assert found == {
        (None, "audio-missing", 0.0),
        (None, "reading", 0.0),
        (0, "overlap", 0.5),
        (1, "unknown-mode", 0.0),
    }
    assert checks.issues(Song())[0].id == "no-audio"
    assert checks.issues(Song(audio="x.ogg")) == ()


def test_settings_survive_and_broken_ones_fall_back(own_home: object) -> None:
    settings = Settings(volume=0.5, recent=("a", "b"), keys=(("save", "Ctrl+S"),))
    save(settings)
    assert load() == settings
    path = own_home / "settings" / "settings.json"  # type: ignore[operator]
    for text in ("", "[]", '{"volume": "loud", "rate": 0.5}'):
        path.write_text(text)
        assert load() in (Settings(), Settings(rate=0.5))
    path.unlink()
    assert load() == Settings()
