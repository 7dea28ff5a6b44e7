"""A board, its sensors and its port that do what a test tells them, around the real loop."""

import os
import struct

from rivulet import loop, protocol, runtime
from rivulet.control.action import Action
from rivulet.control.actuators import Actuators
from rivulet.link import port as link
from rivulet.loop import Loop
from rivulet.sensing import sensor
from rivulet.store.trust import Trust
from rivulet.store.uploads import Store


class Loaded:
    """Keeps modules that are dropped after a push: to compile them again for each of many pushes
    takes most of the time. Other tests see them dropped and imported again."""

    def __enter__(self):
        self._seldom = runtime.SELDOM
        loop.SELDOM = runtime.SELDOM = ()

    def __exit__(self, *_):
        loop.SELDOM = runtime.SELDOM = self._seldom


class Port:
    """Both streams of a byte port, and the select.poll that watches them."""

    POLLIN, POLLOUT = 1, 4

    def __init__(self):
        self.incoming = b""
        self.outgoing = b""
        self.room = 1 << 20

    def poll(self):
        return _Poll()

    @property
    def incoming(self):
        """The bytes that the board has not read yet."""
        return self._sent[self._read :]

    @incoming.setter
    def incoming(self, data):
        self._sent, self._read = data, 0

    def readinto(self, buffer):
        # The loop reads bytes one by one: none is moved for it.
        begin, count = self._read, len(buffer)
        piece = self._sent[begin : begin + count]
        if count == 1 and piece:
            buffer[0] = piece[0]
        else:
            count = len(piece)
            buffer[:count] = piece
        self._read = begin + count
        return count

    def write(self, data, begin=0, count=None):
        data = data[begin : len(data) if count is None else begin + count]
        assert self.room > 0, "this write would have waited"
        count = min(len(data), self.room)
        self.outgoing += bytes(data[:count])
        self.room -= count
        return count

    def ready(self, mask):
        return self._read < len(self._sent) if mask == self.POLLIN else self.room > 0

    def link(self, telemetry_bytes=256):
        """The board's end of a wire over this port."""
        real, link.select = link.select, self
        try:
            return link.Link(self, self, telemetry_bytes)
        finally:
            link.select = real

    def take(self):
        """(frames as (kind, sequence, payload), lines of text) that were written so far."""
        frames, lines = split(self.outgoing)
        self.outgoing = b""
        return frames, lines


class _Poll:
    def register(self, stream, mask):
        self._stream, self._mask = stream, mask
        self._found = [(stream, mask)]

    def poll(self, timeout_ms):
        assert timeout_ms == 0, "the loop never waits for the port"
        return self._found if self._stream.ready(self._mask) else ()


def split(data, deframer=None):
    """(frames, lines of text) in a byte string."""
    deframer = deframer or protocol.Deframer(4096)
    frames, lines = [], []
    for byte in data:
        found = deframer.feed(byte)
        body = bytes(deframer.body[: deframer.length])
        if found == protocol.FRAME:
            frames.append((body[0], body[1], body[2:]))
        elif found == protocol.TEXT:
            lines.append(body)
    return frames, lines


class Sensor:
    """A driver, and the name and channels that a rig gives its sensor.

    limits: (lowest, highest) of every channel.
    """

    units = ("m", "m", "m")
    limits = None

    def __init__(self, name, channels):
        self.name = name
        self.channels = channels
        self.values = [0.0] * len(channels)
        self.broken = False

    def start(self, handler):
        if self.broken:
            raise OSError(19)
        self.handler = handler

    def read(self, out):
        if self.broken:
            raise OSError(5)
        for i in range(len(self.values)):
            out[i] = self.values[i]

    def stop(self):
        pass


def wired(driver):
    """The driver as a rig's sensor."""
    count = len(driver.channels)
    limits = getattr(driver, "limits", None)
    return sensor.Sensor(
        driver.name,
        lambda: driver,
        driver.channels,
        driver.units[:count],
        None if limits is None else (limits,) * count,
    )


class Board:
    """A board and its rig; its time is `now`, microseconds of any size.

    decisions: (time, decision, values) of every action that was no rest; rests: (time, why,
    decision, values) of all others.
    """

    NAME = "fake"

    def __init__(self, sensors=(), now=0):
        self.sensors = sensors
        self.now = now
        self.idled = 0
        self.decisions = []
        self.rests = []

    def ticks_us(self):
        return self.now & 0x3FFFFFFF

    def ticks_ms(self):
        return self.now // 1000 & 0x3FFFFFFF

    def make_sensors(self):
        return [wired(driver) for driver in self.sensors]

    def make_actuators(self):
        return []

    def idle(self):
        self.idled += 1

    def actuate(self, action):
        """Note what the Recorder hands on."""
        decision, values = action.decision, list(action.values)
        if action.resting:
            self.rests.append((self.now, action.resting, decision, values))
        else:
            self.decisions.append((self.now, decision, values))

    def event(self, source, at=None):
        """A sensor's interrupt, at a moment or now."""
        now = self.now
        if at is not None:
            self.now = at
        self.sensors[source].handler(None)
        self.now = now


class Recorder(Actuators):
    """Hands a board every action, instead of actuators."""

    def __init__(self, board):
        super().__init__([], board.ticks_ms, Action())
        self._board = board

    def act(self):
        self._board.actuate(self.action)
        return ()

    def rest(self, why):
        super().rest(why)
        return self.act()


class Bench:
    """A loop with everything around it. folder: where its models are; access: its door;
    snapshot: what it kept; rig: what is wired to it, if not `sensors` and a Recorder."""

    def __init__(
        self, folder, data=None, sensors=None, now=0, access=None, snapshot=None, rig=None
    ):
        if sensors is None:
            sensors = [Sensor("s", ("a", "b", "c"))]
        if data is not None:
            for name in ("journal.0", "journal.1"):  # of a bench before this one
                try:
                    os.remove(folder + "/" + name)
                except OSError:
                    pass
            with open(folder + "/active.safetensors", "wb") as file:
                file.write(data)
        self.sensors = sensors
        self.board = Board(sensors, now)
        self.port = Port()
        self.link = self.port.link()
        self.store = Store(folder, trust=Trust(access.files) if access else None)
        actuators = Recorder(self.board) if rig is None else None
        rig = rig or self.board
        self.loop = Loop(self.board, rig, self.link, self.store, access, snapshot, actuators)

    def turns(self, count=1):
        for _ in range(count):
            self.loop.turn()

    def ask(self, kind, payload=b"", sequence=7):
        """(status, value, text) of the board's reply to a request."""
        self.port.incoming += protocol.frame(kind, sequence, payload)
        for _ in range(20):
            self.turns()
            # Telemetry's frames and lines of text may come before the reply.
            if self.port.incoming or not self.port.outgoing:
                continue
            for kind_, _, body in split(self.port.outgoing)[0]:
                if kind_ == protocol.REPLY:
                    self.port.outgoing = b""
                    head = struct.calcsize(protocol.REPLY_HEAD)
                    asked, of, status, value = struct.unpack_from(protocol.REPLY_HEAD, body, 0)
                    assert (asked, of) == (sequence, kind)
                    return status, value, str(body[head:], "utf-8")
        raise AssertionError("no reply")
