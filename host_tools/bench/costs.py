"""Measures what models of every cell and several sizes cost: boards/<board>/cost.json.

    python -m host_tools.bench.costs IMAGE.uf2      on an emulated Pico, about half an hour

`rivulet estimate` reads the file. Needs the train and emulator extras, for the cells' weights and
for the board. An event is timed from applied inputs to ready outputs, without the sensor.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from host_tools import files
from host_tools.boards import load_board
from host_tools.convert import ModelFile, convert
from host_tools.cost.work import count_work
from host_tools.deploy.flash import flash
from host_tools.deploy.payload import ON_PATH
from host_tools.errors import BoardCodeError
from host_tools.integers.quantise import quantise
from host_tools.link.raw_repl import RawRepl, raw_repl
from host_tools.paths import BOARDS, need_checkout
from host_tools.printing import note
from host_tools.simulate.boards import emulated_pico

_BOARD = "rpi_pico"
_CHUNK_BYTES = 2048
_FILE = "cost.safetensors"
_EVENTS = 5
# What runs on a board beside a model; of the modules that only some need, the path of integers.
_PROGRAM = """
from rivulet import blame, event_path, model
from rivulet.control.actuators import Actuators
from rivulet.control.policy import Policy
from rivulet.link.port import Link
from rivulet.loop import Loop
from rivulet.store.uploads import Store
import gc, os
"""
_ROOM = """
import json
gc.collect()
free = gc.mem_free()
fs = os.statvfs("/")
print(json.dumps([free, fs[0] * fs[3], fs[0] * fs[2]]))
"""
_MEASURE = f"""
import gc, os
from rivulet import model
from time import ticks_diff, ticks_us
import json
gc.collect()
before = gc.mem_alloc()
with open("{_FILE}", "rb") as file:
    made = model.load(file, os.stat("{_FILE}")[6])
gc.collect()
heap = gc.mem_alloc() - before
slots = made.slots(made.channels)
if made.integer:
    values = slots.raw
    def event():
        made.move(100000, slots.words)
else:
    from rivulet.arrays import floats, np
    values = floats(np.ones(len(made.channels)))
    def event():
        made.event(100000, slots, values)
        made.outputs()
event()
gc.collect()
free = gc.mem_free()
gc.disable()
event()
garbage = free - gc.mem_free()
gc.enable()
times = []
for number in range({_EVENTS}):
    # Some cells keep what depends on inputs that do not change.
    values[0] = number + 2
    gc.collect()
    started = ticks_us()
    event()
    times.append(ticks_diff(ticks_us(), started))
print(json.dumps([sorted(times)[{_EVENTS // 2}], heap, garbage, made.kernel]))
"""


def models() -> Iterator[ModelFile]:
    """Yield models of every cell in floats, and of those that have int8, in int8 as well."""
    from ncps.wirings import AutoNCP

    from host_tools.train.cells.cascade import Cascade
    from host_tools.train.cells.cfc import Cfc
    from host_tools.train.cells.ctrnn import Ctrnn
    from host_tools.train.cells.decay import DecayCell
    from host_tools.train.cells.ltc import Ltc
    from host_tools.train.cells.node import NeuralOde
    from host_tools.train.cells.wired_cfc import WiredCfc

    def wired(units: int, channels: int) -> WiredCfc:
        return WiredCfc([0], channels, 4, lambda: AutoNCP(units, 4, seed=1))

    # The middle sizes first: with them an interrupted run says most.
    for units, channels in ((32, 4), (64, 6), (16, 2), (96, 6)):
        yield from _forms(DecayCell([0], channels, 4, units), channels)
        yield from _forms(Cascade([0], channels, 4, units), channels)
        if units == 96:
            break
        half = units // 2
        yield from _forms(Cfc([0], channels, 4, half, backbone=(2 * half, 1)), channels)
        yield from _forms(Ltc([0], channels, 4, half), channels)
        yield from _forms(Ctrnn([0], channels, 4, units), channels, integers=False)
        node = NeuralOde([0], channels, 4, half, (half,))
        yield from _forms(node, channels, integers=False)
        yield from _forms(wired(units, channels), channels)


def _forms(network: Any, channels: int, integers: bool = True) -> Iterator[ModelFile]:
    weights, metadata = network.exported(0)
    metadata |= {
        "channels": [f"c{i}" for i in range(channels)],
        "units": [""] * channels,
        "normalisation": {"offset": [0.0] * channels, "scale": [1.0] * channels},
        "readout": "mean",
        "readout_tau_s": 2.0,
        "output": "class",
        "classes": [str(i) for i in range(4)],
    }
    model = convert(weights, metadata)
    yield model
    if integers:
        yield quantise(model)


def measure(uf2: Path, out: Path) -> None:
    """Write what is measured to `out`, after every model. The file's other entries stay."""
    found = json.loads(out.read_text(encoding="utf-8")) | {"models": []}
    with tempfile.TemporaryDirectory(prefix="rivulet-costs-") as folder:
        pico = emulated_pico(Path(folder), uf2)
        pico.power_on()
        try:
            port, patience = str(pico.port), pico.timeout_scale
            flash(port, load_board(_BOARD), timeout_scale=patience)
            with raw_repl(port, patience) as repl:
                found |= _room(repl)
                for number, model in enumerate(models()):
                    found["models"].append(_row(repl, Path(folder) / f"{number}.st", model))
                    _write(out, found)
        finally:
            pico.power_off()


def _write(path: Path, found: dict[str, Any]) -> None:
    """Write the file with one line for each entry and for each model."""
    entries = []
    for key, value in found.items():
        text = json.dumps(value)
        if isinstance(value, list):
            rows = ",\n".join(f"  {json.dumps(row)}" for row in value)
            text = f"[\n{rows}\n ]"
        entries.append(f" {json.dumps(key)}: {text}")
    files.write_text(path, "{\n" + ",\n".join(entries) + "\n}\n")


def _room(repl: RawRepl) -> dict[str, Any]:
    """Return what a model may use, beside the program and a second firmware."""
    heap, free, size = json.loads(repl.run(ON_PATH + _PROGRAM + _ROOM))
    return {"heap_bytes": heap, "flash_free_bytes": free - (size - free) // 2}


def _row(repl: RawRepl, path: Path, model: ModelFile) -> dict[str, Any]:
    model.save(path)
    work = count_work(path)
    row: dict[str, Any] = {
        "cell": work.cell,
        "arithmetic": work.arithmetic,
        "units": work.units,
        "channels": work.channels,
        "multiply_adds": work.multiply_adds,
        "evaluations": work.evaluations,
        "tensor_bytes": work.tensor_bytes,
        "file_bytes": work.file_bytes,
    }
    upload(repl, _FILE, path.read_bytes())
    try:
        event_us, heap, garbage, kernel = json.loads(repl.run(ON_PATH + _MEASURE))
    except BoardCodeError as error:
        if "MemoryError" not in error.last_line:
            raise
        note(f"{row['cell']} {row['arithmetic']}, {row['units']} units: out of memory")
        return row | {"event_us": None}
    note(f"{row['cell']} {row['arithmetic']}, {row['units']} units: {event_us} us, {heap} bytes")
    return row | {
        "event_us": event_us,
        "heap_bytes": heap,
        "garbage_bytes": garbage,
        "kernel": kernel,
    }


def upload(repl: RawRepl, name: str, data: bytes) -> None:
    """Write a file on the board. Clears what its program holds."""
    repl.clear()
    repl.run(f"file = open('{name}', 'wb')")
    for at in range(0, len(data), _CHUNK_BYTES):
        repl.run(f"file.write({data[at : at + _CHUNK_BYTES]!r})")
    repl.run("file.close()")


def main() -> None:
    need_checkout("measuring costs")
    parser = argparse.ArgumentParser(prog="python -m host_tools.bench.costs")
    parser.add_argument("uf2", type=Path, help="an image of MicroPython with ulab for the Pico")
    given = parser.parse_args()
    path = BOARDS / _BOARD / "cost.json"
    measure(given.uf2, path)
    note(f"written: {path}")


if __name__ == "__main__":
    main()
