"""What can go wrong with a model, with flash, or with a request."""

_LONGEST = 200


def plain(text):
    """Return text as one line of at most 200 characters, "?" for each that does not print."""
    text = text[:_LONGEST]
    for character in text:
        code = ord(character)
        if code < 32 or 127 <= code < 160 or 0x2000 <= code < 0x2070 or 0xD800 <= code < 0xE000:
            text = text.replace(character, "?")
    return text


class RivuletError(ValueError):
    """The root of the firmware's errors; the message gives the reason in one line."""


class ModelError(RivuletError):
    """Raised for a model file that the board cannot run.

    The message may quote the file, so what does not print is replaced.
    """

    def __init__(self, message):
        super().__init__(plain(message))


class StoreError(RivuletError):
    """Raised when flash or its slots cannot do what was asked."""


class Refused(RivuletError):
    """Raised for a request that the board does not admit: (status of the reply, reason)."""
