"""Run a command inside the project's own environment, making that environment first.

``python3 packaging/bootstrap.py COMMAND ...`` makes ``.venv`` in the repository root with the
exact versions of ``requirements.lock`` and the project itself, adds the system libraries that
are missing where it may (Debian and Ubuntu, as root), and then becomes COMMAND. Once all is in
place it only looks, which takes a few hundredths of a second.

It knows the standard library and nothing of the program. What it says goes to standard error:
standard output belongs to COMMAND.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST_PYTHON = (3, 11)

# Part of the stamp: raise it when the same lock has to be installed in another way.
RECIPE = 1

# The stamp's key while an environment is being made from nothing.
HALF_MADE = "half made"

# What the wheels of Qt and sounddevice leave to the system, and Debian's package for it.
LINUX_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libportaudio.so.2": "libportaudio2",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}

# Qt brings no fonts: without any, a window drawn offscreen has boxes for letters.
FONT_PACKAGE = "fonts-dejavu-core"
FONT_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("~/.local/share/fonts"),
    Path("~/.fonts"),
)

# Run by the environment's own Python: names the first file that a package lists and lacks.
# A package without a list was cut off while it was being installed.
FIND_LOST_FILE = """
from importlib.metadata import distributions
for package in distributions():
    if package.files is None:
        raise SystemExit(f"{package.name}: no list of files")
    for file in package.files:
        if file.suffix != ".pyc" and not file.locate().exists():
            raise SystemExit(f"{package.name}: {file}")
"""


class BootstrapError(Exception):
    """Says in one line what stopped us and the way out."""


@dataclass(frozen=True)
class Place:
    """Where things lie in the repository at ``root``."""

    root: Path

    @property
    def venv(self) -> Path:
        """The environment."""
        return self.root / ".venv"

    @property
    def stamp(self) -> Path:
        """States what ``.venv`` holds; see `write_stamp`."""
        return self.venv / "bootstrap.json"

    @property
    def lock(self) -> Path:
        """The exact versions."""
        return self.root / "packaging" / "requirements.lock"

    @property
    def gate(self) -> Path:
        """Held by the one process that may change ``.venv``, so it lies outside of it."""
        return self.root / ".cache" / "bootstrap.lock"

    @property
    def scripts(self) -> Path:
        """What goes first on PATH."""
        return self._installed("scripts")

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.scripts / ("python.exe" if os.name == "nt" else "python")

    @property
    def packages(self) -> Path:
        """site-packages."""
        return self._installed("purelib")

    def _installed(self, kind: str) -> Path:
        base = str(self.venv)
        return Path(sysconfig.get_path(kind, "venv", {"base": base, "platbase": base}))


def say(text: str) -> None:
    print(f"bootstrap: {text}", file=sys.stderr, flush=True)


# --- what is in place ---------------------------------------------------------------------


def wanted_key(place: Place) -> str:
    """Hash of everything that decides what ``.venv`` should hold."""
    digest = hashlib.sha256()
    python = "{}.{}".format(*sys.version_info[:2])
    for part in (str(RECIPE), python):
        digest.update(part.encode() + b"\0")
    for path in (place.lock, place.root / "pyproject.toml"):
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def read_stamp(place: Place) -> dict[str, Any]:
    """The stamp, ``{}`` when there is none that can be read."""
    try:
        stamp = json.loads(place.stamp.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(place: Place, key: str) -> None:
    """Note what was installed, and under which names, so that a look can tell when one is gone.

    An environment found with the key `HALF_MADE` is rebuilt.
    """
    names = {str(d): sorted(names_in(d)) for d in _folders(place)} if key != HALF_MADE else {}
    written = place.stamp.with_name("bootstrap.json.new")
    written.write_text(json.dumps({"key": key, "root": str(place.root), "names": names}), "utf-8")
    written.replace(place.stamp)


def _folders(place: Place) -> tuple[Path, Path]:
    return place.scripts, place.packages


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def is_in_place(place: Place) -> bool:
    """Whether ``.venv`` holds what is wanted, and works; looks at names, not into files."""
    stamp = read_stamp(place)
    if stamp.get("key") != wanted_key(place) or is_moved(place, stamp):
        return False
    try:
        names = stamp["names"]
        lost = any(not names_in(d).issuperset(names[str(d)]) for d in _folders(place))
    except (OSError, KeyError, TypeError):
        return False
    return not lost and python_works(place)


def is_moved(place: Place, stamp: dict[str, Any]) -> bool:
    """Whether ``.venv`` was made elsewhere: its scripts hold the path of its old Python."""
    return bool(stamp.get("root", str(place.root)) != str(place.root))


def python_works(place: Place) -> bool:
    """Whether the environment has a Python that starts, of our own version."""
    probe = "import sys; print(*sys.version_info[:2])"
    command = [str(place.python), "-I", "-S", "-c", probe]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except OSError:
        return False
    is_environment = (place.venv / "pyvenv.cfg").is_file()
    return is_environment and answer.stdout.split() == [*map(str, sys.version_info[:2])]


def missing_system_packages() -> list[str]:
    """Debian's names for the system libraries and the fonts that Linux lacks here."""
    missing = []
    for library, package in LINUX_LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    if not any(_holds_fonts(folder.expanduser()) for folder in FONT_FOLDERS):
        missing.append(FONT_PACKAGE)
    return missing


def _holds_fonts(folder: Path) -> bool:
    return any(path.suffix in (".ttf", ".otf", ".ttc") for path in folder.rglob("*"))


def lacks_ensurepip() -> bool:
    """Whether this Python cannot make an environment: Debian ships that part separately."""
    return importlib.util.find_spec("ensurepip") is None


# --- putting it in place ------------------------------------------------------------------


def ensure(place: Place) -> None:
    """Put in place what is missing, one start at a time; mostly nothing is.

    Raises
    ------
    BootstrapError, OSError
    """
    if is_in_place(place):
        ensure_system(need_venv=False)
        return
    place.gate.parent.mkdir(exist_ok=True)
    with held(place.gate):
        in_place = is_in_place(place)  # the start that this one waited for may have done it
        ensure_system(need_venv=not in_place)
        if not in_place:
            ensure_venv(place)


def ensure_system(need_venv: bool) -> None:
    """Install what the system lacks, or print the line that does; Linux only.

    Parameters
    ----------
    need_venv : bool
        Whether the environment has to be made, so that ``ensurepip`` is needed too.

    Raises
    ------
    BootstrapError
        When ``ensurepip`` is needed and stays missing. Missing libraries are only told: the
        command may do without them.
    """
    if not sys.platform.startswith("linux"):
        return
    packages = missing_system_packages()
    without_pip = need_venv and lacks_ensurepip()
    if without_pip:
        packages.append("python{}.{}-venv".format(*sys.version_info[:2]))
    if not packages:
        return
    if shutil.which("apt-get") is None:
        line = "install what Debian calls " + " ".join(packages)
    else:
        line = "sudo apt-get install -y " + " ".join(packages)
        if os.geteuid() == 0 and apt_install(packages):
            importlib.invalidate_caches()
            return
    if without_pip:
        raise BootstrapError(f"this Python cannot make an environment; run: {line}")
    say(f"system packages are missing; run: {line}")


def apt_install(packages: list[str]) -> bool:
    """Install Debian packages as root, with package lists fetched anew; False when it fails."""
    say(f"installing {len(packages)} system packages: {' '.join(packages)}")
    options = ["-qq", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]
    options += ["-o", "Acquire::Retries=1"]
    install = ["install", "-y", "--no-install-recommends", *packages]
    # Lists that cannot be fetched need not matter: the packages may be known already.
    run(["apt-get", *options, "update"])
    return run(["apt-get", *options, *install]) == 0


def ensure_venv(place: Place) -> None:
    """Make ``.venv`` hold what is wanted: brought up to date if it works, else made from nothing.

    Raises
    ------
    BootstrapError
        When it cannot be made or a package cannot be installed. One that worked is not thrown
        away for that: a start with a network mends it.
    """
    key = wanted_key(place)
    stamp = read_stamp(place)
    useless = stamp.get("key") == HALF_MADE or is_moved(place, stamp)
    if useless or not python_works(place) or not pip_works(place):
        make_venv(place)
    else:
        say("bringing .venv up to date")
        place.stamp.unlink(missing_ok=True)
    install(place)
    if not is_whole(place):
        say("files are missing from .venv, making it anew")
        make_venv(place)
        install(place)
    write_stamp(place, key)


def make_venv(place: Place) -> None:
    """An empty environment with pip, in place of whatever was there."""
    say("making .venv; the first time this downloads some gigabytes")
    try:
        if place.venv.is_file() or (place.venv.is_symlink() and not place.venv.exists()):
            place.venv.unlink()
        place.venv.mkdir(exist_ok=True)
        write_stamp(place, HALF_MADE)
        for entry in place.venv.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry != place.stamp:
                entry.unlink()
    except OSError as error:
        raise BootstrapError(f"{error}; is .venv in use?") from error
    if run_tied([base_python(), "-I", "-m", "venv", str(place.venv)]) != 0:
        raise BootstrapError(f"{base_python()} -m venv failed; see its words above")


def base_python() -> str:
    """Our Python outside of any environment: ``.venv`` must not be made from itself."""
    return getattr(sys, "_base_executable", None) or sys.executable


def install(place: Place) -> None:
    """Install the lock, twice if the first try fails as networks do, then the project on top.

    Raises
    ------
    BootstrapError
        When pip fails.
    """
    pip = [str(place.python), "-I", "-m", "pip", "install", "--no-input", "--no-deps"]
    pip.append("--disable-pip-version-check")
    if not sys.stderr.isatty():
        pip.append("-q")
    # The lock is complete, so nothing is left to resolve, and it holds the build backend.
    locked = [*pip, "-r", str(place.lock)]
    if run_tied(locked) != 0:
        say("pip failed, trying once more")
        if run_tied(locked) != 0:
            raise BootstrapError("pip could not install the packages; mind network and disk space")
    if run_tied([*pip, "--no-build-isolation", "-e", str(place.root)]) != 0:
        raise BootstrapError("pip could not install the project itself; see its words above")


def pip_works(place: Place) -> bool:
    """Whether the environment has pip; one made by another tool may not."""
    return run_tied([str(place.python), "-I", "-c", "import pip._internal"]) == 0


def is_whole(place: Place) -> bool:
    """Whether all that the installed packages list is there; prints the first that is not."""
    return run_tied([str(place.python), "-I", "-c", FIND_LOST_FILE]) == 0


def run(command: list[str], **options: Any) -> int:
    """Run a command with its output on standard error; its exit status, 127 without it."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr, **options
        ).returncode
    except OSError as error:
        say(f"{command[0]}: {error.strerror}")
        return 127


def run_tied(command: list[str]) -> int:
    """Run a command that writes into ``.venv`` and must not do so once we are gone.

    On Linux it dies with us, however we die. Elsewhere, where the system allows it, it gets the
    gate's handle too, so that other starts wait until it has ended.
    """
    options: dict[str, Any] = {}
    if os.name == "posix":
        options["pass_fds"] = _gate_handles
    if _libc is not None:
        options["preexec_fn"] = partial(_libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL)
    return run(command, **options)


PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
_gate_handles: list[int] = []


@contextlib.contextmanager
def held(gate: Path) -> Iterator[None]:
    """Hold the lock file ``gate``, waiting for it; the system lets go of it when we die."""
    with gate.open("a+b") as file:
        if not try_lock(file.fileno()):
            say("another start is making .venv, waiting for it")
            while not try_lock(file.fileno()):
                time.sleep(0.2)
        _gate_handles.append(file.fileno())
        try:
            yield
        finally:
            _gate_handles.clear()


def try_lock(handle: int) -> bool:
    """Lock an open file for as long as it stays open; False when another process has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, 0, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


# --- the command --------------------------------------------------------------------------


def environment(place: Place) -> dict[str, str]:
    """The environment variables of an activated ``.venv``."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    env["VIRTUAL_ENV"] = str(place.venv)
    env["PATH"] = os.pathsep.join([str(place.scripts), env.get("PATH", os.defpath)])
    return env


def become(command: list[str], env: dict[str, str]) -> int:
    """Run the command in our place; returns its exit status where a process cannot be replaced."""
    found = shutil.which(command[0], path=env["PATH"])
    if found is None:
        say(f"error: there is no command {command[0]!r}")
        return 127
    if os.name == "posix":
        os.execve(found, command, env)
    process = subprocess.Popen([found, *command[1:]], env=env)
    while True:
        # Ctrl+C reaches the command as well, and when it ends is for the command to say.
        with contextlib.suppress(KeyboardInterrupt):
            return process.wait()


def main(command: list[str], place: Place) -> int:
    if sys.version_info < OLDEST_PYTHON:
        say("error: Python {}.{} or newer is needed".format(*OLDEST_PYTHON))
        return 1
    if not command or command[0].startswith("-"):
        print("usage: python3 packaging/bootstrap.py COMMAND ...", file=sys.stderr)
        return 2
    try:
        ensure(place)
    except (BootstrapError, OSError) as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return become(command, environment(place))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Place(Path(__file__).resolve().parents[1])))
