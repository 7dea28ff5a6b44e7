"""Board and model -> loop; nothing else."""

import os
import sys

import board
import micropython

from rivulet.control.action import Action, actuate
from rivulet.link.port import Link
from rivulet.loop import Loop
from rivulet.store.snapshot import Warm
from rivulet.store.uploads import Store


def run(keyed, trouble=""):
    """Run the loop until it is released or interrupted; True if the board is to start again.

    trouble: why this is not the firmware that should run; empty: it is.
    """
    access = trust = None
    if "access" in os.listdir():
        from rivulet.link.access import Access
        from rivulet.store.access_files import AccessFiles
        from rivulet.store.trust import Trust

        files = AccessFiles()
        access = Access(files)
        trust = Trust(files)
    store = Store(trial_s=getattr(board, "TRIAL_S", 60), trust=trust)
    cause = board.reset_cause() if hasattr(board, "reset_cause") else None
    store.boot(cause or "")
    again = False
    feed = None
    action = Action()
    left = "fault"
    try:
        try:
            # From here on only completed turns of the loop keep a board with a watchdog running.
            if hasattr(board, "start_watchdog"):
                feed = board.start_watchdog()
            link = Link(sys.stdin.buffer, sys.stdout.buffer)
            device = _resting() if store.safe_mode else board
            loop = Loop(device, link, store, access, Warm(cause=cause), action)
            loop.firmware_trouble = trouble
            loop.run(feed)
            again = loop.again
            left = "released"
        except KeyboardInterrupt:
            left = "released"
            raise
        finally:
            # However the loop ended, and before anything else is done.
            _rest(action, left)
        _leave(store, keyed)
    except KeyboardInterrupt:
        _leave(store, keyed)
        if keyed:
            raise
    except Exception as error:
        sys.print_exception(error)
        store.crashed("%s: %s" % (type(error).__name__, error))
        again = True
    return again


def _leave(store, keyed):
    """In order: what is done at the prompt is not for the watchdog to end."""
    micropython.kbd_intr(-1)
    if hasattr(board, "stop_watchdog"):
        board.stop_watchdog()
    store.rest()
    if not keyed:
        micropython.kbd_intr(3)


def _resting():
    from rivulet.safe_mode import Resting

    return Resting(board.NAME)


def _rest(action, why):
    """Tell the actuators for the last time, and to rest."""
    while True:
        try:
            micropython.kbd_intr(-1)
            action.rest(why)
            failures = actuate(board, action)
            break
        except KeyboardInterrupt:
            pass  # a second one often comes soon after the first
    for error in failures:
        sys.print_exception(error)
