"""What a model remembered, kept over a restart: no transient when the board comes back.

A snapshot of state, inputs and mean is saved when the loop is left in order, and every quarter of
an hour in a moment without events if there were any: at most 96 times a day. One save is one
small file written beside and renamed; its checksum is looked at when it is read.
tests/firmware/store/test_snapshot_wear.py counts what that costs littlefs: less than one block
erased a save, so under 100 a day, spread over the whole filesystem; its flash takes 100,000 for
each block.

At the next start the model goes on from the snapshot and is moved, under the inputs that it held,
over the time that went by. How long that was is known from the clock of the day where one runs;
after a soft reset from ms ticks, which go on; after a software reset that was asked for in order
it is taken to be two seconds. In all other cases, and when it was longer than the model allows
(`warm_start`: {"longest_s": 600}), the snapshot is too old, and the model starts from the state
that its file says is usual (`warm_start`: {"prior": [...]}), or from zero if it says nothing.
Where the chip was reset, a snapshot that the clock of the day does not date is removed once it
was looked at: ms ticks began anew, and the soft reset that may come next would go by them.
"""

import os
import struct
import time
from array import array
from binascii import crc32, unhexlify

from rivulet.compat import const, ticks_diff, ticks_ms

_MAGIC = b"RvW1"
# magic | orderly u8 | clock set u8 | units u16 | channels u16 | missing f32 | seconds u32
# | ms ticks u32 | SHA-256 of the model, then float32 state, inputs, mean, CRC-32 u32
_HEAD = "<4sBBHHfII32s"
_HEAD_BYTES = struct.calcsize(_HEAD)
_EVERY_MS = const(900000)
_RESTART_S = const(2)
# A clock of the day that shows an earlier year was never set.
_YEAR = const(2025)
_TICKS = const(0x3FFFFFFF)
_SOFTWARE = "software"


class Snapshot:
    """What `adopt` of a model takes over: state, inputs and mean as floats."""

    def __init__(self, model, parts):
        self.hidden = model.hidden
        self.channels = model.channels
        self.settings = model.settings
        self._parts = parts

    def snapshot(self):
        return self._parts


class SnapshotFile:
    """The snapshot in `folder`. cause: what reset the board, as its reset_cause() says; None if it
    cannot tell.

    started: in words, how the model began; saves: since then; trouble: why saving fails, or "".
    """

    def __init__(self, folder="models", cause=None):
        self._path = folder + "/warm"
        self._cause = cause
        self._saved_ms = ticks_ms()
        self._saved_events = 0
        self.started = "cold"
        self.saves = 0
        self.trouble = ""

    def facts(self):
        return {
            "started": self.started,
            "snapshots": self.saves,
            "snapshot_trouble": self.trouble,
        }

    def seconds(self):
        """The clock of the day, whether it was set or not."""
        return time.time()

    def restore(self, model, digest):
        """Bring `model`, whose hash is `digest`, to where it would be now; True if it goes on
        from a snapshot."""
        # Imported at a start alone.
        from rivulet.model.warm_start import LONGEST_S

        settings = model.settings.get("warm_start", {})
        kept = self._read(model, digest)
        if isinstance(kept, tuple):
            parts, elapsed_ms = kept
            if 0 <= elapsed_ms <= 1000 * settings.get("longest_s", LONGEST_S):
                model.adopt(Snapshot(model, parts))
                model.event(1000 * elapsed_ms, (), ())
                self.started = "warm, %d s after the last snapshot" % (elapsed_ms // 1000)
                return True
            kept = "too long ago" if elapsed_ms >= 0 else "nobody knows how long ago"
        prior = settings.get("prior")
        if prior is None:
            self.started = "cold: " + kept
            return False
        inputs = model.snapshot()[1]
        # A mean that has seen no time yet, but has a value to be going on with.
        model.adopt(Snapshot(model, (prior, inputs, prior, 1.0)))
        self.started = "from the usual state: " + kept
        return False

    def due(self, events):
        """Whether a snapshot is to be saved; events: how many there were so far."""
        return events != self._saved_events and ticks_diff(ticks_ms(), self._saved_ms) >= _EVERY_MS

    def save(self, model, digest, events, orderly=False):
        """Write a snapshot; what the filesystem refuses is `trouble` and no more."""
        # Also if it fails: flash that refuses is not asked again at once.
        self._saved_ms = ticks_ms()
        self._saved_events = events
        state, inputs, mean, missing = model.snapshot()
        floats = array("f", state)
        for values in (inputs, mean):
            floats.extend(array("f", values))
        total = sum(floats)
        if total - total != 0.0:
            return  # there is nothing to go on from
        now = self.seconds()
        head = struct.pack(
            _HEAD,
            _MAGIC,
            orderly,
            _clock_is_set(now),
            model.hidden,
            len(model.channels),
            missing,
            int(now) & 0xFFFFFFFF,
            ticks_ms() & _TICKS,
            unhexlify(digest),
        )
        data = head + bytes(floats)
        try:
            with open(self._path + ".new", "wb") as file:
                file.write(data + struct.pack("<I", crc32(data) & 0xFFFFFFFF))
            os.rename(self._path + ".new", self._path)
            self.saves += 1
            self.trouble = ""
        except OSError as error:
            self.trouble = "no snapshot: %s" % error

    def _read(self, model, digest):
        """((state, inputs, mean, missing), elapsed ms or -1 if unknown) of a snapshot of this
        model, or why there is none, in words."""
        try:
            with open(self._path, "rb") as file:
                data = file.read()
        except OSError:
            return "no snapshot"
        if len(data) < _HEAD_BYTES + 4 or data[:4] != _MAGIC:
            return "the snapshot is damaged"
        end = len(data) - 4
        if struct.unpack_from("<I", data, end)[0] != crc32(memoryview(data)[:end]) & 0xFFFFFFFF:
            return "the snapshot is damaged"
        _, orderly, is_set, n, m, missing, seconds, ticks, of = struct.unpack_from(_HEAD, data, 0)
        if of != unhexlify(digest) or (n, m) != (model.hidden, len(model.channels)):
            return "the snapshot is another model's"
        floats = array("f", data[_HEAD_BYTES:end])
        parts = floats[:n], floats[n : n + m], floats[n + m :], missing
        return parts, self._elapsed_ms(orderly, is_set, seconds, ticks)

    def _elapsed_ms(self, orderly, is_set, seconds, ticks):
        now = self.seconds()
        if is_set and _clock_is_set(now):
            return 1000 * (int(now) - seconds)
        if self._cause == "":
            return (ticks_ms() - ticks) & _TICKS
        self._forget()
        if orderly and self._cause == _SOFTWARE:
            return 1000 * _RESTART_S
        return -1

    def _forget(self):
        try:
            os.remove(self._path)
        except OSError as error:
            self.trouble = "an old snapshot was not removed: %s" % error


def _clock_is_set(now):
    return time.gmtime(int(now))[0] >= _YEAR
