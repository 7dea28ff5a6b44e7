"""The `rivulet` command: one file a subcommand, which parses, calls a room and prints.

A module of this package whose name does not begin with an underscore is a subcommand. It has a
function of its own name; a group of subcommands has a `typer.Typer` of its own name. The first
line of the docstring is what `--help` lists. Adding a subcommand is adding a file.

Every start imports all of these modules, `--help` too. To keep that quick, a module imports the
rooms that it calls inside its function. At its top it imports nothing that loads numpy, pyserial,
rich or mpremote.
"""

import contextlib
import io
import os
import pkgutil
import select
import signal
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import TextIO

import typer

from host_tools.commands._options import finite
from host_tools.errors import RivuletError, Terminated
from host_tools.printing import note


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
            app.command(name)(finite(subcommand))
    return app


def main() -> None:
    """Run the command. What a user can mend is one line on stderr and exit code 1."""
    _prepare()
    sys.exit(_exit_code(assemble()))


def _prepare() -> None:
    """Make the process one that a person or a service manager can run."""
    # SIGTERM and SIGHUP end a command as Ctrl-C does; under nohup SIGHUP stays ignored.
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows lacks SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminate)
    # Warnings of Python and numpy are for developers, who ask for them with -W.
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    # A terminal whose encoding lacks a character shows its escape.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _terminate(*_: object) -> None:
    # A terminal or a pipe that is full has no reader: the last lines must not wait for one.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if not select.select([], [stream.fileno()], [], 0)[1]:
                _discard_output(stream)
    raise Terminated


def _exit_code(command: Callable[[], object]) -> int:
    try:
        try:
            command()
        except SystemExit as ended:
            code = ended.code
        else:
            code = 0
        # Now, since Python reports a failure to write at its end with a traceback.
        sys.stdout.flush()
    except RivuletError as error:
        note(f"rivulet: {error}")
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):  # a terminal that hung up
            note("stopped")
        return 130
    except BrokenPipeError:
        # Whoever read the output wants no more of it.
        _discard_output(sys.stdout)
    except OSError as error:
        # Reached where no room has told which file it is.
        _discard_output(sys.stdout)
        note(f"rivulet: {': '.join(filter(None, (error.filename, error.strerror or str(error))))}")
    except MemoryError:
        note("rivulet: this computer has not enough memory for that")
    else:
        return code if isinstance(code, int) else 1
    return 1


def _discard_output(stream: TextIO) -> None:
    """Send what is still to be written nowhere, or Python would try it once more at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
