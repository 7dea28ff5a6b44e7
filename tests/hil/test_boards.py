"""hil at boards that exist already: at a port, keyed, on a bad cable, and silent."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from host_tools.boards import load_board
from host_tools.deploy.payload import build_payload, on_a_board
from host_tools.errors import Locked, NoReply, Refused
from host_tools.hil.episodes import LockStep, RealTime
from host_tools.hil.readings import Faults
from host_tools.hil.wired import Wired, wire
from host_tools.link.plant import PlantLease
from host_tools.link.wire import Board
from host_tools.plants import find
from host_tools.project import load
from host_tools.simulate.virtual import VirtualBoard
from rivulet import protocol
from tests.hil.poles import make_project
from tests.link.lossy import Lossy
from tests.rivulet_command import run

KEY = bytes(range(32))
CADENCE_US = 20_000


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "pole")


@pytest.fixture
def wired(project: Path) -> Wired:
    return wire(load(project), find("cartpole"))


@pytest.fixture
def balancing(
    project: Path, wired: Wired, tmp_path: Path, micropython: Path
) -> Iterator[VirtualBoard]:
    """A board with the rig of hil and the model, switched off; in the end it is off as well."""
    made = VirtualBoard(tmp_path / "board", interpreter=micropython)
    files = on_a_board(build_payload(load_board("virtual"), None, wired.project))
    made.install((file.path, file.data) for file in files)
    (made.files / "models").mkdir()
    model = (project / "model.safetensors").read_bytes()
    (made.files / "models" / "active.safetensors").write_bytes(model)
    try:
        yield made
    finally:
        made.power_off()


class Mute:
    """A cable whose wire to the host breaks after some bytes."""

    def __init__(self) -> None:
        self.left = 1 << 30

    def to_board(self, data: bytes) -> bytes:
        return data

    def to_host(self, data: bytes) -> bytes:
        heard = data[: self.left]
        self.left -= len(heard)
        return heard


def balance(board: Board, wired: Wired, kind: Any = LockStep, episodes: int = 1) -> dict[str, Any]:
    plant = find("cartpole")
    with PlantLease(board, kind is LockStep) as lease:
        made = kind(
            *(lease, plant, wired, Faults(loss=0.5), CADENCE_US, board.reset),
            lambda moment: None,
        )
        found: dict[str, Any] = made.run(3, episodes).facts()
    return found


def test_a_bad_cable_changes_nothing(balancing: VirtualBoard, wired: Wired) -> None:
    balancing.power_on()
    with Board(str(balancing.port)) as board:
        good = balance(board, wired)
    balancing.power_off()
    balancing.wire = cable = Lossy(1, 0.0003)
    balancing.power_on()
    with Board(str(balancing.port)) as board:
        assert balance(board, wired) == good
    assert cable.hits > 5


def test_a_silent_board_is_told_in_one_line(balancing: VirtualBoard, wired: Wired) -> None:
    balancing.wire = cable = Mute()
    balancing.power_on()
    with Board(str(balancing.port)) as board:
        balance(board, wired)
        cable.left = 500
        with pytest.raises(NoReply, match="the board went silent"):
            balance(board, wired)


def test_when_hil_ends_the_actuators_rest(balancing: VirtualBoard, wired: Wired) -> None:
    balancing.power_on()
    with Board(str(balancing.port)) as board:
        balance(board, wired)
        # The next decision is due within the model's cadence.
        status = next(each for each in iter(board.status, None) if each["resting"])
        assert status["resting"] == "fault" and "nobody simulates the plant" in status["fault"]
        assert [each["value"] for each in status["actuators"]] == [0.0]
        # Nobody else goes on with that plant.
        sequence = board.send(protocol.PLANT, bytes(protocol.PLANT_HEAD_BYTES))
        with pytest.raises(Refused, match="no lease runs"):
            for _ in range(50):
                board.check_refusal(protocol.PLANT, sequence)


def test_in_real_time_the_pole_stands_as_well(balancing: VirtualBoard, wired: Wired) -> None:
    balancing.power_on()
    with Board(str(balancing.port)) as board:
        found = balance(board, wired, RealTime)
    # How many come late depends on what else this machine does.
    assert found["episodes"] == 1 and found["return_mean"] > 50
    assert found["decisions_per_s"] > 5


def test_a_board_at_a_port_gets_the_rig(project: Path, board: VirtualBoard) -> None:
    board.power_on()
    arguments = ("hil", "--project", project, "--port", board.port, "--episodes", 1, "--json")
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["return_mean"] == 500.0
    assert "'rivulet flash' gives it its own back" in done.stderr
    # What the same seed gives does not depend on what the board did before.
    assert run(*arguments).stdout == done.stdout
    with Board(str(board.port)) as wire_:
        assert [each["name"] for each in wire_.description["sensors"]] == ["cart"]
        assert not wire_.status()["trial"]


def test_a_keyed_board_needs_the_key(
    project: Path, tmp_path: Path, balancing: VirtualBoard
) -> None:
    key = tmp_path / "board.key"
    key.write_text(KEY.hex() + "\n")
    key.chmod(0o600)
    (balancing.files / "access").mkdir()
    (balancing.files / "access" / "key").write_text(KEY.hex() + "\n")
    balancing.power_on()
    arguments = ("hil", "--project", project, "--port", balancing.port, "--episodes", 1, "--json")
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1
    assert "key" in done.stderr
    done = run(*arguments, "--key", key)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["return_mean"] == 500.0


def test_the_wire_refuses_a_host_without_the_key(balancing: VirtualBoard, wired: Wired) -> None:
    (balancing.files / "access").mkdir()
    (balancing.files / "access" / "key").write_text(KEY.hex() + "\n")
    balancing.power_on()
    with Board(str(balancing.port)) as board, pytest.raises(Locked, match="board is keyed"):
        balance(board, wired)
