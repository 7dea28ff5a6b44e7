"""Framing: what goes in comes out, and nothing that arrives does harm."""

import struct
from binascii import crc32

from fake_board import split
from fixtures import Numbers, SkipTest

from rivulet import protocol
from rivulet.protocol import FRAME, TEXT, Deframer, encode, frame, frame_size

_EVERY_BYTE = bytes(range(256))


def test_every_byte_value_comes_back():
    for kind, sequence in ((1, 0), (0x7E, 0x7D), (0x43, 0xFF), (0x20, 0x5E)):
        data = frame(kind, sequence, _EVERY_BYTE)
        assert split(data) == ([(kind, sequence, _EVERY_BYTE)], [])
    for byte in range(256):
        assert split(frame(byte, byte, bytes([byte]))) == ([(byte, byte, bytes([byte]))], [])


def test_no_control_character_and_no_flag_inside_a_frame():
    data = frame(3, 4, _EVERY_BYTE)
    assert data[0] == data[-1] == 0x7E
    assert all(byte >= 0x20 and byte != 0x7E for byte in data[1:-1])


def test_the_layout_on_the_wire():
    body = b"\x01\x2a~}\x1f "
    stuffed = b"}\x21*}\x5e}\x5d}\x3f "
    crc = struct.pack("<I", crc32(body) & 0xFFFFFFFF)
    tail = b"".join(
        bytes([0x7D, b ^ 0x20]) if b < 0x20 or b in b"\x7d\x7e" else bytes([b]) for b in crc
    )
    assert frame(0x01, 0x2A, b"~}\x1f ") == b"~" + stuffed + tail + b"~"


def test_a_frame_is_never_larger_than_said():
    for payload in (b"", b"\x00" * 50, b"\x7e" * protocol.PUSH_CHUNK, _EVERY_BYTE):
        assert len(frame(0, 0, payload)) <= frame_size(len(payload))
    # A board's buffers are made from these.
    assert frame_size(4 + protocol.PUSH_CHUNK) <= 512
    assert 2 + 4 + protocol.PUSH_CHUNK + 4 <= protocol.MAX_REQUEST


def test_encode_writes_where_it_is_told():
    body = bytearray(b"\x09\x00" + bytes(4))
    out = bytearray(b"abc" + bytes(40))
    end = encode(body, 2, out, 3)
    assert bytes(out[:end]) == b"abc" + frame(9, 0)
    assert encode(body, 2, out, end) == 2 * end - 3


def test_frames_back_to_back_and_sharing_a_flag():
    one, two = frame(1, 1, b"\x80one"), frame(2, 2, b"\x80two")
    expected = [(1, 1, b"\x80one"), (2, 2, b"\x80two")]
    assert split(one + two)[0] == expected
    assert split(one[:-1] + two)[0] == expected
    assert split(b"~~~" + one + b"~~" + two)[0] == expected


def test_text_between_frames():
    good = frame(5, 6, b"data")
    assert split(b"hello\r\n" + good + b"more text\r\n" + good + b"end\n") == (
        [(5, 6, b"data")] * 2,
        [b"hello", b"more text", b"end"],
    )
    assert split(b">>> " + good) == ([(5, 6, b"data")], [b">>> "])
    assert split("grüß }dich}\r\n".encode() + good)[1] == ["grüß }dich}".encode()]
    # Text right before an opening flag is not unstuffed in place.
    assert split(b"a}b}]" + good) == ([(5, 6, b"data")], [b"a}b}]"])


def test_a_changed_byte_is_noticed():
    good = frame(0x42, 0x31, b"payload \x00\x7d")
    for at in range(1, len(good) - 1):
        for flip in (0x01, 0x40, 0x80):
            data = bytearray(good)
            data[at] ^= flip
            deframer = Deframer(256)
            frames, _ = split(bytes(data) + b"\n", deframer)
            assert frames == []
            assert deframer.corrupt >= 1
            assert split(good, deframer)[0] == [(0x42, 0x31, b"payload \x00\x7d")]


def test_a_truncated_frame_costs_only_itself():
    good = frame(0x42, 0x31, b"payload \x00\x7d")
    for length in range(1, len(good)):
        deframer = Deframer(256)
        # The opening flag of the next frame ends what was cut off.
        assert split(good[:length] + good, deframer)[0][-1:] == [(0x42, 0x31, b"payload \x00\x7d")]
        assert len(split(good[:length] + b"\n" + good, Deframer(256))[0]) == 1
        # What was cut off at its end is missing a flag only.
        if 1 < length < len(good) - 1:
            assert deframer.corrupt == 1


def test_lost_flags():
    good = frame(0x42, 0x31, b"\x80\x00")
    # Without its opening flag, after other frames and after text.
    for before in (b"", good, b"text\r\n"):
        deframer = Deframer(256)
        assert split(before + good[1:] + good, deframer)[0][-1] == (0x42, 0x31, b"\x80\x00")


def test_too_short_for_a_frame():
    deframer = Deframer(64)
    for length in range(6):
        assert split(b"~" + b"A" * length + b"~", deframer)[0] == []
    # A right CRC over less than a kind and a sequence is no frame either.
    for body in (b"", b"A"):
        crc = struct.pack("<I", crc32(body) & 0xFFFFFFFF)
        stuffed = b"".join(
            bytes([0x7D, b ^ 0x20]) if b < 0x20 or b in b"\x7d\x7e" else bytes([b])
            for b in body + crc
        )
        assert split(b"~" + stuffed + b"~", deframer)[0] == []


def test_an_escape_that_escapes_nothing_is_corrupt():
    deframer = Deframer(64)
    good = frame(0x42, 0x31, b"A")
    at = good.index(b"A")
    # The same bytes after unstuffing, but no encoder writes them so.
    assert split(good[:at] + b"}a" + good[at + 1 :], deframer)[0] == []
    assert split(b"~\x80abcdefgh}~", deframer)[0] == []
    assert deframer.corrupt == 2


def frame_like(wanted):
    """The first of some frames whose stuffed body has a property."""
    for sequence in range(0x20, 0x7B):
        for byte in range(0x20, 0x7B):
            data = frame(0x42, sequence, bytes([byte]))
            if wanted(data[1:-1]):
                return data
    raise AssertionError("no such frame")


def test_an_escape_at_the_end_takes_nothing_from_the_frame_before():
    good = frame_like(lambda body: body[-2] == 0x7D)
    deframer = Deframer(len(good) - 3)
    assert len(split(good, Deframer(len(good)))[0]) == 1
    # The byte that it would escape still stands in the buffer, or lies behind it.
    again = Deframer(len(good))
    split(good, again)
    assert split(good[:-2] + b"~", again)[0] == []
    assert split(good[:-2] + b"~", deframer)[0] == []
    assert again.corrupt == deframer.corrupt == 1


def test_a_frame_that_could_be_text():
    good = frame_like(lambda body: max(body) < 0x7E)
    assert len(split(good)[0]) == 1
    # The flag that ends what is broken opens this one.
    assert len(split(b"~\x80broken" + good)[0]) == 1
    assert len(split(b"text\n~broken" + good)[0]) == 1
    # Cut off by a line end it is broken, not a line.
    deframer = Deframer(64)
    assert split(good[:-1] + b"\n" + good, deframer)[1] == []
    assert deframer.corrupt == 1


def test_oversized_frames_are_counted_once_and_the_next_one_is_found():
    good = frame(1, 2, b"\x80good")
    deframer = Deframer(32)
    assert split(frame(1, 2, b"x" * 100) + good, deframer)[0] == [(1, 2, b"\x80good")]
    assert deframer.oversized == 1 and deframer.corrupt == 0
    assert split(b"y" * 1000 + b"\n" + good, deframer) == ([(1, 2, b"\x80good")], [])
    assert deframer.oversized == 1 and deframer.corrupt == 1
    # A body of exactly the limit passes.
    limit = len(frame(1, 2, b"z" * 9)) - 2
    assert len(split(frame(1, 2, b"z" * 9), Deframer(limit))[0]) == 1
    assert len(split(frame(1, 2, b"z" * 9), Deframer(limit - 1))[0]) == 0


def test_text_that_is_not_text_is_counted():
    deframer = Deframer(64)
    assert split(b"\xff\xfe\xfd\n", deframer) == ([], [])
    assert deframer.corrupt == 1


def test_random_bytes_never_raise_and_leave_it_working():
    numbers = Numbers(11)
    good = frame(0x42, 0x31, b"\x80good")
    deframer = Deframer(128)
    size = len(deframer.body)
    for turn in range(300):
        for _ in range(100):
            byte = numbers.below(256)
            # Flags and escapes more often than chance has them.
            if byte < 24:
                byte = b"~}\n"[byte % 3]
            found = deframer.feed(byte)
            if found == FRAME:
                body = bytes(deframer.body[: deframer.length + 4])
                crc = struct.unpack_from("<I", body, deframer.length)[0]
                assert crc == crc32(body[:-4]) & 0xFFFFFFFF
            elif found == TEXT:
                str(bytes(deframer.body[: deframer.length]), "utf-8")
        if turn % 10 == 0:
            for separator in (b"\n", b"~", b""):
                assert split(separator + good, deframer)[0] == [(0x42, 0x31, b"\x80good")]
    assert len(deframer.body) == size
    assert deframer.corrupt > 100


def test_memory_is_steady():
    try:
        from gc import collect, mem_alloc
    except ImportError:
        raise SkipTest("CPython does not tell")
    deframer = Deframer(128)
    data = frame(0x42, 0x31, b"\x80good") + b"text\r\n~broken~\n" + b"long " * 60 + b"\n"

    def feed():
        for _ in range(20):
            for byte in data:
                deframer.feed(byte)
        collect()
        return mem_alloc()

    feed()
    assert feed() - feed() == 0
