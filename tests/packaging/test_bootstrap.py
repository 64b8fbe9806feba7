import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "packaging" / "bootstrap.py"

posix_only = pytest.mark.skipif(os.name != "posix", reason="uses links and flock")


def load_bootstrap():
    spec = importlib.util.spec_from_file_location("chartstudio_bootstrap", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    # Its dataclass looks its own module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bootstrap = load_bootstrap()


@pytest.fixture
def place(tmp_path):
    (tmp_path / "packaging").mkdir()
    shutil.copy(SCRIPT, tmp_path / "packaging" / "bootstrap.py")
    (tmp_path / "packaging" / "requirements.lock").write_text("nothing==1.0\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / ".cache").mkdir()
    return bootstrap.Place(tmp_path)


@pytest.fixture
def installs(monkeypatch):
    """Environments without pip, and packages that are one empty file; lists what was done."""
    done = []

    def install(place):
        done.append("install")
        (place.packages / "nothing.py").touch()

    def make_venv(place, real=bootstrap.make_venv):
        done.append("make")
        real(place)

    def run_tied(command, real=bootstrap.run_tied):
        extra = ["--without-pip"] if "venv" in command else []
        return real([*command[:4], *extra, *command[4:]])

    monkeypatch.setattr(bootstrap, "install", install)
    monkeypatch.setattr(bootstrap, "make_venv", make_venv)
    monkeypatch.setattr(bootstrap, "run_tied", run_tied)
    monkeypatch.setattr(bootstrap, "pip_works", lambda place: True)
    monkeypatch.setattr(bootstrap, "ensure_system", lambda need_venv: None)
    return done


@pytest.fixture
def ready(place, installs):
    bootstrap.ensure(place)
    installs.clear()
    return place


def test_makes_the_environment_once(place, installs):
    assert not bootstrap.is_in_place(place)
    bootstrap.ensure(place)
    bootstrap.ensure(place)
    assert installs == ["make", "install"]
    assert bootstrap.is_in_place(place)


@pytest.mark.parametrize("name", ["packaging/requirements.lock", "pyproject.toml"])
def test_a_changed_list_is_installed_over_what_is_there(ready, installs, name):
    with (ready.root / name).open("a") as file:
        file.write("# changed\n")
    bootstrap.ensure(ready)
    assert installs == ["install"]
    assert bootstrap.is_in_place(ready)


def break_link(place):
    place.python.unlink()
    place.python.symlink_to("/nonexistent/python3")


def break_interpreter(place):
    place.python.unlink()
    place.python.write_text("not a program")
    place.python.chmod(0o755)


def leave_half_made(place):
    bootstrap.write_stamp(place, bootstrap.HALF_MADE)


def replace_with_a_file(place):
    shutil.rmtree(place.venv)
    place.venv.write_text("in the way")


def replace_with_an_empty_folder(place):
    shutil.rmtree(place.venv)
    place.venv.mkdir()


def claim_to_be_from_elsewhere(place):
    stamp = json.loads(place.stamp.read_text())
    place.stamp.write_text(json.dumps({**stamp, "root": "/elsewhere"}))


@posix_only
@pytest.mark.parametrize(
    "damage",
    [
        break_link,
        break_interpreter,
        leave_half_made,
        replace_with_a_file,
        replace_with_an_empty_folder,
        claim_to_be_from_elsewhere,
    ],
)
def test_what_is_broken_is_made_anew(ready, installs, damage):
    (ready.packages / "stray.py").touch()
    damage(ready)
    assert not bootstrap.is_in_place(ready)
    bootstrap.ensure(ready)
    assert installs == ["make", "install"]
    assert bootstrap.is_in_place(ready)
    assert not (ready.packages / "stray.py").exists()


@pytest.mark.parametrize("stamp", [None, "", "[]", '{"key": 3}', '{"names": 3}'])
def test_a_working_environment_without_a_stamp_is_completed(ready, installs, stamp):
    (ready.packages / "own.py").touch()
    ready.stamp.unlink()
    if stamp is not None:
        ready.stamp.write_text(stamp)
    bootstrap.ensure(ready)
    assert installs == ["install"]
    assert (ready.packages / "own.py").exists()


def test_a_lost_package_is_noticed_and_an_added_one_is_no_matter(ready):
    (ready.packages / "own.py").touch()
    assert bootstrap.is_in_place(ready)
    (ready.packages / "nothing.py").unlink()
    assert not bootstrap.is_in_place(ready)


def test_a_torn_package_makes_it_start_over(ready, installs):
    torn = ready.packages / "torn-1.0.dist-info"
    torn.mkdir()
    (torn / "METADATA").write_text("Metadata-Version: 2.1\nName: torn\nVersion: 1.0\n")
    assert not bootstrap.is_whole(ready)
    (torn / "RECORD").write_text("torn.py,,\ntorn-1.0.dist-info/METADATA,,\n")
    assert not bootstrap.is_whole(ready)
    ready.stamp.unlink()
    bootstrap.ensure(ready)
    assert installs == ["install", "make", "install"]


def test_a_failed_update_keeps_what_was_there(ready, installs, monkeypatch):
    def fail(place):
        raise bootstrap.BootstrapError("no network")

    ready.lock.write_text("other==2.0\n")
    monkeypatch.setattr(bootstrap, "install", fail)
    with pytest.raises(bootstrap.BootstrapError, match="no network"):
        bootstrap.ensure(ready)
    assert (ready.packages / "nothing.py").exists()
    assert not bootstrap.is_in_place(ready)


def test_pip_gets_a_second_try(place, monkeypatch):
    commands = []

    def run_tied(command):
        commands.append(command)
        return 0 if len(commands) > 1 else 1

    monkeypatch.setattr(bootstrap, "run_tied", run_tied)
    bootstrap.install(place)
    assert commands[0] == commands[1]
    assert str(place.lock) in commands[1]
    assert str(place.root) in commands[2]


def test_pip_failing_twice_is_one_line(place, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "run_tied", lambda command: 1 if "pip" in command else 0)
    monkeypatch.setattr(bootstrap, "ensure_system", lambda need_venv: None)
    assert bootstrap.main(["python"], place) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith("bootstrap: error: pip could not install")


@posix_only
def test_one_start_at_a_time(place):
    holder = (
        "import fcntl, sys; f = open(sys.argv[1], 'a+b'); fcntl.flock(f, fcntl.LOCK_EX);"
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holder, str(place.gate)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as other, place.gate.open("a+b") as file:
        assert other.stdout.readline() == "held\n"
        assert not bootstrap.try_lock(file.fileno())
        other.kill()
        other.wait()
        assert bootstrap.try_lock(file.fileno())


@posix_only
@pytest.mark.usefixtures("installs")
class TestCommand:
    """The script itself, in a process of its own, on an environment that is in place."""

    def start(self, place, *command, **options):
        bootstrap.ensure(place)
        script = str(place.root / "packaging" / "bootstrap.py")
        return subprocess.run(
            [sys.executable, script, *command],
            capture_output=True,
            text=True,
            check=False,
            **options,
        )

    def test_runs_inside_the_environment_where_it_was_called(self, place, tmp_path):
        folder = tmp_path / "somewhere"
        folder.mkdir()
        code = (
            "import os, sys; from os import environ as e;"
            "print(sys.prefix, e['VIRTUAL_ENV'], e['PATH'], os.getcwd(), sep='\\n')"
        )
        done = self.start(place, "python", "-c", code, cwd=folder)
        prefix, venv, path, cwd = done.stdout.splitlines()
        assert Path(prefix) == Path(venv) == place.venv
        assert path.split(os.pathsep)[0] == str(place.scripts)
        assert Path(cwd) == folder

    def test_passes_input_output_and_status(self, place):
        code = "import sys; print(sys.stdin.read().upper()); sys.exit(7)"
        done = self.start(place, "python", "-c", code, input="abc")
        assert (done.stdout, done.returncode) == ("ABC\n", 7)

    def test_an_unknown_command_is_127(self, place):
        done = self.start(place, "no-such-command-here")
        assert done.returncode == 127
        assert "no-such-command-here" in done.stderr.splitlines()[-1]


def test_without_a_command_it_says_how(place, capsys):
    assert bootstrap.main([], place) == 2
    assert "COMMAND" in capsys.readouterr().err


class TestSystem:
    @pytest.fixture(autouse=True)
    def _linux(self, monkeypatch):
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setattr(bootstrap, "missing_system_packages", lambda: ["libegl1", "libgl1"])
        monkeypatch.setattr(bootstrap, "lacks_ensurepip", lambda: False)
        monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
        monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)

    def test_nothing_missing_says_nothing(self, monkeypatch, capsys):
        monkeypatch.setattr(bootstrap, "missing_system_packages", list)
        bootstrap.ensure_system(need_venv=True)
        assert capsys.readouterr().err == ""

    def test_a_user_gets_the_line_and_goes_on(self, capsys):
        bootstrap.ensure_system(need_venv=True)
        assert "run: sudo apt-get install -y libegl1 libgl1\n" in capsys.readouterr().err

    def test_another_system_gets_the_names(self, monkeypatch, capsys):
        monkeypatch.setattr(shutil, "which", lambda name: None)
        bootstrap.ensure_system(need_venv=False)
        assert "libegl1 libgl1\n" in capsys.readouterr().err

    def test_without_ensurepip_a_user_cannot_go_on(self, monkeypatch):
        monkeypatch.setattr(bootstrap, "lacks_ensurepip", lambda: True)
        with pytest.raises(bootstrap.BootstrapError, match=r"apt-get install .*python3\.\d+-venv$"):
            bootstrap.ensure_system(need_venv=True)
        bootstrap.ensure_system(need_venv=False)

    @pytest.mark.parametrize(("status", "told"), [(0, False), (100, True)])
    def test_root_installs_and_is_told_when_that_fails(self, monkeypatch, capsys, status, told):
        commands = []
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(bootstrap, "run", lambda command: commands.append(command) or status)
        bootstrap.ensure_system(need_venv=False)
        assert commands[-1][0] == "apt-get"
        assert commands[-1][-2:] == ["libegl1", "libgl1"]
        assert ("sudo apt-get" in capsys.readouterr().err) is told


class TestLock:
    LINES = tuple(
        line
        for line in (ROOT / "packaging" / "requirements.lock").read_text("utf-8").splitlines()
        if not line.startswith("#")
    )
    PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[\w.]+)( ; (?P<marker>.+))?")

    def pins(self):
        return {m["name"]: m for m in map(self.PIN.fullmatch, self.LINES)}

    def test_every_line_is_one_exact_version(self):
        assert self.LINES
        assert [line for line in self.LINES if not self.PIN.fullmatch(line)] == []
        assert len(self.pins()) == len(self.LINES)

    def test_holds_all_that_the_project_asks_for(self):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
        wanted = [
            *project["project"]["dependencies"],
            *project["project"]["optional-dependencies"]["dev"],
            *project["build-system"]["requires"],
        ]
        pins = self.pins()
        for requirement in map(Requirement, wanted):
            pin = pins[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(pin["version"]), requirement
        assert pins["torch"]["version"] == pins["torchaudio"]["version"]

    def test_packages_for_one_system_are_marked(self):
        cuda = [m for name, m in self.pins().items() if re.match("nvidia-|cuda-|triton", name)]
        assert cuda
        assert {m["marker"] for m in cuda} == {"sys_platform == 'linux'"}
