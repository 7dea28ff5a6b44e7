"""`rivulet virtual`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools.commands._options import ProjectOption
from host_tools.printing import note, say

if TYPE_CHECKING:
    from host_tools.simulate.virtual import VirtualBoard


def virtual(
    context: typer.Context,
    project: ProjectOption = None,
    play: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|FOLDER|sine|hold",
            help="What a project's sensors play: recordings, waves (sine), or values that stand "
            "still (hold). Default: its recordings, else waves.",
        ),
    ] = None,
    data: Annotated[
        str,
        typer.Option(
            help="Outside a project: what the MPU-6050 plays: 'activity', 'none', or an "
            "EVENTS.csv."
        ),
    ] = "activity",
    drop: Annotated[
        float, typer.Option(help="With --data: share of samples to drop at the sensor, 0 to 1.")
    ] = 0.0,
    jitter: Annotated[
        float, typer.Option(help="With --data: jitter of the sample times, ms.")
    ] = 0.0,
) -> None:
    """Run a virtual board until Ctrl-C; print its port.

    In a project it gets the project's firmware and rig, and the port is printed when it answers.
    A project without sensors gets one called `recording`, with the channels of its recordings.
    """
    from host_tools.errors import RivuletError
    from host_tools.project import find_project
    from host_tools.project.load import FILE

    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = {name for name, source in sources.items() if source and source.name != "DEFAULT"}
    bare = given & {"data", "drop", "jitter"}
    in_project = project is not None or (not bare and Path(FILE).is_file())
    if in_project and bare:
        raise RivuletError(
            f"--{min(bare)} is for a board outside a project: in a project --play says what plays"
        )
    if not in_project and "play" in given:
        raise RivuletError("--play needs a project: name its folder with --project, or use --data")
    if in_project:
        _run_project(find_project(project, None), play)
    else:
        with _bare_board(data, drop, jitter) as board:
            _stay(board)


def _run_project(file: Path, play: str | None) -> None:
    from host_tools.commands._virtual_project import virtual_board
    from host_tools.deploy.started import await_start

    with virtual_board(file, play, note) as board:
        for complaint in await_start(str(board.port)):
            note(f"it reports: {complaint}")
        _stay(board)


def _bare_board(data: str, drop: float, jitter: float) -> "VirtualBoard":
    """Return the board outside a project, with what was flashed to it the last time."""
    from host_tools.interpreter.find import find_micropython
    from host_tools.link.ports import VIRTUAL_PORTS
    from host_tools.simulate.reference_data import prepare
    from host_tools.simulate.virtual import VirtualBoard

    folder = VIRTUAL_PORTS / "default"
    interpreter = find_micropython(note)
    stimulus = prepare(data, drop, jitter, folder / "stimulus.bin")
    return VirtualBoard(folder, stimulus, interpreter, repeat=True)


def _stay(board: "VirtualBoard") -> None:
    """Print the port, and keep the board on until Ctrl-C."""
    try:
        # Within the try, because a program that reads the port may send a signal at once.
        say(board.port)
        note("virtual board is on; Ctrl-C switches it off")
        while True:
            time.sleep(1.0)
    except KeyboardInterrupt:
        note("switched off")
