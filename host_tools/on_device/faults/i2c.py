"""An I2C bus that fails, under the real driver; see host_tools/faults/i2c.py."""

import json
import os
import struct
import sys

from fake_board import Board, Port
from fixtures import Numbers
from in_process import load

from drivers import mpu6050
from rivulet import protocol
from rivulet.loop import Loop
from rivulet.sensing.sensor import Sensor
from rivulet.store.uploads import Store

STARTING = 8  # more transfers than the driver needs to set the chip up


class Chip:
    """A bus with an MPU-6050 that answers unless `fails(number of the transfer)`."""

    def __init__(self, fails):
        self.fails = fails
        self.transfers = 0
        self.failed = 0
        self.registers = bytearray(128)
        self.registers[0x6B] = 0x40
        self.registers[0x75] = 0x68

    def _transfer(self):
        self.transfers += 1
        if self.fails(self.transfers):
            self.failed += 1
            raise OSError(5)

    def writeto_mem(self, address, register, data):
        self._transfer()
        self.registers[register : register + len(data)] = data

    def readfrom_mem(self, address, register, count):
        data = bytearray(count)
        self.readfrom_mem_into(address, register, data)
        return bytes(data)

    def readfrom_mem_into(self, address, register, buffer):
        self._transfer()
        buffer[:] = self.registers[register : register + len(buffer)]


class Pin:
    """Stands in for machine.Pin, and for its module."""

    IN = 0
    IRQ_RISING = 8
    handler = None

    def __init__(self, gpio, mode):
        pass

    def irq(self, handler, trigger=IRQ_RISING, hard=False):
        Pin.handler = handler


Pin.Pin = Pin
sys.modules["machine"] = Pin


class Wired(Board):
    """A board whose sensor is the real driver at a bus of ours."""

    def __init__(self, fails):
        super().__init__([])
        self.chip = Chip(fails)
        self.port = Port()
        self.loop = Loop(self, self, self.port.link(), Store("."))

    def make_driver(self):
        return mpu6050.Driver(self.chip, {"interrupt": 15}, rate_hz=10, address=0x68)

    def make_sensors(self):
        names, units = mpu6050.CHANNELS, mpu6050.UNITS
        return [Sensor("mpu6050", self.make_driver, names, units, mpu6050.LIMITS)]

    def answers(self):
        self.port.outgoing = b""
        self.port.incoming += protocol.frame(protocol.HELLO, 5)
        for _ in range(4):
            self.loop.turn()
        frames = self.port.take()[0]
        return any(kind == protocol.REPLY for kind, _, _ in frames)


def starting():
    """Transfer 1, 2, 3 ... of setting the chip up fails."""
    broken = []
    refused = 0
    for at in range(1, STARTING):
        board = Wired(lambda number, at=at: number == at)
        told = "sensor mpu6050 does not answer" in board.loop.boot_error
        refused += told
        if told != (board.chip.failed == 1):
            broken.append("transfer %d of the start: the board says nothing of it" % at)
        if not board.answers() or not board.loop.model_hash:
            broken.append("transfer %d of the start: the board does not answer" % at)
    return {"tried": STARTING - 1, "refused": refused, "broken": broken}


def running(path, share_permille, bursts, events, numbers):
    """(failed, broken): readings that fail, alone or in bursts, beside a model without them."""
    left = 0

    def fails(number):
        nonlocal left
        if number < STARTING:
            return False
        if left:
            left -= 1
            return True
        if numbers.below(1000) < share_permille:
            left = numbers.below(bursts)
            return True
        return False

    board = Wired(fails)
    loop, chip = board.loop, board.chip
    shadow = load(path)
    sensor = loop.sensors[0]
    words = None
    if shadow.integer:
        words = shadow.raw_slots(sensor.channels, sensor.scales)
    last = None
    good = 0
    broken = []
    for _ in range(events):
        board.now += 1000 + numbers.below(100000)
        for i in range(14):
            chip.registers[0x3B + i] = numbers.below(256)
        failed = chip.failed
        Pin.handler(None)
        loop.turn()
        if chip.failed != failed:
            continue
        good += 1
        dt_us = 0 if last is None else board.now - last
        last = board.now
        # Not through the bus: what stands in the registers is what the model has to get.
        counts = struct.unpack_from(">hhhxxhhh", chip.registers, 0x3B)
        if words is not None:
            for i in range(6):
                words.raw[i] = counts[i]
            shadow.move(dt_us, words.words)
        else:
            values = [counts[i] * sensor.scales[i] for i in range(6)]
            shadow.event(dt_us, tuple(range(6)), values)
    if list(loop.model.physical(1)) != list(shadow.physical(1)):
        broken.append(
            "%d per mille: the state is not that of the readings that came" % share_permille
        )
    if loop.guard.bus_errors[0] != chip.failed or loop.progress.events != good:
        broken.append(
            "%d per mille: %d counted of %d, %d events of %d"
            % (share_permille, loop.guard.bus_errors[0], chip.failed, loop.progress.events, good)
        )
    if not board.answers():
        broken.append("%d per mille: the board does not answer" % share_permille)
    return chip.failed, broken


def main(models, shares, events, seed):
    numbers = Numbers(seed + 1)
    report = {}
    for path in models:
        for name in os.listdir("."):
            if name.startswith("journal"):
                os.remove(name)
        with open(path, "rb") as file, open("active.safetensors", "wb") as out:
            out.write(file.read())
        failed = 0
        broken = []
        for share in shares:
            count, wrong = running(path, share, 1 + share // 5, events, numbers)
            failed += count
            broken += wrong
        report[path] = {"failed": failed, "events": events * len(shares), "broken": broken}
    report["starting"] = starting()
    return report


print(json.dumps(main(**GIVEN)))
