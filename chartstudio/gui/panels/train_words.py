"""What a tuning would learn from, tell apart and take, in words."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from chartstudio.core import paths
from chartstudio.engine.requests import TrainEstimate
from chartstudio.engine.tune.groups import Group
from chartstudio.gui import text
from chartstudio.gui.text import tr
from chartstudio.gui.training_plan import Prospect
from chartstudio.library.selection import Side

_MEGABYTE = 1e6

_SIDES = {
    Side.TRAIN: "{songs}, {charts} to learn from",
    Side.VALIDATION: "{songs}, {charts} to choose the best weights by",
    Side.TEST: "{songs}, {charts} for the report",
}


def preview(prospect: Prospect, n_parts: int) -> str:
    """Songs and charts, and which of them are held out.

    Parameters
    ----------
    prospect : Prospect
    n_parts : int
        In how many parts songs are left out in turn; 1 for not at all.
    """
    n_songs = prospect.n_songs.total()
    lines = [
        tr(
            "{songs}, {charts}, {hours} hours",
            songs=text.count(n_songs, "{n} song", "{n} songs"),
            charts=text.count(prospect.n_charts.total(), "{n} chart", "{n} charts"),
            hours=f"{prospect.duration_s / 3600:.2f}",
        )
    ]
    if n_parts > 1:
        lines.append(
            tr(
                "Each song is left out in turn, and judged by what was learned from the others. "
                "The model learns from all."
            )
        )
    elif n_songs:
        lines += [
            tr(
                words,
                songs=text.count(prospect.n_songs[side], "{n} song", "{n} songs"),
                charts=text.count(prospect.n_charts[side], "{n} chart", "{n} charts"),
            )
            for side, words in _SIDES.items()
        ]
    return "\n".join(lines)


def needs(estimate: TrainEstimate, n_parts: int) -> str:
    """What a tuning takes, as a sentence."""
    steps = text.count(estimate.n_steps, "{n} step", "{n} steps")
    return tr(
        "About {time} on the {device}: {n} of {step} s, and judging. {disk} MB on disk, of {free} "
        "MB that are free; {memory} MB of memory.",
        time=_roughly(estimate.total_s),
        device={"cuda": tr("GPU")}.get(estimate.device, tr("CPU")),
        n=steps if n_parts == 1 else tr("{n} times {steps}", n=n_parts + 1, steps=steps),
        step=f"{estimate.step_s:.1f}",
        disk=f"{estimate.disk_bytes / _MEGABYTE:.0f}",
        free=f"{shutil.disk_usage(paths.user_models()).free / _MEGABYTE:.0f}",
        memory=f"{estimate.memory_bytes / _MEGABYTE:.0f}",
    )


def _roughly(duration_s: float) -> str:
    """How long something takes, no more exactly than it is known."""
    minutes = max(1, round(duration_s / 60))
    if minutes < 60:
        return text.count(minutes, "{n} minute", "{n} minutes")
    return tr("{h} h {min} min", h=minutes // 60, min=minutes % 60)


def style_of(prospect: Prospect, groups: Sequence[Group]) -> str:
    """Whose style would be learned, as far as that is known, and how to learn another."""
    if len(groups) > 1:
        names = ", ".join(tr("{name} ({n})", name=g.name, n=len(g.songs)) for g in groups)
        return tr(
            "Ways of charting, each with its songs: {names}. You can choose among them when "
            "drafting.",
            names=names,
        )
    charters = prospect.charters
    if not charters:
        return ""
    ((name, n_charts),) = charters.most_common(1)
    if len(charters) == 1:
        return tr("By {name}: that is the style that is learned.", name=name)
    return tr(
        "By {n} charters, {k} of {charts} by {name}. To learn the style of one alone, choose its "
        "charter under Own filters.",
        n=len(charters),
        k=n_charts,
        charts=text.count(prospect.n_charts.total(), "{n} chart", "{n} charts"),
        name=name,
    )


def devices(gpus: Sequence[str]) -> list[tuple[str, str]]:
    """What a tuning can run on, as a request names it, and in words."""
    found = [("", tr("Automatic")), ("cpu", tr("CPU"))]
    if len(gpus) == 1:
        return [*found, ("cuda", gpus[0])]
    return [*found, *((f"cuda:{n}", tr("{n}: {name}", n=n, name=g)) for n, g in enumerate(gpus))]


def left_out(prospect: Prospect) -> str:
    """What the library leaves out, and why; empty where nothing."""
    lines = []
    for left in prospect.left_out:
        what = text.count(left.n_songs, "{n} song", "{n} songs")
        if left.n_charts:
            n_charts = text.count(left.n_charts, "{n} chart", "{n} charts")
            what = tr("{songs}, {charts}", songs=what, charts=n_charts)
        lines.append(tr("{what}: {why}", what=what, why=tr(left.title)))
    if prospect.n_foreign:
        what = text.count(prospect.n_foreign, "{n} chart", "{n} charts")
        lines.append(tr("{what}: of modes that the base model does not know", what=what))
    return "\n".join([tr("Left out:"), *lines]) if lines else ""
