"""`rivulet faults`."""

from typing import Annotated

import typer

from host_tools.commands._terminal import note
from host_tools.errors import RivuletError


def faults(
    short: Annotated[
        bool, typer.Option("--short", help="Fewer repetitions: seconds instead of minutes.")
    ] = False,
    only: Annotated[
        str | None, typer.Option(help="Inject one fault only: its name in the table.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 0,
) -> None:
    """Inject faults, and check what Rivulet promises under each of them."""
    from rich.console import Console

    from host_tools.faults._table import fault_table, run_faults

    report = run_faults(only, short, seed, note)
    on_terminal = Console().is_terminal
    Console(width=None if on_terminal else 120).print(fault_table(report))
    if report["bad"]:
        raise RivuletError(f"{report['bad']} rows are bad: see build/faults.json")
