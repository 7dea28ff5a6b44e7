"""Signed model files: what the trusted key signed is taken, and nothing else.

The signatures are made here, by the textbook; tests/deploy/test_signing.py has some made
by others.
"""

import hashlib
import json
import struct
from binascii import unhexlify
from io import BytesIO

from fixtures import load, model_bytes, packed, raises, settings, tensors
from signed_files import raw_signature, signed, with_room
from signing_keys import MODULUS_2048, MODULUS_3072, PRIVATE_2048, PRIVATE_3072

from rivulet.errors import ModelError
from rivulet.store.signature import DOMAIN, is_signed, padded

_MODULUS = unhexlify(MODULUS_2048)


_SIGNED = signed(model_bytes())


def verdict(data, modulus=_MODULUS):
    return is_signed(BytesIO(data), len(data), modulus)


def test_a_signed_model_is_taken_and_runs():
    made = model_bytes(settings(version=3), tensors(hidden=20))
    data = signed(made)
    assert verdict(data) and verdict(_SIGNED)
    assert load(data).hidden == load(made).hidden == 20
    data = signed(model_bytes(), MODULUS_3072, PRIVATE_3072)
    assert verdict(data, unhexlify(MODULUS_3072)) and not verdict(data)


def test_no_bit_may_change():
    data = _SIGNED
    # In the signature, and places all over what it signs.
    places = list(range(len(data) - 256, len(data), 5)) + list(range(0, len(data) - 256, 61))
    for i, at in enumerate(places):
        changed = bytearray(data)
        changed[at] ^= 1 << i % 8
        assert not verdict(bytes(changed)), at


def test_what_is_not_a_signature():
    made = model_bytes()
    content = with_room(made, 256)
    for data in (
        made,
        content,
        content + bytes(256),
        content + bytes(255) + b"\1",
        content + b"\xff" * 256,
        content + _MODULUS,
        _SIGNED[:-1],
        _SIGNED + b"\0",
        b"",
        bytes(256),
        signed(made, domain=b""),
        signed(made, domain=b"rivulet model 2\0"),
    ):
        assert not verdict(data)
    for modulus in (b"", b"\0", _MODULUS[:-1], bytes(256), unhexlify(MODULUS_3072)):
        assert not verdict(_SIGNED, modulus)


def test_the_same_number_in_another_form_is_none():
    # s + n opens to the same message; only s below n is the signature.
    number = int.from_bytes(_SIGNED[-256:], "big") + int(MODULUS_2048, 16)
    assert number < 1 << 2048, "choose another model for this test"
    assert not verdict(_SIGNED[:-256] + number.to_bytes(256, "big"))


def test_loose_padding_is_refused():
    content = with_room(model_bytes(), 256)
    good = padded(hashlib.sha256(DOMAIN + content).digest(), 256)
    digest_info, tail = good[-52:], good[-51:]
    assert digest_info[0] == 0 and verdict(
        content + raw_signature(good, MODULUS_2048, PRIVATE_2048)
    )
    for message in (
        # Short padding with garbage behind the digest, as parsers took it.
        b"\0\1" + b"\xff" * 8 + digest_info + bytes(256 - 10 - 52),
        b"\0\2" + good[2:],
        b"\0\1" + b"\xfe" + good[3:],
        b"\0\1\0" + good[3:],
        # Without the name of the hash; without the parameters of its algorithm.
        b"\0\1" + b"\xff" * 221 + b"\0" + good[-32:],
        b"\0\1" + b"\xff" * 204 + b"\0\x30\x2f\x30\x0b" + tail[4:15] + tail[17:],
    ):
        assert len(message) == 256
        assert not verdict(content + raw_signature(message, MODULUS_2048, PRIVATE_2048))


def test_a_signature_that_is_no_bytes_is_no_model():
    header_end = 8 + struct.unpack_from("<Q", model_bytes(), 0)[0]
    header = json.loads(model_bytes()[8:header_end])
    size = len(model_bytes()) - header_end
    header["signature"] = {"dtype": "F32", "shape": [1], "data_offsets": [size, size + 4]}
    message = raises(ModelError, load, packed(header, model_bytes()[header_end:] + bytes(4)))
    assert message == "tensor 'signature' is F32, not U8"
