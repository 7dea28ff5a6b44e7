"""`rivulet push`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.commands._connection import connect, project_here
from host_tools.commands._options import KeyOption, PortOption, ProjectOption
from host_tools.commands._terminal import progress_bar
from host_tools.printing import note, say


def push(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="A converted model: .safetensors. Default: the project's, the int8 one where "
            "there is one."
        ),
    ] = None,
    project: ProjectOption = None,
    port: PortOption = None,
    key: KeyOption = None,
    unfed: Annotated[
        bool,
        typer.Option(
            "--unfed", help="Also push a model with channels that no sensor of the board feeds."
        ),
    ] = False,
) -> None:
    """Send a model to a running board, which verifies it and swaps while it runs."""
    from host_tools.model_header import read_settings
    from host_tools.project.feeding import check_push

    model, file = _choose(project, model)
    # A broken file is refused before any of it is sent.
    settings, _ = read_settings(model)
    with connect(port, key, file) as board:
        # In safe mode no sensor is there, and a good model is the way out.
        if not board.status().get("safe_mode"):
            for warning in check_push(board.description, settings, unfed):
                note(f"warning: {warning}")
        with progress_bar("pushing") as advance:
            outcome = board.push(model.read_bytes(), advance)
        facts = board.model()
        resumed_at = board.resumed_at
        status = board.status()
    if resumed_at == model.stat().st_size:
        say("the board had the whole file from an earlier push")
    elif resumed_at:
        say(f"resumed at byte {resumed_at}, where an earlier push had stopped")
    say(f"{facts['cell']} with {facts['hidden']} units is active; {outcome}")
    if status["trial"]:
        say(
            f"on trial for {status['trial_left_s']} s: 'rivulet confirm' keeps it, 'rivulet "
            "rollback' discards it"
        )
    if facts["unfed"]:
        say(f"channels that no sensor of this board feeds: {', '.join(facts['unfed'])}")


def _choose(folder: Path | None, model: Path | None) -> tuple[Path, Path | None]:
    """Return the model to push and the file of the project, None without one.

    A project's model is chosen whatever else is wrong with the project. Raises RivuletError.
    """
    from host_tools.errors import RivuletError
    from host_tools.project import examine, find_project

    file = find_project(folder, None) if folder is not None else project_here()
    if model is not None:
        return model, file
    if file is None:
        raise RivuletError(
            "no model to push: name its file, or go into a project's folder, where 'rivulet push' "
            "sends the project's own model"
        )
    found = examine(file)
    if found.project is None:
        raise RivuletError(found.problems[0])
    own = found.project.model
    if own is None:
        raise RivuletError(
            f"{file}: the project has no model yet: 'rivulet train' makes one of its recordings; "
            "or name the file to push"
        )
    if not own.exists():
        raise RivuletError(f"{file}: model.file: there is no {own}")
    say(f"pushing {own}")
    return own, file
