"""A sensor's own integers, from the simulated chip's registers to what the host shows."""

import json
import struct
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from integer_files import raw_bench

from host_tools.link.records import decode_record
from rivulet import protocol
from tests.imu import started


@pytest.mark.parametrize(
    "raw",
    [
        (1, -1, 32767, -32768, 255, -256),
        (0, 128, -128, 2048, -2048, 16),
        (-32768, -32767, 256, -1, 32767, 0),
    ],
)
def test_counts_come_through_the_chip_model_as_they_are(raw: tuple[int, ...]) -> None:
    bus, sensor = started()
    bus.chip.load((np.array(raw) * sensor.scales).tolist())
    counts, values = array("i", [7] * 6), [0.0] * 6
    sensor.read_raw(counts)
    assert counts.tolist() == list(raw)
    sensor.read(values)
    assert values == pytest.approx(np.array(raw) * sensor.scales)


def _payload(bench: Any, kind: int) -> list[bytes]:
    bench.link.drain()
    frames, _ = bench.port.take()
    return [payload for found, _, payload in frames if found == kind]


def test_the_host_scales_a_records_integers(tmp_path: Path) -> None:
    bench = raw_bench(str(tmp_path))
    for dt_us, values in ((1000, [100, -200, 300]), (70000, [5, 6, 7]), (3, [8, 9, 10])):
        bench.board.now += dt_us
        bench.sensors[0].values = values
        bench.board.event(0)
        bench.turns()
    bench.port.take()
    bench.port.incoming += protocol.frame(protocol.DESCRIBE, 1)
    bench.turns(40)
    head = struct.calcsize(protocol.DOCUMENT_HEAD)
    facts = json.loads(b"".join(part[head:] for part in _payload(bench, protocol.DOCUMENT)))
    bench.loop.telemetry.configure(0x0F, 10.0, 1000)
    bench.loop.telemetry.report()
    body = bytes((protocol.TELEMETRY, 1)) + bytes(_payload(bench, protocol.TELEMETRY)[-1])
    record = decode_record(body, facts)
    assert record is not None
    model = bench.loop.model
    for number, name in enumerate(protocol.BLOCKS):
        np.testing.assert_allclose(record.blocks[name], model.physical(number), rtol=1e-12)
    np.testing.assert_allclose(record.tau, 1 / np.array(model.physical(0)))
    # A record of integers is none of a model in floats, nor the other way round.
    in_floats = {key: value for key, value in facts["model"].items() if key != "fraction_bits"}
    assert decode_record(body, facts | {"model": in_floats}) is None
