"""`rivulet bench --peers`: what a folder of peers must hold, the core, and the page."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.bench import bare, elf, peers, peers_page
from host_tools.bench.peers import Numbers, find_peers
from host_tools.errors import RivuletError
from host_tools.paths import DOCS
from tests.rivulet_command import run as rivulet

_TOML = """\
name = "a cell"
source = "https://example.org/cell"
commit = "0123456789abcdef"
licence = "MIT"
flags = "-O2"
units = 1
inputs = 1
input = { type = "int8", scale = 0.5, zero = 3 }
state = { type = "float32" }
"""


def row(name: str, cycles: int, **more: Any) -> dict[str, Any]:
    made = {"name": name, "cycles": cycles, "flash": 9000, "ram": 72, "stack": 88}
    return made | {"errors": {}, "compiler": ""} | more


def report(**more: Any) -> dict[str, Any]:
    theirs = {"source": "https://example.org/cell", "commit": "0123456789abcdef", "note": "slow"}
    theirs |= {"licence": "MIT", "flags": "-O2", "compiler": "GCC: (x) 12.2.1 20221205"}
    found = {"regular": 0.044, "irregular": 0.147}
    return {
        **{"units": 32, "inputs": 4, "growth": [(8, 3000, 5864)]},
        "rows": [row("their cell", 50000, errors=found, **theirs), row("our cell", 12500)],
        "same": [row("cfc", 0, of="their cell", errors={"regular": 0.007, "irregular": 0.006})],
    } | more


def test_the_page_has_every_figure() -> None:
    board_row = {"cell": "cfc", "median_us": 700, "file_bytes": 17000, "buffers": 16000}
    board = {"image": "some.uf2", "call_us": 34, "rows": [board_row | {"model_heap": 50000}]}
    text = peers_page.page(report(board=board))
    for part in (
        "| their cell | 50000 | 400.0 | 9000 | 72 | 88 | 4.4 | 15 |",
        "| our cell | 12500 | 100.0 | 9000 | 72 | 88 |  |  |",
        "our int8 CfC is off the float network by 0.7 and 0.6 %",
        "the peer by 4.4 and 15 %",
        "A kernel that returns at once takes 34 µs",
        "| CfC | 700 | 17000 | 16000 | 50000 |",
        "| 8 | 3000 | 24.0 | 5864 |",
        "- their cell: https://example.org/cell at `0123456789ab`, MIT; GCC (x) 12.2.1, `-O2`. S",
    ):
        assert part in text, part
    assert text.index("| our cell") < text.index("| their cell")


def test_without_a_board_the_page_says_nothing_of_micropython() -> None:
    assert "MicroPython" not in peers_page.page(report())


def test_the_page_of_the_docs_names_each_peer_with_its_source() -> None:
    page = (DOCS / "bench" / "peers.md").read_text("utf-8")
    for name in ("tinymind's int8 CfC", "tinymind's LTC", "CMSIS-NN's LSTM", "EdgeML's FastGRNN"):
        assert f"| {name}" in page and f"- {name}" in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("MIT", "MIT"), "has no peer_step"),
        (('licence = "MIT"\n', ""), "licence is missing"),
        (("int8", "int7"), "int7 is missing"),
        (("units = 1", 'units = "many"'), "invalid literal"),
        (('"a cell"', "5"), "5 is no text"),
        (("units = 1", "units = "), "Invalid value"),
    ],
)
def test_a_peer_with_a_fault_is_told(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    (tmp_path / "cell.toml").write_text(_TOML.replace(*change))
    (tmp_path / "cell.elf").write_bytes(program())
    with pytest.raises(RivuletError, match=said) as error:
        peers.measure(find_peers(tmp_path)[0])
    assert "\n" not in str(error.value)


def test_answers_that_do_not_fit(tmp_path: Path) -> None:
    (tmp_path / "cell.toml").write_text(_TOML)
    arrays = {"inputs": np.zeros((5, 1)), "seconds": np.ones(5), "states": np.zeros((4, 1))}
    np.savez(tmp_path / "cell.npz", **{f"regular.{name}": each for name, each in arrays.items()})
    with pytest.raises(RivuletError, match="do not fit each other"):
        find_peers(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"x" * 100, None])
def test_what_is_no_program(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "cell.elf"
    path.write_bytes(program()[:-1] if content is None else content)
    with pytest.raises(RivuletError, match="no linked program for ARM"):
        elf.read(path)


def test_the_command_wants_peers(tmp_path: Path) -> None:
    for arguments, said in (
        ((tmp_path / "none",), "no peer there"),
        ((tmp_path, "--cells"), "goes without"),
    ):
        done = rivulet("bench", "--peers", *arguments)
        assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr


def test_numbers_are_rounded_and_saturated() -> None:
    numbers = Numbers("<i1", 0.5, 3)
    packed = numbers.packed(np.array([0.0, 1.3, 1000.0]))
    assert list(packed) == [3, 6, 127]
    assert numbers.values(packed).tolist() == [0.0, 1.5, 62.0]


def test_cycles_and_stack_of_a_call() -> None:
    pytest.importorskip("rp2040py", reason="the emulator of a Pico is not installed")
    core = bare.BareCore()
    # push {r4, lr}; movs r4, #3; subs r4, #1; bne to the subs; pop {r4, pc}
    core.write(bare.RAM, struct.pack("<5H", 0xB510, 0x2403, 0x3C01, 0xD1FD, 0xBD10))
    # To push, to move, thrice to subtract, two branches that are taken and one that is not, to
    # pop. Arm's table has a cycle more for the push and the pop.
    cycles, stack = core.call(bare.RAM)
    assert (cycles, stack) == (2 + 1 + 3 + 2 + 2 + 1 + 4, 8)


def test_a_call_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rp2040py", reason="the emulator of a Pico is not installed")
    monkeypatch.setattr(bare, "_MOST_CYCLES", 1000)
    core = bare.BareCore()
    core.write(bare.RAM, struct.pack("<H", 0xE7FE))
    with pytest.raises(RivuletError, match="did not return"):
        core.call(bare.RAM)
    with pytest.raises(RivuletError, match="outside the RAM"):
        core.write(0x10000000, b"1234")


def program() -> bytes:
    """Return an executable for ARM that has no symbols."""
    header = struct.pack(
        "<16sHHIIIIIHHHHHH",
        *(b"\x7fELF\x01\x01\x01", 2, 40, 1, 0, 0, 52, 0, 52, 0, 0, 40, 1, 0),
    )
    return header + struct.pack("<10I", 0, 3, 0, 0, 92, 1, 0, 0, 0, 0) + b"\0"
