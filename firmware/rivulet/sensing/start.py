"""Starts sensors, each by itself: one that fails does not lose the others.

Imported when sensors have to be started, and dropped again: see runtime.SELDOM.
"""

from rivulet.errors import ModelError
from rivulet.sensing.triggers import stamp


def start_all(board, ring, health, faults):
    """Start every sensor; returns [(number, why in a line), ...] of those that did not."""
    unstarted = []
    for source in range(len(health.sensors)):
        line = _start(source, board, ring, health, faults)
        if line:
            unstarted.append((source, line))
    return unstarted


def start_again(unstarted, board, ring, health, faults, connect):
    """Try the first of those that did not start; it is the last of them then, if it fails again.

    connect: function of a sensor's number and name that connects it to the model, and may raise
    ModelError or MemoryError.
    """
    source = unstarted.pop(0)[0]
    line = _start(source, board, ring, health, faults)
    if not line:
        name = "sensor " + health.sensors[source].name
        try:
            connect(source, name)
        except ModelError as error:
            line = "%s: %s" % (name, error)
        except MemoryError:
            line = name + ": not enough memory"
    if line:
        unstarted.append((source, line))


def _start(source, board, ring, health, faults):
    """Start a sensor; returns "" if it answers, else a line that says why it does not run.

    Its interrupt stores the board's time and the sensor's number in the ring.
    """
    sensor, sensor_health = health.sensors[source], health.by_source[source]
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
        sensor_health.fail(error)
    else:
        sensor_health.error = ""
        return ""
    sensor_health.absent(error)
    return "%s: %s" % (name, error)
