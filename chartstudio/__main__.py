"""``python -m chartstudio`` is the ``chartstudio`` command."""

import sys

from chartstudio.cli import main

if __name__ == "__main__":
    sys.exit(main())
