"""Simulated time, sensors and interrupts of the virtual board.

An edge is delivered at the next moment at which the board looks: when it reads the clock, idles
or uses the bus. While its handler runs, the clock stands at the edge's own time, which is what a
real interrupt would have stamped.
"""

import select
import struct
import sys
import time

from micropython import const
from mpu6050_registers import MPU6050Registers

_TICKS_MASK = const(0x3FFFFFFF)
_IDLE_US = const(1000)
_HEADER_BYTES = const(16)
_RECORD_BYTES = const(24)
_RECORD = "<QBBhhhhhh"
_MAGIC = b"RVSTIM1\0"
_BUS_FAILS = const(0x01)

# Where the sensors sit: the address on the bus and the pin that their interrupt output drives.
_WIRING = ((0x68, 15), (0x69, 14))


class Sensor:
    """One simulated chip on the bus."""

    def __init__(self, address, interrupt_pin):
        self.address = address
        self.interrupt_pin = interrupt_pin
        self.chip = MPU6050Registers()
        self.failing = False  # the bus answers nothing until the next sample


sensors = []
# Pin number -> (handler, argument), as Pin.irq set them.
interrupts = {}

# Why this interpreter was started: "power-on", "watchdog", "software"; "" by a soft reset.
reset_cause = ""

_speed_permille = 1000
_origin = time.ticks_us()
_stimulus = None
_repeat = False
_record = bytearray(_RECORD_BYTES)
_base_us = None  # the board time at which stimulus time 0 happened
_next_us = None  # the board time of the edge waiting in _record
_edge_us = 0
_delivering = False

_input = select.poll()
_input.register(sys.stdin.buffer, select.POLLIN)


def event(text):
    """Tell the supervisor something, beside the board's own output."""
    sys.stderr.write("@" + text + "\n")


def restart(mode):
    """Ask the supervisor for a new interpreter: only that gives empty memory. Never returns."""
    asked = False
    while True:
        try:
            if not asked:
                event("restart " + mode)
                asked = True
            for _, happened in _input.ipoll(1000):
                if happened & select.POLLHUP:
                    sys.exit()
                time.sleep_ms(1)
        except KeyboardInterrupt:
            event("interrupted")  # it is meant for what runs next


def stop_watchdog():
    event("watchdog 0")


def configure(cause, speed_permille, sensor_count, stimulus, repeat):
    """Set the world up; `stimulus` is a path, empty for a world at rest."""
    global reset_cause, _speed_permille, _stimulus, _repeat
    reset_cause = cause
    _speed_permille = speed_permille
    _repeat = repeat
    sensors.extend(Sensor(address, pin) for address, pin in _WIRING[:sensor_count])
    if stimulus:
        _stimulus = open(stimulus, "rb")
        if _stimulus.read(_HEADER_BYTES)[: len(_MAGIC)] != _MAGIC:
            raise ValueError("not a stimulus file: " + stimulus)


def elapsed_us():
    """Board time since power-on; does not wrap."""
    real_us = time.ticks_diff(time.ticks_us(), _origin)
    return real_us if _speed_permille == 1000 else real_us * _speed_permille // 1000


def ticks_us():
    if _delivering:
        return _edge_us & _TICKS_MASK
    pump()
    return elapsed_us() & _TICKS_MASK


def ticks_ms():
    return (_edge_us if _delivering else elapsed_us()) // 1000 & _TICKS_MASK


def idle():
    """Sleep until the next edge or until input arrives, at most a millisecond of real time."""
    wait_us = _IDLE_US
    if _next_us is not None:
        wait_us = min(wait_us, (_next_us - elapsed_us()) * 1000 // _speed_permille)
    if wait_us == _IDLE_US:
        for _, happened in _input.ipoll(1):
            if happened & select.POLLHUP:  # the supervisor is gone, and the power with it
                raise SystemExit
    elif wait_us > 0:
        time.sleep_us(wait_us)
    pump()


def sensor_at(address):
    """The sensor at a bus address, or None."""
    for sensor in sensors:
        if sensor.address == address:
            return sensor
    return None


def start_if_armed(sensor):
    """The first chip whose data-ready interrupt is enabled starts the stimulus."""
    global _base_us
    if _stimulus is not None and _base_us is None and sensor.chip.data_ready_enabled:
        _base_us = elapsed_us()
        event("stimulus start %d" % _base_us)
        _advance()


def pump():
    """Deliver every edge that is due."""
    global _delivering, _edge_us
    if _delivering or _next_us is None:
        return
    now_us = elapsed_us()
    _delivering = True
    try:
        while _next_us is not None and _next_us <= now_us:
            _edge_us = _next_us
            _deliver()
            _advance()
    finally:
        _delivering = False


def _deliver():
    fields = struct.unpack(_RECORD, _record)
    source = fields[1]
    if source >= len(sensors):
        return
    sensor = sensors[source]
    sensor.failing = bool(fields[2] & _BUS_FAILS)
    sensor.chip.load(fields[3:])
    entry = interrupts.get(sensor.interrupt_pin)
    if entry is None or not sensor.chip.data_ready_enabled:
        return
    try:
        entry[0](entry[1])
    except Exception as error:
        # As on a board: a handler that failed is not called again.
        del interrupts[sensor.interrupt_pin]
        print("Uncaught exception in IRQ callback handler")
        sys.print_exception(error)


def _advance():
    """Read the next record and set when it is due."""
    global _base_us, _next_us
    if _stimulus.readinto(_record) < _RECORD_BYTES:
        # A repeated stimulus begins again where it ended.
        restart_us = _next_us
        _next_us = None
        if not _repeat or restart_us is None:
            event("stimulus end")
            return
        _base_us = restart_us
        event("stimulus start %d" % _base_us)
        _stimulus.seek(_HEADER_BYTES)
        _stimulus.readinto(_record)
    _next_us = _base_us + struct.unpack_from("<Q", _record)[0]
