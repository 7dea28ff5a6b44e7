"""`rivulet monitor`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.commands._connection import connect
from host_tools.commands._options import KeyOption, PortOption


def monitor(
    port: PortOption = None,
    seconds: Annotated[
        float | None, typer.Option(help="Stop after this time, in seconds.", min=0)
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Also write the records to this CSV file.")
    ] = None,
    rate: Annotated[float, typer.Option(help="Telemetry records per second.", min=0.01)] = 20.0,
    blocks: Annotated[
        str, typer.Option(help="Blocks to send: any of alpha,state,outputs,inputs.")
    ] = "alpha,state,outputs,inputs",
    snapshot: Annotated[
        Path | None, typer.Option(help="Save the last view as an SVG picture.")
    ] = None,
    key: KeyOption = None,
) -> None:
    """Watch time constants, outputs and counters live."""
    from host_tools.watch.monitor import monitor as watch

    with connect(port, key) as board:
        seen = watch(board, seconds, record, rate, tuple(blocks.split(",")), snapshot)
        lost = board.frames_lost
        corrupt = board.frames_corrupt
    typer.echo(f"{seen} records, {lost} frames lost, {corrupt} corrupt")
    if record is not None:
        typer.echo(f"written to {record}")
