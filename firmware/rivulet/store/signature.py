"""Whether a model file was signed: RSA, PKCS #1 v1.5 (RFC 8017, 8.2.2), SHA-256, e = 65537.

A signed file ends with its signature, the bytes of a tensor called model.SIGNATURE; everything
before them is signed, the header with its version included. Nothing has to be parsed to find it.
"""

import hashlib

from rivulet.compat import const
from rivulet.hmac import same

# Hashed before the file, so that a signature made for something else is none for a model.
DOMAIN = b"rivulet model 1\0"
EXPONENT = const(65537)
# Bytes of the moduli that are taken: 2048 and 3072 bits.
SIZES = (256, 384)
_BLOCK = const(512)
# DigestInfo of SHA-256 (RFC 8017, 9.2, note 1), before the digest.
_DIGEST_INFO = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"


def is_signed(file, size, modulus):
    """Whether the last bytes of an open file of `size` bytes sign those before them.

    modulus: the trusted key's, as bytes, most significant first.
    """
    length = len(modulus)
    if length not in SIZES or size <= length:
        return False
    digest = hashlib.sha256(DOMAIN)
    block = bytearray(_BLOCK)
    left = size - length
    while left:
        count = file.readinto(memoryview(block)[: min(left, _BLOCK)])
        if not count:
            return False
        digest.update(memoryview(block)[:count])
        left -= count
    signature = int.from_bytes(file.read(length), "big")
    modulus = int.from_bytes(modulus, "big")
    if signature >= modulus:
        return False
    opened = pow(signature, EXPONENT, modulus).to_bytes(length, "big")
    # Compared whole: parsing the padding is how signatures with e = 3 were forged.
    return same(opened, padded(digest.digest(), length))


def padded(digest, length):
    """The encoded message that a signature of this SHA-256 digest holds (EMSA-PKCS1-v1_5)."""
    tail = b"\0" + _DIGEST_INFO + digest
    return b"\0\1" + b"\xff" * (length - 2 - len(tail)) + tail
