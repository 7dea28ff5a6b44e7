"""Frames over a byte port, without waiting for it.

One exception is not in its hands: rp2's USB reports room from one free byte on, and then waits up
to half a second for the rest of a piece. A host that holds the port open and stops reading can
cost that once; after it the port reports no room, and nothing waits until the host reads again.
"""

import select
import sys
from array import array

from rivulet import protocol
from rivulet.compat import const, ticks_diff, ticks_ms

# Bytes taken from the port in one turn of the loop, and written to it.
_READ_PER_TURN = const(64)
_WRITE_CHUNK = const(64)
_WRITES_PER_TURN = const(4)
# More than this many bytes outside of frames, and this recently, are not somebody's typing.
_TYPED = const(8)
_RECENT_MS = const(200)
# What a person or mpremote sends after a Ctrl-C: Return, Ctrl-A, Ctrl-B, Ctrl-D, Ctrl-E.
_KEYS = b"\r\x01\x02\x04\x05"
# Space kept free for replies: a full telemetry record must never hold up an answer.
_REPLY_ROOM = const(640)
# What `_words` holds: which part of the send buffer waits, and the number of the next frame.
# Elements, because to store an attribute costs 27 us on a Pico (see sensing/clock.py).
_BEGIN = const(0)
_END = const(1)
_SEQUENCE = const(2)
# MicroPython's streams write a part of a buffer without a view of it on the heap.
_PARTS = sys.implementation.name == "micropython"

# Behind the words of the CRC: where in the buffer a frame begins, and then ends.
_AT = const(16)


def _assembled():
    """Return protocol.encode in assembler, or None if this core does not run it.

    An .mpy made for another MicroPython can load and still read its arguments wrongly.
    """
    try:
        from rivulet.link.frame_thumb import encode
    except (ImportError, SyntaxError, ValueError):
        return None
    table = array("I", protocol.CRC_NIBBLES)
    table.append(0)

    def assembled(body, length, out, at):
        table[_AT] = at
        encode(body, length, out, table)
        return table[_AT]

    # Every byte that is escaped, and one beside each.
    body = bytearray(range(0x22)) + b"\x7c\x7d\x7e\x7f\xff" + bytes(4)
    length = len(body) - 4
    plain, other = bytearray(2 * len(body)), bytearray(2 * len(body))
    try:
        same = assembled(body, length, other, 1) == protocol.encode(body, length, plain, 1)
    except (TypeError, ValueError):
        return None
    return assembled if same and plain == other else None


_encode = _assembled() or protocol.encode


class Link:
    """The board's end of the wire.

    reader, writer: binary streams of one port (sys.stdin.buffer, sys.stdout.buffer).
    telemetry_bytes: the longest telemetry payload; the send buffer is made for one such record
    and a reply behind it. `send` refuses what does not fit; nothing waits.
    """

    def __init__(self, reader, writer, telemetry_bytes=256):
        self._reader = reader
        self._writer = writer
        self._readable = select.poll()
        self._readable.register(reader, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(writer, select.POLLOUT)
        # CPython has no ipoll, which allocates nothing where poll makes a list.
        self._look = getattr(self._readable, "ipoll", self._readable.poll)
        self._look_out = getattr(self._writable, "ipoll", self._writable.poll)
        self._byte = bytearray(1)
        self.deframer = protocol.Deframer(2 * protocol.MAX_REQUEST)
        self._stray = 0
        self._heard_ms = ticks_ms()
        self._words = array("i", (0, 0, 0))
        self._out = b""
        self.resize(telemetry_bytes)

    def resize(self, telemetry_bytes):
        """Make room for telemetry payloads of so many bytes, if there is less."""
        longest = max(telemetry_bytes, protocol.DOCUMENT_CHUNK + 16)
        size = protocol.frame_size(longest) + _REPLY_ROOM
        if size <= len(self._out):
            return
        words = self._words
        waiting = self._out[words[_BEGIN] : words[_END]]
        # Kind, sequence, payload, CRC; whole words, as telemetry writes them.
        payload = bytearray(longest + 8 + (-longest & 3))
        # Both or none: a payload that the buffer cannot take would end all telemetry.
        self._out = bytearray(size)
        self.payload = payload
        self._out[: len(waiting)] = waiting
        words[_BEGIN], words[_END] = 0, len(waiting)
        self._view = memoryview(self._out)
        # Up to here a record fits behind what waits.
        self._last_begin = size - protocol.frame_size(longest) - _REPLY_ROOM

    def facts(self):
        return {
            "frames_corrupt": self.deframer.corrupt,
            "frames_oversized": self.deframer.oversized,
        }

    def receive(self):
        """True when a whole request stands in `deframer.body`; takes a bounded number of bytes."""
        for _ in range(_READ_PER_TURN):
            ready = False
            for _ in self._look(0):
                ready = True
            if not ready or not self._reader.readinto(self._byte):
                return False
            self._stray += 1
            self._heard_ms = ticks_ms()
            if self.deframer.feed(self._byte[0]) == protocol.FRAME:
                self._stray = 0
                return True
        return False

    def quiet(self):
        """Whether no stray bytes came in the last 200 ms; they are forgotten then."""
        if self._stray and ticks_diff(ticks_ms(), self._heard_ms) > _RECENT_MS:
            self._stray = 0
        return not self._stray

    def expect_noise(self):
        """Take the line for noisy until it has been quiet."""
        self._stray += _TYPED + 1
        self._heard_ms = ticks_ms()

    def noisy(self):
        """Whether what came just before this moment, or comes next, is noise rather than keys.

        None if nothing comes yet.
        """
        if not self.quiet() and self._stray > _TYPED:
            return True
        if not self._readable.poll(0):
            return None
        # One byte has to be taken to know it. mpremote's is a Return, which nobody misses.
        self._reader.readinto(self._byte)
        if self._byte[0] in _KEYS:
            return False
        self._stray += 1
        self._heard_ms = ticks_ms()
        self.deframer.feed(self._byte[0])
        return True

    def room(self, payload_bytes, reserve=_REPLY_ROOM):
        """Whether a payload fits the send buffer now and leaves `reserve` bytes for replies."""
        return self._waiting() + protocol.frame_size(payload_bytes) + reserve <= len(self._out)

    def takes_record(self):
        """Whether the longest telemetry payload fits the send buffer now, as in `room`."""
        return self._waiting() <= self._last_begin

    def _waiting(self):
        """Return where the next frame begins."""
        words = self._words
        end = words[_END]
        if end == words[_BEGIN]:
            words[_BEGIN] = words[_END] = end = 0
        return end

    def send(self, kind, payload_bytes, reserve=_REPLY_ROOM, payload=None):
        """Queue a frame whose payload stands in `payload[2:]`; False if there is no room.

        payload: a bytearray with four bytes to spare; None: the link's own.
        """
        if not self.room(payload_bytes, reserve):
            return False
        self.queue(kind, payload_bytes, self.payload if payload is None else payload)
        return True

    def queue(self, kind, payload_bytes, payload):
        """Queue a frame that has room, as in `send`."""
        words = self._words
        sequence = words[_SEQUENCE]
        words[_SEQUENCE] = (sequence + 1) & 0xFF
        payload[0] = kind
        payload[1] = sequence
        words[_END] = _encode(payload, payload_bytes + 2, self._out, words[_END])

    def text(self, line):
        """Queue a line that any terminal shows; dropped if there is no room."""
        line = line.encode() + b"\r\n"
        words = self._words
        end = words[_END]
        if end + len(line) + _REPLY_ROOM <= len(self._out):
            self._out[end : end + len(line)] = line
            words[_END] = end + len(line)

    def flush(self):
        """Write what the port takes now, a bounded number of small pieces."""
        words = self._words
        for _ in range(_WRITES_PER_TURN):
            begin = words[_BEGIN]
            count = words[_END] - begin
            if not count:
                return
            ready = False
            for _ in self._look_out(0):
                ready = True
            if not ready:
                return
            if count > _WRITE_CHUNK:
                count = _WRITE_CHUNK
            if _PARTS:
                written = self._writer.write(self._out, begin, count)
            else:
                written = self._writer.write(self._view[begin : begin + count])
            if not written:
                return
            words[_BEGIN] = begin + written

    def drain(self, turns=200):
        """Flush until nothing waits or the port stops taking bytes; for the last words only."""
        words = self._words
        for _ in range(turns):
            self.flush()
            if words[_BEGIN] == words[_END]:
                return
