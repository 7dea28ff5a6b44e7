"""Records: when they are due, what is in them, what happens when nobody takes them."""

import struct

from fake_board import Bench
from fixtures import Scratch, close, model_bytes

from rivulet import protocol
from rivulet.link.telemetry import Telemetry
from rivulet.protocol import longest_record

_HEAD = struct.calcsize(protocol.TELEMETRY_HEAD)
_SENSOR = struct.calcsize(protocol.SENSOR_HEAD)
# When a record is due depends on no other part of the loop.
_NO_PARTS = (None,) * 6


def due(telemetry, elapsed_us, turns):
    return sum(telemetry.due(elapsed_us) for _ in range(turns))


def test_silent_until_asked():
    assert due(Telemetry(*_NO_PARTS), 1000, 1000) == 0


def test_the_rate():
    telemetry = Telemetry(*_NO_PARTS)
    telemetry.configure(15, 50.0, 10000)
    assert due(telemetry, 1000, 2000) == 100
    telemetry.configure(15, 1000.0, 10000)
    assert due(telemetry, 1700, 100) == 100  # no faster than the loop turns
    telemetry.configure(15, 4.0, 10000)
    # Uneven turns do not move the long-run rate.
    assert sum(telemetry.due(50000 + 7919 * (i % 9)) for i in range(60)) in (18, 19, 20)


def test_a_stall_is_no_debt():
    telemetry = Telemetry(*_NO_PARTS)
    telemetry.configure(15, 10.0, 60000)
    assert telemetry.due(1050000) and not telemetry.due(99999) and telemetry.due(1)


def test_the_lease_ends():
    telemetry = Telemetry(*_NO_PARTS)
    telemetry.configure(15, 10.0, 1000)
    assert due(telemetry, 10000, 1000) == 10
    telemetry.configure(15, 10.0, 1000)
    for _ in range(20):
        telemetry.configure(15, 10.0, 1000)  # renewed
        assert due(telemetry, 10000, 50) == 5


def test_off():
    telemetry = Telemetry(*_NO_PARTS)
    for rate in (0.0, -1.0, 1e-39, float("nan")):
        telemetry.configure(15, 10.0, 60000)
        telemetry.configure(15, rate, 60000)
        assert due(telemetry, 100000, 20) == 0, rate


def bench(folder):
    """A loop that has had two events, and no class decided."""
    made = Bench(folder, model_bytes())
    for _ in range(2):
        made.board.now += 30000
        made.sensors[0].values = [0.5, -1.0, 0.25]
        made.board.event(0)
        made.turns()
    made.loop._link.flush()
    made.port.take()
    return made


def record(made, mask):
    """(head, floats) of the one record that a report with this mask queues."""
    made.loop.telemetry.configure(mask, 10.0, 1000)
    made.loop.telemetry.report()
    made.link.drain()
    frames, _ = made.port.take()
    assert [kind for kind, _, _ in frames] == [protocol.TELEMETRY]
    payload = frames[0][2]
    begin = _HEAD + _SENSOR * len(made.sensors)
    count = (len(payload) - begin) // 4
    return (
        struct.unpack_from(protocol.TELEMETRY_HEAD, payload, 0),
        struct.unpack("<%df" % count, payload[begin:]),
    )


def test_every_mask_sends_its_blocks_in_order():
    with Scratch() as folder:
        made = bench(folder)
        model = made.loop.model
        blocks = (
            list(model.cell.alpha_floats),
            list(model.cell.state_floats),
            list(model.outputs()),
            list(model.cell.input_floats),
        )
        assert protocol.BLOCKS == ("alpha", "state", "outputs", "inputs")
        for mask in range(16):
            head, values = record(made, mask)
            assert head[0] == mask
            expected = []
            for bit in range(4):
                if mask >> bit & 1:
                    expected += blocks[bit]
            assert close(values, expected, 1e-6)
        assert record(made, 0xF0)[0][0] == 0
        assert longest_record(model, 3) == _HEAD + 3 * _SENSOR + 4 * (4 + 4 + 2 + 3)


def test_the_counters():
    with Scratch() as folder:
        made = bench(folder)
        loop = made.loop
        loop._progress[8] = 3
        loop.ring.dropped[0], loop.ring.dropped[5] = 4, 5
        loop.guard.bus_errors[1] = 6
        loop.guard.bad_values[7] = 7
        loop.telemetry._due[3] = 8
        made.link.deframer.corrupt, made.link.deframer.oversized = 9, 10
        loop.latency.add(11)
        loop._progress[0], loop._progress[1] = 3, 0x3FFFFFFF
        loop.ring.coalesced[1], loop.ring.coalesced[2] = 5, 8
        loop.guard.trips = 12
        head, _ = record(made, 0)
        assert head == (
            0,
            loop.control.action.decision,
            3,
            0x3FFFFFFF,
            2,
            3,
            9,
            6,
            7,
            8,
            19,
            11,
            13,
            12,
            0,
        )
        loop.guard.reason = "output 1 was nan: hold"
        assert record(made, 0)[0][14] == protocol.OUTPUTS_GUARDED


def test_a_board_without_a_model_reports_its_counters():
    with Scratch() as folder:
        made = Bench(folder)
        head, values = record(made, 15)
        assert (head[0], head[1], values) == (0, -1, ())
        assert longest_record(None, 0) == _HEAD


def test_a_full_port_drops_records_and_counts_them():
    with Scratch() as folder:
        made = bench(folder)
        telemetry = made.loop.telemetry
        made.port.room = 0
        telemetry.configure(15, 10.0, 1000)
        for _ in range(20):
            telemetry.report()
        sent = telemetry.sent
        assert telemetry.dropped == 20 - sent and 1 <= sent < 20
        # What was queued comes out whole once there is room, and later records say what is gone.
        made.port.room = 1 << 20
        made.link.drain()
        frames, lines = made.port.take()
        assert (len(frames), lines) == (sent, [])
        assert record(made, 0)[0][9] == 20 - sent


def test_a_record_waits_for_one_decision_and_no_more():
    telemetry = Telemetry(*_NO_PARTS)
    telemetry.configure(15, 100.0, 60000)
    assert not telemetry.due(9000)
    telemetry.give_way()
    assert not telemetry.due(1500)  # due, but a decision was made in this turn
    telemetry.give_way()
    assert telemetry.due(1500)
    # What it has waited is no debt of the next one, and no credit.
    assert not telemetry.due(7999) and telemetry.due(1)
    # A decision long before a record is due does not delay it.
    telemetry.give_way()
    assert not telemetry.due(5000) and telemetry.due(5000)
