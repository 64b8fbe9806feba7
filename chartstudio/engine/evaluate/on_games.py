"""Measures of single games on whole drafts: objects of osu!, swings of two hands."""

from __future__ import annotations

from dataclasses import replace

from chartstudio.core.job import Job
from chartstudio.engine.evaluate import objects as own
from chartstudio.engine.evaluate.nulls import shuffled_measures
from chartstudio.engine.evaluate.times import mean_distance_s
from chartstudio.engine.evaluate.trial import Found, Trial

_FAR_S = 0.1
_PLACES, _ORDER = 21, 22


def objects(trial: Trial) -> Job[Found]:
    """Objects of osu! in time and place."""
    draft = yield from trial.draft("fixed", trial.request())
    case, notes, found = trial.case, draft.candidates[0].notes, Found()
    ours = own.placed(case.mode, notes, case.timing)
    theirs = own.placed(case.mode, case.notes, case.timing)
    mixed = own.Placed(ours.seconds, trial.rng(_PLACES).permutation(ours.places))
    found.add("hit_f1", own.hit_f1(ours, theirs), shuffled_places=own.hit_f1(mixed, theirs))
    found.add("timing_mae_s", mean_distance_s(ours.seconds, theirs.seconds, _FAR_S))
    spelled = own.spelled(case.mode, case.notes)
    order = shuffled_measures(case.times, case.bars.edges, trial.rng(_ORDER))
    kinds = [kind for kind, _ in spelled]
    mixed_gaps = own.steps(order)
    rote = list(zip(kinds, mixed_gaps, strict=False))
    found.add(
        "edit_distance",
        own.edit_distance(own.spelled(case.mode, notes), spelled),
        shuffled_measures=own.edit_distance(rote, spelled),
    )
    found.add("slider_iou", own.slider_iou(notes, case.notes, case.timing))
    return found


def hands(trial: Trial) -> Job[Found]:
    """Swings of a draft at the human chart's level, beside the human's."""
    candidate = yield from trial.free()
    case, found = trial.case, Found()
    draft = replace(trial.blank, notes=candidate.notes)
    ours = own.Hands.of(case.mode, draft, case.timing)
    theirs = own.Hands.of(case.mode, case.chart, case.timing)
    found.add("parity_rate", ours.parity_rate, human=theirs.parity_rate)
    found.add("vision_block_rate", ours.sight_rate, human=theirs.sight_rate)
    found.add("strained_rate", ours.flow_rate, human=theirs.flow_rate)
    found.add("nps", ours.nps, human=theirs.nps)
    found.add("nps_accuracy", own.nps_accuracy(ours.nps, theirs.nps))
    found.add("balance", ours.balance, human=theirs.balance)
    whole = own.composite(case.mode, draft, case.chart, case.timing)
    human = own.composite(case.mode, case.chart, case.chart, case.timing)
    found.add("composite", whole["composite"], human=human["composite"])
    return found
