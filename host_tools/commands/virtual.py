"""`rivulet virtual`."""

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools.commands._options import ProjectOption
from host_tools.commands._terminal import note

if TYPE_CHECKING:
    from host_tools.simulate.virtual import VirtualBoard


def virtual(
    project: ProjectOption = None,
    play: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|FOLDER|sine|hold",
            help="What the project's sensors play: recordings, waves (sine, the default), or "
            "values that stand still (hold).",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Outside a project: what the board's MPU-6050 plays: 'activity' (the default), "
            "'none', or an EVENTS.csv."
        ),
    ] = None,
    drop: Annotated[
        float, typer.Option(help="With --data: share of samples to drop at the sensor, 0 to 1.")
    ] = 0.0,
    jitter: Annotated[
        float, typer.Option(help="With --data: jitter of the sample times, ms.")
    ] = 0.0,
) -> None:
    """Run a virtual board until Ctrl-C; print its port.

    In a project it has the project's firmware and rig.
    """
    from host_tools.errors import RivuletError
    from host_tools.project import find_project
    from host_tools.project.load import FILE

    in_project = project is not None or (data is None and Path(FILE).is_file())
    if in_project and (data is not None or drop or jitter):
        raise RivuletError(
            "in a project the sensors play what --play says: no --data, --drop, --jitter"
        )
    if not in_project and play is not None:
        raise RivuletError("--play needs a project: name its folder with --project, or use --data")
    # SIGTERM, from a service manager or a script, switches the board off as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if in_project:
        from host_tools.commands._virtual_project import virtual_board
        from host_tools.deploy.started import await_start

        board = virtual_board(find_project(project, None), play or "sine", note)
        with board:
            for complaint in await_start(str(board.port)):
                note(f"it reports: {complaint}")
            _stay(board)
        return
    board = _bare_board(data or "activity", drop, jitter)
    with board:
        _stay(board)


def _bare_board(data: str, drop: float, jitter: float) -> "VirtualBoard":
    """Return the board outside a project, with what was flashed to it the last time."""
    from host_tools.interpreter.find import find_micropython
    from host_tools.link.ports import VIRTUAL_PORTS
    from host_tools.simulate.playback import prepare
    from host_tools.simulate.virtual import VirtualBoard

    folder = VIRTUAL_PORTS / "default"
    interpreter = find_micropython(note)
    stimulus = prepare(data, drop, jitter, folder / "stimulus.bin")
    return VirtualBoard(folder, stimulus, interpreter, repeat=True)


def _stay(board: "VirtualBoard") -> None:
    """Print the port, and keep the board on until Ctrl-C."""
    try:
        # Within the try, because a program that reads the port may send a signal at once.
        typer.echo(board.port)
        note("virtual board is on; Ctrl-C switches it off")
        while True:
            time.sleep(1.0)
    except KeyboardInterrupt:
        note("switched off")
