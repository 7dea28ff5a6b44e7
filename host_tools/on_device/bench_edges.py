"""Interrupts under load; a part of `rivulet bench`, in the session of bench.py.

The board's own sensor interrupt, the whole loop behind it with telemetry at 20 Hz; only the bus
is left out. Needs `EVENTS` in its globals, how many edges will come. Prints the stamps that the
handler took, how many events were dropped, and the heap bytes that an event allocated, the
handler's included: in a hard interrupt MicroPython refuses to allocate, and the handler would end.
"""

import board

_PATIENCE_MS = 1500


class Stamped(Sensor):
    """Keeps the stamp of every event it is read for."""

    def __init__(self, inputs, ring):
        super().__init__(inputs)
        self._ring = ring
        self.stamps = array("I", bytes(4 * EVENTS))
        self.taken = 0

    def read_raw(self, out):
        taken = self.taken
        if taken < EVENTS:
            self.stamps[taken] = self._ring.ticks
        self.taken = taken + 1
        super().read_raw(out)


class Edges(Board):
    def start_sensors(self, ring):
        board.start_sensors(ring)  # its handler is the one that stamps
        self.sensor = Stamped(self._inputs, ring)
        return [self.sensor]


def edges():
    here = Edges(INPUTS)
    words, weights, _ = integer_model(UNITS, INPUTS)
    made = FixedModel(integer_settings(INPUTS), words, weights)
    loop = Loop(here, Silent(), Store(made))
    loop.telemetry.configure(0x0F, 20.0, 65000)
    sensor = here.sensor
    turn = loop.turn
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    started = ticks_ms()
    # Until all have come, or none comes any more: a loop that falls behind drops some.
    while sensor.taken < EVENTS and ticks_diff(ticks_ms(), started) < _PATIENCE_MS:
        turn()
    heap = gc.mem_alloc() - before
    gc.enable()
    return {
        "stamps": list(sensor.stamps)[: sensor.taken],
        # What the loop did not read, for want of room or since a newer event covered it.
        "dropped": sum(loop.ring.dropped) + sum(loop.ring.coalesced),
        "heap_bytes": heap // EVENTS,
    }


print(json.dumps(edges()))
