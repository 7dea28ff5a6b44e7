"""A project on a virtual board: firmware and rig, and sensors that play."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from host_tools.simulate.virtual import VirtualBoard

if TYPE_CHECKING:
    from host_tools.project import Project


def virtual_board(
    project_file: Path, play: str | None, say: Callable[[str], None]
) -> VirtualBoard:
    """Return a virtual board, still off, with the firmware and the rig of a project.

    play: 'sine', 'hold', or the path of a recording or of a folder of them; None: the project's
    recordings. The board's models are those of the last time. Raises RivuletError.
    """
    from host_tools.boards import load_board
    from host_tools.deploy.payload import build_payload, on_a_board
    from host_tools.interpreter.find import find_micropython
    from host_tools.link.ports import virtual_folder
    from host_tools.project import load
    from host_tools.simulate.play import prepare
    from host_tools.simulate.rigs import simulate

    played = prepare(load(project_file), play)
    rig = simulate(played.project)
    for line in played.notes:
        say(line)
    files = on_a_board(build_payload(load_board("virtual"), None, rig.project))
    folder = virtual_folder(project_file)
    board = VirtualBoard(
        folder,
        interpreter=find_micropython(say),
        repeat=True,
        wiring=rig.wiring,
        on_output=lambda name, state: say(f"{name}: {state}"),
    )
    board.install((file.path, file.data) for file in files)
    board.stimulus = folder / "stimulus.bin"
    played.stimulus.write(board.stimulus)
    return board


def as_flashed(project: "Project", port: str) -> "Project":
    """Return the project as the board at a port gets it: simulated, if that is a virtual board.

    Raises RivuletError for a virtual board that is not wired as the project says.
    """
    from dataclasses import replace

    from host_tools.boards import load_board
    from host_tools.errors import RivuletError
    from host_tools.link.ports import VIRTUAL_PORTS, virtual_folder
    from host_tools.project.load import DEFAULT
    from host_tools.simulate.rigs import simulate
    from host_tools.simulate.virtual import wiring_file
    from host_tools.simulate.wiring import read

    folder = Path(port).parent.resolve()
    bare = project.board.name == "virtual" and folder.name == "default"
    if folder.parent != VIRTUAL_PORTS.resolve() or bare:
        return project
    if folder != virtual_folder(project.file).resolve():
        if project.file.name == DEFAULT:
            raise RivuletError(f"{port} is a virtual board: flash it with --board virtual")
        raise RivuletError(
            f"{port} is a virtual board of something else: 'rivulet virtual' in this project's "
            "folder runs the project on one of its own"
        )
    rig = simulate(project)
    if rig.wiring != read(wiring_file(folder)):
        raise RivuletError(
            f"{project.file} names other wires than when 'rivulet virtual' began: stop that and "
            "start it again, which puts the project on the virtual board"
        )
    return replace(rig.project, board=load_board("virtual"))
