"""Options and arguments that several subcommands share."""

from pathlib import Path
from typing import Annotated

import typer

PortOption = Annotated[
    str | None, typer.Option("--port", help="Serial port; needless when one board is there.")
]
KeyOption = Annotated[
    Path | None, typer.Option("--key", help="The board's key file; else what RIVULET_KEY names.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
ModelArgument = Annotated[Path, typer.Argument(help="A converted model: .safetensors")]
