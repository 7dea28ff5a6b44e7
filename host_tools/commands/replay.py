"""`rivulet replay`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.choices import Runtime
from host_tools.commands._options import ModelArgument
from host_tools.printing import note, say


def replay(
    model: ModelArgument,
    events: Annotated[Path, typer.Argument(help="EVENTS.csv: t_us and the model's channels.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="CSV file to write, one row per event.")
    ],
    runtime: Annotated[
        Runtime, typer.Option(help="What runs the device code: MicroPython, or Python with numpy.")
    ] = Runtime.micropython,
) -> None:
    """Run the device code over recorded events, without a board."""
    from host_tools.simulate.replay import replay as run

    report = run(model, events, out, runtime.value)
    rows = f"{report.events} {'ticks' if report.by_ticks else 'events'}"
    say(f"{out}: {rows}, {report.late} late, on {runtime.value}")
    if report.first_late:
        note(f"{report.first_late}; late events are applied at the time of the state")
