"""`rivulet key new` and `rivulet key signing`."""

from pathlib import Path
from typing import Annotated

import typer

key = typer.Typer(help="Make keys for boards, and for signing models.", no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(help="The file to make; it must not exist.")]


@key.command()
def new(file: FileArgument) -> None:
    """Make the key of a board: rivulet flash --key FILE gives it to one."""
    from host_tools.deploy.keys import new_key

    new_key(file)
    typer.echo(f"{file}: keep it; a board whose key is lost has to be erased")


@key.command()
def signing(file: FileArgument) -> None:
    """Make a key pair that signs models: FILE, and FILE.pub for rivulet flash --trust."""
    from host_tools.deploy.provision import fingerprint
    from host_tools.deploy.signing import new_signing_key, read_public_key

    public = new_signing_key(file)
    typer.echo(f"{file}: signs, keep it to yourself")
    typer.echo(f"{public}: for boards, which call it {fingerprint(read_public_key(public))}")
