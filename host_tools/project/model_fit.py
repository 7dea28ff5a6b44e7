"""Contradictions between a project's rig and the model that it is to run."""

import re
from typing import Any

from host_tools.project import feeding, policy, policy_fit
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
    policy_fit.find(project, settings, output_count, problems)
    known = None if settings is None else _Sources(settings, output_count)
    for actuator in project.actuators.values():
        if known is None:
            _without_model(actuator, project, problems)
        else:
            _actuator(actuator, known, problems)
    if settings is None:
        return
    for actuator in project.actuators.values():
        _target(actuator, settings["provenance"].get("targets"), problems)
    if not project.sensors:
        warnings.append("no sensors are named, so the model's channels are not checked")
        return
    fed = fed_by(project)
    for channel in feeding.unfed(feeding.measured(settings), fed):
        names = nearest(channel, [each.name for each in fed])
        problems.add("sensors", f"no sensor feeds the model's channel '{channel}': {names}")
    for difference in feeding.unit_differences(settings["channels"], settings["units"], fed):
        if difference.is_error:
            problems.add(f"sensors.{difference.sensor}", str(difference))
        else:
            warnings.append(str(difference))


class _Sources:
    """What a model offers to actuators."""

    def __init__(self, settings: dict[str, Any], output_count: int) -> None:
        self.output_count = output_count
        self.classes = settings["classes"] if settings["output"] == "class" else []
        self.states = policy.states(settings["policy"])
        self.controllers = policy.controllers(settings["policy"])

    @property
    def names(self) -> list[str]:
        """What `from` may name."""
        found = ["state", *self.states] if self.states else ["class"] if self.classes else []
        found += [*self.classes, *self.controllers]
        return [*found, *(f"y{number}" for number in range(self.output_count))]


def _without_model(actuator: RigActuator, project: Project, problems: Problems) -> None:
    states = policy.states(project.policy)
    known = [*states, *policy.controllers(project.policy), "state" if states else "class"]
    if not (actuator.source in known or _OUTPUT.fullmatch(actuator.source)):
        problems.add(
            f"actuators.{actuator.name}.from",
            f'"{actuator.source}" is a class of no model, nothing of [policy] and no channel of '
            f'[train] target: write "{known[-1]}", an output such as "y0", or a target, or name '
            "the model in [model]",
        )


def _actuator(actuator: RigActuator, known: _Sources, problems: Problems) -> None:
    where = f"actuators.{actuator.name}"
    found = _OUTPUT.fullmatch(actuator.source)
    count = known.output_count
    if actuator.source == "class":
        if known.states:
            problems.add(f"{where}.from", 'the policy decides between states: write "state"')
        elif not known.classes:
            problems.add(f"{where}.from", f"the model decides no class; it has {_outputs(count)}")
        else:
            _table(actuator, where, "class", known.classes, problems)
    elif actuator.source == "state":
        if not known.states:
            problems.add(f"{where}.from", "the model's policy has no states")
        else:
            _table(actuator, where, "state", known.states, problems)
    elif found is not None:
        if int(found[1]) >= count:
            problems.add(
                f"{where}.from", f"the model has no {actuator.source}; it has {_outputs(count)}"
            )
    elif actuator.source not in known.names:
        problems.add(
            f"{where}.from",
            f'the model has no output "{actuator.source}": '
            f"{nearest(actuator.source, known.names)}",
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


def _table(
    actuator: RigActuator, where: str, kind: str, names: list[str], problems: Problems
) -> None:
    if actuator.table is None:
        if actuator.limits is not None and actuator.limits[1] < 0:
            problems.add(f"{where}.table", f"is missing: {kind} numbers exceed the limits")
        return
    for name in names:
        if name not in actuator.table:
            problems.add(f"{where}.table", f"has no entry for the model's {kind} '{name}'")
    for name in actuator.table:
        if name not in names:
            problems.add(
                f"{where}.table.{name}", f"the model has no such {kind}: {nearest(name, names)}"
            )


def _outputs(count: int) -> str:
    return "y0" if count == 1 else f"y0 to y{count - 1}"
