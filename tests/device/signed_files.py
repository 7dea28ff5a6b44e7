"""Signed model files; the signatures are made by the textbook."""

import hashlib
import json
import struct

from fixtures import packed
from signing_keys import MODULUS_2048, PRIVATE_2048

from rivulet.store.signature import DOMAIN, padded


def with_room(data, length):
    """A model file whose last tensor is to be a signature of so many bytes, without these."""
    end = 8 + struct.unpack_from("<Q", data, 0)[0]
    header = json.loads(data[8:end])
    size = len(data) - end
    header["signature"] = {"dtype": "U8", "shape": [length], "data_offsets": [size, size + length]}
    return packed(header, data[end:])


def raw_signature(message, modulus, private):
    """message ** private: `message` is an encoded one, as bytes."""
    number = int.from_bytes(message, "big")
    return pow(number, int(private, 16), int(modulus, 16)).to_bytes(len(message), "big")


def signed(data, modulus=MODULUS_2048, private=PRIVATE_2048, domain=DOMAIN):
    length = len(modulus) // 2
    content = with_room(data, length)
    message = padded(hashlib.sha256(domain + content).digest(), length)
    return content + raw_signature(message, modulus, private)
