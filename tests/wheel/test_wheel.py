"""The wheel, installed with its dependencies and run from a folder outside the checkout.

The dependencies are linked from this environment, which has the versions that the wheel asks for,
and nothing besides them: pip finds one that is missing, and so does the import.

`make test-wheel` runs these tests alone.
"""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

from host_tools.paths import BOARDS, EXAMPLES, FIRMWARE, ROOT, TEMPLATE
from tests.conftest import CHANNELS, random_weights

pytestmark = pytest.mark.timeout(900)  # a hang guard: pip may have to download

_TIMEOUT_S = 200
_EVENTS = 50
_NEEDS_CHECKOUT = "needs a checkout of Rivulet"
# pip's settings stay as they are; what Python would import from elsewhere goes.
_CLEAN = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}


@dataclass(frozen=True)
class Installed:
    """A virtual environment with the wheel, and a folder to work in."""

    environment: Path
    work: Path  # the working directory; home and cache are beside it
    variables: dict[str, str]

    @property
    def cache(self) -> Path:
        return Path(self.variables["XDG_CACHE_HOME"])

    @property
    def site(self) -> Path:
        return next(self.environment.glob("lib/python*/site-packages"))

    def command(self, *arguments: object, module: str | None = None) -> list[str]:
        bin_folder = self.environment / "bin"
        program = [bin_folder / "python", "-m", module] if module else [bin_folder / "rivulet"]
        return [str(each) for each in (*program, *arguments)]

    def run(
        self, *arguments: object, module: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, module=module),
            cwd=self.work,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )

    def said(self, *arguments: object) -> str:
        """The output of a `rivulet` command that must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def files(self) -> dict[str, tuple[int, int]]:
        """Size and time of change of everything in site-packages."""
        found = {str(path): path.stat() for path in self.site.rglob("*")}
        return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


def _build(source: Path, folder: Path) -> Path:
    """The wheel of a checkout or of a source distribution."""
    options = ["--no-deps", "--no-build-isolation", "-qq", "--wheel-dir", folder]
    command = [sys.executable, "-m", "pip", "wheel", *options, source]
    subprocess.run(command, check=True, env=_CLEAN)
    return next(folder.glob("rivulet-*.whl"))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout without what was made in it.

    setuptools would add files that an earlier build listed in *.egg-info. A module that an earlier
    build left is there.
    """
    made = ("build", "*.egg-info", ".git", ".venv", ".*_cache", ".hypothesis", "__pycache__")
    folder = tmp_path_factory.mktemp("source") / "rivulet"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*made))
    stale = folder / "build" / "lib" / "host_tools" / "stale.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(source, tmp_path_factory.mktemp("wheel"))


def _required(lines: list[str] | None) -> set[str]:
    """The distributions that requirements name without extras, and those that these need."""
    found: set[str] = set()
    for line in lines or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found |= {requirement.name} | _required(metadata.requires(requirement.name))
    return found


def _requires(wheel: Path) -> list[str] | None:
    """What the wheel itself says that it needs."""
    folders = zipfile.Path(wheel).iterdir()
    dist_info = next(folder for folder in folders if folder.name.endswith(".dist-info"))
    return metadata.PathDistribution(dist_info).requires


def _entries(name: str) -> set[Path]:
    """What a distribution put into site-packages: folders, and modules beside them."""
    installed = metadata.distribution(name)
    tops = {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}
    return {Path(str(installed.locate_file(top))) for top in tops}


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed") / "environment"
    venv = [sys.executable, "-m", "venv", "--without-pip", folder]
    subprocess.run(venv, check=True, env=_CLEAN)
    site = next(folder.glob("lib/python*/site-packages"))
    for name in _required(_requires(wheel)):
        for entry in _entries(name):
            if not (site / entry.name).exists():
                (site / entry.name).symlink_to(entry)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-qq", "--no-index"]
    subprocess.run([*pip, "--disable-pip-version-check", wheel], check=True, env=_CLEAN)
    # The modules that are linked: Python would compile them at their first import.
    subprocess.run([python, "-m", "compileall", "-q", "-l", site], check=True, env=_CLEAN)
    return folder


@pytest.fixture
def installed(environment: Path, micropython: Path, tmp_path: Path) -> Iterator[Installed]:
    """The installed wheel; it fails a test that changes anything in site-packages."""
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "MICROPYTHON": str(micropython.resolve()),
    }
    work = tmp_path / "work"
    work.mkdir()
    made = Installed(environment, work, variables)
    before = made.files()
    yield made
    assert made.files() == before


@pytest.fixture
def weights(installed: Installed) -> Path:
    arrays, metadata = random_weights()
    np.savez(installed.work / "weights.npz", **arrays)
    (installed.work / "metadata.json").write_text(json.dumps(metadata))
    return installed.work / "weights.npz"


@pytest.fixture
def converted(installed: Installed, weights: Path) -> Path:
    said = installed.said("convert", weights, "--metadata", "metadata.json", "-o", "m.safetensors")
    assert said.startswith("m.safetensors: decay, 6 units, 6 channels")
    return installed.work / "m.safetensors"


@pytest.fixture
def events(installed: Installed) -> Path:
    path = installed.work / "events.csv"
    values = np.random.default_rng(0).normal(0, 3, (_EVENTS, len(CHANNELS)))
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["t_us", *CHANNELS])
        rows.writerows([20_000 * (i + 1), *row] for i, row in enumerate(values.tolist()))
    return path


def _contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _sources(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    kept = (path for path in files if "__pycache__" not in path.parts)
    return {path.relative_to(folder.parent).as_posix(): path.read_bytes() for path in kept}


def test_the_wheel_carries_firmware_boards_and_examples(wheel: Path) -> None:
    contents = _contents(wheel)
    shipped = "host_tools/shipped/"
    found = {n.removeprefix(shipped): d for n, d in contents.items() if n.startswith(shipped)}
    models = [
        f"{name}/{file}"
        for name in ("activity", "attitude", "gesture", "two_sensors", "vowels")
        for file in ("rivulet.toml", f"{name}.safetensors")
    ]
    # Without the archive of its recordings, and without the recordings made of that.
    models += [
        f"wearable/{file}"
        for file in ("rivulet.toml", "model.safetensors", "model-int8.safetensors")
    ]
    models += [
        f"{name}/{file}"
        for name, driver in (("altitude", "rotors"), ("cartpole", "push"))
        for file in (
            "rivulet.toml",
            f"drivers/{driver}.py",
            f"{name}.safetensors",
            f"{name}-int8.safetensors",
        )
    ]
    examples = {f"models/{name}": (EXAMPLES / name).read_bytes() for name in models}
    assert found == _sources(FIRMWARE) | _sources(BOARDS) | examples
    for path in TEMPLATE.iterdir():
        assert contents[f"host_tools/project/template/{path.name}"] == path.read_bytes()
    # The package that the host imports is the one that goes onto boards.
    imported = {n: data for n, data in contents.items() if n.startswith("rivulet/")}
    assert imported == _sources(FIRMWARE / "rivulet")


def test_a_source_distribution_makes_the_same_wheel(
    source: Path, wheel: Path, tmp_path: Path
) -> None:
    program = "import sys; from setuptools import build_meta as b; b.build_sdist(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", program, tmp_path], cwd=source, check=True, capture_output=True
    )
    made = _build(next(tmp_path.glob("*.tar.gz")), tmp_path)
    assert _contents(made) == _contents(wheel)


def test_modules_of_an_earlier_build_are_left_out(wheel: Path) -> None:
    assert not [name for name in _contents(wheel) if "stale" in name]


def test_boards(installed: Installed) -> None:
    known = json.loads(installed.said("boards", "--json"))
    names = ["esp32_generic", "esp32_generic_s3", "rpi_pico", "virtual"]
    assert [board["name"] for board in known] == names
    assert known[0]["description"] in installed.said("boards")


@pytest.mark.parametrize("runtime", ["micropython", "numpy"])
def test_replay(installed: Installed, converted: Path, events: Path, runtime: str) -> None:
    said = installed.said("replay", converted, events, "-o", "out.csv", "--runtime", runtime)
    assert said == f"out.csv: {_EVENTS} events, 0 late, on {runtime}\n"
    with (installed.work / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == _EVENTS
    assert {"t_us", "y0", "x0", "tau0"} <= rows[0].keys()


@pytest.fixture
def port(installed: Installed, events: Path) -> Iterator[str]:
    """The port of a virtual board that `rivulet virtual` runs."""
    command = installed.command("virtual", "--data", events)
    with subprocess.Popen(
        command, cwd=installed.work, env=installed.variables, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
            process.send_signal(signal.SIGTERM)
            assert process.wait(_TIMEOUT_S) == 0
        finally:
            process.kill()


def test_a_virtual_board_from_flash_to_status(
    installed: Installed, converted: Path, port: str
) -> None:
    assert Path(port) == installed.cache / "rivulet" / "virtual" / "default" / "port"
    assert "verified" in installed.said("flash", "--board", "virtual", "--port", port)
    assert "up to date" in installed.said("flash", "--board", "virtual", "--port", port)
    assert "decay with 6 units is active" in installed.said("push", converted, "--port", port)
    deadline = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline:
        facts = json.loads(installed.said("status", "--port", port, "--json"))
        if facts["events"] >= _EVENTS:
            break
    assert facts["events"] >= _EVENTS and facts["hidden"] == 6


def test_a_new_project_and_a_copy_of_an_example(installed: Installed) -> None:
    assert "a project for rpi_pico" in installed.said("new", "pump")
    assert "no contradictions" in installed.said("check", "--project", "pump")
    installed.said("new", "two", "--from", "two_sensors")
    assert "second_gyro_x: rad/s" in installed.said("check", "--project", "two")
    assert (installed.work / "two" / "build" / "model.safetensors").is_file()


def _refused(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 1
    assert _NEEDS_CHECKOUT in done.stderr and len(done.stderr.splitlines()) == 1
    assert not done.stdout


@pytest.mark.parametrize(
    "arguments", ["demo", "demo --board emulated_pico", "faults --short", "train models/activity"]
)
def test_commands_that_need_a_checkout(installed: Installed, arguments: str) -> None:
    _refused(installed.run(*arguments.split()))


@pytest.mark.parametrize(
    ("module", "arguments"),
    [("evidence.evidence", "--quick"), ("evidence.warm_start", "-o picture.svg")],
)
def test_modules_that_need_a_checkout(installed: Installed, module: str, arguments: str) -> None:
    _refused(installed.run(*arguments.split(), module=f"host_tools.{module}"))


def test_fine_tuning_needs_a_checkout(installed: Installed, weights: Path) -> None:
    options = ["--metadata", "metadata.json", "--prune", "0.5", "--fine-tune"]
    _refused(installed.run("convert", weights, *options, "-o", "pruned.safetensors"))
