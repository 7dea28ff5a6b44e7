"""`rivulet show`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.printing import say


def show(
    files: Annotated[list[Path], typer.Argument(help="Recordings: .csv or .parquet.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Also draw them, as an HTML page.")
    ] = None,
) -> None:
    """Show what recordings hold: channels, event times, gaps, labels."""
    from host_tools.data import picture
    from host_tools.data.recording import read_recording
    from host_tools.data.showing import show_lines

    recordings = [(path, read_recording(path)) for path in files]
    for line in show_lines(recordings):
        say(line)
    if out is not None:
        picture.write(out, recordings)
        say(f"{out}: drawn")
