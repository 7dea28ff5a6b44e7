"""A sensor's own integers, from the simulated chip's registers to what the host shows."""

import importlib.util
import json
import struct
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from integer_files import raw_bench

from drivers.mpu6050 import Driver
from host_tools.link.records import decode_record
from host_tools.paths import BOARDS
from rivulet import protocol

_REGISTERS = BOARDS / "virtual" / "hardware" / "mpu6050_registers.py"


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mpu6050_registers", _REGISTERS)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Bus:
    """I2C with the register map that both simulated boards use."""

    def __init__(self) -> None:
        self.chip = _module().MPU6050Registers()

    def writeto_mem(self, address: int, register: int, data: bytes) -> None:
        self.chip.write(register, data)

    def readfrom_mem(self, address: int, register: int, count: int) -> bytes:
        return bytes(self.chip.read(register, count))

    def readfrom_mem_into(self, address: int, register: int, buffer: bytearray) -> None:
        buffer[:] = self.chip.read(register, len(buffer))


class Pin:
    IN, IRQ_RISING = 0, 8

    def __init__(self, gpio: int, mode: int) -> None:
        pass

    def irq(self, handler: object, trigger: int, hard: bool) -> None:
        pass


@pytest.mark.parametrize(
    "raw",
    [
        (1, -1, 32767, -32768, 255, -256),
        (0, 128, -128, 2048, -2048, 16),
        (-32768, -32767, 256, -1, 32767, 0),
    ],
)
def test_counts_come_through_the_register_map_as_they_are(
    raw: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = Bus()
    sensor = Driver(bus, {"interrupt": 15}, rate_hz=10, address=0x68)
    monkeypatch.setitem(sys.modules, "machine", SimpleNamespace(Pin=Pin))
    sensor.start(lambda pin: None)
    bus.chip.load(raw)
    counts, values = [7] * 6, [0.0] * 6
    sensor.read_raw(counts)
    assert counts == list(raw)
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
