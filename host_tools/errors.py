"""The one exception that a user of the host tools is meant to see."""


class RivuletError(Exception):
    """Something the user can act on: the message says in one line what is wrong and what to do."""
