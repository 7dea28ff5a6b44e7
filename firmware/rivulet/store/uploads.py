"""Pushes: a model goes into the slot that nothing depends on, and is verified from flash there."""

import gc
import os
from binascii import hexlify

from rivulet.compat import const
from rivulet.errors import ModelError, StoreError
from rivulet.store.learning_slots import LearningSlots
from rivulet.store.slots import Candidate, why_not

# A push is safe on flash up to a multiple of this, and goes on from there after a power cut.
FLUSH_BYTES = const(4096)


class Store(LearningSlots):
    """The slots, and the push that one of them is taking."""

    def __init__(self, folder="models", trial_s=60, trust=None):
        super().__init__(folder, trial_s, trust)
        # Bytes of the push that are here, and of these on flash for sure.
        self.received = 0
        self._flushed = 0
        self._file = None
        self._slot = -1
        self._incoming = None  # [size, SHA-256 in hex]
        self._received_settings = None

    @property
    def receiving(self):
        """Whether a push has begun in this start, and neither ended nor failed."""
        return self._file is not None

    def begin(self, size, digest):
        """Start receiving a model of `size` bytes with this SHA-256.

        Returns how many of its bytes are here from an earlier attempt. Raises StoreError.
        """
        wanted = [size, hexlify(digest).decode()]
        if self._file is not None and self._incoming == wanted:
            return self.received  # the cable was out, not the power
        self._close()
        self._make_folder()
        facts = self._journal.facts
        slot = self._target()
        path = self._paths[slot]
        there = self._size(path)
        known = facts["incoming"] == wanted or facts["hashes"][slot] == wanted[1]
        here = there if known and there <= size else 0
        self._check_room(size, there)
        hashes = list(facts["hashes"])
        hashes[slot] = ""
        if slot == facts["active"]:
            # A model on trial gives its slot away: the next start is the last good model's.
            self._record({"active": 1 - slot, "hashes": hashes, "trial": False, "starts": 0})
            self.running = -1
            self._taken = True
        if there and not here:
            # Before the journal promises that what is there belongs to this push.
            self._attempt(os.remove, path)
            # Bound to the model that was there: no other one would take it.
            from rivulet.store.learnt import path_of, remove

            self._attempt(remove, path_of(path))
        facts = self._journal.facts
        if facts["incoming"] != wanted or facts["hashes"] != hashes:
            self._record({"hashes": hashes, "incoming": wanted})
        self._file = self._attempt(open, path, "ab" if here else "wb")
        self._slot = slot
        self._incoming = wanted
        self.received = self._flushed = here
        return here

    def write(self, offset, data):
        """The next piece. A piece that was written already is passed over. Raises StoreError."""
        if self._file is None:
            raise StoreError("no push has begun")
        if offset + len(data) <= self.received:
            return
        if offset != self.received:
            raise StoreError("expected offset %d, got %d" % (self.received, offset))
        if offset + len(data) > self._incoming[0]:
            raise StoreError("more bytes than the %d announced" % self._incoming[0])
        try:
            self._attempt(self._file.write, data)
            self.received += len(data)
            if self.received - self._flushed >= FLUSH_BYTES:
                self._attempt(self._file.flush)
                self._flushed = self.received
        except StoreError:
            # How much of it was written is seen when the push goes on.
            self._close()
            raise

    def finish(self):
        """Verify what was received and load it, as a Candidate. Raises StoreError.

        The file is read back from flash, so what is verified is what a reboot would find.
        """
        if self._file is None:
            raise StoreError("no push has begun")
        size, digest = self._incoming
        gc.collect()
        if self.received != size:
            raise StoreError("incomplete: %d of %d bytes" % (self.received, size))
        file, self._file = self._file, None
        self._attempt(file.close)
        try:
            made = self._attempt(self._verified, self._slot, digest)
            self._check_version(made)
        except (ModelError, MemoryError) as error:
            self.abandon()
            raise StoreError(why_not(error))
        self._received_settings = made.settings
        return Candidate(made, self.activate, self.abandon)

    def activate(self):
        """Make the received model the one that the next start loads, by one record.

        It is on trial if there is one to go back to. Raises StoreError.
        """
        facts = self._journal.facts
        slot = self._slot
        hashes = list(facts["hashes"])
        hashes[slot] = self._incoming[1]
        # An active model that could not be loaded is nothing to go back to.
        trial = facts["active"] >= 0 and not self.broken
        self._record(
            {
                "active": slot,
                "hashes": hashes,
                "incoming": None,
                "trial": trial,
                "starts": 1 if trial else 0,
            }
        )
        self.running = slot
        self.broken = self._taken = False
        self._incoming = None
        self._settings = self._received_settings
        if not trial:
            self._confirmed()

    def abandon(self):
        """Forget a push that was begun; what it took up is free again."""
        self._close()
        if self._incoming is None:
            return
        self._incoming = None
        self._note({"incoming": None})
        try:
            os.remove(self._paths[self._slot])
        except OSError:
            pass  # nothing was left there

    def confirm(self):
        if self._taken and not self.unkept:
            raise StoreError("a push has taken its slot: the model that runs is on flash no more")
        return super().confirm()

    def crashed(self, why):
        self._close()
        super().crashed(why)

    def rest(self):
        self._close()
        super().rest()

    def facts(self):
        facts = super().facts()
        facts["incoming"] = self._journal.facts["incoming"]
        facts["received"] = self.received if self._file is not None else 0
        return facts

    def _target(self):
        """The slot that a push may take: during a trial its own, never the last good one's."""
        facts = self._journal.facts
        if facts["active"] < 0:
            return 0
        return facts["active"] if facts["trial"] else 1 - facts["active"]

    def _check_room(self, size, there):
        sizes = self._attempt(os.statvfs, self._folder)
        free = sizes[0] * sizes[3]
        # One block more: the directory may need it. What the slot holds makes room.
        if size + sizes[0] > free + there:
            raise StoreError("no room: %d bytes free, the model has %d" % (free, size))

    def _size(self, path):
        try:
            return os.stat(path)[6]
        except OSError:
            return 0

    def _close(self):
        """Let go of a push's file; what it holds is good for going on."""
        file, self._file = self._file, None
        try:
            if file is not None:
                file.close()
        except OSError:
            pass  # a full filesystem could not take the last bytes, and need not
