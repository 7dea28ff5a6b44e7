"""Starts sensors, each by itself: one that fails does not lose the others.

Imported when one has to be started, and dropped again: see runtime.SELDOM.
"""


def start(sensor, handler, watch, faults):
    """Start a sensor; returns "" if it answers, else a line that says why it does not run.

    handler: what its interrupt calls; watch: its Watch, which keeps why, and faults: those of
    drivers' code, which tell it.
    """
    name = "sensor " + sensor.name
    try:
        sensor.start(handler)
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
