"""`rivulet monitor`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.commands._connection import connect
from host_tools.commands._options import KeyOption, PortOption
from host_tools.errors import Terminated
from host_tools.printing import say


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
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a recording of the same name.")
    ] = False,
) -> None:
    """Watch time constants, outputs and counters live."""
    from host_tools import files
    from host_tools.deploy.keys import key_file
    from host_tools.watch.monitor import monitor as watch

    if record is not None:
        files.check(record, (key_file(key), snapshot))
    if snapshot is not None:
        files.check(snapshot, (key_file(key),))
    with connect(port, key) as board:
        asked = tuple(blocks.split(","))
        watched = watch(board, seconds, record, rate, asked, snapshot, overwrite)
        lost = board.frames_lost
        corrupt = board.frames_corrupt
    say(f"{watched.records} records, {lost} frames lost, {corrupt} corrupt")
    if record is not None:
        say(f"written to {record}")
    if watched.terminated:
        raise Terminated
