"""HMAC-SHA-256 against the vectors of RFC 4231, and against CPython's own where there is one."""

from binascii import hexlify

from fixtures import Numbers, SkipTest

from rivulet.hmac import hmac_sha256, same

# (key, data, tag in hex); the fifth is given to 128 bits only.
_RFC_4231 = (
    (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    (b"\x0c" * 20, b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data. "
        b"The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
)


def test_rfc_4231():
    for key, data, tag in _RFC_4231:
        assert hexlify(hmac_sha256(key, data)).decode()[: len(tag)] == tag


def test_parts_are_hashed_in_a_row():
    key, data, tag = _RFC_4231[6]
    for cut in range(0, len(data), 13):
        parts = data[:cut], memoryview(data)[cut:]
        assert hexlify(hmac_sha256(key, *parts)).decode() == tag


def test_the_interpreter_s_own():
    try:
        from hmac import new
    except ImportError:
        raise SkipTest("there is none")
    numbers = Numbers(4)
    for size in range(140):
        key = bytes([numbers.below(256) for _ in range(size)])
        data = bytes([numbers.below(256) for _ in range(numbers.below(300))])
        assert hmac_sha256(key, data) == new(key, data, "sha256").digest()


def test_same():
    one = bytes(range(32))
    assert same(one, bytes(one)) and same(b"", b"") and same(one, memoryview(one))
    for i in range(256):
        other = bytearray(one)
        other[i // 8] ^= 1 << i % 8
        assert not same(one, other)
    assert not same(one, one[:-1]) and not same(one[:-1], one) and not same(b"", one)
