"""What an event of a model file costs on an emulated Pico, inputs applied to outputs ready."""

import tempfile
from pathlib import Path

from host_tools.boards import load_board
from host_tools.deploy.flash import flash
from host_tools.deploy.payload import ON_PATH
from host_tools.link.raw_repl import RawRepl, raw_repl
from host_tools.simulate.boards import emulated_pico

_CHUNK_BYTES = 2048
_FILE = "trade.safetensors"
_EVENTS = 31
# Loading puts the file's buffers and the garbage of reading it on the heap: collected before.
_MEASURE = f"""
import gc, os
from time import ticks_diff, ticks_us
from rivulet import model
with open("{_FILE}", "rb") as file:
    made = model.load(file, os.stat("{_FILE}")[6])
slots = made.slots(made.channels)
if made.integer:
    def event():
        made.move(100000, slots.words)
else:
    from rivulet.arrays import floats, np
    values = floats(np.ones(len(made.channels)))
    def event():
        made.event(100000, slots, values)
        made.outputs()
event()
times = []
for _ in range({_EVENTS}):
    gc.collect()
    started = ticks_us()
    event()
    times.append(ticks_diff(ticks_us(), started))
print(sorted(times)[{_EVENTS // 2}])
"""


def timed(files: dict[str, bytes], uf2: Path) -> dict[str, int]:
    """Median microseconds of each model file by its name; simulated ones."""
    with tempfile.TemporaryDirectory(prefix="rivulet-trade-") as folder:
        pico = emulated_pico(Path(folder), uf2)
        pico.power_on()
        try:
            port, patience = str(pico.port), pico.timeout_scale
            flash(port, load_board("rpi_pico"), timeout_scale=patience)
            with raw_repl(port, patience) as repl:
                return {name: _timed(repl, data) for name, data in files.items()}
        finally:
            pico.power_off()


def _timed(repl: RawRepl, data: bytes) -> int:
    repl.run(f"made = slots = event = None\nfile = open('{_FILE}', 'wb')")
    for at in range(0, len(data), _CHUNK_BYTES):
        repl.run(f"file.write({data[at : at + _CHUNK_BYTES]!r})")
    repl.run("file.close()")
    return int(repl.run(ON_PATH + _MEASURE))
