"""The table [policy]."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

_Ms = Annotated[int, Meta(ge=0, description="a whole number of milliseconds, 0 or more")]


class ClassesTable(Struct, forbid_unknown_fields=True):
    """How a class is decided."""

    hysteresis: Annotated[
        float,
        Meta(
            ge=0,
            lt=1,
            description="the lead in probability that another class needs, 0 to below 1",
        ),
    ] = 0.0
    dwell_ms: _Ms = 0
    confidence: Annotated[
        Annotated[float, Meta(gt=0, le=1)] | None,
        Meta(description="the probability below which none of the classes is decided"),
    ] = None


class StateTable(Struct, forbid_unknown_fields=True):
    """A state of the state machine, and the ways out of it."""

    name: Annotated[str, Meta(description="the name of the state")]
    to: Annotated[
        list[list[Any]],
        Meta(
            description="a list of [VALUE, COMPARISON, THRESHOLD, MILLISECONDS, STATE], such as "
            '["speed", ">", 0.5, 200, "stop"]'
        ),
    ] = field(default_factory=list)


_Number = Annotated[float | None, Meta(description="a number")]
_Setpoint = Annotated[float | str, Meta(description="a number, or the name of a value")]


class ControllerTable(Struct, forbid_unknown_fields=True):
    """A controller, which computes a value for actuators from the outputs."""

    name: Annotated[str, Meta(description="the name that actuators have in their `from`")]
    kind: Annotated[
        Literal["pid", "state_feedback"], Meta(description='"pid" or "state_feedback"')
    ]
    limits: Annotated[
        list[float] | None,
        Meta(description="the lowest and the highest value, [LOWEST, HIGHEST]"),
    ] = None
    slew_per_s: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="the largest change per second, above 0"),
    ] = None
    schedule: Annotated[
        dict[str, Any] | None,
        Meta(
            description="a table with by (a value), at (its breakpoints) and, for each gain that "
            "depends on it, a list with one entry a breakpoint"
        ),
    ] = None
    input: Annotated[str | None, Meta(description="the value that a pid controls")] = None
    setpoint: Annotated[_Setpoint | None, Meta(description="a number, or the name of a value")] = (
        None
    )
    kp: _Number = None
    ki: _Number = None
    kd: _Number = None
    derivative_tau_s: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        Meta(description="the time constant of the derivative's filter, 0 s or more"),
    ] = None
    inputs: Annotated[
        list[str] | None, Meta(description="a list of values, which a state_feedback reads")
    ] = None
    setpoints: Annotated[
        list[float | str] | None,
        Meta(description="a number or the name of a value for each input"),
    ] = None
    gains: Annotated[list[float] | None, Meta(description="a gain for each input")] = None
    offset: _Number = None


class PolicyTable(Struct, forbid_unknown_fields=True):
    """What becomes of the outputs, and how often."""

    cadence_us: Annotated[
        Annotated[int, Meta(ge=1, lt=1 << 30)] | None,
        Meta(description="the time between two decisions, a whole number of microseconds from 1"),
    ] = None
    horizon_ms: Annotated[
        float,
        Meta(
            ge=0,
            le=60_000,
            description="how far ahead outputs are predicted, 0 to 60000 milliseconds",
        ),
    ] = 0.0
    classes: Annotated[
        ClassesTable | None, Meta(description="a table with hysteresis, dwell_ms, confidence")
    ] = None
    states: Annotated[
        list[StateTable],
        Meta(
            description="tables [[policy.states]], each with name and to = [[VALUE, COMPARISON, "
            "THRESHOLD, MILLISECONDS, STATE], ...]"
        ),
    ] = field(default_factory=list)
    controllers: Annotated[
        list[ControllerTable],
        Meta(
            description="tables [[policy.controllers]], each with name, kind (pid or "
            "state_feedback) and what that takes"
        ),
    ] = field(default_factory=list)
