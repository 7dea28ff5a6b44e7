"""A rig's actuators in words, from a status document."""

from collections.abc import Mapping
from typing import Any


def in_words(status: Mapping[str, Any]) -> str:
    """Return each actuator's value and error, and why all rest; "" for a rig without any.

    Firmware that is older than actuators reports none.
    """
    words = ", ".join(map(_actuator, status.get("actuators", [])))
    resting = status.get("resting")
    return f"{words}; at rest: {resting}" if words and resting else words


def _actuator(actuator: dict[str, Any]) -> str:
    value = actuator["value"]
    text = f"{actuator['name']} {'has no value yet' if value is None else format(value, '.4g')}"
    return f"{text} ({actuator['error']})" if actuator["error"] else text
