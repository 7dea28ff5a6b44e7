"""Feeds the parser millions of frames that are random or mutated; see host_tools/faults/frames.py.

An oracle that shares nothing with the parser walks the same bytes one by one, with a bitwise
CRC-32, and says for each flag whether a frame may end there.
"""

import gc
import json
import time
from array import array

import micropython
from micropython import const

from rivulet import protocol

LIMIT = 32  # of a frame: small, so that frames on both sides of it are common
NOWHERE = const(0xFFFF)
ROOM = 256  # of a stream, whatever mutations insert
LOOKS = 10  # how often the heap is looked at
# What the oracle says, by the number that `judge` returns.
VERDICTS = ("", "accepted wrongly", "refused wrongly", "accepted with another body")


@micropython.viper
def draw(seed: ptr32) -> int:
    """30 bits of a linear congruential generator, the low ones mixed with the high ones."""
    x = (seed[0] * 29773421 + 12345) & 0x3FFFFFFF
    seed[0] = x
    return x ^ (x >> 15)


@micropython.viper
def crc_of(crc: ptr32, byte: int):
    """In halves, low and high: 32 bits are no small integers where words have no more."""
    low = crc[0] ^ byte
    high = crc[1]
    for _ in range(8):
        odd = low & 1
        low = (low >> 1) | ((high & 1) << 15)
        high = high >> 1
        if odd:
            low ^= 0x8320
            high ^= 0xEDB8
    crc[0] = low
    crc[1] = high


@micropython.viper
def fresh(out: ptr8, seed: ptr32, crc: ptr32) -> int:
    """A good frame of any content, by the oracle's CRC; its length."""
    length = 2 + int(draw(seed)) % 20
    crc[0] = crc[1] = 0xFFFF
    out[0] = 0x7E
    at = 1
    for i in range(length + 4):
        if i < length:
            byte = int(draw(seed)) & 0xFF
            crc_of(crc, byte)
        else:
            i -= length
            byte = ((crc[i >> 1] ^ 0xFFFF) >> (8 * (i & 1))) & 0xFF
        if byte < 0x20 or byte == 0x7D or byte == 0x7E:
            out[at] = 0x7D
            at += 1
            byte ^= 0x20
        out[at] = byte
        at += 1
    out[at] = 0x7E
    return at + 1


@micropython.viper
def noise(out: ptr8, seed: ptr32) -> int:
    count = 1 + int(draw(seed)) % 40
    for i in range(count):
        out[i] = int(draw(seed)) & 0xFF
    return count


@micropython.viper
def mutate(out: ptr8, count: int, times: int, seed: ptr32, other: ptr8, others: int) -> int:
    """Mutate out[:count] `times` times, at most with pieces of other[:others]; its new length."""
    for _ in range(times):
        how = int(draw(seed)) % 8
        value = int(draw(seed))
        at = (value >> 8) % count
        # Flags, escapes and what they stand for, more often than chance has it.
        special = 0x7E
        if value & 6 == 2:
            special = 0x7D
        elif value & 6 == 4:
            special = 0x5E
        elif value & 6 == 6:
            special = (value >> 3) & 0x1F
        if how == 0:
            out[at] = out[at] ^ (1 << (value & 7))
        elif how == 1:
            out[at] = value & 0xFF
        elif how == 2:
            out[at] = special
        elif how == 3 and count > 1:  # a byte is lost
            for i in range(at, count - 1):
                out[i] = out[i + 1]
            count -= 1
        elif (how == 4 or how == 5 or how == 7) and count < 255:
            i = count
            while i > at:
                out[i] = out[i - 1]
                i -= 1
            count += 1
            if how == 5:  # a byte comes in; else it is doubled
                out[at] = special
            elif how == 7:  # or escaped, whether it has to be or not
                out[at] = 0x7D
                out[at + 1] = out[at + 1] ^ 0x20
        elif how == 6:  # a piece of another frame
            i = (value >> 16) % others
            while i < others and at < 255 and value & 31:
                out[at] = other[i]
                at += 1
                i += 1
                value -= 1
            if at > count:
                count = at
    return count


@micropython.viper
def judge(
    stream: ptr8, count: int, taken: ptr32, bodies: ptr8, state: ptr32, decoded: ptr8, limit: int
) -> int:
    """Whether the parser took in stream[:count] what it should; a verdict's number.

    taken: where it found frames, then NOWHERE; bodies: each frame's length in a byte, then its
    body; state: what the oracle knows of a frame that began in an earlier stream, its CRC first.
    """
    raw = state[2]
    length = state[3]
    escaped = state[4]
    bad = state[5]
    opened = state[6]
    nth = 0
    body = 0
    verdict = 0
    for i in range(count):
        byte = int(stream[i])
        if byte >= 0x20 and byte != 0x7E:
            raw += 1
            if escaped:
                byte ^= 0x20
                if byte >= 0x20 and byte != 0x7D and byte != 0x7E:
                    bad = 1
                escaped = 0
            elif byte == 0x7D:
                escaped = 1
                continue
            if length < 256:
                decoded[length] = byte
            length += 1
            crc_of(state, byte)
            continue
        # The CRC over a body and its own CRC is a constant.
        whole = raw <= limit and length >= 6 and state[0] == 0x20E3 and state[1] == 0xDEBB
        good = whole and byte == 0x7E and bad + escaped == 0
        if taken[nth] == i:
            nth += 1
            if not good:
                verdict = 1
            elif int(bodies[body]) != length - 4:
                verdict = 3
            else:
                for k in range(length - 4):
                    if bodies[body + 1 + k] != decoded[k]:
                        verdict = 3
            body += 1 + int(bodies[body])
            opened = 0
        else:
            # Without an opening flag of its own it may pass for text.
            if good and opened:
                verdict = 2
            opened = 1 if byte == 0x7E else 0
        state[0] = state[1] = 0xFFFF
        raw = 0
        length = 0
        escaped = 0
        bad = 0
    if taken[nth] != NOWHERE:
        verdict = 1
    state[2] = raw
    state[3] = length
    state[4] = escaped
    state[5] = bad
    state[6] = opened
    return verdict


def main(frames, seed, corpus):
    with open(corpus) as file:
        bases = [bytes.fromhex(line.strip()) for line in file]
    seeds = array("I", [seed * 2654435761 + 88172645 & 0x3FFFFFFF])
    crc = array("I", [0, 0])
    deframer = protocol.Deframer(LIMIT)
    feed = deframer.feed
    stream = bytearray(ROOM)
    taken = array("I", [0] * (ROOM + 1))
    bodies = bytearray(2 * ROOM)
    view = memoryview(bodies)
    found = memoryview(deframer.body)
    state = array("I", [0xFFFF, 0xFFFF, 0, 0, 0, 0, 0])
    decoded = bytearray(ROOM)
    accepted = text = octets = 0
    broken = []
    heaps = array("I", [0] * (LOOKS + 1))
    started = time.clock()  # of the processor: others may use it meanwhile
    for number in range(frames):
        if number % (frames // LOOKS) == 0:
            gc.collect()
            heaps[number // (frames // LOOKS)] = gc.mem_alloc()
        value = draw(seeds)
        other = bases[(value >> 8) % len(bases)]
        if value & 15 == 0:
            count = noise(stream, seeds)
        else:
            if value & 3 == 0:
                count = fresh(stream, seeds, crc)
            else:
                base = bases[(value >> 16) % len(bases)]
                count = len(base)
                stream[:count] = base
            count = mutate(stream, count, value >> 4 & 7, seeds, other, len(other))
        octets += count
        nth = at = 0
        try:
            for i in range(count):
                what = feed(stream[i])
                if what:
                    if what == 1:
                        taken[nth] = i
                        nth += 1
                        length = deframer.length
                        view[at] = length
                        view[at + 1 : at + 1 + length] = found[:length]
                        at += 1 + length
                    else:
                        text += 1
            taken[nth] = NOWHERE
            verdict = judge(stream, count, taken, bodies, state, decoded, LIMIT)
            said = VERDICTS[verdict]
        except Exception as error:
            verdict = 1
            said = "raised %r" % error
        accepted += nth
        if verdict:
            broken.append("frame %d: %s: %s" % (number, said, bytes(stream[:count]).hex()))
            if len(broken) == 10:
                break
    seconds = time.clock() - started
    gc.collect()
    heaps[LOOKS] = gc.mem_alloc()
    return {
        "frames": number + 1,
        "bytes": octets,
        "accepted": accepted,
        "text": text,
        "corrupt": deframer.corrupt,
        "oversized": deframer.oversized,
        "seconds": seconds,
        "heaps": list(heaps),
        "broken": broken,
    }


print(json.dumps(main(**GIVEN)))
