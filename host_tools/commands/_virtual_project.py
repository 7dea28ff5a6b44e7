"""A project on a virtual board: firmware and rig, and sensors that play."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from host_tools.simulate.virtual import VirtualBoard


def virtual_board(project_file: Path, play: str, say: Callable[[str], None]) -> VirtualBoard:
    """Return a virtual board, still off, with the firmware and the rig of a project.

    play: 'sine', 'hold', or the path of a recording or of a folder of them. The board's models
    are those of the last time. Raises RivuletError.
    """
    from host_tools.boards import load_board
    from host_tools.deploy.payload import build_payload, on_a_board
    from host_tools.interpreter.find import find_micropython
    from host_tools.link.ports import VIRTUAL_PORTS
    from host_tools.project import load
    from host_tools.simulate.play import play as stimulus_of
    from host_tools.simulate.rigs import simulate

    project = load(project_file)
    rig = simulate(project)
    stimulus = None
    if project.sensors:
        stimulus = stimulus_of(play, list(project.sensors.values()))
    files = on_a_board(build_payload(load_board("virtual"), None, rig.project))
    # Two projects whose folders have one name are two boards.
    mark = hashlib.sha256(str(project.file.resolve()).encode()).hexdigest()[:6]
    folder = VIRTUAL_PORTS / f"{project.name}-{mark}"
    board = VirtualBoard(
        folder,
        interpreter=find_micropython(say),
        repeat=True,
        wiring=rig.wiring,
        on_output=lambda name, state: say(f"{name}: {state}"),
    )
    board.install((file.path, file.data) for file in files)
    if stimulus is not None:
        board.stimulus = folder / "stimulus.bin"
        stimulus.write(board.stimulus)
    return board
