"""`rivulet analyze`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.choices import Late
from host_tools.commands._options import JsonOption, LateOption, ModelArgument
from host_tools.printing import console, say, say_json


def analyze(
    model: ModelArgument,
    events: Annotated[
        Path | None, typer.Option(help="EVENTS.csv to follow. Default: random inputs.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Also write a report as HTML.")] = None,
    plant: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Also analyze the loop with this plant: cartpole, altitude, robot, pendulum, or "
            "file.py:Class.",
        ),
    ] = None,
    late: LateOption = Late.refuse,
    as_json: JsonOption = False,
) -> None:
    """Analyze how stable a model's dynamics are, before it runs a machine."""
    from host_tools.analyze import analyze as run

    with console(stderr=True).status("analysing"):
        made = run(model, events, report, late, plant)
    if as_json:
        say_json(made.to_dict())
        return
    for line in made.lines:
        say(line)
