"""The copy in assembler, run on an emulated core, moves as many words as it is told."""

import pytest

from host_tools.bench.machine_code import machine_code
from host_tools.paths import FIRMWARE

pytest.importorskip("unicorn", reason="the ARM emulator is not installed")
from host_tools.bench.core import Core  # noqa: E402

_SOURCE, _TARGET = 0x20000000, 0x30000000


@pytest.mark.parametrize(("arch", "cpu"), [("armv6m", "M0"), ("armv7em", "M4")])
def test_every_count(arch: str, cpu: str) -> None:
    (code,) = machine_code(FIRMWARE / "rivulet" / "arrays" / "copy_thumb.py", arch)
    core = Core(code, memory=(_SOURCE, _TARGET), cpu=cpu)
    words = bytes(i * 7 & 0xFF for i in range(400))
    for count in (*range(20), 97):
        core.uc.mem_write(_SOURCE, words)
        core.uc.mem_write(_TARGET, b"\xaa" * 400)
        core.call(_SOURCE, _TARGET, count)
        copied = words[: 4 * count]
        assert bytes(core.uc.mem_read(_TARGET, 400)) == copied + b"\xaa" * (400 - 4 * count)
