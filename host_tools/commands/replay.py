"""`rivulet replay`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.choices import Runtime
from host_tools.commands._options import ModelArgument


def replay(
    model: ModelArgument,
    events: Annotated[Path, typer.Argument(help="t_us and the model's channels, as CSV.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="CSV to write, one row an event.")],
    runtime: Annotated[Runtime, typer.Option(help="What runs it.")] = Runtime.micropython,
) -> None:
    """Run the device code over recorded events, offline."""
    from host_tools.simulate.replay import replay as run

    report = run(model, events, out, runtime.value)
    typer.echo(f"{out}: {report.events} events, {report.late} late, on {runtime.value}")
