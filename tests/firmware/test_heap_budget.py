"""Heap that one event costs, which decides how often a board stops to collect garbage."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from host_tools.paths import FIRMWARE, ROOT

_UNITS, _INPUTS, _EVENTS = 32, 6, 200

_MEASURE = f"""
import gc, json, sys
sys.path[:0] = sys.argv[1:3]
from fixtures import built, tensors
from rivulet.arrays import BACKEND, FLOAT_BYTES, floats, np
names = ["c%d" % i for i in range({_INPUTS})]
normalisation = {{"offset": [0.0] * {_INPUTS}, "scale": [1.0] * {_INPUTS}}}
def measure(integrator):
    model = built(tensors({_UNITS}, {_INPUTS}, 4), integrator=integrator, channels=names,
                  normalisation=normalisation, classes=["a", "b", "c", "d"])
    slots = model.slots(tuple(names))
    values = floats(np.array([0.5, -0.25, 0.125, 1.0, -1.0, 0.75]))
    def each():
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        for _ in range({_EVENTS}):
            model.event(40000, slots, values)
        cost = (gc.mem_alloc() - before) // {_EVENTS}
        gc.enable()
        gc.collect()
        # Less than a byte an event: what the collector sees on the stack may be kept.
        assert gc.mem_alloc() - before < {_EVENTS}, "events leave something behind"
        return cost
    model.event(0, slots, values)
    first = each()
    model.event(60000000, slots, values)
    return first, each()
print(json.dumps({{
    "backend": BACKEND,
    "float_bytes": FLOAT_BYTES,
    "word_bits": 32 if sys.maxsize < 1 << 32 else 64,
    "each": {{name: measure(name) for name in ("exponential", "semi_implicit", "euler")}},
}}))
"""

# (backend, bytes of a float, bits of a word) -> bytes that an event may allocate with the
# exponential integrator, with the others, and besides while the mean of the state is young.
# An event makes one array of two gates a unit and, on ulab, an array object at each in-place
# operation; the others have an operation more.
_BUDGETS = {
    # A board's own widths: what boards are planned with.
    ("ulab", 4, 32): (1000, 1100, 100),
    # The same objects with floats and pointers twice as wide.
    ("ulab", 8, 64): (2000, 2200, 200),
    # Every float that an element passes through is an object.
    ("plain", 8, 64): (320_000, 320_000, 1000),
}


@pytest.fixture(scope="module")
def measured(micropython: Path) -> dict[str, Any]:
    done = subprocess.run(
        [micropython, "-X", "heapsize=64M", "-c", _MEASURE, FIRMWARE, ROOT / "tests" / "device"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("integrator", ["exponential", "semi_implicit", "euler"])
def test_an_event_keeps_to_its_budget(measured: dict[str, Any], integrator: str) -> None:
    kind = measured["backend"], measured["float_bytes"], measured["word_bits"]
    if kind not in _BUDGETS:
        pytest.skip("no budget is stated for {} with {}-byte floats on {} bits".format(*kind))
    exponential, others, young = _BUDGETS[kind]
    budget = exponential if integrator == "exponential" else others
    first, steady = measured["each"][integrator]
    assert 0 < steady <= budget
    assert 0 < first <= budget + young
