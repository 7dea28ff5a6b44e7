"""Options and arguments that several subcommands share."""

import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from host_tools.choices import Late

PortOption = Annotated[
    str | None,
    typer.Option("--port", help="Serial port or socket://HOST:PORT; optional with one board."),
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--key", help="Key file of the board. Default: the one RIVULET_KEY names."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LateOption = Annotated[
    Late,
    typer.Option("--late", help="Events whose time goes back: refuse the file or drop them."),
]
ModelArgument = Annotated[Path, typer.Argument(help="A converted model: .safetensors")]
ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        help="Folder that holds rivulet.toml. Default: the current folder, if it does.",
    ),
]


def finite(subcommand: Callable[..., Any]) -> Callable[..., Any]:
    """Return the subcommand with a check that no number on its command line is NaN or infinite."""

    @functools.wraps(subcommand)
    def checked(**given: Any) -> Any:
        for name, value in given.items():
            if isinstance(value, float) and not math.isfinite(value):
                option = "--" + name.replace("_", "-")
                raise typer.BadParameter(f"{value} is not a finite number", param_hint=option)
        return subcommand(**given)

    return checked
