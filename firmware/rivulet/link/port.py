"""Frames over a byte port, without waiting for it.

One exception is not in its hands: rp2's USB reports room from one free byte on, and then waits up
to half a second for the rest of a piece. A host that holds the port open and stops reading can
cost that once; after it the port reports no room, and nothing waits until the host reads again.
"""

import select
import sys

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
# MicroPython's streams write a part of a buffer without a view of it on the heap.
_PARTS = sys.implementation.name == "micropython"


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
        self._sequence = 0
        self._out = b""
        self._begin = 0
        self._end = 0
        self.resize(telemetry_bytes)

    def resize(self, telemetry_bytes):
        """Make room for telemetry payloads of so many bytes, if there is less."""
        longest = max(telemetry_bytes, protocol.DOCUMENT_CHUNK + 16)
        size = protocol.frame_size(longest) + _REPLY_ROOM
        if size <= len(self._out):
            return
        waiting = self._out[self._begin : self._end]
        payload = bytearray(longest + 8)  # kind, sequence, payload, CRC
        # Both or none: a payload that the buffer cannot take would end all telemetry.
        self._out = bytearray(size)
        self.payload = payload
        self._out[: len(waiting)] = waiting
        self._begin, self._end = 0, len(waiting)
        self._view = memoryview(self._out)

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
        if self._begin == self._end:
            self._begin = self._end = 0
        return self._end + protocol.frame_size(payload_bytes) + reserve <= len(self._out)

    def send(self, kind, payload_bytes, reserve=_REPLY_ROOM, payload=None):
        """Queue a frame whose payload stands in `payload[2:]`; False if there is no room.

        payload: a bytearray with four bytes to spare; None: the link's own.
        """
        if not self.room(payload_bytes, reserve):
            return False
        if payload is None:
            payload = self.payload
        payload[0] = kind
        payload[1] = self._sequence
        self._sequence = (self._sequence + 1) & 0xFF
        self._end = protocol.encode(payload, payload_bytes + 2, self._out, self._end)
        return True

    def text(self, line):
        """Queue a line that any terminal shows; dropped if there is no room."""
        line = line.encode() + b"\r\n"
        if self._end + len(line) + _REPLY_ROOM <= len(self._out):
            self._out[self._end : self._end + len(line)] = line
            self._end += len(line)

    def flush(self):
        """Write what the port takes now, a bounded number of small pieces."""
        for _ in range(_WRITES_PER_TURN):
            if self._begin == self._end:
                return
            ready = False
            for _ in self._look_out(0):
                ready = True
            if not ready:
                return
            count = min(_WRITE_CHUNK, self._end - self._begin)
            if _PARTS:
                written = self._writer.write(self._out, self._begin, count)
            else:
                written = self._writer.write(self._view[self._begin : self._begin + count])
            if not written:
                return
            self._begin += written

    def drain(self, turns=200):
        """Flush until nothing waits or the port stops taking bytes; for the last words only."""
        for _ in range(turns):
            self.flush()
            if self._begin == self._end:
                return
