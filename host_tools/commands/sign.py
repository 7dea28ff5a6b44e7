"""`rivulet sign`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.commands._options import ModelArgument


def sign(
    model: ModelArgument,
    signing_key: Annotated[
        Path, typer.Option(help="Private key in PEM: 'rivulet key signing' makes one.")
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="File to write. Default: MODEL itself.")
    ] = None,
) -> None:
    """Sign a model, for boards that were flashed with --trust (needs the sign extra)."""
    from host_tools.deploy.signing import sign_file
    from host_tools.model_header import read_settings

    read_settings(model)
    sign_file(model, signing_key, out or model)
    typer.echo(f"{out or model}: signed")
