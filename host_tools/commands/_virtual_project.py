"""A project on a virtual board: firmware and rig, and sensors that play."""

from collections.abc import Callable
from pathlib import Path

from host_tools.simulate.virtual import VirtualBoard


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
