"""The table [policy] of rivulet.toml as a model file's `policy`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from host_tools.project.parts import RigActuator
from host_tools.project.tables.policy import PolicyTable

Policy = dict[str, Any]


def metadata(table: PolicyTable, targets: Sequence[str] = ()) -> Policy:
    """Return what a model file says of its policy, {} for a table that says nothing.

    targets: the channels that the model's outputs stand for. The table may name outputs by them,
    a model file names them y0, y1, ...
    """
    said: Policy = _stated(msgspec.to_builtins(table))
    numbers = {name: f"y{number}" for number, name in enumerate(targets)}
    for state in said.get("states", []):
        if "to" in state:
            state["to"] = [[*_renamed(row[:1], numbers), *row[1:]] for row in state["to"]]
    for controller in said.get("controllers", []):
        for key in ("input", "setpoint", "inputs", "setpoints"):
            if key in controller:
                controller[key] = _renamed(controller[key], numbers)
        if "by" in controller.get("schedule", {}):
            controller["schedule"]["by"] = _renamed(controller["schedule"]["by"], numbers)
    return said


def limited(said: Policy, actuators: Iterable[RigActuator]) -> Policy:
    """Return a policy whose controllers know the limits and the slew of what they drive.

    A controller that does not know them winds up.
    """
    driven = {each.source: each for each in actuators}
    for controller in said.get("controllers", []):
        actuator = driven.get(controller["name"])
        if actuator is None:
            continue
        if actuator.limits is not None:
            controller.setdefault("limits", list(actuator.limits))
        if actuator.slew_per_s:
            controller.setdefault("slew_per_s", actuator.slew_per_s)
    return said


def fault(said: Policy, settings: Mapping[str, Any], outputs: int) -> str:
    """Return what is wrong with a policy for a model with this metadata, "" if nothing is."""
    # It loads numpy, which no other use of a project needs.
    from rivulet.model import FORMAT_2, policies

    whole = {"cadence_us": 1} | said
    try:
        policies.check(dict(settings) | {"format": FORMAT_2, "policy": whole}, outputs)
    except ValueError as error:
        return str(error).removeprefix("policy: ")
    return ""


def states(policy: Policy) -> list[str]:
    """Return the names of a policy's states, the first one first; [] if it has none."""
    return [state["name"] for state in policy.get("states", [])]


def controllers(policy: Policy) -> list[str]:
    """Return the names of a policy's controllers, in their order."""
    return [each["name"] for each in policy.get("controllers", [])]


def _stated(value: Any) -> Any:
    """Return tables without the keys that say nothing, which are 0 by default."""
    if isinstance(value, dict):
        kept = {key: _stated(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each not in (None, 0, [], {})}
    if isinstance(value, list):
        return [_stated(each) for each in value]
    return value


def _renamed(value: Any, numbers: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(each, numbers) for each in value]
    return numbers.get(value, value) if isinstance(value, str) else value
