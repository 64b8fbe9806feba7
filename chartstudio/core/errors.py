"""The errors that people see: one line, with the file and the way out.

Everything that a user can cause ends as one of these; anything else is a defect.
"""


class ChartStudioError(Exception):
    """Base of every error that is meant for a person to read.

    ``str(error)`` is one line without the word "error".
    """


class FormatError(ChartStudioError):
    """A file that cannot be read or written as asked.

    Parameters
    ----------
    file : str
        The file as the user knows it: a path, or ``archive/entry``.
    line : int or None
        1-based line, where one is known.
    what : str
        What is wrong and what to do about it.
    """

    def __init__(self, file: str, line: int | None, what: str) -> None:
        self.file = file
        self.line = line
        self.what = what
        where = file if line is None else f"{file}:{line}"
        super().__init__(f"{where}: {what}" if where else what)


class ModeError(ChartStudioError):
    """A chart or a request that its game mode does not allow."""


class EngineError(ChartStudioError):
    """Drafting, tempo finding or training that cannot go on."""
