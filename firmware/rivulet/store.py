"""Models on the board's filesystem: a push is written beside, verified, then renamed."""

import hashlib
import os
from binascii import hexlify

from rivulet import model
from rivulet.compat import const

_BLOCK = const(512)


class StoreError(Exception):
    """A push that cannot go on; the message says why, in one line."""


class Store:
    """The active model and the one being received, in `folder`.

    A relative folder is the right one on a board: ports differ in where flash is mounted, and a
    program starts in that place. access: which models the board takes (access.Access), or None
    where it takes any.
    """

    def __init__(self, folder="models", access=None):
        self._folder = folder
        self._access = access
        self._active = folder + "/active.safetensors"
        self._incoming = folder + "/incoming.safetensors"
        self._file = None
        self._size = 0
        self._wanted = b""
        self.received = 0

    def load_active(self):
        """(model, hash in hex) of the active model, or (None, "") if there is none.

        Raises ModelError.
        """
        try:
            digest = self._digest(self._active)
        except OSError:
            return None, ""
        return self._load(self._active), hexlify(digest).decode()

    def begin(self, size, digest):
        """Start receiving a model of `size` bytes with this SHA-256. Raises StoreError."""
        self.abandon()
        try:
            os.mkdir(self._folder)
        except OSError:
            pass  # it is there already
        facts = self._attempt(os.statvfs, self._folder)
        free = facts[0] * facts[3]
        # One block more: the directory may need it.
        if size + facts[0] > free:
            raise StoreError("no room: %d bytes free, the model has %d" % (free, size))
        self._file = self._attempt(open, self._incoming, "wb")
        self._size = size
        self._wanted = bytes(digest)
        self.received = 0

    def write(self, offset, data):
        """The next piece. A piece that was written already is passed over. Raises StoreError."""
        if self._file is None:
            raise StoreError("no push has begun")
        if offset + len(data) <= self.received:
            return
        if offset != self.received:
            raise StoreError("expected offset %d, got %d" % (self.received, offset))
        if offset + len(data) > self._size:
            raise StoreError("more bytes than the %d announced" % self._size)
        self._attempt(self._file.write, data)
        self.received += len(data)

    def finish(self):
        """Verify what was received and load it: (model, hash in hex). Raises StoreError.

        The file is read back from flash, so what is verified is what a reboot would find. The
        active model is untouched until `activate`.
        """
        if self._file is None:
            raise StoreError("no push has begun")
        if self.received != self._size:
            raise StoreError("incomplete: %d of %d bytes" % (self.received, self._size))
        self._attempt(self._file.close)
        self._file = None
        digest = self._attempt(self._digest, self._incoming)
        if digest != self._wanted:
            self.abandon()
            raise StoreError("SHA-256 differs from the announced one: push again")
        try:
            made = self._load(self._incoming)
            if self._access is not None:
                self._access.check_version(made.settings)
            return made, hexlify(digest).decode()
        except (model.ModelError, MemoryError) as error:
            self.abandon()
            raise StoreError(str(error) or "not enough memory for this model")

    def activate(self):
        """Make the received model the one that the next boot loads, by one rename."""
        self._attempt(os.rename, self._incoming, self._active)

    def abandon(self):
        """Forget a push that was begun."""
        file, self._file = self._file, None
        try:
            if file is not None:
                file.close()
        except OSError:
            pass  # a full filesystem could not take the last bytes, and need not
        try:
            os.remove(self._incoming)
        except OSError:
            pass  # nothing was left there

    def _load(self, path):
        if self._access is not None:
            self._access.check_file(path)
        with open(path, "rb") as file:
            return model.load(file, os.stat(path)[6])

    def _digest(self, path):
        digest = hashlib.sha256()
        block = bytearray(_BLOCK)
        with open(path, "rb") as file:
            while True:
                count = file.readinto(block)
                if not count:
                    return digest.digest()
                digest.update(block if count == _BLOCK else block[:count])

    def _attempt(self, operation, *arguments):
        try:
            return operation(*arguments)
        except OSError as error:
            raise StoreError("the filesystem refused it: %s" % error)
