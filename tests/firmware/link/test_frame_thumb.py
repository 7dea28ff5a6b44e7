"""The encoder in assembler, run on an emulated core, gives the bytes of the plain one."""

import random

import pytest

from host_tools.bench.machine_code import machine_code
from host_tools.paths import FIRMWARE
from rivulet import protocol

pytest.importorskip("unicorn", reason="the ARM emulator is not installed")
from host_tools.bench.core import Core  # noqa: E402

_BODY, _OUT, _TABLE = 0x20000000, 0x30000000, 0x40000000


@pytest.mark.parametrize(("arch", "cpu"), [("armv6m", "M0"), ("armv7em", "M4")])
def test_the_same_bytes(arch: str, cpu: str) -> None:
    (code,) = machine_code(FIRMWARE / "rivulet" / "link" / "frame_thumb.py", arch)
    core = Core(code, memory=(_BODY, _OUT, _TABLE), cpu=cpu)
    numbers = random.Random(3)
    bodies = [b"\x41\x00", bytes(range(256)), b"\x7d" * 300, bytes(300), b"\xff" * 33]
    bodies += [numbers.randbytes(numbers.randint(2, 400)) for _ in range(60)]
    for body in bodies:
        at = numbers.randint(0, 50)
        plain, out = bytearray(body + bytes(4)), bytearray(b"\xaa" * 900)
        core.uc.mem_write(_BODY, bytes(plain))
        core.uc.mem_write(_OUT, bytes(out))
        core.uc.mem_write(_TABLE, protocol.CRC_NIBBLES.tobytes() + at.to_bytes(4, "little"))
        core.call(_BODY, len(body), _OUT, _TABLE)
        end = protocol.encode(plain, len(body), out, at)
        assert bytes(core.uc.mem_read(_OUT, len(out))) == out
        assert bytes(core.uc.mem_read(_BODY, len(plain))) == plain
        assert int.from_bytes(core.uc.mem_read(_TABLE + 64, 4), "little") == end
