"""What the rig of `rivulet hil` has in the place of hardware: a plant that a host simulates.

Readings come in PLANT messages, and what the actuators are told goes out in ACTION messages (see
rivulet/protocol.py). The drivers plant_sensor and plant_actuator are its two ends; the rest of the
firmware does not know. It also stands in for the board, whose time the host may keep (lock-step).
"""

import struct
from array import array

from rivulet import protocol
from rivulet.compat import const
from rivulet.errors import Refused
from rivulet.sensing.clock import Clock

_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)
_HEAD_AT = const(2)
_VALUES_AT = const(11)  # in an ACTION's payload, behind kind, sequence and ACTION_HEAD
_READINGS_AT = const(9)  # in a PLANT's body
_SHORTEST_LEASE_MS = const(1)


class Plant:
    """Both ends of the wire, and the board's time.

    widths: the number of channels of each sensor; actuators: how many there are.
    leased: whether a host simulates the plant now; paused: whether one did, and it stands still.
    """

    def __init__(self, widths, actuators):
        self.readings = [array("f", bytes(4 * width)) for width in widths]
        self.handlers = [None] * len(widths)
        self.leased = self.paused = False
        self._values = array("f", bytes(4 * actuators))
        self._link = self._board = None
        self._lock_step = False
        # The lease in the board's own milliseconds.
        self._lease_ms = self._renewed_ms = 0
        # Fed time, and the host's ticks that it stands for; the shifts let own time go on from it.
        self._us = self._ms = self._rest_us = self._ticks = 0
        self._started = False
        self._shift_us = self._shift_ms = 0
        self._sequence = -1  # of the newest message; -1: of none in this lease
        self._acted_at = 0  # the sequence when the newest action was taken
        self._actions = 0
        self._due = False  # whether an ACTION is to be sent

    def in_place_of(self, board):
        """Stand in for this board; returns itself."""
        self._board = board
        self.NAME = board.NAME
        return self

    def connect(self, link):
        """Send over this link. Returns the clock of the board's own time, which no host keeps."""
        self._link = link
        return Clock(self._board.ticks_us, self._board.ticks_ms)

    # As the board

    def ticks_us(self):
        if self._lock_step:
            return self._us
        return (self._board.ticks_us() + self._shift_us) & _MASK

    def ticks_ms(self):
        if self._lock_step:
            return self._ms
        return (self._board.ticks_ms() + self._shift_ms) & _MASK

    def idle(self):
        """Rest; what came at this time has been dealt with, so the host gets its answer."""
        if self.leased:
            if (self._board.ticks_ms() - self._renewed_ms) & _MASK >= self._lease_ms:
                self._end()
            elif self._due:
                self._answer()
        self._board.idle()

    # From the host

    def take(self, body):
        """Take a PLANT message; (value, text) of the reply, text None: an ACTION answers it.

        Raises Refused, ValueError.
        """
        lease_ms, flags, ticks = struct.unpack_from(protocol.PLANT_HEAD, body, _HEAD_AT)
        if lease_ms:
            if len(body) > _READINGS_AT:
                raise ValueError("a lease has no readings")
            self._renew(lease_ms, bool(flags & protocol.LOCK_STEP))
            return len(self._values), ""
        if not self.leased:
            raise Refused(protocol.REFUSED, "no lease runs: nobody simulates the plant")
        sequence = body[1]
        if sequence == self._sequence:
            self._due = True  # the answer was lost
            return 0, None
        self._check(body)
        if self._lock_step:
            self._forward(ticks)
        self._sequence = sequence
        self._due = self._lock_step
        if flags & protocol.PAUSE:
            self._pause()
        elif len(body) > _READINGS_AT:
            self.paused = False
        at = _READINGS_AT
        while at < len(body):
            source = body[at]
            values = self.readings[source]
            at += 1
            for i in range(len(values)):
                values[i] = struct.unpack_from("<f", body, at)[0]
                at += 4
            if self.handlers[source] is not None:
                self.handlers[source](None)
        return 0, None

    def _check(self, body):
        """Refuse readings that are not whole, or of no sensor, before any of them is taken."""
        at = _READINGS_AT
        while at < len(body):
            if body[at] >= len(self.readings):
                raise ValueError("there is no sensor %d" % body[at])
            at += 1 + 4 * len(self.readings[body[at]])
        if at != len(body):
            raise ValueError("the last reading is not whole")

    def _renew(self, lease_ms, lock_step):
        if not self.leased:
            self._us, self._ms = self.ticks_us(), self.ticks_ms()
            self._rest_us = 0
            self._sequence = -1
            self._actions = 0
            self._due = self._started = False
            self.leased = True
            self._lock_step = lock_step
        elif self._lock_step != lock_step:
            raise ValueError("the lease that runs is of the other kind")
        self._lease_ms = lease_ms
        self._renewed_ms = self._board.ticks_ms()
        if lease_ms <= _SHORTEST_LEASE_MS:
            self._end()

    def _forward(self, ticks):
        """Bring the board's time forward, by as much as the host's has gone on."""
        passed = (ticks - self._ticks) & _MASK if self._started else 0
        if passed >= _HALF:
            raise ValueError("time goes back")
        self._started = True
        self._ticks = ticks & _MASK
        self._us = (self._us + passed) & _MASK
        passed += self._rest_us
        self._ms = (self._ms + passed // 1000) & _MASK
        self._rest_us = passed % 1000

    def _end(self):
        """Go on in own time; the actuators rest until somebody simulates the plant again."""
        if self._lock_step:
            self._shift_us = (self._us - self._board.ticks_us()) & _MASK
            self._shift_ms = (self._ms - self._board.ticks_ms()) & _MASK
            self._lock_step = False
        self.leased = False
        self._pause()

    def _pause(self):
        """Let every sensor fail, as a driver at fault does: the actuators rest."""
        self.paused = True
        for handler in self.handlers:
            if handler is not None:
                handler(None)

    # From the actuators

    def write(self, number, value):
        """Take an actuator's value; the actuators are written one after the other."""
        self._values[number] = value
        if number == 0:
            self._actions = (self._actions + 1) & _MASK
            self._acted_at = max(self._sequence, 0)
            if not self._lock_step and self._sequence >= 0:
                self._due = True

    def _answer(self):
        link = self._link
        count = len(self._values)
        size = _VALUES_AT - _HEAD_AT + 4 * count
        if not link.room(size):
            return
        payload = link.payload
        struct.pack_into(
            protocol.ACTION_HEAD,
            payload,
            _HEAD_AT,
            self._actions,
            self.ticks_us(),
            self._sequence if self._lock_step else self._acted_at,
        )
        for i in range(count):
            struct.pack_into("<f", payload, _VALUES_AT + 4 * i, self._values[i])
        link.send(protocol.ACTION, size)
        link.flush()
        self._due = False
