"""Contradictions between [policy], the rig and the model."""

from typing import Any

from host_tools.project import policy, units
from host_tools.project.parts import Project
from host_tools.project.problems import Problems, nearest


def find(
    project: Project, settings: dict[str, Any] | None, output_count: int, problems: Problems
) -> None:
    """Add what [policy] contradicts. settings: the model's metadata, None without a model."""
    said = project.policy
    for name in policy.controllers(said):
        if name in project.train.target:
            problems.add("policy.controllers", f"'{name}' is a target too: rename the controller")
    if settings is None:
        if project.train.task != "class" and project.train.target:
            _check(said, _of_values(), len(project.train.target), problems)
        return
    if said:
        _check(said, settings, output_count, problems)
        for key, value in said.items():
            if settings["policy"].get(key) != value:
                problems.add(
                    f"policy.{key}", "the model's file says otherwise: convert or train it again"
                )
    _check_fed(project, settings, problems)


def _check(
    said: policy.Policy, settings: dict[str, Any], output_count: int, problems: Problems
) -> None:
    fault = policy.fault(said, settings, output_count)
    if fault:
        problems.add("policy", fault)


def _of_values() -> dict[str, Any]:
    return {"output": "value", "classes": [], "channels": ["u0"], "convention": "current"}


def _check_fed(project: Project, settings: dict[str, Any], problems: Problems) -> None:
    """Check that the actuators exist whose actions the model takes, in its units."""
    # It loads numpy, which a project without a model does not need.
    from rivulet.model import fed

    own = fed.names(settings)
    for channel, unit in zip(settings["channels"], settings["units"], strict=True):
        kind, name = fed.parts(channel) if channel in own else ("", "")
        if kind != "action":
            continue
        actuator = project.actuators.get(name)
        if actuator is None:
            known = nearest(name, project.actuators)
            problems.add("actuators", f"the model takes '{channel}', and there is none: {known}")
        elif unit and actuator.driver.unit and not units.same(unit, actuator.driver.unit):
            problems.add(
                f"actuators.{name}",
                f"the model takes its action in {unit}, the driver has {actuator.driver.unit}",
            )
