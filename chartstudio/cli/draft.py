"""The draft command: from a song to charts in a game's format."""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from chartstudio.audio.decode import Audio, decode_job
from chartstudio.cli.console import Console, path
from chartstudio.core.errors import ChartStudioError, EngineError, FormatError, ModeError
from chartstudio.core.job import Job
from chartstudio.core.note import slice_notes
from chartstudio.core.provenance import Generated
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import SNAPS
from chartstudio.core.timing import TimingMap
from chartstudio.editor import edits, settings
from chartstudio.engine.requests import (
    DRAFTED_MODES,
    LAYERS,
    LOCKS,
    Candidate,
    Draft,
    GenerateRequest,
    ModelCard,
    TimingRequest,
)
from chartstudio.engine.spread import SpreadRequest, spread
from chartstudio.formats import FORMATS, find_format
from chartstudio.library.export import carry_out, plan
from chartstudio.library.source import Source, open_source
from chartstudio.library.sync import usual
from chartstudio.modes import MODES
from chartstudio.modes.usual import level_name, level_named, usual_settings

if TYPE_CHECKING:
    from chartstudio.engine.service import Engine

T = TypeVar("T")

Ranges = tuple[tuple[int, int], ...]
"""Stretches of ticks ``[start, end)`` to be drafted, in order."""


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add this module's command to the parser."""
    draft = commands.add_parser("draft", parents=[shared], help="draft charts of a song")
    draft.add_argument("source", type=path)
    draft.add_argument("--mode", required=True)
    draft.add_argument(
        "--level",
        type=levels,
        metavar="L[,L...]",
        help="numbers, or the game's names; with --keep, that of the kept measures",
    )
    draft.add_argument("--to", required=True, choices=[f.id for f in FORMATS])
    draft.add_argument("--out", required=True, type=path)
    draft.add_argument("--chart", help="name of the chart that is the context")
    which = draft.add_mutually_exclusive_group()
    which.add_argument("--range", type=measure_range, metavar="A:B", help="measures to redraw")
    which.add_argument(
        "--keep", type=measure_list, metavar="M1,M2", help="measures to keep; the rest is drafted"
    )
    draft.add_argument(
        "--spread",
        action="store_true",
        help="lower levels take their times from the highest, or from the chart named by --chart",
    )
    draft.add_argument("--times", type=int, help="number of distinct note times")
    draft.add_argument(
        "--density", type=path, metavar="FILE", help="JSON list of [measure, notes per beat]"
    )
    draft.add_argument(
        "--lock",
        type=locks,
        default=frozenset(),
        metavar="WHAT",
        help="what stays of the notes: notes, lanes, rhythm, placement, or several of them",
    )
    draft.add_argument(
        "--follow",
        type=layers,
        default=(),
        metavar="LAYERS",
        help=f"what the notes follow, of {', '.join(LAYERS[1:])}; several are followed together",
    )
    draft.add_argument(
        "--style",
        metavar="STYLE",
        help="a way of charting that the model was tuned on, by its name; or habits, as "
        'NAME=VALUE,... or as a JSON file such as {"holds": 0.5}',
    )
    draft.add_argument("--grid", type=int, default=16, choices=SNAPS)
    draft.add_argument("--seed", type=int, default=0)
    draft.add_argument("--candidates", type=int, default=1, metavar="N")
    draft.add_argument("--model", help="the model in use, if none is named")
    draft.add_argument("--device", choices=("cpu", "cuda"))
    draft.add_argument("--bpm", type=float)
    draft.add_argument("--offset-s", type=float, help="time of the first downbeat")
    draft.add_argument("--all", action="store_true", help="keep the source's other charts")
    draft.set_defaults(run=_draft, print=print_draft, misused=draft.error)


def levels(text: str) -> tuple[str, ...]:
    """``9``, ``3,6,9`` or ``Hard,Expert``."""
    found = tuple(part.strip() for part in text.split(","))
    if not all(re.fullmatch(r"[0-9.]+|[A-Za-z+]+", part) for part in found):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of levels such as 3,6,9")
    return found


def measure_range(text: str) -> tuple[int, int]:
    """``41:44``: measures from 1, both included."""
    found = re.fullmatch(r"(\d+):(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no range of measures such as 41:44")
    return int(found[1]), int(found[2])


def layers(text: str) -> tuple[str, ...]:
    """``all`` or ``drums,lead``."""
    found = tuple(dict.fromkeys(text.split(",")))
    for layer in found:
        if layer not in LAYERS[1:]:
            known = ", ".join(LAYERS[1:])
            raise argparse.ArgumentTypeError(f"{layer!r} is no layer; choose from {known}")
    return found


def locks(text: str) -> frozenset[str]:
    """``rhythm`` or ``notes,lanes``."""
    found = frozenset(text.split(","))
    if not found <= LOCKS:
        known = ", ".join(sorted(LOCKS))
        raise argparse.ArgumentTypeError(f"{text!r} cannot be locked; choose from {known}")
    return found


def measure_list(text: str) -> tuple[int, ...]:
    """``1,9,17``: measures from 1."""
    found = tuple(int(part) for part in text.split(",") if part.strip().isdigit())
    if len(found) != text.count(",") + 1 or min(found) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of measures such as 1,9,17")
    return tuple(sorted(set(found)))


@dataclass(frozen=True, slots=True)
class Drafted:
    """One drafted chart with how it came out."""

    chart: Chart
    level_asked: float | None
    candidate: Candidate
    number: int
    ranges: Ranges

    def answer(self) -> dict[str, Any]:
        """The chart's figures for JSON."""
        counts = MODES[self.chart.mode].counts
        ticks = {n.tick for n in self.chart.notes}
        return {
            "mode": self.chart.mode,
            "name": self.chart.name,
            "level_asked": self.level_asked,
            "level_reached": self.candidate.level_reached,
            "n_notes": sum(counts(n) for n in self.chart.notes),
            "n_times": sum(any(a <= t < b for a, b in self.ranges) for t in ticks),
            "off_grid": self.candidate.n_off_grid,
            "errors": sum(i.severity == "error" for i in self.candidate.issues),
            "seed": self.candidate.seed,
            "candidate": self.number,
        }


class Stopwatch:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, stage: str, run: Callable[[], T]) -> T:
        """Run and book what it took."""
        start_s = time.perf_counter()
        result = run()
        took_s = time.perf_counter() - start_s
        self.seconds[stage] = round(self.seconds.get(stage, 0.0) + took_s, 3)
        return result


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be drafted: the song on its timing, and the request for its first level."""

    song: Song
    request: GenerateRequest


def _draft(args: argparse.Namespace, console: Console) -> dict[str, Any]:
    from chartstudio.engine.service import Engine

    _refuse_unknown(args)
    if args.level is not None:
        mode = MODES[args.mode]
        try:
            args.level = tuple(level_named(mode, text) for text in args.level)
        except ModeError as error:
            args.misused(str(error))
    watch = Stopwatch()
    source = open_source(args.source)
    engine = Engine(device=args.device, model=args.model or settings.load().model)
    work = _prepared(args, source, engine, console, watch)
    try:
        drafted = _drafted(args, work, engine, console, watch)
    except EngineError as error:
        raise EngineError(f"{args.source}: {error}") from error
    kept = work.song.charts if args.all else ()
    result = replace(work.song, charts=(*kept, *(d.chart for d in drafted)))
    find_format(args.to).refuse_other_modes(result)
    synced = usual(result, settings.load().sync)
    made = plan(result, source.assets, args.to, source.format_id, synced)
    done = watch.time("export", lambda: console.run(carry_out(made, args.out)))
    return {
        "files": [str(path) for path in done.files],
        "charts": [d.answer() for d in drafted],
        "seconds": {
            stage: watch.seconds.get(stage, 0.0)
            for stage in ("decode", "timing", "features", "draft", "export")
        },
    }


def _prepared(
    args: argparse.Namespace, source: Source, engine: Engine, console: Console, watch: Stopwatch
) -> Work:
    """Decode, find the timing and the context, and lay out what is asked for."""
    audio = watch.time("decode", lambda: decoded(source, console))
    timed = source.format_id is not None or args.bpm is not None
    timing = watch.time("timing", lambda: _timing(args, source.song, audio, timed, engine, console))
    song = replace(source.song, timing=timing)
    context = _context(song, args)
    timing = song.timing_of(context)
    start, end = _range(timing, audio, args)
    request = GenerateRequest(
        audio=audio,
        timing=timing,
        chart=context,
        start=start,
        end=end,
        level=args.level[0] if args.level else None,
        grid=args.grid,
        seed=args.seed,
        n_candidates=args.candidates,
        n_times=args.times,
        density=() if args.density is None else painted_density(args.density, timing),
        keep=_kept(timing, args.keep or ()),
        locks=args.lock,
        follow=tuple((start, end, layer) for layer in args.follow),
        style=() if args.style is None else style_of(args.style, engine.models()),
    )
    return Work(song, request)


def _drafted(
    args: argparse.Namespace, work: Work, engine: Engine, console: Console, watch: Stopwatch
) -> list[Drafted]:
    """Draft every level; in a spread each takes its times from the one above."""
    if args.spread:
        return _spread(args, work, engine, console, watch)
    found = list[Drafted]()
    for level in args.level or (None,):
        request = replace(work.request, level=level, chart=_at_level(work.request, level))
        found += draft_level(request, engine, console, watch)
    return found


def _spread(
    args: argparse.Namespace, work: Work, engine: Engine, console: Console, watch: Stopwatch
) -> list[Drafted]:
    """Draft the highest level, or take the named chart for it, and the lower ones below it."""
    request, levels = work.request, sorted(args.level, reverse=True)
    found, hardest = list[Drafted](), request.chart
    if not _spreads_chart(args):
        highest = levels.pop(0)
        request = replace(request, level=highest, chart=_at_level(request, highest))
        found += draft_level(request, engine, console, watch)
        hardest = found[0].chart
    if not levels:
        return found
    start, end = sounding_range(request.timing, request.audio)
    others = tuple(c for c in work.song.charts if c.mode == args.mode and c is not hardest)
    below = replace(request, chart=hardest, start=start, end=end)
    asked = SpreadRequest(below, tuple(levels), others)
    for made in watch.time("draft", lambda: console.run(spread(asked, engine.draft))):
        found += _named(made.request, made.draft, console, watch)
    return found


def _spreads_chart(args: argparse.Namespace) -> bool:
    """Whether the hardest chart of a spread is there already."""
    whole = args.range is None and args.keep is None
    return bool(args.spread and args.chart is not None and whole)


def _at_level(request: GenerateRequest, level: float | None) -> Chart:
    """The context at a level; a new chart gets the settings that are usual there."""
    chart = replace(request.chart, level=level)
    if level is None or chart.notes or chart.settings:
        return chart
    middle = (request.start + request.end) // 2
    return replace(chart, settings=usual_settings(chart.mode, level, request.timing, middle))


def _refuse_unknown(args: argparse.Namespace) -> None:
    """Say plainly what cannot be drafted, or not together.

    Raises
    ------
    ModeError, EngineError
    """
    if args.mode not in DRAFTED_MODES:
        modes = ", ".join(DRAFTED_MODES)
        raise ModeError(f"{args.source}: {args.mode} cannot be drafted; choose one of {modes}")
    if args.spread and args.times is not None:
        raise EngineError("--times gives every level the same times; leave it or --spread out")
    if args.level is None and args.keep is None:
        args.misused("--level is needed: only with --keep it can be that of the kept measures")
    if args.spread and args.level is None:
        args.misused("--spread needs the levels: give --level")
    if args.candidates < 1:
        raise EngineError("at least one candidate is needed; give --candidates 1 or more")
    if args.lock and args.spread:
        raise EngineError(f"{args.source}: --lock and --spread do not go together; leave one out")
    if "rhythm" in args.lock and (args.times is not None or args.density is not None):
        what = "--lock rhythm says how many notes there are; leave --times and --density out"
        raise EngineError(f"{args.source}: {what}")


def _timing(
    args: argparse.Namespace,
    song: Song,
    audio: Audio,
    timed: bool,
    engine: Engine,
    console: Console,
) -> TimingMap:
    """The timing to draft on: given, read, or found."""
    if args.bpm is not None:
        if not 10 <= args.bpm <= 1000:
            raise EngineError(f"{args.bpm:g} is no tempo; give --bpm between 30 and 400")
        return TimingMap.constant(args.bpm, args.offset_s or 0.0)
    if timed:
        return song.timing
    return found_timing(engine.find_timing(TimingRequest(audio)), str(args.source), console)


def painted_density(path: Path, timing: TimingMap) -> tuple[tuple[int, int, float], ...]:
    """A density curve from its file: ``[[measure, notes per beat], ...]``.

    Raises
    ------
    FormatError
        When the file is something else.
    """
    try:
        curve = json.loads(path.read_text("utf-8"))
        return tuple(
            (timing.measure_start(int(m)), timing.measure_start(int(m) + 1), _per_beat(per_beat))
            for m, per_beat in curve
        )
    except OSError as error:
        what = f"cannot be read ({error.strerror}); check the path"
        raise FormatError(str(path), None, what) from error
    except (ValueError, TypeError) as error:
        what = "is no density curve; write a JSON list such as [[1, 2.0], [2, 0.5]]"
        raise FormatError(str(path), None, what) from error


def style_of(text: str, cards: Sequence[ModelCard]) -> tuple[tuple[str, float], ...]:
    """The habits of a way of charting, or those that are said one by one.

    Parameters
    ----------
    text : str
        The name of one of the active model's labels, ``NAME=VALUE,...``, or a file's path.
    cards : sequence of ModelCard

    Raises
    ------
    FormatError, EngineError
        When it is none of these.
    """
    labels = next((card.labels for card in cards if card.active), ())
    named = {name.casefold(): habits for name, habits in labels}
    if text.casefold() in named:
        return named[text.casefold()]
    file = path(text)
    if file.suffix == ".json" or file.exists():
        return habits(file)
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return tuple((name.strip(), float(value)) for name, value in pairs)
    except ValueError:
        known = f"knows {', '.join(name for name, _ in labels)}" if labels else "was tuned on none"
        raise EngineError(
            f"--style {text}: the model {known}; name one, or write habits such as holds=0.5"
        ) from None


def habits(path: Path) -> tuple[tuple[str, float], ...]:
    """An author's habits from their file: ``{"holds": 0.5, ...}``.

    Raises
    ------
    FormatError
        When the file is something else.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
        return tuple((str(name), float(value)) for name, value in found.items())
    except OSError as error:
        what = f"cannot be read ({error.strerror}); check the path"
        raise FormatError(str(path), None, what) from error
    except (ValueError, TypeError, AttributeError) as error:
        what = 'holds no habits; write a JSON object such as {"holds": 0.5, "repeat": 0.9}'
        raise FormatError(str(path), None, what) from error


def _per_beat(value: object) -> float:
    per_beat = float(value) if isinstance(value, int | float) else -1.0
    if not 0 <= per_beat <= 48:
        raise ValueError(f"{value!r} is no number of notes per beat")
    return per_beat


def decoded(source: Source, console: Console) -> Audio:
    """The song's audio; what was lost of a damaged file is said on standard error."""
    audio = console.run(decode_job(source.audio(), source.song.audio))
    if audio.notice:
        console.say(f"warning: {source.song.audio}: {audio.notice}")
    return audio


def found_timing(job: Job[Any], name: str, console: Console) -> TimingMap:
    """The best reading of a tempo search.

    Raises
    ------
    EngineError
        When nothing rhythmic was found.
    """
    tempo = console.run(job)
    if not tempo.candidates:
        why = tempo.message or "no tempo was found"
        raise EngineError(f"{name}: {why}; give --bpm and --offset-s")
    best = tempo.candidates[0]
    return TimingMap.constant(best.bpm, best.offset_s, best.meter)


def _context(song: Song, args: argparse.Namespace) -> Chart:
    """The chart whose notes around the range are read."""
    redraws = args.range is not None or args.keep is not None or args.lock
    if not redraws and not _spreads_chart(args):
        return Chart(args.mode)
    charts = [c for c in song.charts if c.mode == args.mode]
    if args.chart is not None:
        charts = [c for c in charts if args.chart in (c.name, c.label)]
        if not charts:
            raise ModeError(f"{args.source}: no {args.mode} chart is named {args.chart!r}")
    if len(charts) > 1:
        names = ", ".join(c.name for c in charts)
        raise ModeError(f"{args.source}: has several {args.mode} charts; give --chart, of {names}")
    return charts[0] if charts else Chart(args.mode)


def sounding_range(timing: TimingMap, audio: Audio) -> tuple[int, int]:
    """Ticks of the whole song, from its first measure to the end of the audio."""
    start = max(timing.tick_at(0.0), timing.anchors[0].tick)
    return start, max(timing.tick_at(audio.duration_s), start + 1)


def _range(timing: TimingMap, audio: Audio, args: argparse.Namespace) -> tuple[int, int]:
    """Ticks to draft: everything that sounds, or the asked measures."""
    start, end = sounding_range(timing, audio)
    measures = args.range or args.keep
    if measures is not None:
        n_measures = timing.position(end).measure
        if measures[0] > n_measures:
            raise ChartStudioError(
                f"{args.source}: measure {measures[0]} lies after the song's last, {n_measures}"
            )
    if args.range is None:
        return start, end
    return timing.measure_start(measures[0]), timing.measure_start(measures[1] + 1)


def _kept(timing: TimingMap, measures: Sequence[int]) -> Ranges:
    """Ticks of the measures that stay."""
    return tuple((timing.measure_start(m), timing.measure_start(m + 1)) for m in measures)


def draft_level(
    request: GenerateRequest, engine: Engine, console: Console, watch: Stopwatch
) -> list[Drafted]:
    """Draft one level; one chart per candidate, named after the level."""
    draft = watch.time("draft", lambda: console.run(engine.draft(request)))
    return _named(request, draft, console, watch)


def _named(
    request: GenerateRequest, draft: Draft, console: Console, watch: Stopwatch
) -> list[Drafted]:
    """Charts of all candidates of a level; what was spent on listening is booked as that.

    What went otherwise than asked, such as a GPU without enough memory, is said.
    """
    if draft.notice:
        console.say(f"warning: {draft.notice}")
    features_s = draft.seconds.get("features", 0.0)
    watch.seconds["features"] = round(watch.seconds.get("features", 0.0) + features_s, 3)
    watch.seconds["draft"] = round(watch.seconds["draft"] - features_s, 3)
    found = []
    for i, candidate in enumerate(draft.candidates, start=1):
        chart = drafted_chart(request, draft, candidate)
        name = "" if chart.level is None else level_name(MODES[chart.mode], chart.level)
        named = name + (f"-{i}" if i > 1 else "")
        found.append(Drafted(replace(chart, name=named), request.level, candidate, i, draft.holes))
    return found


def drafted_chart(request: GenerateRequest, draft: Draft, candidate: Candidate) -> Chart:
    """The request's chart with a candidate in its holes, which are marked as generated."""
    level = request.level
    if level is None:
        level = round(candidate.level_reached, 1)
    song = Song(charts=(replace(request.chart, label="", level=level),))
    date = datetime.now(UTC).date().isoformat()
    whole = Generated(0, 0, draft.model, candidate.seed, date, number_type=draft.number_type)
    for start, end in draft.holes:
        source = replace(whole, start=start, end=end)
        new = slice_notes(candidate.notes, start, end)
        song = edits.replace_range(0, start, end, tuple(new), source)(song)
    return song.charts[0]


def print_draft(answer: dict[str, Any]) -> None:
    """The answer as text."""
    for c in answer["charts"]:
        asked = "" if c["level_asked"] is None else f" (asked {c['level_asked']:g})"
        print(
            f"{c['mode']} {c['name']}: {c['n_notes']} notes, level {c['level_reached']:g}{asked}, "
            f"{c['errors']} errors, seed {c['seed']}"
        )
    print(", ".join(f"{stage} {s:.2f} s" for stage, s in answer["seconds"].items()))
    for file in answer["files"]:
        print(file)
