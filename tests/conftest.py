"""What tests share: an interpreter, a model file, and virtual boards with the firmware on them."""

import gc
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

# Before numpy is imported, here and in every command that a test runs: the matrices are small, and
# to start a thread for each core takes a third of a short command's time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import hypothesis
import numpy as np
import pytest

from host_tools.boards import load_board
from host_tools.convert import convert
from host_tools.deploy.flash import flash
from host_tools.deploy.mpy import compiler_version, runtime_abi
from host_tools.interpreter.find import find_micropython
from host_tools.simulate.virtual import VirtualBoard
from tests.rivulet_command import run

# A shell starts its background jobs with SIGINT ignored, and commands would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No test asserts how long something takes.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# The longest of the device's tests run where its code runs: on MicroPython, by
# tests/firmware/test_device_suite.py.
collect_ignore = ["device/model/test_hostile_models.py"]

CHANNELS = ["accel_x", "accel_y", "accel_z", "gyro_x", "gyro_y", "gyro_z"]


# The files that take longest, by the time they wait too. The first of a worker's files is the one
# that the others must not wait for at the end.
_LONGEST = (
    "faults/test_fault_table.py",
    "firmware/test_on_arm.py",
    "firmware/test_device_suite.py",
    "end_to_end/test_collect.py",
    "hil/test_boards.py",
    "analyze/test_report.py",
    "end_to_end/test_waits.py",
    "end_to_end/test_mistakes.py",
    "wheel/test_wheel.py",
    "deploy/test_flash.py",
    "deploy/test_started.py",
    "end_to_end/test_keyed_board.py",
    "end_to_end/test_end_to_end.py",
    "end_to_end/test_adapt.py",
    "hil/test_hil.py",
    "simulate/test_virtual_board.py",
    "integers/test_layered_cells.py",
    "end_to_end/test_watchdog.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    rank = {tests / name: number for number, name in enumerate(_LONGEST)}
    assert all(path.is_file() for path in rank), "_LONGEST names a file that is not there"
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


@pytest.fixture(scope="module", autouse=True)
def _small_heap() -> None:
    """The device code collects garbage as on a board: it need not walk all that pytest holds."""
    gc.freeze()


@pytest.fixture(scope="session")
def micropython() -> Path:
    return find_micropython()


@pytest.fixture(scope="session")
def mpy_arch(micropython: Path) -> str | None:
    """What to compile for, so that the interpreter loads it; None if it loads no such .mpy."""
    said = subprocess.run(
        [micropython, "-c", "import sys; print(getattr(sys.implementation, '_mpy', 0))"],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    ).stdout
    abi = runtime_abi(int(said))
    return abi.arch if abi.version == compiler_version() else None


def random_weights(
    seed: int = 0, hidden: int = 6
) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """(weights, metadata) of a small model for the six channels of the IMU."""
    random = np.random.default_rng(seed)
    weights = {}
    for gate in ("alpha", "drive"):
        weights[f"{gate}.recurrent"] = random.normal(0, 0.4, (hidden, hidden))
        weights[f"{gate}.input"] = random.normal(0, 0.4, (hidden, 6))
        weights[f"{gate}.bias"] = random.normal(0, 0.4, hidden)
    weights["readout.weight"] = random.normal(0, 1, (3, hidden))
    weights["readout.bias"] = random.normal(0, 1, 3)
    metadata = {
        "channels": CHANNELS,
        "units": ["m/s^2"] * 3 + ["rad/s"] * 3,
        "output": "class",
        "classes": ["calm", "moving", "falling"],
        "readout": "mean",
        "readout_tau_s": 1.0,
    }
    return weights, metadata


def make_model(path: Path, seed: int = 0, hidden: int = 6, **settings: object) -> Path:
    """A model file with random weights."""
    weights, metadata = random_weights(seed, hidden)
    convert(weights, metadata | settings).save(path)
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return make_model(tmp_path / "model.safetensors")


@pytest.fixture(scope="session")
def flashed(tmp_path_factory: pytest.TempPathFactory, micropython: Path) -> Path:
    """The files of a virtual board with the firmware on it, to be copied."""
    folder = tmp_path_factory.mktemp("flashed")
    with VirtualBoard(folder, interpreter=micropython) as board:
        flash(str(board.port), load_board("virtual"))
    return folder / "files"


@pytest.fixture(scope="session")
def new_board(micropython: Path) -> Callable[[Path], VirtualBoard]:
    """Makes a virtual board in a folder; the folder's `files` are its flash."""
    return lambda folder: VirtualBoard(folder, interpreter=micropython)


@pytest.fixture
def board(tmp_path: Path, flashed: Path, micropython: Path) -> Iterator[VirtualBoard]:
    """A virtual board with the firmware, switched off; whatever happens it ends switched off."""
    made = VirtualBoard(tmp_path / "board", interpreter=micropython)
    shutil.copytree(flashed, made.files)
    yield made
    made.power_off()


@pytest.fixture
def rivulet() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the `rivulet` command."""
    return run
