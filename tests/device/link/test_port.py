"""The board's end of the wire: bounded work, nothing waits, nothing is cut."""

from fake_board import Port, split
from fixtures import raises

from rivulet import protocol
from rivulet.link import port as link_module


def queue(link, kind, payload):
    link.payload[2 : 2 + len(payload)] = payload
    return link.send(kind, len(payload))


def written(port, link):
    link.drain()
    return port.take()


def test_frames_go_out_with_a_running_sequence():
    port = Port()
    link = port.link()
    expected = []
    for i in range(300):
        payload = bytes([i & 0xFF, 0x7E, 0x00])
        assert queue(link, 0x43, payload)
        expected.append((0x43, i & 0xFF, payload))
        link.flush()
    link.drain()
    assert port.take() == (expected, [])


def test_requests_come_in_and_bytes_wait_their_turn():
    port = Port()
    link = port.link()
    port.incoming = protocol.frame(1, 9, b"one") + protocol.frame(2, 10, b"two")
    found = []
    for _ in range(10):
        if link.receive():
            body = link.deframer.body[: link.deframer.length]
            found.append(bytes(body))
    assert found == [b"\x01\x09one", b"\x02\x0atwo"]
    # A board's own console echo or a user's typing does not count as a request.
    port.incoming = b"help()\r\n"
    assert not link.receive()


def test_a_turn_takes_a_bounded_number_of_bytes():
    port = Port()
    link = port.link()
    port.incoming = bytes(1000)
    assert not link.receive()
    assert 0 < 1000 - len(port.incoming) <= 64


def test_a_port_at_its_end_is_not_read_for_ever():
    port = Port()
    link = port.link()
    port.ready = lambda mask: True  # readable, and nothing comes: the other side hung up
    data = protocol.frame(1, 9, b"\x80")
    port.incoming = data[:5]
    assert not link.receive()
    # Nor is the last byte taken twice.
    port.incoming = data[5:]
    assert link.receive()


def test_a_port_that_takes_little_gets_the_rest_later():
    port = Port()
    link = port.link()
    payload = bytes(range(200))
    assert queue(link, 0x43, payload)
    data = b""
    turns = 0
    while not data.endswith(b"~") or len(data) < 10:
        port.room = 7
        link.flush()
        data += port.outgoing
        port.outgoing = b""
        turns += 1
        assert turns < 200
    assert split(data)[0] == [(0x43, 0, payload)]


def test_a_turn_writes_a_bounded_number_of_bytes():
    port = Port()
    link = port.link(1000)
    assert queue(link, 0x43, bytes(1000))
    link.flush()
    assert 0 < len(port.outgoing) <= 256


def test_what_does_not_fit_is_refused_and_the_rest_stays_whole():
    port = Port()
    link = port.link(256)
    port.room = 0
    sent = 0
    while queue(link, 0x43, b"\x7e" * 256):
        sent += 1
        assert sent < 10
    assert sent >= 1
    # A reply still has its place behind a full record.
    assert link.send(protocol.REPLY, 100, 0)
    link.flush()
    port.room = 1 << 20
    frames, lines = written(port, link)
    assert [kind for kind, _, _ in frames] == [0x43] * sent + [protocol.REPLY]
    assert lines == []
    assert queue(link, 0x43, b"again")


def test_text_goes_between_frames_and_is_dropped_when_there_is_no_room():
    port = Port()
    link = port.link()
    queue(link, 0x43, b"a")
    link.text("hello")
    queue(link, 0x43, b"b")
    frames, lines = written(port, link)
    assert [payload for _, _, payload in frames] == [b"a", b"b"]
    assert lines == [b"hello"]
    port.room = 0
    for _ in range(200):
        link.text("a line that nobody takes")
    assert link.send(protocol.REPLY, 100, 0)
    port.room = 1 << 20
    frames, lines = written(port, link)
    assert set(lines) == {b"a line that nobody takes"} and len(frames) == 1


def test_a_larger_model_needs_a_larger_buffer_and_loses_nothing():
    port = Port()
    link = port.link(100)
    queue(link, 0x43, b"before")
    link.flush()
    port.room = 0
    queue(link, 0x43, b"waiting")
    link.resize(2000)
    assert len(link.payload) >= 2008
    port.room = 1 << 20
    frames, lines = written(port, link)
    assert [payload for _, _, payload in frames] == [b"before", b"waiting"]
    assert lines == []
    assert queue(link, 0x43, b"\x7e" * 2000)
    assert written(port, link)[0] == [(0x43, 2, b"\x7e" * 2000)]
    link.resize(10)  # a smaller one may keep it
    assert len(link.payload) >= 2008


def test_a_buffer_that_memory_has_no_room_for_leaves_the_one_there_was():
    def a_little(size):
        if size > 2100:
            raise MemoryError
        return bytearray(size)

    port = Port()
    link = port.link()
    link_module.bytearray = a_little
    try:
        raises(MemoryError, link.resize, 2000)
    finally:
        del link_module.bytearray
    assert link.room(len(link.payload) - 8)


def test_drain_gives_up_on_a_port_that_takes_nothing():
    port = Port()
    link = port.link()
    port.room = 0
    queue(link, 0x43, b"last words")
    link.drain()
    assert port.outgoing == b""
