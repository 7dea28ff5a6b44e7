"""Board and model -> loop; nothing else."""

import os
import sys

import board

from rivulet.link import Link
from rivulet.loop import Loop
from rivulet.store import Store


def run(keyed, trouble=""):
    """Run the loop until it is released or interrupted; True if the board is to start again.

    trouble: why this is not the firmware that should run; empty: it is.
    """
    access = None
    if "access" in os.listdir():
        from rivulet.access import Access

        access = Access()
    store = Store(trial_s=getattr(board, "TRIAL_S", 60), access=access)
    store.boot(board.reset_cause() if hasattr(board, "reset_cause") else "")
    again = False
    try:
        link = Link(sys.stdin.buffer, sys.stdout.buffer)
        loop = Loop(_resting() if store.safe_mode else board, link, store, access)
        loop.firmware_trouble = trouble
        loop.run()
        store.rest()
        again = loop.again
    except KeyboardInterrupt:
        store.rest()
        if keyed:
            raise
    except Exception as error:
        sys.print_exception(error)
        store.crashed("%s: %s" % (type(error).__name__, error))
        again = True
    finally:
        _rest()
    return again


def _resting():
    from rivulet.safe import Resting

    return Resting(board.NAME)


def _rest():
    """Actuators at rest, however the loop ended."""
    try:
        board.actuate(-1, ())
    except Exception as error:
        sys.print_exception(error)
