"""`rivulet bench --peers`: peers and our cells on one core, and ours in MicroPython on a Pico."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from host_tools.bench import pico
from host_tools.bench.costs import upload
from host_tools.bench.own import decay_model, growth, own_rows
from host_tools.bench.peers import Peer, Row, find_peers, measure, ours
from host_tools.bench.run import script
from host_tools.convert import ModelFile
from host_tools.convert.model_file import read_model
from host_tools.deploy.payload import ON_PATH
from host_tools.integers.quantise import quantise

_SIZES = (8, 16, 32, 64, 96, 128, 192, 256)
_EVENTS = 10
_FILE = "bench.safetensors"


def run_peers(
    folder: Path, uf2: Path | None, units: int, inputs: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Measure all of it. uf2: an image for the emulated Pico; None: nothing in MicroPython.

    Raises RivuletError.
    """
    peers = find_peers(folder)
    with tempfile.TemporaryDirectory(prefix="rivulet-peers-") as work:
        rows = [_plain(row) for row in own_rows(units, inputs, Path(work))]
    same = []
    for peer in peers:
        say(f"measuring {peer.name}")
        rows.append(_plain(measure(peer)))
        if found := ours(peer):
            same.append(_plain(found) | {"of": peer.name})
    say("measuring growth")
    report: dict[str, Any] = {"units": units, "inputs": inputs, "rows": rows, "same": same}
    report["growth"] = growth(inputs, _SIZES)
    if uf2 is not None:
        report["board"] = _on_board(uf2, _models(peers, units, inputs), say)
    return report


def _plain(row: Row) -> dict[str, Any]:
    """Return a row as JSON can hold it."""
    made = {key: value for key, value in vars(row).items() if key != "peer"}
    if row.peer is not None:
        for key in ("source", "commit", "licence", "flags", "note"):
            made[key] = getattr(row.peer, key)
    return made


def _models(peers: list[Peer], units: int, inputs: int) -> list[tuple[str, ModelFile]]:
    """Return (cell, int8 model) of each of ours that is timed in MicroPython."""
    floats = [decay_model(units, inputs)]
    floats += filter(None, (read_model(peer.path.with_suffix(".safetensors")) for peer in peers))
    return [(str(model.settings["cell"]), quantise(model)) for model in floats]


def _on_board(
    uf2: Path, models: list[tuple[str, ModelFile]], say: Callable[[str], None]
) -> dict[str, Any]:
    rows = []
    with pico.session(uf2, say) as repl:
        for cell, model in models:
            say(f"measuring our {cell} cell in MicroPython")
            data = model.to_bytes()
            upload(repl, _FILE, data)
            code = script("bench_own.py", FILE=_FILE, EVENTS=_EVENTS)
            said = repl.run(ON_PATH + script("bench_models.py") + code)
            rows.append(json.loads(said) | {"cell": cell, "file_bytes": len(data)})
        call = json.loads(repl.run(script("bench_call.py", EVENTS=_EVENTS)))
    return {"image": uf2.name, "rows": rows, "call_us": call["median_us"]}
