"""What the commands do, where it takes more than one call. No widgets, no keys.

Each verb takes the studio, asks the user where it must, and changes the document through
one edit. A verb whose questions are not answered does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from chartstudio.core.errors import ChartStudioError, ModeError
from chartstudio.core.mode import Mode
from chartstudio.core.song import Chart
from chartstudio.editor import edits
from chartstudio.editor.checks import SongIssue, fixed
from chartstudio.editor.selection import Selection
from chartstudio.formats import FORMATS, Loss, find_format, losses
from chartstudio.gui import text
from chartstudio.gui.dialogs.ask import Answer
from chartstudio.gui.exporting import Prospect
from chartstudio.gui.installing import place_of
from chartstudio.gui.panels.charts import chart_title, mode_title
from chartstudio.gui.saving import PROJECT, Place
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import one_line, tr
from chartstudio.gui.timeline.rows import kind_for
from chartstudio.library.export import Plan, folder_name
from chartstudio.library.games import Game
from chartstudio.modes import MODES, convert

Then = Callable[[], object]

_N_LINES = 8


# Files -----------------------------------------------------------------------------------


def guarded(studio: Studio, then: Then) -> None:
    """Do something that closes the song, after asking about unsaved changes."""
    if not studio.document.modified:
        then()
        return
    answer = studio.ask.unsaved(studio.document.song.metadata.title)
    if answer is Answer.SAVE:
        save(studio, then)
    elif answer is Answer.DISCARD:
        then()


def open_path(studio: Studio, path: Path) -> None:
    """Open a song, chart, archive or audio file."""
    guarded(studio, lambda: studio.files.open(path))


def ask_and_open(studio: Studio) -> None:
    """Choose a file and open it."""
    suffixes = sorted({suffix for f in FORMATS for suffix in f.suffixes})
    path = studio.ask.open_song(suffixes, _start_folder(studio))
    if path is not None:
        open_path(studio, path)


def ask_and_open_folder(studio: Studio) -> None:
    """Choose a song's folder and open it."""
    path = studio.ask.folder(tr("Open a song's folder"), _start_folder(studio))
    if path is not None:
        open_path(studio, path)


def new_from_audio(studio: Studio) -> None:
    """Choose an audio file and begin a song with it."""
    path = studio.ask.open_audio(_start_folder(studio))
    if path is not None:
        open_path(studio, path)


def open_demo(studio: Studio) -> None:
    """Open the bundled demo song."""
    guarded(studio, studio.files.open_demo)


def locate_audio(studio: Studio) -> None:
    """Choose the song's audio file."""
    path = studio.ask.open_audio(_start_folder(studio))
    if path is not None:
        studio.files.locate_audio(path)


def recover(studio: Studio) -> None:
    """Choose among what crashes left behind, and open it."""
    lost = studio.keeper.lost
    names = [f"{item.title or tr('Untitled song')} · {item.saved_at}" for item in lost]
    chosen = studio.ask.choice(tr("Recover"), tr("Unsaved work of earlier runs"), names, 0)
    if chosen is not None:
        guarded(studio, lambda: studio.keeper.recover(lost[chosen]))


def save(studio: Studio, then: Then | None = None) -> None:
    """Save where the song came from; a song without a place is asked for one."""
    place = studio.files.saved_place
    if place is None:
        save_as(studio, then)
        return
    refusal = _refusal(studio, place)
    if refusal:
        instead = tr("{why}.\n\nSave the song as a ChartStudio project?", why=refusal)
        if studio.ask.confirm(tr("Save"), instead):
            save_as(studio, then)
    elif _may_lose(studio, place):
        studio.files.save(place, then)


def save_as(studio: Studio, then: Then | None = None) -> None:
    """Save as a project under a name of the user's choice."""
    song, suffix = studio.document.song, find_format(PROJECT).suffixes[0]
    folder = Path(_start_folder(studio))
    path = studio.ask.save_project(str(folder / (folder_name(song) + suffix)), suffix)
    if path is not None:
        studio.files.save(Place(path, PROJECT), then)


def _refusal(studio: Studio, place: Place) -> str:
    """Why the format cannot hold one of the charts at all; empty when it can."""
    try:
        find_format(place.format_id).refuse_other_modes(studio.document.song)
    except ModeError as error:
        return one_line(error)
    return ""


def _may_lose(studio: Studio, place: Place) -> bool:
    """Whether to save although the format cannot hold everything; asked once per loss."""
    lost = losses(studio.document.song, place.format_id)
    new = [loss for loss in lost if loss.what not in studio.files.accepted_losses]
    if not new:
        return True
    known = find_format(place.format_id)
    question = tr(
        "{format} cannot hold:\n{lines}\n\nSave without it?",
        format=known.title,
        lines=_lines(new),
    )
    accepted = studio.ask.confirm(tr("Save"), question)
    if accepted:
        studio.files.accepted_losses |= {loss.what for loss in new}
    return accepted


def _start_folder(studio: Studio) -> str:
    path = studio.document.path
    if path is not None:
        return str(path.parent)
    recent = studio.preferences.now.recent
    return str(Path(recent[0]).parent) if recent else str(Path.home())


# Charts ----------------------------------------------------------------------------------


def add_chart(studio: Studio) -> None:
    """Add an empty chart of a mode of the user's choice."""
    active = studio.document.active_chart
    mode = _choose_mode(studio, tr("New chart"), active.mode if active else "")
    if mode is None:
        return
    chart = Chart(mode.id, name=_free_name(studio, mode), credit=studio.preferences.now.author)
    _append(studio, tr("New chart"), chart)


def duplicate_chart(studio: Studio) -> None:
    """Add a copy of the active chart."""
    chart = studio.document.active_chart
    if chart is not None:
        name = tr("{name} copy", name=chart.name or tr("Untitled"))
        _append(studio, tr("Duplicate chart"), replace(chart, name=name))


def _append(studio: Studio, label: str, chart: Chart) -> None:
    document = studio.document
    at = Selection(chart=len(document.song.charts), range=document.selection.range)
    document.apply(label, edits.add_chart(chart), at)


_NAMES = {
    "meter": ("Beginner", "Easy", "Medium", "Hard", "Challenge", "Edit"),
    "stars": ("Easy", "Normal", "Hard", "Insane", "Expert"),
    "rank": ("Easy", "Normal", "Hard", "Expert", "ExpertPlus"),
}
"""What difficulties are called, easiest first, by the unit of a mode's level."""


def _free_name(studio: Studio, mode: Mode) -> str:
    taken = {c.name for c in studio.document.song.charts if c.mode == mode.id}
    names = _NAMES.get(mode.level_unit, _NAMES["meter"])
    return next((n for n in names if n not in taken), f"{names[-1]} {len(taken)}")


def remove_chart(studio: Studio) -> None:
    """Remove the active chart."""
    document = studio.document
    index, n_charts = document.selection.chart, len(document.song.charts)
    at = Selection(chart=max(0, min(index, n_charts - 2)), range=document.selection.range)
    document.apply(tr("Remove chart"), edits.remove_chart(index), at)


def rename_chart(studio: Studio) -> None:
    """Ask for another name of the active chart."""
    document, chart = studio.document, studio.document.active_chart
    if chart is None:
        return
    name = studio.ask.text(tr("Rename chart"), tr("Name"), chart_title(chart))
    if name and name.strip():
        change = edits.set_chart(document.selection.chart, name=name.strip())
        document.apply(tr("Rename chart"), change)


def set_level(studio: Studio) -> None:
    """Ask for the level of the active chart."""
    document, chart = studio.document, studio.document.active_chart
    if chart is None:
        return
    level = studio.ask.number(
        tr("Level"), tr("Level of {name}", name=chart_title(chart)), chart.level or 1.0, (0, 99)
    )
    if level is not None:
        document.apply(tr("Set level"), edits.set_chart(document.selection.chart, level=level))


def set_mode(studio: Studio) -> None:
    """Ask for the mode of the active chart; one with notes is converted into a new chart."""
    document, chart = studio.document, studio.document.active_chart
    if chart is None:
        return
    if chart.notes:
        _convert(studio, chart)
        return
    mode = _choose_mode(studio, tr("Mode"), chart.mode)
    if mode is not None:
        # Settings are the other game's, and mean nothing here.
        change = edits.set_chart(document.selection.chart, mode=mode.id, settings=())
        document.apply(tr("Set mode"), change)


def _convert(studio: Studio, chart: Chart) -> None:
    """Add the chart as one of the mode that is played alike, after saying what is different.

    Raises
    ------
    ModeError
        When there is no such mode.
    """
    possible = convert.targets(chart.mode)
    if not possible:
        what = "no other game is played like {mode}; add a new chart instead"
        raise ModeError(tr(what, mode=mode_title(chart.mode)))
    new, changes = convert.convert(chart, possible[0], studio.document.song)
    title = tr("Convert to {mode}", mode=mode_title(new.mode))
    lines = [f"{what} ({n})" if n > 1 else what for what, n in changes]
    said = tr("{name} becomes a new chart; it stays as it is.", name=chart_title(chart))
    if studio.ask.confirm(title, "\n".join([said, *lines])):
        _append(studio, title, new)


def _choose_mode(studio: Studio, title: str, current: str) -> Mode | None:
    """Ask for a mode; those of one game stand together, with its name."""
    games = [(game_of(mode), mode) for mode in MODES.values()]
    order = list(dict.fromkeys(game for game, _ in games))
    games.sort(key=lambda pair: order.index(pair[0]))
    names = [
        f"{game} · {mode.title}" if game and game not in mode.title else mode.title
        for game, mode in games
    ]
    now = next((i for i, (_, mode) in enumerate(games) if mode.id == current), 0)
    chosen = studio.ask.choice(title, tr("For which game mode?"), names, now)
    return None if chosen is None else games[chosen][1]


def game_of(mode: Mode) -> str:
    """The game whose files hold charts of a mode; empty when none does."""
    titles = (f.title for f in FORMATS if f.modes is not None and mode.id in f.modes)
    return next(titles, "").split(" (")[0].split(" .")[0]


def step_chart(studio: Studio, by: int) -> None:
    """Make the next or the previous chart the active one."""
    document, n_charts = studio.document, len(studio.document.song.charts)
    if n_charts:
        index = (document.selection.chart + by) % n_charts
        document.select(Selection(chart=index, range=document.selection.range))


# Notes and snap --------------------------------------------------------------------------


def set_kind(studio: Studio, kind: str) -> None:
    """Make the selected notes a kind; with none selected, place that kind from now on."""
    if studio.timeline.chosen_notes():
        studio.timeline.set_kind(kind)
    else:
        studio.view.tool_kind = kind


def tool_kind(studio: Studio) -> str:
    """The kind that a click places: the tool's, or the first of a mode that lacks it."""
    chart, tool = studio.document.active_chart, studio.view.tool_kind
    mode = MODES.get(chart.mode) if chart is not None else None
    return kind_for(mode, tool) if mode is not None and tool else tool


def set_snap(studio: Studio, snap: int) -> None:
    """Choose the snap."""
    studio.view.snap = snap
    studio.preferences.set(snap=snap)


def step_snap(studio: Studio, by: int) -> None:
    """Choose a finer or coarser snap."""
    studio.view.step_snap(by)
    studio.preferences.set(snap=studio.view.snap)


def zoom_to_range(studio: Studio) -> None:
    """Let the selected range fill the view."""
    selected, timing = studio.document.selection.range, studio.timeline.timing
    if selected is not None:
        studio.view.show_range(*(timing.seconds_at(tick) for tick in selected))


def step_second_chart(studio: Studio) -> None:
    """Show another chart below the active one: the next, and after the last none."""
    n_charts, active = len(studio.document.song.charts), studio.document.selection.chart
    others = [None, *(i for i in range(n_charts) if i != active)]
    now = studio.view.second_chart
    at = others.index(now) if now in others else 0
    studio.view.second_chart = others[(at + 1) % len(others)]


def step_volume(studio: Studio, by: float) -> None:
    """Play the song louder or quieter; metronome and ticks stay as they are."""
    volume = min(1.0, max(0.0, studio.preferences.now.volume + by))
    studio.preferences.set(volume=round(volume, 2))


def toggle_gain(studio: Studio, name: str, gain: float) -> None:
    """Switch the metronome or the note ticks on or off."""
    on = getattr(studio.preferences.now, name) > 0
    studio.preferences.set(**{name: 0.0 if on else gain})


def escape(studio: Studio) -> None:
    """Drop the ghosts, or stop looking for key bars; without any, drop the selection."""
    if studio.finishing.running:
        studio.finishing.cancel()
    elif studio.drafting.waiting or studio.drafting.running:
        studio.drafting.discard()
    else:
        studio.timeline.select_none()


# Draft, tempo, issues --------------------------------------------------------------------


def has_candidate_issues(studio: Studio) -> bool:
    """Whether something is wrong with the shown candidate."""
    drafting = studio.drafting
    return drafting.waiting and bool(drafting.candidates[drafting.shown].issues)


def step_candidate_issue(studio: Studio, by: int) -> None:
    """Go to the next or the previous issue of the shown candidate, round and round."""
    drafting, at = studio.drafting, studio.timeline.cursor_tick
    ticks = sorted({i.tick for i in drafting.candidates[drafting.shown].issues})
    ahead = [t for t in ticks if (t - at) * by > 0]
    studio.timeline.go_to((ahead or ticks)[0 if by > 0 else -1])


def audition(studio: Studio, index: int) -> None:
    """Show a candidate and play its range."""
    studio.drafting.show(index)
    request = studio.drafting.request
    if request is not None:
        start_s = request.timing.seconds_at(request.start)
        studio.view.show(start_s)
        studio.playback.play(start_s)


def step_candidate(studio: Studio, by: int) -> None:
    """Show the next candidate; while the song plays, hear it from its start."""
    drafting = studio.drafting
    drafting.step(by)
    if studio.playback.playing:
        audition(studio, drafting.shown)


def go_to_issue(studio: Studio, issue: SongIssue) -> None:
    """Show the place of an issue, in its chart."""
    if issue.chart is None:
        return
    document = studio.document
    if issue.chart < len(document.song.charts):
        document.select(Selection(chart=issue.chart, range=document.selection.range))
        studio.timeline.go_to(issue.tick)


def fix_issue(studio: Studio, issue: SongIssue) -> None:
    """Mend an issue as the check that found it proposes."""
    if issue.fix is not None:
        label = tr("Fix: {what}", what=issue.text)
        studio.document.apply(label, lambda song: fixed(song, (issue,)))


def fix_all(studio: Studio) -> None:
    """Mend every issue that has a safe fix, as one step."""
    issues = tuple(i for i in studio.checker.issues if i.fix is not None)
    if issues:
        label = text.count(len(issues), "Fix {n} issue", "Fix {n} issues")
        studio.document.apply(label, lambda song: fixed(song, issues))


def export(studio: Studio) -> None:
    """Write the song for a game; the first time, the author says that they may."""
    if _may_use_music(studio):
        studio.exporter.look(lambda prospect: _carry_out(studio, prospect))


def _carry_out(studio: Studio, prospect: Prospect) -> None:
    """Write what was planned, once its losses have been seen."""
    made = prospect.plan
    if made is not None and not studio.exporter.was_shown(prospect):
        question = tr(
            "{format} cannot hold everything:\n{lines}\n\nExport all the same?",
            format=made.fmt.title,
            lines=_lines(made.losses),
        )
        if not studio.ask.confirm(tr("Export"), question):
            return
        studio.exporter.note_shown(prospect)
    try:
        studio.exporter.carry_out(prospect)
    except ChartStudioError as error:
        studio.ask.tell_error(one_line(error))


def _lines(lost: Sequence[Loss]) -> str:
    """Losses as a list that a dialog has room for."""
    lines = [f"• {loss.what} ({loss.n})" for loss in lost[:_N_LINES]]
    if len(lost) > _N_LINES:
        lines.append(tr("and {n} more; the Export panel lists them", n=len(lost) - _N_LINES))
    return "\n".join(lines)


def install(studio: Studio, game: Game) -> None:
    """Put the song into a game, once the author has agreed to its folder and to the losses."""
    if not studio.document.song.charts:
        studio.ask.tell_error(tr("There is no chart to install yet. Draft one, or add one."))
        return
    if _may_use_music(studio) and _may_install(studio, game):
        studio.installer.plan(game, lambda made: _install(studio, made, game))


def _install(studio: Studio, made: Plan, game: Game) -> None:
    if made.losses:
        question = tr(
            "{game} cannot hold everything:\n{lines}\n\nInstall all the same?",
            game=game.title,
            lines=_lines(made.losses),
        )
        if not studio.ask.confirm(tr("Install"), question):
            return
    studio.installer.start(made, game)


def _may_install(studio: Studio, game: Game) -> bool:
    """Whether the author lets us write into a game's folder; asked once for each."""
    place, known = place_of(game), studio.preferences.now.installs
    if place in known:
        return True
    question = tr(
        "Put songs into {game}?\n\n{place}\n\nThis is asked once for each game. Songs that "
        "are there already are never changed.",
        game=game.title,
        place=place,
    )
    agreed = bool(studio.ask.confirm(tr("Install"), question))
    if agreed:
        studio.preferences.set(installs=(*known, place))
    return agreed


def _may_use_music(studio: Studio) -> bool:
    """Whether the author says that they may use the music; asked once, ever."""
    if studio.preferences.now.may_use_music:
        return True
    question = tr(
        "Exported files hold the song's music. Are you allowed to use it in what you make and "
        "share?\n\nThis is asked once."
    )
    agreed = bool(studio.ask.confirm(tr("Export"), question))
    if agreed:
        studio.preferences.set(may_use_music=True)
    return agreed


def choose_export_folder(studio: Studio) -> None:
    """Choose where exports are put."""
    path = studio.ask.folder(tr("Export into"), str(studio.exporter.folder))
    if path is not None:
        studio.exporter.set_folder(path)
