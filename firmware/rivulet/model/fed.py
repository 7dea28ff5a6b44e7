"""Channels that the firmware feeds, in model files of format rivulet-2.

    action.NAME      the value that the actuator NAME was given last, its safe value at rest
    age.CHANNEL      seconds since that channel's last good event
    fresh.CHANNEL    1 if one came since the last tick, else 0

In a model with such channels events of sensors only fill the held inputs. At each tick of the
policy's cadence these channels are written, the cell moves by the interval from the last tick, and
the policy decides.
"""

from rivulet.model.header import FORMAT

KINDS = ("action", "age", "fresh")


def parts(name):
    """Return (kind, what it is of) of a channel's name that the firmware feeds, else None."""
    kind, _, of = name.partition(".")
    return (kind, of) if of and kind in KINDS else None


def names(settings):
    """Return the channels of a model that the firmware feeds, in their order."""
    # A channel of such a name is a sensor's there.
    if settings["format"] == FORMAT:
        return []
    return [name for name in settings["channels"] if parts(name) is not None]


def check(settings):
    """Whether such channels make sense in this model. Raises ValueError."""
    channels = settings["channels"]
    fed = names(settings)
    if fed and settings["convention"] != "current":
        raise ValueError("'%s' is fed at each tick, which needs the convention 'current'" % fed[0])
    for name in fed:
        kind, of = parts(name)
        if kind != "action" and (of not in channels or of in fed):
            raise ValueError("channels: '%s' needs the channel '%s' of a sensor" % (name, of))
    if len(fed) == len(channels):
        raise ValueError("channels: no sensor feeds any: a model needs one that is measured")
