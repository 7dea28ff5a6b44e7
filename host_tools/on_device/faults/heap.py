"""Requests to a board that has hardly any memory left; see host_tools/faults/heap.py."""

import gc
import hashlib
import json
import struct

from fake_board import Board, Port
from in_process import InProcessBench, hash_of, load, read

from rivulet import protocol
from rivulet.loop import Loop
from rivulet.store.uploads import Store

READY = ((None, 1),)
NOBODY = ()
# A loop that only ever runs out of memory would turn for ever.
MOST_TURNS = 1000


class Enough(Exception):
    pass


ENOUGH = Enough()  # made now: there may be no memory for one later


class Quiet(Port):
    """A port that allocates nothing, as a real one: it gives `frame` and swallows what is sent."""

    def __init__(self):
        super().__init__()
        self.frame = b""
        self.at = 0

    def poll(self):
        return Look(self)

    def readinto(self, buffer):
        buffer[0] = self.frame[self.at]
        self.at += 1
        return 1

    def write(self, data, begin=0, count=0):
        return count

    def ready(self, mask):
        return mask == self.POLLOUT or self.at < len(self.frame)


class Look:
    def __init__(self, port):
        self._port = port

    def register(self, stream, mask):
        self._mask = mask

    def ipoll(self, timeout_ms):
        return READY if self._port.ready(self._mask) else NOBODY

    poll = ipoll


class Counts:
    """A sensor that gives integers; `greedy` ones take all the heap there is first."""

    name = "counts"
    channels = ("a", "b", "c")
    units = ("1", "1", "1")
    scales = (0.01, 0.01, 0.01)
    greedy = False

    def start(self, handler):
        self.handler = handler

    def read_raw(self, out):
        if self.greedy:
            hoard = None
            while True:
                hoard = [hoard] * 64
        out[0] = 50
        out[1] = -25
        out[2] = 7

    read = read_raw


class Tight(Board):
    """A board whose loop runs until nothing is left to do, on as much heap as it is left."""

    def __init__(self):
        super().__init__([Counts()])
        self.turns = 0
        self.held = [None] * 2000
        self.port = Quiet()
        self.loop = Loop(self, self, self.port.link(), Store("."))

    def ticks_ms(self):
        self.turns += 1
        if self.turns > MOST_TURNS:
            raise ENOUGH
        return 0

    def idle(self):
        if self.port.at == len(self.port.frame):
            raise ENOUGH

    def take(self, left):
        """Take all of the heap but for `left` bytes in one piece, and crumbs."""
        # In a list that is there already, and not in a chain, which the collector follows slowly.
        held = self.held
        held[0] = bytearray(left)
        size = 1 << 18
        number = 1
        while size >= 16 and number < len(held):
            try:
                held[number] = bytearray(size)
                number += 1
            except MemoryError:
                size //= 2
        held[0] = None

    def give(self):
        for number in range(len(self.held)):
            self.held[number] = None
        gc.collect()

    def run(self, frame):
        """An event and a request, until the loop has nothing to do; what ended it."""
        self.turns = 0
        self.port.frame = frame
        self.port.at = 0
        self.now += 1000
        self.event(0)
        try:
            self.loop.run()
        except Enough:
            return None
        except Exception as error:
            return error
        return Enough


class Shadow:
    """Models that see the board's events and nothing of its trouble."""

    def __init__(self, old, new):
        self._new = new
        self._at = old
        self._input_map = self._prepared(old)
        self._dt = 0

    def _prepared(self, model):
        input_map = model.raw_slots(Counts.channels, Counts.scales)
        Counts.read_raw(Counts(), input_map.raw)
        return input_map

    def event(self):
        self._at.move(self._dt, self._input_map.words)
        self._dt = 1000

    def swap(self):
        self._new.adopt(self._at)
        self._at = self._new
        self._input_map = self._prepared(self._new)

    def agrees(self, model):
        return list(model.physical(1)) == list(self._at.physical(1))


def requests_of(new):
    begin = struct.pack(protocol.PUSH_BEGIN_BODY, len(new), hashlib.sha256(new).digest())
    frames = [
        protocol.frame(protocol.HELLO, 9),
        protocol.frame(protocol.DESCRIBE, 9),
        protocol.frame(protocol.STATUS, 9),
        protocol.frame(0x3F, 9, b"unknown"),
        protocol.frame(
            protocol.CONFIGURE, 9, struct.pack(protocol.CONFIGURE_BODY, 15, 1000.0, 60000)
        ),
        protocol.frame(protocol.PUSH_BEGIN, 9, begin),
    ]
    for at in range(0, len(new), protocol.PUSH_CHUNK):
        piece = struct.pack(protocol.PUSH_DATA_HEAD, at) + new[at : at + protocol.PUSH_CHUNK]
        frames.append(protocol.frame(protocol.PUSH_DATA, 9, piece))
    frames.append(protocol.frame(protocol.PUSH_END, 9))
    return frames


def starved(rooms, old, new):
    """Every request, with each of `rooms` left of the heap, all the time or in the last one."""
    requests = survived = swaps = 0
    broken = []
    frames = requests_of(new)
    hashes = hash_of(old), hash_of(new)
    for room in rooms:
        for from_request in (0, len(frames) - 1):
            said = InProcessBench(".").push(old)
            assert said == "", said
            gc.collect()
            board = Tight()
            loop = board.loop
            shadow = Shadow(load("old.safetensors"), load("new.safetensors"))
            active = hashes[0]
            for number in range(len(frames)):
                where = "%d bytes left, request %d" % (room, number)
                if number >= from_request:
                    board.take(room)
                ended = board.run(frames[number])
                board.give()
                requests += 1
                shadow.event()
                if ended is not None:
                    broken.append("%s: the loop ended by %r" % (where, ended))
                    break
                if loop.model_hash != active:
                    active = loop.model_hash
                    shadow.swap()
                    swaps += 1
                if active not in hashes or not shadow.agrees(loop.model):
                    broken.append("%s: the model does not move as it should" % where)
                    break
            survived += loop.memory_errors
            boots = Tight().loop.model_hash
            if boots != active:
                broken.append("%d bytes left: runs %s, boots %s" % (room, active[:8], boots[:8]))
            again = InProcessBench(".").push(new)
            if again:
                broken.append("%d bytes left: the next push is refused: %s" % (room, again))
    return {
        "requests": requests,
        "survived": survived,
        "swaps": swaps,
        "broken": broken[:10],
    }


def greedy(events, old):
    """A driver that takes all the memory at every other event."""
    said = InProcessBench(".").push(old)
    assert said == "", said
    board = Tight()
    broken = []
    for number in range(events):
        Counts.greedy = number % 2 == 1
        ended = board.run(b"")
        if ended is not None:
            broken.append("event %d: the loop ended by %r" % (number, ended))
            break
    Counts.greedy = False
    if board.loop.memory_errors != events // 2:
        broken.append("%d of %d were counted" % (board.loop.memory_errors, events // 2))
    return {"survived": board.loop.memory_errors, "broken": broken}


def main(rooms, events):
    old, new = read("old.safetensors"), read("new.safetensors")
    return {"starved": starved(rooms, old, new), "greedy": greedy(events, old)}


print(json.dumps(main(**GIVEN)))
