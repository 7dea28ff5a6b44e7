"""Measures what it takes a board to learn a label: `rivulet bench --labels`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from host_tools.bench import pico
from host_tools.bench.run import run_here, script
from host_tools.deploy.payload import ON_PATH
from host_tools.errors import RivuletError
from host_tools.interpreter.find import find_micropython
from host_tools.link import ports
from host_tools.link.raw_repl import raw_repl

_LABELS = 5
_MOST_UNITS = 64


def run_labels(
    port: str | None, uf2: Path | None, units: int, inputs: int, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Measure on a board, an emulated Pico or this computer. Returns a dict a kind of model.

    Raises RivuletError.
    """
    if units > _MOST_UNITS:
        raise RivuletError(f"--labels: at most {_MOST_UNITS} units learn on a board, not {units}")
    code = script("bench_models.py") + script(
        "bench_learning.py", UNITS=units, INPUTS=inputs, LABELS=_LABELS
    )
    if uf2 is not None:
        with pico.session(uf2, say) as repl:
            said = repl.run(ON_PATH + code)
    elif port is not None:
        say("measuring; the board's own program is stopped meanwhile")
        with raw_repl(ports.resolve(port)) as repl:
            said = repl.run(ON_PATH + code)
    else:
        said = run_here(find_micropython(say), code)
    return [json.loads(line) for line in said.splitlines() if line[:1] == "{"]


def lines(found: list[dict[str, Any]]) -> list[str]:
    """Return a line a kind of model for a person."""
    return [
        f"{row['what']}, {row['units']} units, {row['outputs']} outputs: {row['turns']} turns of "
        f"{row['turn_us']} µs, at most {row['worst_turn_us']} µs; the label itself "
        f"{row['take_us']} µs; {row['label_ms']} ms in all; {row['garbage_bytes']} bytes of "
        f"garbage, {row['kept_bytes']} bytes kept"
        for row in found
    ]
