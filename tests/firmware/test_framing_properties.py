"""Framing against arbitrary streams: nothing raises, nothing false comes out, good frames do."""

from binascii import crc32

from fake_board import split
from hypothesis import given
from hypothesis import strategies as st

from rivulet import protocol
from rivulet.protocol import Deframer, frame

Message = tuple[int, int, bytes]

_LIMIT = 300
_byte = st.integers(0, 255)
# What framing treats apart, more often than chance has it.
_payload = st.lists(
    st.one_of(_byte, st.sampled_from(b"\x00\x03\x0a\x0d\x1f\x20\x7d\x7e\x5d\x5e")), max_size=120
).map(bytes)
_message = st.tuples(_byte, _byte, _payload)
_line = st.text(
    st.characters(min_codepoint=0x20, exclude_characters="~", exclude_categories=("Cs",)),
    min_size=1,
    max_size=60,
).map(str.encode)
_garbage = st.lists(st.one_of(_byte, st.sampled_from(b"~}\n")), min_size=1, max_size=400).map(
    bytes
)


def as_frame(message: Message) -> bytes:
    return frame(*message)


@given(st.lists(_message, max_size=5))
def test_frames_come_back_whole_and_in_order(messages: list[Message]) -> None:
    deframer = Deframer(_LIMIT)
    frames, lines = split(b"".join(map(as_frame, messages)), deframer)
    assert (frames, lines) == (messages, [])
    assert deframer.corrupt == deframer.oversized == 0


@given(_message)
def test_no_control_character_in_a_frame(message: Message) -> None:
    data = as_frame(message)
    assert min(data) >= 0x20
    assert data.count(0x7E) == 2
    assert len(data) <= protocol.frame_size(len(message[2]))


@given(st.lists(st.one_of(_message, _line), max_size=8), st.sampled_from([b"\n", b"\r\n"]))
def test_lines_of_text_between_frames(items: list[Message | bytes], end: bytes) -> None:
    stream = b"".join(x + end if isinstance(x, bytes) else as_frame(x) for x in items)
    frames, lines = split(stream, Deframer(_LIMIT))
    assert frames == [x for x in items if not isinstance(x, bytes)]
    assert lines == [x for x in items if isinstance(x, bytes)]


@given(_line, _message)
def test_text_without_a_line_end_before_a_frame(line: bytes, message: Message) -> None:
    assert split(line + as_frame(message), Deframer(_LIMIT)) == ([message], [line])


@given(_message, st.data())
def test_a_changed_frame_is_never_taken_for_another(message: Message, data: st.DataObject) -> None:
    good = as_frame(message)
    changed = bytearray(good)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(good) - 1))] = data.draw(_byte)
    frames, _ = split(bytes(changed), Deframer(_LIMIT))
    assert frames in ([], [message])


@given(_message, _message, st.data())
def test_a_cut_frame_costs_at_most_itself(
    first: Message, second: Message, data: st.DataObject
) -> None:
    good = as_frame(first)
    begin = data.draw(st.integers(0, len(good)))
    stop = data.draw(st.integers(begin, len(good)))
    stream = good[:begin] + good[stop:] + b"\n" + as_frame(second)
    frames, _ = split(stream, Deframer(_LIMIT))
    assert frames in ([second], [first, second])


@given(_garbage)
def test_garbage_never_yields_a_frame_with_a_wrong_checksum(garbage: bytes) -> None:
    deframer = Deframer(64)
    for byte in garbage:
        found = deframer.feed(byte)
        if found == protocol.FRAME:
            body = bytes(deframer.body[: deframer.length])
            sent = deframer.body[deframer.length : deframer.length + 4]
            assert int.from_bytes(sent, "little") == crc32(body)
            assert len(body) >= 2
        elif found == protocol.TEXT:
            text = deframer.body[: deframer.length].decode()
            assert text and min(map(ord, text)) >= 0x20
        assert len(deframer.body) == 64


@given(_garbage, _message, st.sampled_from([b"\n", b"\r", b"~", b""]))
def test_the_next_good_frame_is_found_after_garbage(
    garbage: bytes, message: Message, separator: bytes
) -> None:
    frames, _ = split(garbage + separator + as_frame(message), Deframer(_LIMIT))
    assert frames[-1:] == [message]


@given(_message, st.integers(1, 100))
def test_a_frame_over_the_limit_is_counted(message: Message, spare: int) -> None:
    data = as_frame(message)
    deframer = Deframer(max(8, len(data) - 2 - spare))
    frames, _ = split(data, deframer)
    fits = len(data) - 2 <= len(deframer.body)
    assert (frames == [message]) == fits
    assert deframer.oversized == (not fits)
