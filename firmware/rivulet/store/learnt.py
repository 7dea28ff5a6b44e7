"""What a readout has learnt, as a file beside the model's slot.

    "RvL1" | labels u32 | outputs u16 | width u16 | free spare classes u16 | bytes of the names u16
    | SHA-256 of the model | names, a JSON list | float32 rows | float32 P | CRC-32 of all that

It is written beside and renamed, so that a power cut leaves the old one or the new one. The host
reads the same bytes: see host_tools/build_model/learnt.py.
"""

import json
import os
import struct
from array import array
from binascii import crc32, unhexlify

_MAGIC = b"RvL1"
_HEAD = "<4sIHHHH32s"
_HEAD_BYTES = struct.calcsize(_HEAD)


def path_of(slot_path):
    """The file that belongs to the model file of a slot."""
    return slot_path[: slot_path.rfind(".")] + ".learnt"


def pack(model, digest):
    """Return the file of what a model with this hash has learnt."""
    learner = model.learner
    rows, names = learner.rows, json.dumps(model.settings["classes"]).encode()
    counts = len(rows.values), len(learner.packed_floats)
    head = (learner.labels, rows.count, rows.width, learner.free, len(names), unhexlify(digest))
    data = bytearray(_HEAD_BYTES + len(names) + 4 * sum(counts) + 4)
    struct.pack_into(_HEAD, data, 0, _MAGIC, *head)
    at = _HEAD_BYTES
    data[at : at + len(names)] = names
    at += len(names)
    for values in (rows.values, learner.packed_floats):
        # A piece at a time: a board need not find room for all of it twice.
        for begin in range(0, len(values), 32):
            piece = bytes(array("f", values[begin : begin + 32]))
            data[at : at + len(piece)] = piece
            at += len(piece)
    struct.pack_into("<I", data, at, crc32(memoryview(data)[:at]) & 0xFFFFFFFF)
    return data


def apply(model, data, digest):
    """Bring a model with this hash to where `data` was packed. Returns why not, or ""."""
    learner = model.learner
    rows, packed = learner.rows, learner.packed_floats
    end = len(data) - 4
    if end < _HEAD_BYTES or data[:4] != _MAGIC:
        return "what was learnt is damaged"
    if struct.unpack_from("<I", data, end)[0] != crc32(memoryview(data)[:end]) & 0xFFFFFFFF:
        return "what was learnt is damaged"
    _, labels, count, width, free, named, of = struct.unpack_from(_HEAD, data, 0)
    size = _HEAD_BYTES + named + 4 * (len(rows.values) + len(packed))
    if of != unhexlify(digest) or (count, width) != (rows.count, rows.width) or size != end:
        return "what was learnt is another model's"
    at = _HEAD_BYTES + named
    classes = json.loads(bytes(data[_HEAD_BYTES:at]))
    for values in (rows.values, packed):
        for i in range(len(values)):
            values[i] = struct.unpack_from("<f", data, at)[0]
            at += 4
    for number in range(count):
        rows.stage(number)
    rows.commit()
    model.settings["classes"][:] = classes
    learner.labels, learner.free = labels, free
    return ""


def load(model, path, digest):
    """Apply the file at `path`, if there is one. Returns why not, or ""."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return ""
    return apply(model, data, digest)


def save(model, path, digest):
    """Write the file. Raises OSError."""
    with open(path + ".new", "wb") as file:
        file.write(pack(model, digest))
    os.rename(path + ".new", path)


def remove(path):
    """Remove the file, if there is one. Raises OSError."""
    try:
        os.stat(path)
    except OSError:
        return
    os.remove(path)
