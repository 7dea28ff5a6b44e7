"""Whether a board's program runs, and if not, why it did not start."""

import contextlib

from host_tools.deploy.payload import ERROR
from host_tools.errors import AtPrompt, Locked, RivuletError
from host_tools.link.documents import printable
from host_tools.link.raw_repl import at_prompt
from host_tools.link.wire import Board

_READ = f"""\
try:
 with open({ERROR!r}) as f:print(f.read(4096))
except OSError:pass
"""


def await_start(port: str, key: bytes | None = None, timeout_scale: float = 1.0) -> list[str]:
    """Wait until the firmware that was installed reports itself. Return what it complains of.

    Raises RivuletError if it does not run, with the exception that stopped it.
    """
    try:
        with Board(port, timeout_scale, key) as board:
            status = board.status()
    except Locked:
        return []  # it runs, and tells nothing to a host without its key
    except AtPrompt as error:
        raise did_not_start(error, port, timeout_scale) from None
    trouble = status.get("firmware_trouble")
    if trouble:
        raise RivuletError(
            f"{port}: the new firmware does not start, so the one before runs: {trouble}"
        )
    if status.get("safe_mode"):
        raise RivuletError(
            f"{port}: the new firmware is there, but in safe mode: {status['safe_mode']}"
        )
    complaints = [status.get("boot_error", ""), status.get("fault", "")]
    return [each for each in complaints if each]


def did_not_start(error: AtPrompt, port: str, timeout_scale: float = 1.0) -> AtPrompt:
    """Return the error that says why the program of a board at its prompt did not start.

    It is the same error if the board does not know.
    """
    trace = ""
    with contextlib.suppress(RivuletError), at_prompt(port, timeout_scale) as repl:
        trace = repl.run(_READ)
    told = in_one_line(trace)
    return AtPrompt(f"{port}: Rivulet did not start: {told}") if told else error


def in_one_line(trace: str) -> str:
    """Return a traceback as its last place and its error."""
    lines = [line.strip() for line in trace.strip().splitlines()]
    places = [line for line in lines if line.startswith("File ")]
    if not lines:
        return ""
    return printable(": ".join([*places[-1:], lines[-1]] if places else lines[-1:]))
