"""A filesystem in memory whose power goes at a chosen operation."""

import os
from io import BytesIO

from rivulet.store import journal, learnt, slots, snapshot, uploads


class Cut(Exception):
    """The power is gone."""


class Filesystem:
    """Files in memory. The power goes in operation `cut_at`, of which `tear` says what happens
    still: nothing, or of a write the first byte, half of it, all but the last byte.

    torn: whether the operation that was cut can leave a part behind."""

    def __init__(self, direct, files, cut_at=None, tear=0):
        self.direct = direct
        self.files = dict(files)
        self.count = 0
        self.dead = False
        self.torn = False
        self._cut_at = cut_at
        self._tear = tear

    def operation(self, size=0):
        """How much of an operation on `size` bytes is done; -1: all of it, and the power stays."""
        if self.dead:
            raise Cut
        self.count += 1
        if self.count != self._cut_at:
            return -1
        self.dead = True
        self.torn = self.direct and size > 0
        return (0, min(1, size), size // 2, max(size - 1, 0))[self._tear]

    def step(self):
        if self.operation() >= 0:
            raise Cut

    def open(self, path, mode="r"):
        if "w" in mode or "a" in mode:
            self.step()
            return _Writer(self, path, "a" in mode)
        if path not in self.files:
            raise OSError(2)
        return BytesIO(self.files[path])

    def mkdir(self, path):
        self.step()

    def remove(self, path):
        if path not in self.files:
            raise OSError(2)
        self.step()
        del self.files[path]

    def rename(self, old, new):
        if old not in self.files:
            raise OSError(2)
        self.step()
        self.files[new] = self.files.pop(old)

    def stat(self, path):
        if path not in self.files:
            raise OSError(2)
        return (0x8000, 0, 0, 0, 0, 0, len(self.files[path]), 0, 0, 0)

    def statvfs(self, path):
        return (4096, 4096, 100, 100, 100, 0, 0, 0, 0, 255)

    def __enter__(self):
        """The modules that touch files find this instead of the real one."""
        for module in (journal, slots, uploads, snapshot, learnt):
            module.open = self.open
        slots.os = uploads.os = snapshot.os = learnt.os = self
        return self

    def __exit__(self, *_):
        for module in (journal, slots, uploads, snapshot, learnt):
            del module.open
        slots.os = uploads.os = snapshot.os = learnt.os = os


class _Writer:
    def __init__(self, filesystem, path, append):
        self._filesystem = filesystem
        self._path = path
        files = filesystem.files
        self._data = files.get(path, b"") if append else b""
        if filesystem.direct or path not in files:
            files[path] = self._data

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self._filesystem.dead:
            self.close()

    def write(self, data):
        done = self._filesystem.operation(len(data))
        self._data += bytes(data if done < 0 else data[:done])
        if self._filesystem.direct:
            self._filesystem.files[self._path] = self._data
        if done >= 0:
            raise Cut
        return len(data)

    def flush(self):
        self._filesystem.step()
        self._filesystem.files[self._path] = self._data

    close = flush
