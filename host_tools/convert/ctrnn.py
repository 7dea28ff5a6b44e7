"""The CTRNN: `tau_s` (n,) in seconds, `drive.recurrent` (n, n), `drive.input` (n, m), `drive.bias`
(n,), `readout.weight` (k, n), `readout.bias` (k,).
"""

from host_tools.convert.checks import check_names, check_shapes, matrix
from host_tools.convert.decay import gate_rows, gate_shapes
from host_tools.convert.model_file import (
    Arrays,
    ModelFile,
    Settings,
    complete,
    finished,
    readout,
)
from host_tools.errors import RivuletError

_OWN: Settings = {"cell": "ctrnn", "integrator": "exponential", "drive": "relaxing"}
_NAMES = ("tau_s", "drive.recurrent", "drive.input", "drive.bias")


def convert(arrays: Arrays, metadata: Settings) -> ModelFile:
    check_names(arrays, [*_NAMES, "readout.weight", "readout.bias"], "a ctrnn cell")
    hidden, inputs = matrix(arrays, "drive.input", "(units, inputs)")
    outputs = matrix(arrays, "readout.weight", "(outputs, units)")[0]
    wanted: dict[str, tuple[int, ...]] = {
        "tau_s": (hidden,),
        "readout.weight": (outputs, hidden),
        "readout.bias": (outputs,),
    } | gate_shapes("drive", hidden, inputs)
    check_shapes(arrays, wanted, f"{hidden} units, {inputs} inputs and {outputs} outputs")
    if not (arrays["tau_s"] > 0.0).all():
        raise RivuletError("'tau_s' must be above 0 s: train it through softplus or exp")
    settings = complete(metadata, _OWN, inputs)
    tensors = {
        "rate": 1.0 / arrays["tau_s"],
        "drive.weight": gate_rows(arrays, "drive", settings),
        "readout.weight": readout(arrays["readout.weight"], arrays["readout.bias"]),
    }
    return finished(tensors, settings)
