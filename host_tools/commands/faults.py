"""`rivulet faults`."""

from typing import Annotated

import typer

from host_tools.errors import RivuletError
from host_tools.printing import console, note


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
    from host_tools.faults._table import fault_table, run_faults

    report = run_faults(only, short, seed, note)
    width = None if console().is_terminal else 120
    console(width=width, soft_wrap=False).print(fault_table(report))
    if report["bad"]:
        raise RivuletError(f"{report['bad']} rows are bad: see build/faults.json")
