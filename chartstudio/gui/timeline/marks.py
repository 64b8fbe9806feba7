"""Issues as arrays, for the marks under a strip and in the minimap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.timing import Seconds
from chartstudio.editor.checks import SongIssue

SEVERITIES = ("hint", "warning", "error")
"""From the one drawn first to the one drawn over all others."""


@dataclass(frozen=True, slots=True, eq=False)
class IssueMarks:
    """Issues of one chart, shape (I,), the gravest last.

    Parameters
    ----------
    issues : tuple of SongIssue
    starts_s, ends_s : ndarray of float64
    severities : ndarray of int8
        Index into `SEVERITIES`.
    """

    issues: tuple[SongIssue, ...]
    starts_s: Seconds
    ends_s: Seconds
    severities: NDArray[np.int8]

    @classmethod
    def of(cls, issues: Sequence[SongIssue], chart: int) -> IssueMarks:
        """The marks of one chart among all issues of a song."""
        own = [i for i in issues if i.chart == chart and i.severity in SEVERITIES]
        own.sort(key=lambda i: SEVERITIES.index(i.severity))
        return cls(
            tuple(own),
            np.array([i.start_s for i in own], dtype=np.float64),
            np.array([i.end_s for i in own], dtype=np.float64),
            np.array([SEVERITIES.index(i.severity) for i in own], dtype=np.int8),
        )

    def spans(
        self, x: Seconds, end_x: Seconds, width_px: float, least_px: float
    ) -> Iterator[tuple[str, int, int]]:
        """Marks ``(severity, left, width)`` in pixels, those on one pixel only once.

        Parameters
        ----------
        x, end_x : ndarray of float64
            Where the issues start and end.
        width_px : float
            Marks outside ``[0, width_px]`` are left out.
        least_px : float
            A mark is at least so wide.
        """
        for number, severity in enumerate(SEVERITIES):
            here = (self.severities == number) & (end_x >= -least_px) & (x <= width_px)
            left = np.clip(np.floor(x[here]), 0, width_px).astype(np.int64)
            right = np.clip(np.ceil(end_x[here]), 0, width_px).astype(np.int64)
            wide = np.maximum(right - left, int(least_px))
            order = np.lexsort((-wide, left))
            _, first = np.unique(left[order], return_index=True)
            for i in order[first].tolist():
                yield severity, int(left[i]), int(wide[i])

    def at(self, seconds: float, slack_s: float) -> tuple[SongIssue, ...]:
        """The issues at a time, the gravest first."""
        near = (self.starts_s - slack_s <= seconds) & (self.ends_s + slack_s >= seconds)
        return tuple(self.issues[i] for i in np.flatnonzero(near)[::-1])
