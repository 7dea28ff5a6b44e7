"""A real MPU-6050's event; a part of `rivulet bench`, in the session of bench.py.

Needs `EVENTS` in its globals. The board's own sensor, driver and bus. Prints microseconds: of the
transfer, of a reading as integers and as floats, of decoding, of the same in plain Python, and of
an event through the whole loop.
"""

import rig

from rivulet.sensing import words as sensor_words


class Real(Board):
    """The rig's sensors."""

    def make_sensors(self):
        self.sensors = rig.make_sensors()
        return self.sensors


class RealSensor(WholeLoop):
    """The whole loop with the MPU-6050 in it."""

    def __init__(self):
        inputs = 6
        here = Real(inputs)
        words, weights, _ = integer_model(UNITS, inputs)
        settings = integer_settings(inputs)
        settings["channels"] = list(rig.make_sensors()[0].channels)
        made = IntegerModel(settings, words, weights)
        self._loop = Loop(here, here, Silent(), Store(made))
        self._loop.telemetry.configure(0x0F, 20.0, 65000)
        self.driver = here.sensors[0].driver
        # Its start has let edges come again; from here on events are pushed.
        self.driver.stop()


def middle_us(function, *arguments):
    """Return the median of 9 calls."""
    gc.collect()
    times = []
    for _ in range(9):
        started = ticks_us()
        function(*arguments)
        times.append(ticks_diff(ticks_us(), started))
    return sorted(times)[4]


def decode_plainly(data, out):
    at = 0
    for channel in range(6):
        out[channel] = ((data[at] << 8 | data[at + 1]) ^ 0x8000) - 0x8000
        at += 4 if channel == 2 else 2


def sensor_costs():
    subject = RealSensor()
    event = measure("", subject, EVENTS, _EVENTS_PER_TURN)
    driver = subject.driver
    data = bytearray(14)
    places = bytes((0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13))
    counts = array("i", bytes(24))
    calls = {
        "transfer_us": (driver._i2c.readfrom_mem_into, 0x68, 0x3B, data),
        "integers_us": (driver.read_raw, counts),
        "floats_us": (driver.read, [0.0] * 6),
        "viper_us": (sensor_words.decode, data, places, counts),
        "python_us": (decode_plainly, data, counts),
    }
    found = {key: event[key] for key in ("median_us", "heap_bytes")}
    own_us = middle_us(ticks_ms)  # of taking the time
    for key, call in calls.items():
        found[key] = middle_us(*call) - own_us
    return found


print(json.dumps(sensor_costs()))
