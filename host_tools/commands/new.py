"""`rivulet new`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.printing import say


def new(
    name: Annotated[Path, typer.Argument(help="Name of the project, which its folder gets.")],
    board: Annotated[
        str | None,
        typer.Option(help="Kind of board: see 'rivulet boards'. Default: rpi_pico."),
    ] = None,
    example: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="EXAMPLE", help="Copy an example project: two_sensors, ..."
        ),
    ] = None,
) -> None:
    """Make the folder of a new project: its rivulet.toml, and where its parts go."""
    from host_tools.project import examine
    from host_tools.project.load import FILE
    from host_tools.project.new import make_project

    make_project(name, board, example)
    found = examine(name / FILE)
    say(f"{name}: a project for {found.project.board.name if found.project else board}")
    # Of an example whose pins another board does not have.
    for problem in found.problems:
        say(f"to change: {problem}")
    if found.project is not None and found.project.sensors:
        say(f"next: cd {name}; 'rivulet check' shows its wiring, README.md the next steps")
    else:
        say(
            f"next: cd {name}; 'rivulet import LOG.csv' makes recordings of a log, or name your "
            "sensors in rivulet.toml; README.md has the steps"
        )
