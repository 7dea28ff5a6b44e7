"""`rivulet key new` and `rivulet key signing`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.printing import say

key = typer.Typer(help="Make keys for boards and for signing models.", no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(help="File to write; it must not exist.")]


@key.command()
def new(file: FileArgument) -> None:
    """Make a board's key. 'rivulet flash --key FILE' gives it to a board."""
    from host_tools.deploy.keys import new_key

    new_key(file)
    say(f"{file}: keep it; if it is lost, its board has to be erased")


@key.command()
def signing(file: FileArgument) -> None:
    """Make a key pair to sign models: FILE, and FILE.pub for 'rivulet flash --trust'."""
    from host_tools.deploy.provision import fingerprint
    from host_tools.deploy.signing import new_signing_key, read_public_key

    public = new_signing_key(file)
    say(f"{file}: the private key, which signs; keep it secret")
    say(
        f"{public}: the public key, for boards; fingerprint {fingerprint(read_public_key(public))}"
    )
