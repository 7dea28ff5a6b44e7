"""Errors of the host tools: one root, and the kinds that a caller may want to tell apart."""


class RivuletError(Exception):
    """Raised when a command cannot do its work.

    The message says in one line what is wrong and what the user can do.
    """


class PortUnusable(RivuletError):
    """The port does not exist, may not be opened, is in use, or is not a serial port."""


class BoardGone(RivuletError):
    """The connection broke: the cable was pulled, or the board was switched off."""


class NoReply(RivuletError):
    """The board did not reply in time."""


class NotRunning(NoReply):
    """Nothing at the port answers as Rivulet."""


class AtPrompt(NotRunning):
    """MicroPython's prompt answers where Rivulet should."""


class ProtocolMismatch(RivuletError):
    """The board speaks another version of the protocol than this host."""


class BadReply(RivuletError):
    """A reply makes no sense: the firmware is too old, or something in the line changes bytes."""


class Refused(RivuletError):
    """The board refused a request. The message gives its reason."""


class Locked(RivuletError):
    """The board is keyed, and the host has no key for it."""


class BoardCodeError(RivuletError):
    """Code sent to the raw REPL raised an exception there; `last_line` is what it printed."""

    def __init__(self, port: str, last_line: str) -> None:
        super().__init__(f"the board on {port} answered: {last_line}")
        self.last_line = last_line
