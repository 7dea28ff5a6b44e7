"""A sensor as a rig names it: its driver, and what of its values the board uses.

A driver is made by `Driver(bus, pins, **settings)`, which touches no hardware. Its

    start(handler)  sets the chip up and has an interrupt call `handler(anything)` once a sample;
                    raises OSError if the chip does not answer, and may be called again then
    read(out)       writes the newest sample into `out`, as floats in its units; raises OSError
    read_raw(out)   may be missing: the same as integers, allocating nothing; `scales` are then
                    its units per count, one a channel
    stop()          leaves no interrupt and no timer

It may say `interval_us`, the time between two samples, and `stuck_after_ms`, for how long a
working sensor could repeat one reading in all its channels.
"""

from errno import ENODEV


class Sensor:
    """One sensor; what has to be known of it is known without its chip.

    name, channels, units: as the rig names them; make: function that imports and makes the
    driver; limits: (lowest, highest) or None by channel, in these units, or None: of no channel.
    Where the rig names not all channels of the driver, in its order and in its units:
    picked: the driver's number of each channel, of `width` that it has; factors, offsets: value =
    driver's value * factor + offset, by channel. None: as the driver has them.
    """

    def __init__(
        self,
        name,
        make,
        channels,
        units,
        limits=None,
        picked=None,
        width=None,
        factors=None,
        offsets=None,
    ):
        self.name = name
        self.channels = channels
        self.units = units
        self.limits = limits
        # What the driver says of itself is known once it has started.
        self.interval_us = 0
        self.stuck_after_ms = 0
        self.read = _absent
        self.read_raw = self.scales = None
        self.make = make
        self.driver = None
        self.conversion = None
        if picked is not None or factors is not None or offsets is not None:
            self.conversion = len(channels), picked, width, factors, offsets

    def start(self, handler):
        """Make the driver, if that is still to do, and start it.

        Raises OSError if the chip does not answer, and whatever else the driver's code raises.
        """
        # Imported for it: see runtime.SELDOM.
        from rivulet.sensing.connect import connect

        connect(self, handler)

    def stop(self):
        """Leave no interrupt and no timer behind."""
        if self.driver is not None:
            self.driver.stop()


def _absent(out):
    raise OSError(ENODEV)
