"""A host in the same interpreter as the loop it talks to, and a flash chip in memory.

Shared by the programs of this folder.
"""

import hashlib
import json
import os
import struct

from fake_board import Bench

from rivulet import model as model_module
from rivulet import protocol


class InProcessBench(Bench):
    """A loop, its fake board and port, and what a host does with them.

    Every request is accompanied by an event, which must not be lost.
    """

    def __init__(self, folder, sensors=None, now=0):
        super().__init__(folder, None, sensors, now)
        self.port.room = 1 << 40  # the host reads all that comes
        self.sent = 0

    def request(self, kind, payload=b""):
        """(status, value, text) of the reply."""
        self.event()
        return self.ask(kind, payload)

    def event(self):
        self.board.now += 1000
        self.board.event(0)
        self.sent += 1

    def ask(self, kind, payload=b"", sequence=7):
        """As the fake's own; other frames that come with the answer are heard."""
        self.port.incoming += protocol.frame(kind, sequence, payload)
        self.turns(20)
        frames = self.port.take()[0]
        self.heard(frames)
        head = struct.calcsize(protocol.REPLY_HEAD)
        for found, _, body in frames:
            if found == protocol.REPLY:
                _, _, status, value = struct.unpack_from(protocol.REPLY_HEAD, body, 0)
                return status, value, str(body[head:], "utf-8")
        raise AssertionError("no reply")

    def heard(self, frames):
        pass

    def configure(self, rate_hz, lease_ms):
        payload = struct.pack(protocol.CONFIGURE_BODY, 15, rate_hz, lease_ms)
        return self.request(protocol.CONFIGURE, payload)

    def push(self, data, announced=None):
        """ "" if the board took the model, or what it said against it. announced: whose hash."""
        digest = hashlib.sha256(announced or data).digest()
        begin = struct.pack(protocol.PUSH_BEGIN_BODY, len(data), digest)
        status, done, text = self.request(protocol.PUSH_BEGIN, begin)
        while status == protocol.OK and done < len(data):
            piece = data[done : done + protocol.PUSH_CHUNK]
            head = struct.pack(protocol.PUSH_DATA_HEAD, done)
            status, done, text = self.request(protocol.PUSH_DATA, head + piece)
        if status == protocol.OK:
            status, _, text = self.request(protocol.PUSH_END)
        return "" if status == protocol.OK else text

    def status(self):
        """The status document, put together from its pieces."""
        self.port.take()
        self.port.incoming += protocol.frame(protocol.STATUS, 1)
        self.turns(60)
        head = struct.calcsize(protocol.DOCUMENT_HEAD)
        frames = self.port.take()[0]
        pieces = [bytes(body[head:]) for kind, _, body in frames if kind == protocol.DOCUMENT]
        return json.loads(b"".join(pieces))

    def lost(self):
        """How many events did not reach the model."""
        return self.sent - self.loop.progress.events


def read(path):
    with open(path, "rb") as file:
        return file.read()


def load(path):
    """Return the running model of a file."""
    with open(path, "rb") as file:
        return model_module.load(file, os.stat(path)[6])


def hash_of(data):
    return "".join("%02x" % byte for byte in hashlib.sha256(data).digest())


class Flash:
    """A block device in memory. Writing number `fail_at` (from 1, erasures counted as well)
    fails, and, if `for_good`, all that follow."""

    BLOCK = 4096

    def __init__(self, data):
        self.data = bytearray(data)
        self.writes = 0
        self.fail_at = 0
        self.for_good = False

    def readblocks(self, block, buffer, offset=0):
        at = block * self.BLOCK + offset
        buffer[:] = memoryview(self.data)[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        if self._fails():
            return -5  # EIO
        at = block * self.BLOCK + offset
        self.data[at : at + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self.data) // self.BLOCK
        if operation == 5:
            return self.BLOCK
        if operation == 6 and self._fails():
            return -5
        return 0

    def _fails(self):
        self.writes += 1
        if not self.fail_at:
            return False
        return self.writes >= self.fail_at if self.for_good else self.writes == self.fail_at
