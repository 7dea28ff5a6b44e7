"""A host's part of a push and of a document, over the fake board's port."""

import hashlib
import json
import struct

from rivulet import protocol


def push_begin(data):
    return struct.pack(protocol.PUSH_BEGIN_BODY, len(data), hashlib.sha256(data).digest())


def push(made, data):
    """The last reply of a push."""
    reply = made.ask(protocol.PUSH_BEGIN, push_begin(data))
    for offset in range(0, len(data), protocol.PUSH_CHUNK):
        if reply[0] != protocol.OK:
            return reply
        piece = data[offset : offset + protocol.PUSH_CHUNK]
        reply = made.ask(protocol.PUSH_DATA, struct.pack("<I", offset) + piece)
        assert reply == (protocol.OK, offset + len(piece), "")
    return made.ask(protocol.PUSH_END)


def deliver(made, data):
    """The last reply of a push whose chunks go past the wire, which takes most of its time."""
    reply = made.ask(protocol.PUSH_BEGIN, push_begin(data))
    if reply[0] != protocol.OK:
        return reply
    for offset in range(0, len(data), protocol.PUSH_CHUNK):
        made.store.write(offset, data[offset : offset + protocol.PUSH_CHUNK])
    return made.ask(protocol.PUSH_END)


def document(made, kind, sequence=3):
    """A document, put together from its pieces."""
    made.port.incoming += protocol.frame(kind, sequence)
    head = struct.calcsize(protocol.DOCUMENT_HEAD)
    text, pieces, total = b"", 0, None
    for _ in range(200):
        made.turns()
        for kind_, _, body in made.port.take()[0]:
            assert kind_ == protocol.DOCUMENT
            asked, of, total, offset = struct.unpack_from(protocol.DOCUMENT_HEAD, body, 0)
            assert (asked, of, offset) == (sequence, kind, len(text))
            text += body[head:]
            pieces += 1
        if len(text) == total:
            return json.loads(text), pieces
    raise AssertionError("the document did not arrive")
