"""A driver whose channels a rig picks, or takes in other units; imported where one does."""

from array import array


class Converted:
    """Reads the driver, and gives the values that the rig names.

    The parameters are those of Sensor, without None; count: of the rig's channels.
    """

    def __init__(self, driver, count, picked, width, factors, offsets):
        self._driver = driver
        self._picked = picked or tuple(range(count))
        self._factors = factors or (1.0,) * count
        self._offsets = offsets
        self._values = [0.0] * (width or count)
        self.read_raw = None
        # A count without its zero would be another value.
        if offsets is None and hasattr(driver, "read_raw"):
            self._counts = array("i", bytes(4 * (width or count)))
            self.read_raw = self._read_raw
            self.scales = [
                driver.scales[at] * factor for at, factor in zip(self._picked, self._factors)
            ]

    def read(self, out):
        values = self._values
        picked, factors, offsets = self._picked, self._factors, self._offsets
        self._driver.read(values)
        for i in range(len(picked)):
            value = values[picked[i]] * factors[i]
            out[i] = value + offsets[i] if offsets else value

    def _read_raw(self, out):
        counts, picked = self._counts, self._picked
        self._driver.read_raw(counts)
        for i in range(len(picked)):
            out[i] = counts[picked[i]]
