"""Messages and framing of the wire: the one definition, used by the board and by the host.

A frame is 0x7E, a byte-stuffed body, 0x7E (after RFC 1662): bytes below 0x20, 0x7D and 0x7E
travel as 0x7D and the byte xor 0x20. So no control character is ever part of a frame, in either
direction: Ctrl-A, Ctrl-C and Ctrl-D still reach the REPL, and text between frames is told from
frames by the first line end. The body is

    kind u8 | sequence u8 | payload | CRC-32 u32 of all before it        (little-endian)

Host to board, the reply echoes kind and sequence:
    HELLO      -                              value: PROTOCOL
    DESCRIBE   -                              a document: names, units, shapes (JSON)
    STATUS     -                              a document: hash, counters, heap (JSON)
    CONFIGURE  blocks u8, rate f32 Hz, lease u16 ms
               telemetry at this rate until the lease ends; the host renews it, so a board whose
               host went away falls silent by itself
    PUSH_BEGIN size u32, SHA-256 [32]
    PUSH_DATA  offset u32, bytes              value: bytes received so far
    PUSH_END   -                              verifies, then swaps between two events
    RESET      -                              state to zero
    RELEASE    -                              leave the program to the REPL
    CONFIRM    -                              the model on trial is here to stay
    ROLLBACK   -                              back to the model before it
    CHALLENGE  -                              value: milliseconds it may be answered; text: the
               nonce in hex, or nothing on a board without a key
    AUTHORISED tag [32], kind u8, payload     performs that kind, and answers as it would: tag is
               the HMAC-SHA-256 of COMMAND_DOMAIN, nonce, kind and payload under the board's key
    COLLECT    lease u16 ms                   value: events since the collection began
               each event's values from now until the lease ends, which the host renews as that of
               telemetry; 0 ms: no more than those that the value counts
    PLANT      PLANT_HEAD: lease u16 ms, flags u8, ticks u32; then readings, each a sensor u8 and
               its float32 values, in the order and the units of the description
               for a board whose rig is that of 'rivulet hil': a host simulates what it controls.
               A lease above 0 opens or renews that, has no readings and gets a REPLY; on a keyed
               board it needs the key. Within the lease, messages of lease 0 bring the plant's time
               and readings; they get an ACTION, or a REPLY that refuses them
    LABEL      how u8, then the name of a class (LABEL_KNOWN, LABEL_NEW: it may take a spare one)
               or float32 true values (LABEL_VALUES)         value: labels, this one included
               this is what the outputs should be now
    ADAPTED    -                              a document: what was learnt (store/learnt.py)
The payload of each kind has the length in PAYLOAD_BYTES; the board refuses any other.
Board to host:
    REPLY      sequence u8, kind u8, status u8, value u32, text
    DOCUMENT   sequence u8, kind u8, total u16, offset u16, bytes
    TELEMETRY  see TELEMETRY_FIELDS, a SENSOR_HEAD for each sensor of the description, then float32
               or int32 blocks in the order of BLOCKS
    EVENTS     EVENTS_HEAD, then for each event EVENT_HEAD and its sensor's values, float32 in the
               units of the description, or int32 counts of the description's scales
    ACTION     ACTION_HEAD, then float32, one for each actuator of the rig
"""

import struct
from array import array
from binascii import crc32

from rivulet.compat import const, micropython, ptr8, ptr32

PROTOCOL = 4

HELLO = 0x01
DESCRIBE = 0x02
STATUS = 0x03
CONFIGURE = 0x04
PUSH_BEGIN = 0x05
PUSH_DATA = 0x06
PUSH_END = 0x07
RESET = 0x08
RELEASE = 0x09
CONFIRM = 0x0A
ROLLBACK = 0x0B
CHALLENGE = 0x0C
AUTHORISED = 0x0D
COLLECT = 0x0E
PLANT = 0x0F
LABEL = 0x10
ADAPTED = 0x11
REPLY = 0x41
DOCUMENT = 0x42
TELEMETRY = 0x43
EVENTS = 0x44
ACTION = 0x45

# Status of a reply.
OK = 0
REFUSED = 1
LOCKED = 2  # the same request is admitted as AUTHORISED

# The first byte of LABEL.
LABEL_KNOWN = 0
LABEL_NEW = 1
LABEL_VALUES = 2

# What each hash under a board's key begins with, so that none passes for another.
COMMAND_DOMAIN = b"rivulet command 1\0"
NONCE_DOMAIN = b"rivulet nonce 1\0"
# Each part of a signed command has a fixed length, or a stranger could move the border between
# nonce and command: a host signs for no nonce of another length.
NONCE_BYTES = 32

# Telemetry blocks and their bits in the CONFIGURE mask, in the order they follow one another.
# alpha is 1/tau: the host divides, not the board.
BLOCKS = ("alpha", "state", "outputs", "inputs")
# With this bit the blocks of a record are int32: the description's `fraction_bits` scale each
# block, and inputs are normalised besides (u = (value - offset) * scale).
INTEGERS = 0x80
# The head of a telemetry record: its fields in order, and their format. decision: -1 for none.
# epoch and ticks: the state's time is epoch * 2^30 + ticks us. telemetry_dropped counts records,
# frames_corrupt those from the host, event_cost_us is the last event's. One string, because a
# tuple of names takes a board three times the heap.
TELEMETRY_FIELDS = (
    "blocks decision epoch ticks events late dropped bus_errors bad_values telemetry_dropped"
    " frames_corrupt event_cost_us coalesced guard_trips flags"
)
TELEMETRY_HEAD = "<BbIIIIIIIIIIIIB"
# Flags: what is acted on is older than it may be; a guard acts in the model's stead.
OUTPUTS_STALE = 1
OUTPUTS_GUARDED = 2
# age of the last good reading u32 ms, at most OLDEST_MS | troubles u8, a bit each
SENSOR_HEAD = "<IB"
TELEMETRY_HEAD_BYTES = struct.calcsize(TELEMETRY_HEAD)
SENSOR_BYTES = struct.calcsize(SENSOR_HEAD)
OLDEST_MS = (1 << 30) - 1
TROUBLES = ("missing", "stuck", "out of range", "bus errors", "fault")
# count of events u16 | since the collection began: events before these u32, those among them that
# found no room u32 | since the start: events that the ring passed over or lost u32, readings that
# failed u32. Each u32 is kept modulo 2^30.
EVENTS_HEAD = "<HIIII"
# ticks u32 | sensor, INTEGERS, epoch << 8 u32: the interrupt's time is epoch * 2^30 + ticks us.
EVENT_HEAD = "<II"
CONFIGURE_BODY = "<BfH"
COLLECT_BODY = "<H"
PLANT_HEAD = "<HBI"
# Flag of a lease: the board's clock stands at the plant's time, and goes on with the next message
# alone, which is answered once nothing is left to be done at that time. Without it the board keeps
# its own time, and sends an ACTION at each decision.
LOCK_STEP = 1
# Flag of a message within the lease, without readings: every sensor fails until its next reading,
# so that the actuators rest, as between two episodes.
PAUSE = 2
# actions since the lease was opened u32, modulo 2^30 | the board's ticks u32 | sequence of a PLANT
# u8: of the message that is answered; in real time of the newest one when the action was taken.
ACTION_HEAD = "<IIB"
PUSH_BEGIN_BODY = "<I32s"
PUSH_DATA_HEAD = "<I"
REPLY_HEAD = "<BBBI"
DOCUMENT_HEAD = "<BBHH"

# Data bytes in one PUSH_DATA: its frame fits a board's 512-byte input buffer even if every byte
# is escaped.
PUSH_CHUNK = 192
DOCUMENT_CHUNK = 192
# The largest body that a board accepts, before stuffing.
MAX_REQUEST = 256

_EMPTY = (0, 0)
# A name, or 32 true values.
_LABEL_BYTES = const(128)
_PUSH_DATA_HEAD_BYTES = struct.calcsize(PUSH_DATA_HEAD)
PLANT_HEAD_BYTES = struct.calcsize(PLANT_HEAD)
# Bytes of readings in one PLANT.
PLANT_READINGS = 192
# Bytes of payload that a request of each kind has: (fewest, most).
PAYLOAD_BYTES = {
    HELLO: _EMPTY,
    DESCRIBE: _EMPTY,
    STATUS: _EMPTY,
    CONFIGURE: (struct.calcsize(CONFIGURE_BODY), struct.calcsize(CONFIGURE_BODY)),
    PUSH_BEGIN: (struct.calcsize(PUSH_BEGIN_BODY), struct.calcsize(PUSH_BEGIN_BODY)),
    PUSH_DATA: (_PUSH_DATA_HEAD_BYTES + 1, _PUSH_DATA_HEAD_BYTES + PUSH_CHUNK),
    PUSH_END: _EMPTY,
    RESET: _EMPTY,
    RELEASE: _EMPTY,
    CONFIRM: _EMPTY,
    ROLLBACK: _EMPTY,
    CHALLENGE: _EMPTY,
    COLLECT: (struct.calcsize(COLLECT_BODY), struct.calcsize(COLLECT_BODY)),
    PLANT: (PLANT_HEAD_BYTES, PLANT_HEAD_BYTES + PLANT_READINGS),
    LABEL: (2, 1 + _LABEL_BYTES),
    ADAPTED: _EMPTY,
}

_FLAG = const(0x7E)
_ESCAPE = const(0x7D)
_OVERHEAD = const(6)  # kind, sequence, CRC


def check_payload(kind, count):
    """Refuse a request of an unknown kind, or with `count` bytes of payload where its kind has
    more or fewer. Raises ValueError.

    An authorised command is checked without its envelope: AUTHORISED in AUTHORISED is unknown.
    """
    if kind not in PAYLOAD_BYTES:
        raise ValueError("kind 0x%02x is not known here" % kind)
    fewest, most = PAYLOAD_BYTES[kind]
    if not fewest <= count <= most:
        limit = fewest if count < fewest else most
        raise ValueError("kind 0x%02x has %d bytes of payload, not %d" % (kind, limit, count))


def longest_record(model, sensors):
    """Return the payload bytes of a record with every block of `model`, or of none."""
    head = TELEMETRY_HEAD_BYTES + sensors * SENSOR_BYTES
    if model is None:
        return head
    return head + 4 * (2 * model.hidden + len(model.channels) + model.output_count)


def frame_size(payload):
    """The most bytes on the wire for a payload of so many bytes."""
    return 2 * (payload + _OVERHEAD) + 2


@micropython.viper
def _stuff(source: ptr8, count: int, out: ptr8, at: int) -> int:
    i = 0
    while i < count:
        byte = int(source[i])
        if byte < 0x20 or byte == 0x7D or byte == 0x7E:
            out[at] = 0x7D
            at += 1
            byte = byte ^ 0x20
        out[at] = byte
        at += 1
        i += 1
    return at


@micropython.viper
def _unstuff(buffer: ptr8, count: int) -> int:
    """Undo stuffing in place; the length of the result, or -1 for an escape that escapes nothing
    that is ever escaped."""
    i = 0
    at = 0
    while i < count:
        byte = int(buffer[i])
        if byte == 0x7D:
            i += 1
            if i >= count:
                return -1
            byte = int(buffer[i]) ^ 0x20
            if byte >= 0x20 and byte != 0x7D and byte != 0x7E:
                return -1
        buffer[at] = byte
        at += 1
        i += 1
    return at


def _crc_nibbles():
    table = array("I", bytes(4 * 16))
    for nibble in range(16):
        crc = nibble
        for _ in range(4):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
        table[nibble] = crc
    return table


CRC_NIBBLES = _crc_nibbles()


@micropython.viper
def _seal(body: ptr8, count: int, table: ptr32):
    """Write the CRC-32 of the first `count` bytes behind them; crc32() would make a heap object
    of its result on a 32-bit board, at every frame."""
    crc = -1
    i = 0
    while i < count:
        crc ^= int(body[i])
        crc = ((crc >> 4) & 0x0FFFFFFF) ^ table[crc & 15]
        crc = ((crc >> 4) & 0x0FFFFFFF) ^ table[crc & 15]
        i += 1
    crc = ~crc
    for i in range(4):
        body[count + i] = crc & 0xFF
        crc >>= 8


@micropython.viper
def pack_words(source, count: int, out, at: int):
    """Copy `count` words of 32 bits to those of `out` from number `at` on, allocating nothing."""
    words = ptr32(source)
    target = ptr32(out)
    for i in range(count):
        target[at + i] = words[i]


def encode(body, length, out, at):
    """Frame body[:length] (kind, sequence, payload; 4 spare bytes behind it) into out[at:].

    Returns the position after the frame. body and out are bytearrays.
    """
    _seal(body, length, CRC_NIBBLES)
    out[at] = _FLAG
    at = _stuff(body, length + 4, out, at + 1)
    out[at] = _FLAG
    return at + 1


def frame(kind, sequence, payload=b""):
    """One frame as bytes: for the host and for tests; boards encode into their own buffers."""
    body = bytearray((kind, sequence)) + payload + bytes(4)
    out = bytearray(frame_size(len(payload)))
    return bytes(out[: encode(body, len(payload) + 2, out, 0)])


# What Deframer.feed found.
NOTHING = 0
FRAME = 1
TEXT = 2


class Deframer:
    """Splits a byte stream into frames and lines of stray text, and survives anything.

    limit: the longest stuffed body it accepts. After FRAME, body[:length] is kind, sequence and
    payload; after TEXT, body[:length] is a line of text. Counts `corrupt` and `oversized` frames.
    """

    def __init__(self, limit):
        self.body = bytearray(limit)
        self.length = 0
        self.corrupt = 0
        self.oversized = 0
        self._count = 0
        self._inside = False

    def feed(self, byte):
        """Take one byte; NOTHING, FRAME or TEXT."""
        count = self._count
        if byte >= 0x20 and byte != _FLAG:
            # A body longer than the buffer is counted once, when its end shows what it was.
            if count < len(self.body):
                self.body[count] = byte
            self._count = count + 1
            return NOTHING
        self._count = 0
        if byte == _FLAG:
            return self._flag(count)
        # A control character: frames have none, so what stood before it was text or is broken.
        inside = self._inside
        self._inside = False
        return self._text(count, inside)

    def _flag(self, count):
        if count == 0:  # an opening flag, or one that closes nothing
            self._inside = True
            return NOTHING
        if count > len(self.body):
            self.oversized += 1
            self._inside = True
            return NOTHING
        # Text that ends in an opening flag must not be unstuffed in place: look before.
        was_inside = self._inside
        if not was_inside and self._printable(count):
            self._inside = True
            self.length = count
            return TEXT
        length = _unstuff(self.body, count) - 4
        if length >= 2:
            view = memoryview(self.body)
            if struct.unpack_from("<I", self.body, length)[0] == crc32(view[:length]) & 0xFFFFFFFF:
                self._inside = False
                self.length = length
                return FRAME
        self.corrupt += 1
        # This flag may be the next frame's first.
        self._inside = True
        return NOTHING

    def _text(self, count, inside):
        if count == 0:
            return NOTHING
        if inside or count > len(self.body) or not self._printable(count):
            self.corrupt += 1
            return NOTHING
        self.length = count
        return TEXT

    def _printable(self, count):
        try:
            str(memoryview(self.body)[:count], "utf-8")
        except UnicodeError:
            return False
        return True
