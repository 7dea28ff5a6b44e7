"""The weights and metadata that `rivulet convert` starts from, and where they are from."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.build_model.build import read_metadata
from host_tools.build_model.from_project import complete_from, lacks
from host_tools.build_model.live import LiveNetwork
from host_tools.build_model.module import build_module, load_weights
from host_tools.convert import CADENCE_US, Arrays, Settings, read_weights
from host_tools.convert.ncps_find import find, is_ncps
from host_tools.convert.ncps_live import NO_UNIT, described
from host_tools.convert.ncps_wiring import apply_wiring
from host_tools.errors import RivuletError
from host_tools.project import find_project, load
from host_tools.project.load import FILE
from host_tools.project.read import read_toml

# Options of an LTC that no tensor shows, and ncps' defaults.
_UNSEEN = {"ode_unfolds": 6, "epsilon": 1e-8, "implicit_param_constraints": True}


@dataclass(frozen=True)
class Where:
    """The files and options that name a network."""

    weights: Path | None = None
    module: str | None = None  # FILE.py:NAME
    wiring: Path | None = None
    metadata: Path | None = None
    project: Path | None = None


@dataclass
class Source:
    """A network before it is converted."""

    weights: Arrays
    settings: Settings
    live: LiveNetwork | None = None
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_source(where: Where) -> Source:
    """Read the weights, and what the module, the wiring and the project say. Raises RivuletError.

    Metadata counts in this order: --metadata, the weights' own, the module or the wiring, the
    project. Of the policy this holds for each key.
    """
    if where.module is not None and where.wiring is not None:
        raise RivuletError("--wiring is for a state dict alone: --module knows its wiring")
    source = _module(where) if where.module is not None else _file(where)
    if where.metadata is not None:
        source.settings |= read_metadata(where.metadata)
    _add_policy(source, _project(where))
    if not is_ncps(source.weights):
        if where.wiring is not None:
            raise RivuletError(f"{where.weights}: --wiring is for weights of ncps, which it lacks")
        return source
    _add_defaults(source)
    unit_s = source.settings.get("time_unit_s")
    if isinstance(unit_s, (int, float)):
        source.notes.append(
            "ncps' convention (current): a new input drives the interval that ends with it; "
            f"a timespan of 1 is {unit_s:g} s"
        )
    file = _project(where)
    if file is not None and (where.project is not None or lacks(source.settings)):
        source.settings, said = complete_from(file, source.weights, source.settings)
        source.notes += [said] if said else []
    elif "normalisation" not in source.settings:
        source.warnings.append(
            "no normalisation is said: inputs are taken as the sensors give them; a project's "
            "recordings (--project) or --metadata say it"
        )
    return source


def _add_policy(source: Source, file: Path | None) -> None:
    """Add what a project's [policy] says, as far as nothing else says it."""
    if file is None or "policy" not in read_toml(file):
        return
    said = load(file, with_model=False).policy
    own = source.settings.get("policy", {})
    if not isinstance(own, dict) or not said.keys() - own.keys():
        return
    source.settings["policy"] = {"cadence_us": CADENCE_US} | said | own
    source.notes.append(f"policy: {', '.join(sorted(said.keys() - own.keys()))} from {file}")


def _file(where: Where) -> Source:
    assert where.weights is not None
    weights, own = read_weights(where.weights)
    if where.wiring is None:
        return Source(weights, own)
    content = read_metadata(where.wiring)
    if is_ncps(weights):
        weights, content = apply_wiring(weights, content)
    return Source(weights, content | own)


def _module(where: Where) -> Source:
    assert where.module is not None
    module = build_module(where.module)
    own: Settings = {}
    if where.weights is not None:
        weights, own = read_weights(where.weights)
        load_weights(module, weights, where.module)
    arrays, told = described(module)
    live = LiveNetwork(module, find(_arrays(arrays)).layers)
    return Source(arrays, told | own, live)


def _arrays(weights: dict[str, Any]) -> Arrays:
    return {name: np.asarray(value) for name, value in weights.items()}


def _add_defaults(source: Source) -> None:
    """Add what ncps itself would take, and say so."""
    if source.live is not None:
        if "time_unit_s" not in source.settings:
            source.settings["time_unit_s"] = 1.0
            source.warnings.append(NO_UNIT + '; --metadata {"time_unit_s": ...} says it')
        return
    unseen = {key: value for key, value in _UNSEEN.items() if key not in source.settings}
    if unseen and find(source.weights).kind == "ltc":
        listed = ", ".join(f"{key} {str(value).lower()}" for key, value in unseen.items())
        source.notes.append(f"ncps' defaults taken for what no tensor shows: {listed}")


def _project(where: Where) -> Path | None:
    if where.project is None and not Path(FILE).is_file():
        return None
    return find_project(where.project, None)
