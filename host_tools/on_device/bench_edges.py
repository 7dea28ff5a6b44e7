"""Interrupts under load; a part of `rivulet bench`, in the session of bench.py.

The board's own sensor interrupt, the whole loop behind it with telemetry at 20 Hz; only the bus
is left out. Needs `EVENTS` in its globals, how many edges will come. Prints the stamps that the
handler took, how many events were dropped, and the heap bytes that an event allocated, the
handler's included: in a hard interrupt MicroPython refuses to allocate, and the handler would end.
"""

import rig

_PATIENCE_MS = 1500


class Stamped(Driver):
    """Keeps the stamp of every event it is read for; not one attribute is stored for that.

    Its interrupt is that of the board's own sensor. found: the ring's.
    """

    found = None

    def __init__(self, inputs):
        super().__init__(inputs)
        # How many, and then each.
        self.stamps = array("I", bytes(4 * (1 + EVENTS)))

    def start(self, handler):
        rig.make_sensors()[0].start(handler)

    def read_raw(self, out):
        stamps = self.stamps
        stamps[0] += 1
        stamps[stamps[0]] = self.found[0]
        for i in self._counts:
            out[i] = i


class Edges(Board):
    def make_driver(self):
        self.driver = Stamped(self._inputs)
        return self.driver


def edges():
    here = Edges(INPUTS)
    words, weights, _ = integer_model(UNITS, INPUTS)
    made = IntegerModel(integer_settings(INPUTS), words, weights)
    loop = Loop(here, here, Silent(), Store(made))
    loop.telemetry.configure(0x0F, 20.0, 65000)
    here.driver.found = loop.ring.found
    stamps = here.driver.stamps
    turn = loop.turn
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    started = ticks_ms()
    # Until all have come, or none comes any more: a loop that falls behind drops some.
    while stamps[0] < EVENTS and ticks_diff(ticks_ms(), started) < _PATIENCE_MS:
        turn()
    heap = gc.mem_alloc() - before
    gc.enable()
    return {
        "stamps": list(stamps[1 : 1 + stamps[0]]),
        # What the loop did not read, for want of room or since a newer event covered it.
        "dropped": sum(loop.ring.dropped) + sum(loop.ring.coalesced),
        "heap_bytes": heap // EVENTS,
    }


print(json.dumps(edges()))
