"""`rivulet push`."""

from typing import Annotated

import typer

from host_tools.commands._connection import connect
from host_tools.commands._options import KeyOption, ModelArgument, PortOption
from host_tools.commands._terminal import note, progress_bar


def push(
    model: ModelArgument,
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

    # A broken file is refused before any of it is sent.
    settings, _ = read_settings(model)
    with connect(port, key) as board:
        # In safe mode no sensor is there, and a good model is the way out.
        if not board.status().get("safe_mode"):
            for warning in check_push(board.description, settings, unfed):
                note(f"warning: {warning}")
        with progress_bar("pushing") as advance:
            outcome = board.push(model.read_bytes(), advance)
        facts = board.description["model"]
        resumed_at = board.resumed_at
        status = board.status()
    if resumed_at == model.stat().st_size:
        typer.echo("the board had the whole file from an earlier push")
    elif resumed_at:
        typer.echo(f"resumed at byte {resumed_at}, where an earlier push had stopped")
    typer.echo(f"{facts['cell']} with {facts['hidden']} units is active; {outcome}")
    if status["trial"]:
        typer.echo(
            f"on trial for {status['trial_left_s']} s: 'rivulet confirm' keeps it, 'rivulet "
            "rollback' discards it"
        )
    if facts["unfed"]:
        typer.echo(f"channels that no sensor of this board feeds: {', '.join(facts['unfed'])}")
