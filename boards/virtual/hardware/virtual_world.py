"""Simulated time, sensors, interrupts and timers of the virtual board.

An edge or a timer is delivered at the next moment at which the board looks: when it reads the
clock, idles or uses a sensor. While its handler runs, the clock stands at the edge's own time,
which is what a real interrupt would have stamped.
"""

import select
import struct
import sys
import time

import devices as wiring
from micropython import const
from stimulus import Stimulus

_TICKS_MASK = const(0x3FFFFFFF)
_IDLE_US = const(1000)
# As Pin.irq has them; an edge of a simulated sensor is a pulse, so it rises and falls.
RISING = const(8)
FALLING = const(4)
# What happens at a pin is told the host this often, in real time.
_TOLD_MS = const(100)

devices = []
# Pin -> [handler, argument, trigger], as Pin.irq set them.
interrupts = {}
# Running machine.Timers. Each has due_us, and fire() moves that on.
timers = []

# Why this interpreter was started: "power-on", "watchdog", "software"; "" by a soft reset.
reset_cause = ""

_speed_permille = 1000
_origin = time.ticks_us()
_stimulus = None
_repeat = False
_base_us = None  # the board time at which stimulus time 0 happened
_record_us = None  # the board time of the record waiting in _stimulus
_due_us = None  # the board time of whatever is next
_edge_us = 0
_delivering = False
_outputs = {}  # the pins or words that actuators are wired to, and their states
_moved = {}  # pin -> its new state, not told yet
_told_ms = time.ticks_ms()

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


def configure(cause, speed_permille, wired, stimulus, repeat):
    """Set the world up; `wired` and `stimulus` are paths, that empty for a world at rest."""
    global reset_cause, _speed_permille, _stimulus, _repeat
    reset_cause = cause
    _speed_permille = speed_permille
    _repeat = repeat
    if stimulus:
        _stimulus = Stimulus(stimulus)
    found, outputs = wiring.read(wired, _stimulus.sources if stimulus else ())
    devices.extend(found)
    _outputs.update(outputs)


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
    if _due_us is not None:
        wait_us = min(wait_us, (_due_us - elapsed_us()) * 1000 // _speed_permille)
    if wait_us == _IDLE_US:
        for _, happened in _input.ipoll(1):
            if happened & select.POLLHUP:  # the supervisor is gone, and the power with it
                raise SystemExit
    elif wait_us > 0:
        time.sleep_us(wait_us)
    pump()
    _tell_moved()


def moved(pin, state):
    """An output pin has another state; the host is told if an actuator is wired to the pin."""
    if _outputs.get(pin, state) != state:
        _outputs[pin] = _moved[pin] = state
        _tell_moved()


def moved_to(address, word):
    """A word has another value; the host is told if it is an actuator's, a float32."""
    if address in _outputs:
        moved(address, "%.4g" % struct.unpack("<f", struct.pack("<I", word))[0])


def _tell_moved():
    global _told_ms
    if _moved and time.ticks_diff(time.ticks_ms(), _told_ms) >= _TOLD_MS:
        _told_ms = time.ticks_ms()
        for pin, state in _moved.items():
            event("output %s %s" % (pin, state))
        _moved.clear()


def chip_at(bus, address):
    """The device at an address of I2C bus `bus` (any bus: None), or None."""
    for device in devices:
        if device.bus is not None and device.address == address and bus in (None, device.bus):
            return device
    return None


def player_at(address):
    """The memory-mapped device that has a word at `address`, or None."""
    for device in devices:
        if device.bus is None and device.address <= address < device.address + device.space:
            return device
    return None


def start_if_armed(device):
    """The first device that raises an interrupt at a sample starts the stimulus."""
    global _base_us
    if _stimulus is not None and _base_us is None and device.chip.armed:
        _base_us = elapsed_us()
        event("stimulus start %d" % _base_us)
        _advance()


def schedule():
    """Set what is next, after a timer or the stimulus has moved."""
    global _due_us
    _due_us = _record_us
    for timer in timers:
        if _due_us is None or timer.due_us < _due_us:
            _due_us = timer.due_us


def pump():
    """Deliver every edge and timer that is due."""
    global _delivering, _edge_us
    if _delivering or _due_us is None:
        return
    now_us = elapsed_us()
    _delivering = True
    try:
        while _due_us is not None and _due_us <= now_us:
            _edge_us = _due_us
            if _edge_us == _record_us:
                _deliver()
                _advance()
            else:
                _fire()
    finally:
        _delivering = False


def _deliver():
    """The sample in the stimulus reaches its device, and that raises its pin."""
    for device in devices:
        if device.source == _stimulus.source:
            device.failing = _stimulus.failing
            device.chip.load(_stimulus.values)
            if device.chip.armed and device.event is not None:
                _pulse(device.event)


def _pulse(pin):
    for edge in (RISING, FALLING):
        entry = interrupts.get(pin)
        if entry is not None and entry[2] & edge and not _called(entry[0], entry[1]):
            # As on a board: a handler that failed is not called again.
            interrupts.pop(pin, None)


def _fire():
    for timer in timers:
        if timer.due_us == _edge_us:
            if not timer.fire(_called) and timer in timers:
                timers.remove(timer)
            break
    schedule()


def _called(handler, argument):
    """Whether an interrupt's handler came to its end."""
    try:
        handler(argument)
    except Exception as error:
        print("Uncaught exception in IRQ callback handler")
        sys.print_exception(error)
        return False
    return True


def _advance():
    """Read the next record and set when it is due."""
    global _base_us, _record_us
    if not _stimulus.advance():
        # A repeated stimulus begins again where it ended.
        again = _repeat and _record_us is not None
        _record_us = None
        if again:
            _base_us += _stimulus.end_us
            event("stimulus start %d" % _base_us)
            _stimulus.rewind()
            again = _stimulus.advance()
        if not again:
            event("stimulus end")
            schedule()
            return
    _record_us = _base_us + _stimulus.t_us
    schedule()
