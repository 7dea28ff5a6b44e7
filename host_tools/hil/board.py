"""The board of a hil run: one made of software that hil starts, or the one at a port."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from host_tools.boards import BoardDefinition, load_board
from host_tools.deploy.flash import flash
from host_tools.deploy.payload import ACTIVE, build_payload, on_a_board
from host_tools.deploy.started import await_start
from host_tools.errors import RivuletError
from host_tools.interpreter.find import find_micropython
from host_tools.link.ports import VIRTUAL_PORTS
from host_tools.link.wire import Board
from host_tools.model_header import read_settings
from host_tools.project import Project
from host_tools.simulate.emulated import EmulatedPico, flash_image
from host_tools.simulate.virtual import VirtualBoard
from host_tools.simulate.wiring import Wiring

KINDS = ("virtual", "emulated_pico")


class Running(NamedTuple):
    """A board that runs the rig of hil."""

    port: str
    timeout_scale: float


@contextmanager
def started(
    kind: str, project: Project, model: Path, uf2: Path | None, say: Callable[[str], None]
) -> Iterator[Running]:
    """Start a board of this kind with this rig and model on it. Raises RivuletError."""
    if kind not in KINDS:
        raise RivuletError(f"--board {kind}: it can be {' or '.join(KINDS)}; --port: any board")
    interpreter = find_micropython(say)
    with TemporaryDirectory(prefix="rivulet-hil-") as name:
        folder = Path(name)
        board: VirtualBoard | EmulatedPico
        if kind == "virtual":
            board = VirtualBoard(folder, interpreter=interpreter, wiring=Wiring())
            board.install(_files(load_board("virtual"), None, project, model))
        else:
            if uf2 is None:
                raise RivuletError("an emulated Pico needs an image: --uf2 FILE")
            board = EmulatedPico(folder, uf2, wiring=Wiring())
            pico = load_board("rpi_pico")
            files = _files(pico, pico.arch, project, model)
            flash_image.make(folder / "flash.bin", files, interpreter)
        with board:
            yield Running(str(board.port), board.timeout_scale)


def _files(
    board: BoardDefinition, arch: str | None, project: Project, model: Path
) -> list[tuple[str, bytes]]:
    """Return every file of a board that was never used before."""
    files = on_a_board(build_payload(board, arch, project))
    return [(file.path, file.data) for file in files] + [(ACTIVE, model.read_bytes())]


def flashed(port: str, project: Project, key: bytes | None) -> Running:
    """Put the project's rig on the board at a port. Raises RivuletError."""
    virtual = Path(port).parent.resolve().parent == VIRTUAL_PORTS.resolve()
    board = load_board("virtual") if virtual else project.board
    flash(port, board, key=key, project=project)
    return Running(port, 1.0)


def await_rig(running: Running, key: bytes | None, say: Callable[[str], None]) -> None:
    """Wait until the rig runs, and say what it complains of. Raises RivuletError."""
    for complaint in await_start(running.port, key, running.timeout_scale):
        say(f"it reports: {complaint}")


def put_model(board: Board, model: Path) -> int:
    """Let the board run this model, for good. Returns the time between two decisions, us.

    Raises RivuletError.
    """
    from hashlib import sha256

    settings, _ = read_settings(model)
    data = model.read_bytes()
    running = board.description["model"]
    if running is None or running["hash"] != sha256(data).hexdigest():
        board.push(data)
    # A model on trial would be left when the plant goes, which the board takes for a fault.
    board.confirm()
    return int(settings["policy"]["cadence_us"])
