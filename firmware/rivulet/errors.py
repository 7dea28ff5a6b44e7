"""What can go wrong with a model, with flash, or with a request."""


class RivuletError(ValueError):
    """The root of the firmware's errors; the message gives the reason in one line."""


class ModelError(RivuletError):
    """Raised for a model file that the board cannot run."""


class StoreError(RivuletError):
    """Raised when flash or its slots cannot do what was asked."""


class Refused(RivuletError):
    """Raised for a request that the board does not admit: (status of the reply, reason)."""
