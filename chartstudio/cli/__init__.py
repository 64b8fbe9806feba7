"""Every capability without a window. No command at all opens the window.

Standard output belongs to the answer; progress and messages go to standard error. The exit
status is 0 when done, 1 with one ``error:`` line, 2 for a wrong call, 130 for Ctrl+C.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

CANCELLED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    try:
        # Loading the commands takes long enough for somebody to press Ctrl+C.
        from chartstudio.cli import commands

        return commands.run(argv)
    except KeyboardInterrupt:
        print("cancelled", file=sys.stderr)
        return CANCELLED
