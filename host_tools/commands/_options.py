"""Options and arguments that several subcommands share."""

from pathlib import Path
from typing import Annotated

import typer

PortOption = Annotated[
    str | None,
    typer.Option("--port", help="Serial port or socket://HOST:PORT; optional with one board."),
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--key", help="Key file of the board. Default: the one RIVULET_KEY names."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelArgument = Annotated[Path, typer.Argument(help="A converted model: .safetensors")]
ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        help="Folder that holds rivulet.toml. Default: the current folder, if it does.",
    ),
]
