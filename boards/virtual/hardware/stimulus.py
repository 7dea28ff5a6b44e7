"""Reads a stimulus, which host_tools/simulate/stimulus.py describes and writes."""

import json
import struct

from micropython import const

_MAGIC = b"RVSTIM2\0"
_HEAD_BYTES = const(12)


class Stimulus:
    """A stimulus file, one record at a time."""

    def __init__(self, path):
        self._file = open(path, "rb")
        head = self._file.read(_HEAD_BYTES)
        if head[: len(_MAGIC)] != _MAGIC:
            raise ValueError("not a stimulus file: " + path)
        header = json.loads(self._file.read(struct.unpack_from("<I", head, len(_MAGIC))[0]))
        # Names of the sources, in the order of their numbers.
        self.sources = [source["name"] for source in header["sources"]]
        # When it may begin again.
        self.end_us = header["end_us"]
        self._records_at = self._file.tell()
        self._form = "<QBBxx%df" % header["width"]
        self._record = bytearray(struct.calcsize(self._form))
        self.t_us = 0
        self.source = 0
        self.failing = False
        self.values = ()

    def rewind(self):
        self._file.seek(self._records_at)

    def advance(self):
        """Read the next record into the attributes; False at the end."""
        if self._file.readinto(self._record) < len(self._record):
            return False
        fields = struct.unpack(self._form, self._record)
        self.t_us, self.source = fields[:2]
        self.failing = bool(fields[2])
        self.values = fields[3:]
        return True
