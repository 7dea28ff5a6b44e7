"""ncps' CfC with a wiring: a chain of layers, each with a mask of its connections."""

import numpy as np

from host_tools.convert.cfc import head_names, pop_mode, pure_names, pure_tensors
from host_tools.convert.checks import check_names, check_shapes, matrix
from host_tools.convert.model_file import Arrays, Settings, fold
from host_tools.convert.ncps_parts import Parts
from host_tools.errors import RivuletError


def parts(arrays: Arrays, metadata: Settings) -> Parts:
    """Remove the CfC's options from the metadata and read them. Raises RivuletError."""
    mode = pop_mode(arrays, metadata, "layer_0.w_tau")
    count = len({name.split(".")[0] for name in arrays if name.startswith("layer_")})
    heads = head_names(mode)
    inner = [f"{name}.{part}" for name in heads for part in ("weight", "bias")]
    inner += ["sparsity_mask", *pure_names(mode)]
    check_names(
        arrays, [f"layer_{i}.{name}" for i in range(count) for name in inner], "a wired ncps CfC"
    )
    sizes, widths = [], []
    for i in range(count):
        units, columns = matrix(arrays, f"layer_{i}.ff1.weight", "(units, columns)")
        sizes.append(units)
        widths.append(columns - units)
        before = sizes[i - 1] if i else widths[0]
        if widths[i] != before or before < 1:
            raise RivuletError(f"'layer_{i}.ff1.weight' does not continue a layer of {before}")
        shapes: dict[str, tuple[int, ...]] = {"sparsity_mask": (units, columns)}
        for name in heads:
            shapes |= {f"{name}.weight": (units, columns), f"{name}.bias": (units,)}
        shapes |= dict.fromkeys(pure_names(mode), (1, units))
        wanted = {f"layer_{i}.{name}": shape for name, shape in shapes.items()}
        check_shapes(arrays, wanted, f"layer {i} of {units} units")
    synapses = []
    for i in range(count):
        mask = arrays[f"layer_{i}.sparsity_mask"]
        if not np.isin(mask, (0.0, 1.0)).all() or not mask[:, widths[i] :].all():
            raise RivuletError(f"'layer_{i}.sparsity_mask' is not one that ncps makes")
        into = int(mask[:, : widths[i]].sum())
        if not into:
            raise RivuletError(f"the wiring has no synapses into layer {i}")
        synapses.append(into if mode == "pure" else 2 * into)

    def tensors(settings: Settings) -> Arrays:
        made: Arrays = {}
        for i in range(count):
            made |= _layer(arrays, i, widths[i], heads, settings)
            made |= pure_tensors(arrays, mode, f"layer_{i}.", f"layer{i}.")
        return made

    total, last = sum(sizes), sizes[-1]
    own = {
        "cell": "wired_cfc",
        "integrator": "closed_form",
        "mode": mode,
        "layers": sizes,
        "synapses": synapses,
    }
    output = np.eye(last, total, k=total - last)
    return Parts(total, widths[0], own, tensors, output, np.zeros(last))


def _layer(
    arrays: Arrays, i: int, width: int, heads: tuple[str, ...], settings: Settings
) -> Arrays:
    """Split ff1 and ff2 into synapses from below and a recurrent matrix; gates stay dense."""
    prefix = f"layer_{i}."
    driven = heads[:2]
    mask = np.vstack([arrays[prefix + "sparsity_mask"]] * len(driven))
    drive = np.vstack([arrays[f"{prefix}{name}.weight"] for name in driven]) * mask
    bias = np.concatenate([arrays[f"{prefix}{name}.bias"] for name in heads])
    inward = drive[:, :width]
    timed = [arrays[f"{prefix}{name}.weight"] for name in heads[2:]]
    if i == 0:
        inward, moved = fold(inward, settings)
        pieces = [fold(weight[:, :width], settings) for weight in timed]
        timed = [
            np.hstack([piece[0], weight[:, width:]])
            for piece, weight in zip(pieces, timed, strict=True)
        ]
        bias = bias + np.concatenate([moved, *(piece[1] for piece in pieces)])
    target, source = np.nonzero(mask[:, :width])
    name = f"layer{i}."
    made = {
        name + "weight": inward[target, source],
        name + "source": source.astype(np.uint16),
        name + "target": target.astype(np.uint16),
        name + "recurrent": drive[:, width:],
        name + "bias": bias,
    }
    if timed:
        made[name + "time"] = np.vstack(timed)
    return made
