"""What a candidate holds, and what is wrong with it, as lines for people."""

from __future__ import annotations

from collections import Counter

from chartstudio.core.mode import Issue, Mode
from chartstudio.core.timing import TimingMap
from chartstudio.engine.requests import Candidate, Draft
from chartstudio.gui.text import bar_and_beat, count, tr

_N_NAMED = 8
"""Issues that a tip names; the others are counted."""

_COUNTS = {
    "error": ("{n} error", "{n} errors"),
    "warning": ("{n} warning", "{n} warnings"),
    "hint": ("{n} hint", "{n} hints"),
}
"""Words by severity, the gravest first."""


def summary(candidate: Candidate, mode: Mode) -> str:
    """What a candidate holds, as one line: notes, chords, what is long by its kind, errors."""
    notes = candidate.notes
    long = Counter(mode.kind(n) for n in notes if n.end > n.tick)
    n_chords = sum(n > 1 for n in Counter(n.tick for n in notes).values())
    n_errors = sum(i.severity == "error" for i in candidate.issues)
    parts = [count(len(notes), "{n} note", "{n} notes")]
    if n_chords:
        parts.append(count(n_chords, "{n} chord", "{n} chords"))
    for kind, n in sorted(long.items()):
        parts.append(count(n, f"{{n}} {kind}", f"{{n}} {kind}s"))
    parts.append(count(n_errors, "{n} error", "{n} errors") if n_errors else tr("no errors"))
    return " · ".join(parts)


def faults(candidate: Candidate, draft: Draft) -> str:
    """What accepting would bring besides notes, as one line; empty where nothing.

    ``2 warnings in this candidate · cuts 1 hold short``.
    """
    found: Counter[str] = Counter(i.severity for i in candidate.issues)
    parts = [count(found[s], *words) for s, words in _COUNTS.items() if found[s]]
    line = tr("{what} in this candidate", what=", ".join(parts)) if parts else ""
    cuts = cut_line(draft)
    return " · ".join(part for part in (line, cuts) if part)


def cut_line(draft: Draft) -> str:
    """How many holds would end earlier; empty when none would."""
    n = len(draft.cut)
    return count(n, "cuts {n} hold short", "cuts {n} holds short") if n else ""


def gravest_first(candidate: Candidate) -> tuple[Issue, ...]:
    """The issues of a candidate, errors before warnings before hints, each sort in order."""
    order = list(_COUNTS)
    return tuple(sorted(candidate.issues, key=lambda i: (order.index(i.severity), i.tick)))


def issue_line(issue: Issue, timing: TimingMap) -> str:
    """An issue with its place."""
    return f"{bar_and_beat(timing, issue.tick)}: {issue.text}"


def fault_lines(candidate: Candidate, draft: Draft, timing: TimingMap) -> str:
    """The same one by one, each with its place, as the lines of a tip."""
    issues = gravest_first(candidate)
    lines = [issue_line(i, timing) for i in issues[:_N_NAMED]]
    if len(issues) > _N_NAMED:
        lines.append(tr("and {n} more", n=len(issues) - _N_NAMED))
    for old, new in draft.cut:
        lines.append(
            tr(
                "{place}: the hold ends at {end} instead of {was}",
                place=bar_and_beat(timing, old.tick),
                end=bar_and_beat(timing, new.end),
                was=bar_and_beat(timing, old.end),
            )
        )
    return "\n".join(lines)
