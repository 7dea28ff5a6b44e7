"""The dry run: a few events with known outputs, which a model file brings with it."""

from rivulet.compat import const
from rivulet.errors import ModelError

_MOST = const(32)
_LONGEST_US = const(60000000)


def try_out(model):
    """Run the model's probe events and compare its outputs; returns how many there were.

    settings["probes"] is {"tolerance": relative, "events": [[dt_us, inputs, outputs], ...]}, every
    channel in each; without it nothing is tried. Integer models give integers, and a tolerance of
    0 means the same bits. The probes are taken out of the settings, and the model is left as if
    newly loaded. Raises ModelError.
    """
    probes = model.settings.pop("probes", None)
    if probes is None:
        return 0
    try:
        channels = tuple(range(len(model.channels)))
        for number, (dt_us, inputs, wanted) in enumerate(probes["events"]):
            if number == _MOST or not 0 <= dt_us <= _LONGEST_US:
                raise ModelError("its dry run is longer than a board takes time for")
            model.event(dt_us, channels, inputs)
            if not _agree(model.outputs(), wanted, probes["tolerance"]):
                raise ModelError(
                    "event %d of its dry run gives other outputs than on the host" % (number + 1)
                )
    except ModelError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        raise ModelError("the metadata's 'probes' are not events with outputs")
    model.reset()
    return len(probes["events"])


def _agree(outputs, wanted, tolerance):
    if len(outputs) != len(wanted):
        return False
    for i in range(len(wanted)):
        # Written so that NaN does not pass.
        if not abs(outputs[i] - wanted[i]) <= tolerance * (1 + abs(wanted[i])):
            return False
    return True
