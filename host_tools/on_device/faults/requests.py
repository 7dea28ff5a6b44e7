"""Whole frames of any content; see host_tools/faults/requests.py."""

import gc
import json
import struct
from array import array

from fixtures import Numbers
from in_process import InProcessBench, hash_of, read

from rivulet import protocol

LOOKS = 8  # at the heap
KINDS = tuple(sorted(protocol.PAYLOAD_BYTES)) + (protocol.AUTHORISED,)


def content(numbers, new):
    """(kind, payload): nonsense, or what nearly makes sense."""
    how = numbers.below(8)
    kind = KINDS[numbers.below(len(KINDS))] if how else numbers.below(256)
    if kind == protocol.RELEASE and how:
        kind = protocol.HELLO  # it would end the program, as it should
    if kind == protocol.PUSH_DATA and how > 1:
        at = numbers.below(len(new))
        return kind, struct.pack("<I", at) + new[at : at + 1 + numbers.below(192)]
    length = numbers.below(240) if how < 4 else numbers.below(40)
    if how > 4 and kind in protocol.PAYLOAD_BYTES:
        fewest, most = protocol.PAYLOAD_BYTES[kind]
        length = fewest + numbers.below(most + 1 - fewest)
    return kind, bytes(numbers.below(256) for _ in range(length))


def main(requests, seed):
    old, new = read("old.safetensors"), read("new.safetensors")
    numbers = Numbers(seed + 1)
    board = InProcessBench(".")
    assert board.push(old) == "" and board.push(new) == ""
    loop = board.loop
    known = hash_of(old), hash_of(new)
    heaps = array("I", [0] * LOOKS)
    refused = answered = silent = 0
    broken = []
    for number in range(requests):
        kind, payload = content(numbers, new)
        board.event()
        board.port.incoming += protocol.frame(kind, number & 255, payload)
        try:
            board.turns(12)
        except Exception as error:
            broken.append("kind 0x%02x, %d bytes: %r" % (kind, len(payload), error))
            break
        replies = [body for found, _, body in board.port.take()[0] if found == protocol.REPLY]
        if replies:
            status = replies[0][2]
            answered += status == protocol.OK
            refused += status != protocol.OK
        else:
            silent += 1  # or a document
        if loop.model_hash not in known:
            broken.append("kind 0x%02x: another model is active" % kind)
            break
        loop._commands.released = False
        # The fake keeps them all.
        board.board.decisions.clear()
        board.board.rests.clear()
        if number % (requests // LOOKS) == requests // LOOKS - 1:
            gc.collect()
            heaps[number // (requests // LOOKS)] = gc.mem_alloc()
    if board.lost():
        broken.append("%d events were lost" % board.lost())
    status, _, said = board.request(protocol.HELLO)
    if status != protocol.OK:
        broken.append("afterwards HELLO is refused: " + said)
    said = board.push(old)
    if said:
        broken.append("afterwards a push is refused: " + said)
    return {
        "answered": answered,
        "refused": refused,
        "documents": silent,
        "heaps": list(heaps),
        "broken": broken,
    }


print(json.dumps(main(**GIVEN)))
