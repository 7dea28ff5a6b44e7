"""Starts sensors, each by itself: one that fails does not lose the others.

Imported when one has to be started, and dropped again: see runtime.SELDOM.
"""

from rivulet.sensing.triggers import stamp


def start(sensor, source, board, ring, watch, faults):
    """Start a sensor; returns "" if it answers, else a line that says why it does not run.

    source: its number, which its interrupt stores in the ring with the board's time; watch: its
    Watch, which keeps why; faults: those of drivers' code.
    """
    name = "sensor " + sensor.name
    try:
        sensor.start(stamp(ring.push, board.ticks_us, source))
    except OSError as trouble:
        error = str(trouble) or "OSError"
        name += " does not answer"
    except MemoryError:
        error = "not enough memory for its driver"
    except Exception as trouble:
        error = faults.note(name, trouble)
        watch.fail(error)
    else:
        watch.error = ""
        return ""
    watch.absent(error)
    return "%s: %s" % (name, error)
