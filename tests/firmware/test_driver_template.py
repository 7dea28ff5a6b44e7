"""docs/driver_template.py works as it stands, on MicroPython, for the chip that it makes up."""

import subprocess
from pathlib import Path

from host_tools.paths import DOCS, FIRMWARE, ROOT

_SCRIPT = """\
import sys
sys.path[:0] = [{docs!r}, {tests!r}, {firmware!r}]
import fake_machine as machine
import driver_template
machine.port({port!r})
bus = machine.I2C(0x5C)
settings = {{name: entry[0] for name, entry in driver_template.SETTINGS.items()}}
driver = driver_template.Driver(bus, {{"interrupt": 4}}, **settings)
driver.stop()
events = bytearray(1)
def handler(_):
    events[0] += 1
try:
    driver.start(handler)
except OSError as error:
    print(error)
bus.registers[0x0F] = 0xB4
driver.start(handler)
machine.drive(4, 1)
bus.registers[0x28:0x2C] = b"\\x06\\xff\\xf8\\xc0"
out = [0.0, 0.0]
driver.read(out)
print(events[0], bus.written, ["%.2f" % value for value in out], driver.interval_us)
driver.stop()
print(machine.Pin.interrupts)
"""


def test_the_template_drives_its_chip(micropython: Path) -> None:
    for port in ("rp2", "esp32"):
        script = _SCRIPT.format(
            docs=str(DOCS), tests=str(ROOT / "tests" / "device"), firmware=str(FIRMWARE), port=port
        )
        done = subprocess.run(
            [micropython, "-c", script], capture_output=True, text=True, timeout=20, check=False
        )
        first, second, last = done.stdout.splitlines()
        assert "another chip: its id is 0x00" in first
        assert second == "1 [(32, b'0')] ['-2.50', '98800.00'] 40000"
        assert last == "{}", done.stderr
