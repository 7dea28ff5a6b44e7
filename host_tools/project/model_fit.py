"""Contradictions between a project's rig and the model that it is to run."""

import re
from typing import Any

from host_tools.project import feeding
from host_tools.project.parts import Project, RigActuator
from host_tools.project.problems import Problems, nearest

_OUTPUT = re.compile(r"y([0-9]+)")


def fed_by(project: Project) -> list[feeding.FedChannel]:
    """Return the channels that the project's sensors feed."""
    return [
        feeding.FedChannel(sensor.name, channel.name, channel.unit)
        for sensor in project.sensors.values()
        for channel in sensor.channels
    ]


def find(
    project: Project,
    settings: dict[str, Any] | None,
    output_count: int,
    problems: Problems,
    warnings: list[str],
) -> None:
    """Add what the rig and a model contradict each other in; `warnings` gets the lesser things.

    settings: the model's metadata, None if there is no model: then actuators are checked as far
    as that goes without one.
    """
    if settings is None:
        for actuator in project.actuators.values():
            if not (actuator.source == "class" or _OUTPUT.fullmatch(actuator.source)):
                problems.add(
                    f"actuators.{actuator.name}.from",
                    f'"{actuator.source}" is a class of no model and no channel of '
                    '[train] target: write "class", an output such as "y0", or a target, or name '
                    "the model in [model]",
                )
        return
    classes = settings["classes"] if settings["output"] == "class" else None
    for actuator in project.actuators.values():
        _actuator(actuator, classes, output_count, problems)
        _target(actuator, settings["provenance"].get("targets"), problems)
    if not project.sensors:
        warnings.append("no sensors are named, so the model's channels are not checked")
        return
    fed = fed_by(project)
    for channel in feeding.unfed(settings["channels"], fed):
        names = nearest(channel, [each.name for each in fed])
        problems.add("sensors", f"no sensor feeds the model's channel '{channel}': {names}")
    for difference in feeding.unit_differences(settings["channels"], settings["units"], fed):
        if difference.is_error:
            problems.add(f"sensors.{difference.sensor}", str(difference))
        else:
            warnings.append(str(difference))


def _actuator(
    actuator: RigActuator, classes: list[str] | None, output_count: int, problems: Problems
) -> None:
    where = f"actuators.{actuator.name}"
    found = _OUTPUT.fullmatch(actuator.source)
    if actuator.source == "class":
        if classes is None:
            problems.add(
                f"{where}.from", f"the model decides no class; it has {_outputs(output_count)}"
            )
            return
        _table(actuator, where, classes, problems)
    elif found is not None:
        if int(found[1]) >= output_count:
            problems.add(
                f"{where}.from",
                f"the model has no {actuator.source}; it has {_outputs(output_count)}",
            )
    elif actuator.source not in (classes or []):
        known = ["class", *(classes or []), *(f"y{number}" for number in range(output_count))]
        problems.add(
            f"{where}.from",
            f'the model has no output "{actuator.source}": {nearest(actuator.source, known)}',
        )


def _target(actuator: RigActuator, targets: object, problems: Problems) -> None:
    """Compare the output that an actuator names with the targets that the model was trained on."""
    if not actuator.target or not isinstance(targets, list):
        return
    number = int(actuator.source[1:])
    if number < len(targets) and targets[number] != actuator.target:
        problems.add(
            f"actuators.{actuator.name}.from",
            f'the model\'s {actuator.source} is {targets[number]}, not "{actuator.target}": '
            "[train] target has changed since; train again",
        )


def _table(actuator: RigActuator, where: str, classes: list[str], problems: Problems) -> None:
    if actuator.table is None:
        if actuator.limits is not None and actuator.limits[1] < 0:
            problems.add(f"{where}.table", "is missing: class numbers exceed the limits")
        return
    for name in classes:
        if name not in actuator.table:
            problems.add(f"{where}.table", f"has no entry for the model's class '{name}'")
    for name in actuator.table:
        if name not in classes:
            problems.add(
                f"{where}.table.{name}", f"the model has no such class: {nearest(name, classes)}"
            )


def output_number(source: str, classes: list[str] | None) -> int | None:
    """Return the number of the output that drives an actuator, None if the class does."""
    found = _OUTPUT.fullmatch(source)
    if found is not None:
        return int(found[1])
    return classes.index(source) if source != "class" and classes else None


def _outputs(count: int) -> str:
    return "y0" if count == 1 else f"y0 to y{count - 1}"
