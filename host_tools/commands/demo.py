"""`rivulet demo`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.printing import console


def demo(
    board: Annotated[
        str, typer.Option(help="Board to simulate: 'virtual' or 'emulated_pico'.")
    ] = "virtual",
    uf2: Annotated[
        Path | None, typer.Option(help="MicroPython image for the emulated Pico.")
    ] = None,
) -> None:
    """Show the whole path, from recordings to decisions, on a simulated board."""
    from host_tools.demo import run_demo

    run_demo(board, uf2, console())
