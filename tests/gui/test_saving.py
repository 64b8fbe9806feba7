import zipfile
from dataclasses import replace

import pytest
from window_rig import BEAT, make_song, write_wav

from chartstudio.audio.decode import Origin
from chartstudio.core.errors import FormatError
from chartstudio.core.job import run
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart
from chartstudio.editor import edits
from chartstudio.formats import Bundle, Loss, read_song, write_song
from chartstudio.gui import verbs
from chartstudio.gui.saving import Place, save_job
from chartstudio.library.soundtrack import noted, origin_noted
from chartstudio.modes.beatsaber.notes import ColorNote


def test_a_lone_chart_file_in_a_folder_keeps_its_name(song_folder):
    song, bundle = make_song(), Bundle.open(song_folder)
    run(save_job(song, Place(song_folder, "ssc"), bundle, {}))
    assert sorted(p.name for p in song_folder.iterdir()) == ["chart.ssc", "song.wav"]


def test_a_chosen_file_is_the_one_that_is_written(song_folder):
    (song_folder / "other.ssc").write_bytes(b"#TITLE:other;")
    path = song_folder / "chart.ssc"
    run(save_job(make_song(), Place(path, "ssc"), Bundle.open(path), {}))
    assert (song_folder / "other.ssc").read_bytes() == b"#TITLE:other;"
    assert read_song(Bundle.open(path))[0].metadata.title == "Test Song"


def test_an_archive_keeps_what_is_no_chart(tmp_path):
    song = make_song()
    mania = Chart("mania-4k", "Hard", 3.0, song.charts[0].notes)
    song = edits.add_chart(mania)(edits.remove_chart(0)(edits.remove_chart(0)(song)))
    path = tmp_path / "song.osz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in write_song(song, "osz").items():
            archive.writestr(name, data)
        archive.writestr("song.wav", b"sound")
        archive.writestr("sb/picture.png", b"picture")
    changed = edits.place(0, LaneNote(20 * BEAT, 20 * BEAT, 1))(song)
    run(save_job(changed, Place(path, "osz"), Bundle.open(path), {}))
    bundle = Bundle.open(path)
    assert bundle["sb/picture.png"] == b"picture"
    assert bundle["song.wav"] == b"sound"
    assert len(read_song(bundle)[0].charts[0].notes) == 17


def _renamed(song, name):
    return song.with_chart(0, replace(song.charts[0], name=name))


def _keys_song():
    song = make_song()
    notes = song.charts[0].notes
    return replace(
        song, charts=(Chart("mania-4k", "One", 3.0, notes), Chart("mania-4k", "Two", 4.0, notes))
    )


@pytest.mark.parametrize("name", ["set", "set.osz"])
def test_a_renamed_chart_leaves_no_file_behind_however_often(tmp_path, name):
    path = tmp_path / name
    run(save_job(_keys_song(), Place(path, "osz"), {}, {"song.wav": b"sound", "sb.osb": b"story"}))
    opened = Bundle.open(path)
    song, _ = read_song(opened)
    for new in ("Hard", "Harder", "Hardest"):
        song = _renamed(song, new)
        run(save_job(song, Place(path, "osz"), opened, {}))
        names = [c.name for c in read_song(Bundle.open(path))[0].charts]
        assert sorted(names) == [new, "Two"]
    assert Bundle.open(path)["sb.osb"] == b"story"
    assert Bundle.open(path)["song.wav"] == b"sound"


def test_saving_into_another_songs_folder_takes_nothing_away(tmp_path):
    other = tmp_path / "other"
    run(save_job(_keys_song(), Place(other, "osz"), {}, {}))
    song = _renamed(_keys_song(), "Elsewhere")
    before = {p.name for p in other.iterdir()}
    run(save_job(song, Place(other, "osz"), {}, {}))
    assert before < {p.name for p in other.iterdir()}


def _saber_set(folder):
    """A Beat Saber map of two difficulties, with the editor's own tempo file."""
    notes = tuple(ColorNote(b * BEAT, b * BEAT, b % 4, 0, b % 2, 1) for b in range(8))
    charts = (Chart("beatsaber", "Easy", None, notes), Chart("beatsaber", "Hard", None, notes))
    files = write_song(replace(make_song(), charts=charts), "beatsaber-v2")
    for name, data in {**files, "BPMInfo.dat": b'{"_version": "2.0.0"}'}.items():
        (folder / name).write_bytes(data)
    return sorted(files)


def test_one_difficulty_of_a_set_is_saved_alone(tmp_path):
    names = _saber_set(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in names}
    hard = tmp_path / next(n for n in names if n.startswith("Hard"))
    bundle = Bundle.open(hard)
    song, format_id = read_song(bundle)
    (chart,) = song.charts
    changed = edits.remove(0, chart.notes[:3])(song)
    run(save_job(changed, Place(hard, format_id), bundle, {}))
    assert (tmp_path / "Info.dat").read_bytes() == before["Info.dat"]
    whole = read_song(Bundle.open(tmp_path))[0]
    assert [len(c.notes) for c in whole.charts] == [8, 5]
    renamed = edits.set_metadata(title="Another")(changed)
    with pytest.raises(FormatError, match=r"Info\.dat"):
        run(save_job(renamed, Place(hard, format_id), Bundle.open(hard), {}))
    info = tmp_path / "Info.dat"
    song, format_id = read_song(Bundle.open(info))
    renamed = edits.set_metadata(title="Another")(song)
    run(save_job(renamed, Place(info, format_id), Bundle.open(info), {}))
    whole = read_song(Bundle.open(tmp_path))[0]
    assert whole.metadata.title == "Another"
    assert [len(c.notes) for c in whole.charts] == [8, 5]


def test_files_of_other_tools_stay_in_an_archive(tmp_path):
    folder = tmp_path / "map"
    folder.mkdir()
    _saber_set(folder)
    path = tmp_path / "map.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    bundle = Bundle.open(path)
    song, format_id = read_song(bundle)
    run(save_job(edits.remove_chart(0)(song), Place(path, format_id), bundle, {}))
    again = Bundle.open(path)
    assert again["BPMInfo.dat"] == b'{"_version": "2.0.0"}'
    assert [c.name for c in read_song(again)[0].charts] == ["Hard"]
    assert not any(name.startswith("Easy") for name in again)


def test_files_beside_a_new_project_never_replace_others(tmp_path):
    (tmp_path / "song.wav").write_bytes(b"something else")
    place = Place(tmp_path / "mine.chartstudio", "project")
    with pytest.raises(FormatError, match="another file"):
        run(save_job(make_song(), place, {}, {"song.wav": b"sound"}))
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["song.wav"]
    run(save_job(make_song(), place, {}, {"song.wav": b"something else"}))
    assert place.path.is_file()


def test_a_new_song_is_saved_as_a_project_with_its_audio(window, answers, tmp_path, settle):
    studio = window.studio
    studio.files.open(write_wav(tmp_path / "New Song.wav"))
    settle(window)
    (tmp_path / "projects").mkdir()
    answers.answers["save_project"] = tmp_path / "projects" / "mine.chartstudio"
    window.actions_["file.save"].trigger()
    settle(window)
    assert answers.errors == []
    assert sorted(p.name for p in (tmp_path / "projects").iterdir()) == [
        "New Song.wav",
        "mine.chartstudio",
    ]
    assert not studio.document.modified
    song = studio.document.song
    assert read_song(Bundle.open(tmp_path / "projects" / "mine.chartstudio")) == (song, "project")
    studio.document.apply("x", edits.set_metadata(title="Changed"))
    window.actions_["file.save"].trigger()
    settle(window)
    assert answers.asked == ["save_project"]
    assert read_song(Bundle.open(studio.document.path))[0].metadata.title == "Changed"


def test_saving_as_without_a_name_saves_nothing(opened, answers, song_folder):
    before = sorted(song_folder.iterdir())
    opened.actions_["file.save-as"].trigger()
    assert answers.asked == ["save_project"]
    assert sorted(song_folder.iterdir()) == before


def test_a_chart_that_the_format_cannot_hold_offers_a_project(
    opened, answers, tmp_path, song_folder, settle
):
    studio = opened.studio
    studio.document.apply("x", edits.add_chart(Chart("mania-4k", "Keys")))
    before = (song_folder / "chart.ssc").read_bytes()
    answers.answers["confirm"] = False
    opened.actions_["file.save"].trigger()
    settle(opened)
    assert answers.asked == ["confirm"]
    assert studio.document.modified
    answers.answers.update(confirm=True, save_project=tmp_path / "new" / "mine.chartstudio")
    opened.actions_["file.save"].trigger()
    settle(opened)
    assert answers.errors == []
    assert (tmp_path / "new" / "mine.chartstudio").is_file()
    assert (tmp_path / "new" / "song.wav").is_file()
    assert (song_folder / "chart.ssc").read_bytes() == before
    assert studio.document.format_id == "project"


def test_a_loss_is_asked_about_once(opened, answers, settle, monkeypatch):
    monkeypatch.setattr(verbs, "losses", lambda song, fmt: (Loss("Hard", "colours", 3),))
    opened.studio.document.apply("x", edits.set_metadata(title="A"))
    answers.answers["confirm"] = False
    opened.actions_["file.save"].trigger()
    assert opened.studio.document.modified
    answers.answers["confirm"] = True
    opened.actions_["file.save"].trigger()
    settle(opened)
    assert not opened.studio.document.modified
    opened.studio.document.apply("x", edits.set_metadata(title="B"))
    opened.actions_["file.save"].trigger()
    settle(opened)
    assert answers.asked == ["confirm", "confirm"]


def test_a_place_that_cannot_be_written_is_told(opened, answers, tmp_path, settle):
    (tmp_path / "file").write_text("x")
    answers.answers["save_project"] = tmp_path / "file" / "mine.chartstudio"
    opened.studio.document.apply("x", edits.set_metadata(title="A"))
    opened.actions_["file.save-as"].trigger()
    settle(opened)
    assert len(answers.errors) == 1
    assert opened.studio.document.modified


def test_what_changes_while_it_is_saved_stays_unsaved(opened, settle):
    studio = opened.studio
    studio.document.apply("x", edits.set_metadata(title="A"))
    opened.actions_["file.save"].trigger()
    studio.document.apply("x", edits.set_metadata(title="B"))
    settle(opened)
    assert studio.document.modified


def test_a_project_notes_how_its_audio_was_decoded(opened, answers, tmp_path, settle):
    answers.answers["save_project"] = tmp_path / "mine" / "song.chartstudio"
    (tmp_path / "mine").mkdir()
    opened.actions_["file.save-as"].trigger()
    settle(opened)
    back, _ = read_song(Bundle.open(tmp_path / "mine" / "song.chartstudio"))
    assert origin_noted(back) == opened.studio.files.audio.origin
    assert origin_noted(opened.studio.document.song) is None
    assert not opened.studio.document.modified


def test_bare_audio_is_noted_as_it_is_opened(window, tmp_path, settle):
    window.studio.files.open(write_wav(tmp_path / "bare.wav", 3.0))
    settle(window)
    assert origin_noted(window.studio.document.song) == window.studio.files.audio.origin


def test_audio_that_starts_elsewhere_than_when_it_was_saved_is_said(window, tmp_path, settle):
    folder = tmp_path / "project"
    folder.mkdir()
    write_wav(folder / "song.wav")
    stored = noted(make_song(), Origin("miniaudio 1.71", 44_100, 1105))
    for name, data in write_song(stored, "project").items():
        (folder / name).write_bytes(data)
    said = []
    window.studio.files.message.connect(said.append)
    window.studio.files.open(folder)
    settle(window)
    assert [text for text in said if "starts 25.1 ms later" in text]
