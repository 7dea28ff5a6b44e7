"""Prints lines for a person. Text of a board, a file or a person passes through here.

Such text is shown as it is: it is no markup, no emoji code, and no command to the terminal.
"""

import json
import sys
from typing import IO, TYPE_CHECKING, Any

from host_tools.text import visible

if TYPE_CHECKING:
    from rich.console import Console


def say(line: object) -> None:
    """Print one line of a command's result."""
    print(visible(line), flush=True)


def say_json(content: Any) -> None:
    """Print a result for programs."""
    print(json.dumps(content, indent=2), flush=True)


def note(line: object) -> None:
    """Print one line on stderr, apart from the result."""
    print(visible(line), file=sys.stderr, flush=True)


def console(
    *,
    stderr: bool = False,
    width: int | None = None,
    soft_wrap: bool = True,
    record: bool = False,
    file: IO[str] | None = None,
) -> "Console":
    """Return a rich console that shows text as it is. soft_wrap: never break a line."""
    from host_tools.plain_console import PlainConsole

    return PlainConsole(stderr=stderr, width=width, soft_wrap=soft_wrap, record=record, file=file)
