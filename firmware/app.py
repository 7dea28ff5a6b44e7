"""Board, rig and model -> loop; nothing else."""

import os
import sys

import board
import micropython
import rig

from rivulet.compat import collect_every, forget

# Amid garbage, what stays would leave no piece of the heap large enough for a model, and imports
# make as much garbage as they leave.
collect_every(32768)

from rivulet.control.action import Action  # noqa: E402
from rivulet.control.actuators import Actuators  # noqa: E402
from rivulet.link.port import Link  # noqa: E402
from rivulet.loop import Loop  # noqa: E402
from rivulet.store.snapshot import SnapshotFile  # noqa: E402
from rivulet.store.uploads import Store  # noqa: E402

# Where main.py keeps why the program did not start.
_ERROR = "firmware/error"


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
    feed = loop = None
    chip = board
    if store.safe_mode:
        from rivulet.safe_mode import Resting

        chip = Resting(board.NAME)
    elif hasattr(rig, "plant"):
        # A host simulates what is wired to this board, and may keep its time.
        chip = rig.plant.in_place_of(board)
    left = "fault"
    try:
        actuators = _actuators(chip)
        try:
            # From here on only completed turns of the loop keep a board with a watchdog running.
            if hasattr(board, "start_watchdog"):
                feed = board.start_watchdog()
            loop = _loop(chip, store, access, cause, actuators)
            loop.firmware_trouble = trouble
            _started()
            loop.run(feed)
            again = loop.again
            left = "released"
        except KeyboardInterrupt:
            left = "released"
            raise
        finally:
            # However the loop ended, and before anything else is done.
            _rest(actuators, left, loop)
        _leave(store, keyed)
    except KeyboardInterrupt:
        _leave(store, keyed)
        if keyed:
            raise
    except Exception as error:
        sys.print_exception(error)
        from rivulet.blame import told

        store.crashed(told(error))
        again = True
    return again


def _wired(chip):
    """The rig; in safe mode, when no board's chip is used, there is none."""
    return chip if hasattr(chip, "make_sensors") else rig


# Two functions, whose frames end: the collector keeps what stands in a frame, even unused.


def _actuators(chip):
    return Actuators(_wired(chip).make_actuators(), chip.ticks_ms, Action())


def _loop(chip, store, access, cause, actuators):
    link = Link(sys.stdin.buffer, sys.stdout.buffer)
    return Loop(chip, _wired(chip), link, store, access, SnapshotFile(cause=cause), actuators)


def _leave(store, keyed):
    """In order: what is done at the prompt is not for the watchdog to end."""
    micropython.kbd_intr(-1)
    if hasattr(board, "stop_watchdog"):
        board.stop_watchdog()
    store.rest()
    if not keyed:
        micropython.kbd_intr(3)


def _rest(actuators, why, loop):
    """Tell the actuators for the last time, and to rest; stop what calls interrupts."""
    while True:
        try:
            micropython.kbd_intr(-1)
            failures = [error for _, error in actuators.rest(why)]
            if failures:
                # What failed here moves on for ever: once more.
                failures += [error for _, error in actuators.rest("fault")]
            break
        except KeyboardInterrupt:
            pass  # a second one often comes soon after the first
    for sensor in loop.sensors if loop is not None else ():
        try:
            sensor.stop()
        except Exception as error:
            failures.append(error)
    for error in failures:
        sys.print_exception(error)


def _started():
    """The program runs: forget why it did not, and the rig, of which the drivers are made."""
    global rig
    # From now on idle turns collect.
    collect_every(-1)
    rig = None
    forget(("rig",))
    try:
        os.remove(_ERROR)
    except OSError:
        pass  # so it did the last time
