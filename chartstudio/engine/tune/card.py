"""What is written beside a tuned model: its card for people, its report as figures and words.

Songs are told by short hashes, not by their names: a model may be handed on, a library may not.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from chartstudio.engine.checkpoint import CARD_FILE, ModelSpec
from chartstudio.engine.requests import SPLITS, TrainReport, TrainRequest
from chartstudio.engine.tune.report import told
from chartstudio.engine.tune.shelf import REPORT_FILE, REPORT_TEXT_FILE
from chartstudio.formats.bundle import save_files

_TRAIN = SPLITS[0]


def write_notice(folder: Path, request: TrainRequest, step: int) -> None:
    """The card of a model that is still being tuned."""
    name = request.name
    card = (
        f"# {name}\n\n{request.base} being tuned on its author's own charts: step {step} of "
        f"{request.recipe.n_steps}, not judged yet. `chartstudio train --name '{name}' --resume` "
        "goes on with it.\n"
    )
    save_files(folder, {CARD_FILE: card.encode()})


def write_report(
    folder: Path, report: TrainReport, spec: ModelSpec, request: TrainRequest
) -> TrainReport:
    """Put a report into words, and write it and the card into the model's folder.

    Parameters
    ----------
    folder : Path
    report : TrainReport
        Its figures are those of `report.compared`.
    spec : ModelSpec
        Of the tuned model.
    request : TrainRequest

    Returns
    -------
    TrainReport
        With its verdict and text.
    """
    figures = {**report.figures, "charts": [_hashed(c) for c in report.figures["charts"]]}  # type: ignore[attr-defined]
    text = told(figures)
    report = replace(report, verdict=str(figures["verdict"]), text=text, figures=figures)
    files = {
        REPORT_FILE: json.dumps(figures, indent=1, allow_nan=False),
        REPORT_TEXT_FILE: "\n".join(text) + "\n",
        CARD_FILE: _card(report, spec, request),
    }
    save_files(folder, {name: words.encode() for name, words in files.items()})
    return report


def _hashed(chart: dict[str, object]) -> dict[str, object]:
    return {**chart, "song": song_hash(str(chart["song"]))}


def song_hash(song: str) -> str:
    """A short text that stands for a song."""
    return blake2b(song.encode(), digest_size=5).hexdigest()


def _card(report: TrainReport, spec: ModelSpec, request: TrainRequest) -> str:
    recipe, today = request.recipe, datetime.now(UTC).date().isoformat()
    songs = {split: {c.song for c in request.charts if c.split == split} for split in SPLITS}
    counts = ", ".join(
        f"{report.n_charts[split]} charts of {len(songs[split])} songs for {use}"
        for split, use in zip(SPLITS, ("learning", "choosing the weights", "judging"), strict=True)
    )
    kind = "all weights" if recipe.full else f"low-rank adapters, rank {recipe.rank}"
    n_folds = int(report.figures["n_folds"])  # type: ignore[call-overload]
    if n_folds > 1:
        counts = (
            f"{report.n_charts[_TRAIN]} charts of {len(songs[_TRAIN])} songs; to judge it they "
            f"were left out in turn, in {n_folds} parts"
        )
    hashes = " ".join(sorted(map(song_hash, songs[_TRAIN])))
    indented = "\n".join(f"    {line}".rstrip() for line in report.text)
    return f"""# {report.name}

{report.base} tuned on its author's own charts. {report.text[0]}

- Version {spec.version}, {today}; {kind}; {recipe.n_steps} steps, {report.seconds:.0f} s.
- {counts[0].upper()}{counts[1:]}.
- Licence: this is for its author, who alone knows what the licences of these charts and songs
  allow. Ask their makers before you hand it on.
- Songs learned from, by hash: {hashes}

## On held-out songs

{indented}
"""
