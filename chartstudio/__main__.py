"""``python -m chartstudio`` is the ``chartstudio`` command."""

import multiprocessing
import sys

from chartstudio.cli import main

if __name__ == "__main__":
    # A frozen program starts itself for each of its worker processes.
    multiprocessing.freeze_support()
    sys.exit(main())
