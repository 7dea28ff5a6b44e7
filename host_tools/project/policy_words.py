"""Says in words what a model's policy does."""

from collections.abc import Mapping, Sequence
from typing import Any

_KINDS = {"pid": "PID", "state_feedback": "state feedback"}
_GAINS = ("kp", "ki", "kd")


def lines(policy: Mapping[str, Any], classes: Sequence[str] = ()) -> list[str]:
    """Return what a policy does: a line on its cadence, and one for each of its parts."""
    cadence = policy.get("cadence_us")
    found = [
        f"decides every {cadence / 1000:g} ms" if cadence else "decides at the model's cadence"
    ]
    if policy.get("horizon_ms"):
        found[0] += f", on outputs {policy['horizon_ms']:g} ms ahead"
    if "classes" in policy:
        found.append(_classes(policy["classes"]))
    elif classes and not policy.get("states"):
        found[0] += ", for the largest of the classes"
    for state in policy.get("states", []):
        ways = [_way(row) for row in state.get("to", [])]
        found.append(f"state {state['name']}: {'; '.join(ways) or 'no way out'}")
    found += [_controller(each) for each in policy.get("controllers", [])]
    return found


def _classes(entry: Mapping[str, Any]) -> str:
    words = []
    if entry.get("hysteresis"):
        words.append(f"another takes over with a lead of {entry['hysteresis']:g}")
    if entry.get("dwell_ms"):
        words.append(f"each stands for at least {entry['dwell_ms']} ms")
    if entry.get("confidence"):
        words.append(f"none is decided below a probability of {entry['confidence']:g}")
    return f"classes: {', '.join(words) or 'the largest'}"


def _way(row: Sequence[Any]) -> str:
    name, comparison, threshold, held_ms, to = row
    said = f"{threshold:g}" if isinstance(threshold, int | float) else str(threshold)
    unit = " s" if name == "time" else ""
    held = f" for {held_ms} ms" if held_ms else ""
    return f"to {to} if {name} {comparison} {said}{unit}{held}"


def _controller(entry: Mapping[str, Any]) -> str:
    text = f"controller {entry['name']}: {_KINDS[entry['kind']]} "
    scheduled = entry.get("schedule", {})
    if entry["kind"] == "pid":
        gains = [
            f"{key} {entry[key]:g}" for key in _GAINS if key in entry and key not in scheduled
        ]
        text += f"of {entry['input']} to {_setpoint(entry.get('setpoint', 0))}"
        text += "".join(f", {gain}" for gain in gains)
        if entry.get("derivative_tau_s"):
            text += f", derivative filtered over {entry['derivative_tau_s']:g} s"
    else:
        text += f"of {', '.join(entry['inputs'])}"
        if "gains" in entry:
            text += f", gains {', '.join(f'{gain:g}' for gain in entry['gains'])}"
        if entry.get("offset"):
            text += f", offset {entry['offset']:g}"
    if scheduled:
        points = ", ".join(f"{point:g}" for point in scheduled["at"])
        changing = [key for key in (*_GAINS, "gains") if key in scheduled]
        text += f", {', '.join(changing)} by {scheduled['by']} at {points}"
    if "limits" in entry:
        text += f", {entry['limits'][0]:g} to {entry['limits'][1]:g}"
    if entry.get("slew_per_s"):
        text += f", at most {entry['slew_per_s']:g} per second"
    return text


def _setpoint(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
