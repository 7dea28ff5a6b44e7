"""`rivulet flash`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools.choices import Reading
from host_tools.commands._options import JsonOption, PortOption, ProjectOption
from host_tools.commands._terminal import progress_bar
from host_tools.printing import note, say, say_json

if TYPE_CHECKING:
    from host_tools.project import Project


def flash(
    project: ProjectOption = None,
    board: Annotated[
        str | None,
        typer.Option(help="Kind of board: see 'rivulet boards'. Needed outside a project."),
    ] = None,
    port: PortOption = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            help="Key file to give the board. A board that has the key already is released first.",
        ),
    ] = None,
    telemetry: Annotated[
        Reading | None,
        typer.Option(
            help="Whether reading a keyed board needs no key (open) or the key (closed)."
        ),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(help="Public key (.pub) of the only signer whose models the board accepts."),
    ] = None,
    no_downgrade: Annotated[
        bool,
        typer.Option(
            "--no-downgrade",
            help="Make the board refuse models of a lower version than the highest confirmed one.",
        ),
    ] = False,
    adapt: Annotated[
        bool | None,
        typer.Option(
            "--adapt/--no-adapt",
            help="Whether a model on a board with --trust may learn from labels, unsigned.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Install the firmware on a board; copies only what changed."""
    from host_tools.commands._virtual_project import as_flashed
    from host_tools.deploy.flash import flash as flash_board
    from host_tools.deploy.keys import key_for, read_key
    from host_tools.deploy.provision import AccessSettings
    from host_tools.deploy.signing import read_public_key
    from host_tools.deploy.started import await_start
    from host_tools.link import ports

    rig = _project(project, board)
    # RIVULET_KEY only opens a board. Giving a board a key takes --key.
    access = AccessSettings(
        key=read_key(key) if key is not None else None,
        closed=telemetry is Reading.closed if telemetry is not None else None,
        modulus=read_public_key(trust) if trust is not None else None,
        keep_version=True if no_downgrade else None,
        adapt=adapt,
    )
    found = ports.resolve(port, rig.file)
    rig = as_flashed(rig, found)
    with progress_bar("flashing") as advance:
        report = flash_board(
            found,
            rig.board,
            lambda done, total, _: advance(done, total),
            key=key_for(key),
            access=access,
            project=rig,
        )
    complaints = await_start(report.port, key_for(key))
    if as_json:
        say_json(report.__dict__ | {"project": rig.name, "complaints": complaints})
        return
    if report.up_to_date:
        say(f"{report.port}: up to date ({len(report.unchanged)} files)")
    else:
        say(
            f"{report.port}: {len(report.copied)} files copied ({report.bytes_copied} bytes), "
            f"{len(report.unchanged)} unchanged, {len(report.removed)} removed; verified"
        )
    say(f"{rig.name} runs: {_parts(rig)}")
    for complaint in complaints:
        note(f"it reports: {complaint}")
    if key is not None:
        say(f"keyed: from now on commands need {key}; keep it, there is no other way in")
    say(f"{report.runtime}, {report.form}")
    if report.ulab:
        say(f"ulab {report.ulab}: float cells run on it")
    else:
        say("no ulab: float cells run in plain Python, which is slower; " + rig.board.ulab)


def _project(folder: Path | None, board: str | None) -> "Project":
    """Return the project to flash. Raises RivuletError."""
    from host_tools.boards import load_board
    from host_tools.errors import RivuletError
    from host_tools.project import find_project, load, need_sensors

    # An unknown board is named before anything else.
    wanted = load_board(board) if board is not None else None
    file = find_project(folder, board)
    found = load(file)
    if wanted is not None and found.board.name != wanted.name:
        raise RivuletError(
            f"{file}: board.name: the project is for {found.board.name}, and --board says {board}"
        )
    need_sensors(found)
    return found


def _parts(project: "Project") -> str:
    sensors = ", ".join(project.sensors) or "no sensors"
    return f"{sensors}; {', '.join(project.actuators) or 'no actuators'}"
