"""What a board packs is what the host's decoder unpacks."""

import json
import struct
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_board import Bench
from fixtures import model_bytes

from host_tools.link.records import Record, decode_record
from rivulet import protocol
from rivulet.sensing.clock import PERIOD


def description(bench: Bench) -> dict[str, Any]:
    bench.port.incoming += protocol.frame(protocol.DESCRIBE, 1)
    bench.turns(40)
    head = struct.calcsize(protocol.DOCUMENT_HEAD)
    frames, _ = bench.port.take()
    text = b"".join(payload[head:] for kind, _, payload in frames if kind == protocol.DOCUMENT)
    return dict(json.loads(text))


def body(bench: Bench, mask: int) -> bytes:
    bench.loop.telemetry.configure(mask, 10.0, 1000)
    bench.loop.telemetry.report()
    bench.link.drain()
    frames, _ = bench.port.take()
    kind, sequence, payload = frames[-1]
    return bytes((kind, sequence)) + bytes(payload)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(str(tmp_path), model_bytes(), now=PERIOD - 1000)
    for values in ([0.5, -1.0, 0.25], [float("nan"), 1.0, 2.0], [1.0, 0.0, -1.0]):
        made.board.now += 150_000
        made.sensors[0].values = values
        made.board.event(0)
        made.turns()
    made.sensors[0].broken = True
    made.board.event(0)
    made.turns()
    made.port.take()
    return made


def test_every_mask(bench: Bench) -> None:
    facts = description(bench)
    model = bench.loop.model
    blocks = {
        "alpha": model.cell.alpha_floats,
        "state": model.cell.state_floats,
        "outputs": memoryview(model.outputs()),
        "inputs": model.cell.input_floats,
    }
    for mask in range(16):
        record = decode_record(body(bench, mask), facts)
        assert isinstance(record, Record)
        assert list(record.blocks) == [
            name for bit, name in enumerate(protocol.BLOCKS) if mask >> bit & 1
        ]
        for name, values in record.blocks.items():
            np.testing.assert_array_equal(values, np.array(blocks[name], np.float32))
        if mask & 1:
            np.testing.assert_allclose(record.tau, 1 / np.array(blocks["alpha"]), rtol=1e-6)


def test_every_field_is_the_one_that_the_board_packs(bench: Bench) -> None:
    loop = bench.loop
    telemetry, ring, guard = loop.telemetry, loop.ring, loop.guard
    loop.progress.words[8] = 5  # late
    ring.dropped[0], ring.coalesced[0] = 7, 19
    guard.bus_errors[0], guard.bad_values[0], guard.trips = 23, 29, 31
    telemetry._due[3] = 11
    bench.link.deframer.corrupt, bench.link.deframer.oversized = 13, 100
    loop.latency.add(17)
    record = decode_record(body(bench, 15), description(bench))
    assert record is not None
    assert record.t_us == (PERIOD - 1000) + 3 * 150_000
    assert record.decision == loop.control.action.decision >= 0
    expected = {
        "events": 3,
        "late": 5,
        "dropped": 7,
        "bus_errors": 23,
        "bad_values": 29,
        "telemetry_dropped": 11,
        "frames_corrupt": 113,
        "event_cost_us": 17,
        "coalesced": 19,
        "guard_trips": 31,
    }
    assert {name: getattr(record, name) for name in expected} == expected
    others = {"blocks", "decision", "epoch", "ticks", "flags"}
    assert set(protocol.TELEMETRY_FIELDS.split()) == others | set(expected)


def test_the_sensors_and_the_guard(bench: Bench) -> None:
    loop = bench.loop
    facts = description(bench)
    record = decode_record(body(bench, 15), facts)
    assert record is not None and not record.stale and not record.guarded
    assert [str(sensor) for sensor in record.sensors] == ["s 0 ms ago"]
    watch = loop.health.by_source[0]
    loop.health.told[:2] = array("i", (3_200, 5))
    loop.health.stale = watch
    loop.guard.trips, loop.guard.reason = 2, "output 0 was nan: hold"
    record = decode_record(body(bench, 0), facts)
    assert record is not None and record.stale and record.guarded and record.guard_trips == 2
    assert str(record.sensors[0]) == "s missing, out of range for 3.2 s"


def test_a_board_without_a_model(tmp_path: Path) -> None:
    made = Bench(str(tmp_path))
    record = decode_record(body(made, 15), description(made))
    assert record is not None
    assert record.decision == -1 and record.blocks == {}


def test_a_record_of_another_shape_is_not_taken(bench: Bench) -> None:
    facts = description(bench)
    data = body(bench, 15)
    facts["model"]["hidden"] += 1
    assert decode_record(data, facts) is None
    assert decode_record(data[:-4], facts) is None
    assert decode_record(data[:20], facts) is None
