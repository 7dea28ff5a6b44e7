"""The `rivulet` command: one file a subcommand, which parses, calls a room and prints.

A module of this package whose name does not begin with an underscore is a subcommand. It has a
function of its own name; a group of subcommands has a `typer.Typer` of its own name. The first
line of the docstring is what `--help` lists. Adding a subcommand is adding a file.

Every start imports all of these modules, `--help` too. To keep that quick, a module imports the
rooms that it calls inside its function. At its top it imports nothing that loads numpy, pyserial,
rich or mpremote.
"""

import pkgutil
import sys
from importlib import import_module

import typer

from host_tools.errors import RivuletError


def assemble() -> typer.Typer:
    """Return the command with every subcommand of this package."""
    app = typer.Typer(
        help="Liquid neural networks on microcontrollers: convert, flash, push, watch.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        if name.startswith("_"):
            continue
        subcommand = getattr(import_module(f"{__name__}.{name}"), name)
        # import_: a word of Python takes an underscore.
        name = name.rstrip("_")
        if isinstance(subcommand, typer.Typer):
            app.add_typer(subcommand, name=name)
        else:
            app.command(name)(subcommand)
    return app


def main() -> None:
    """Run the command. A RivuletError is one line on stderr and exit code 1."""
    try:
        assemble()()
    except RivuletError as error:
        typer.echo(f"rivulet: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        sys.exit(130)
