"""Write ``requirements.lock`` anew from ``pyproject.toml``, for every platform at once.

Needs the ``uv`` command (https://docs.astral.sh/uv). Versions already locked are kept unless
``--upgrade`` is given, or ``--upgrade-package NAME``; arguments go to uv as they are.
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# hatchling asks for it when it builds an editable install, but does not declare it.
EDITABLE_REQUIREMENTS = ["editables"]


def main() -> int:
    if shutil.which("uv") is None:
        print("error: relock.py needs the uv command: https://docs.astral.sh/uv", file=sys.stderr)
        return 1
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    build = [*project["build-system"]["requires"], *EDITABLE_REQUIREMENTS]
    python = project["project"]["requires-python"].removeprefix(">=")
    command = ["uv", "pip", "compile", "--universal", "--python-version", python]
    command += ["--extra", "dev", "--no-annotate", "--quiet"]
    command += ["--custom-compile-command", "python3 packaging/relock.py"]
    command += ["--output-file", "packaging/requirements.lock", *sys.argv[1:]]
    command += ["pyproject.toml", "-"]
    return subprocess.run(command, cwd=ROOT, input="\n".join(build), text=True).returncode


if __name__ == "__main__":
    sys.exit(main())
