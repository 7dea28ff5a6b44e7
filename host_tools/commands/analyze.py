"""`rivulet analyze`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from host_tools.choices import Late
from host_tools.commands._options import JsonOption, LateOption, ModelArgument


def analyze(
    model: ModelArgument,
    events: Annotated[
        Path | None, typer.Option(help="EVENTS.csv to follow. Default: random inputs.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Also write a report as HTML.")] = None,
    late: LateOption = Late.refuse,
    as_json: JsonOption = False,
) -> None:
    """Analyze how stable a model's dynamics are, before it runs a machine."""
    from rich.console import Console

    from host_tools.analyze import analyze as run

    with Console(stderr=True).status("analysing"):
        made = run(model, events, report, late)
    if as_json:
        typer.echo(json.dumps(made.to_dict(), indent=2))
        return
    for line in made.lines:
        typer.echo(line)
