"""HMAC-SHA-256 (RFC 2104), which MicroPython lacks, and a comparison that takes constant time."""

import hashlib

from rivulet.compat import const

_BLOCK = const(64)


def hmac_sha256(key, *parts):
    """The tag, 32 bytes, of the parts in a row under `key`."""
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    inner = hashlib.sha256(_pad(key, 0x36))
    for part in parts:
        inner.update(part)
    outer = hashlib.sha256(_pad(key, 0x5C))
    outer.update(inner.digest())
    return outer.digest()


def _pad(key, byte):
    block = bytearray(_BLOCK)
    for i in range(_BLOCK):
        block[i] = byte
    for i in range(len(key)):
        block[i] ^= key[i]
    return block


def same(one, other):
    """Whether two byte strings are equal: where they differ does not show in the time it takes."""
    difference = len(one) ^ len(other)
    for i in range(min(len(one), len(other))):
        difference |= one[i] ^ other[i]
    return difference == 0
