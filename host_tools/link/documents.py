"""A board's documents (JSON), read into types at the border, before anything works with them.

A document is not authenticated: a device in the line can forge it. One of another shape than the
host relies on is refused with one line, so it causes no traceback and no endless loop.
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict, cast

import msgspec
from msgspec import Meta

from host_tools.text import escaped
from rivulet import protocol

_Count = Annotated[int, Meta(ge=0, lt=1 << 53)]
_Units = Annotated[int, Meta(ge=0, lt=1 << 16)]
_Bucket = Annotated[int, Meta(ge=0, lt=160)]  # latency.py has as many
_Bits = Annotated[int, Meta(ge=0, lt=64)]
_Number = Annotated[float, Meta(gt=-1e300, lt=1e300)]


class Normalisation(TypedDict):
    """u = (value - offset) * scale, an entry a channel."""

    offset: list[_Number]
    scale: list[_Number]


class Model(TypedDict):
    """The model that a board runs."""

    hash: str
    cell: str
    hidden: _Units
    channels: list[str]
    units: list[str]
    outputs: _Units
    classes: list[str] | None
    states: NotRequired[list[str]]  # what is decided between, if the policy has states
    unfed: list[str]
    tau_s: NotRequired[Any]  # free text of a model file; its reader takes anything
    # Classes that a label may still name, the last ones; only of a model that learns.
    spare: NotRequired[_Units]
    # Of each block in protocol.BLOCKS.
    fraction_bits: NotRequired[tuple[_Bits, _Bits, _Bits, _Bits]]
    normalisation: NotRequired[Normalisation]


class Sensor(TypedDict):
    """A sensor in the description."""

    name: str
    channels: list[str]
    units: list[str]
    # Units a count, where its driver reads integers.
    scales: NotRequired[list[_Number] | None]


class Description(TypedDict):
    """The answer to DESCRIBE."""

    board: str
    machine: str
    micropython: str
    sensors: list[Sensor]
    model: Model | None


class SensorHealth(TypedDict):
    """A sensor in the status. error: of a person's own driver."""

    name: str
    age_ms: _Count
    trouble: list[str]
    channels: NotRequired[list[str]]
    units: NotRequired[list[str]]
    error: NotRequired[str]


class ActuatorState(TypedDict):
    """An actuator in the status. value: None if it has not been written."""

    name: str
    value: _Number | None
    error: str


class _Needed(TypedDict):
    model_hash: str
    trial: bool
    trial_left_s: _Count


class Status(_Needed, total=False):
    """The answer to STATUS. Beyond what every command needs, older firmware may lack entries."""

    board: str
    firmware: str
    backend: str
    kernel: str | None
    cell: str | None
    hidden: _Units
    channels: _Units
    outputs: _Units
    uptime_epoch: _Count
    uptime_ticks: _Count
    events: _Count
    late: _Count
    coalesced: list[_Count]
    dropped: list[_Count]
    bus_errors: list[_Count]
    bad_values: list[_Count]
    actuator_errors: _Count
    state_resets: _Count
    guard_trips: _Count
    guard: str
    outputs_stale: bool
    sensors: list[SensorHealth]
    swaps: _Count
    started: str
    snapshots: _Count
    snapshot_trouble: str
    boot_error: str
    event_cost_us: list[tuple[_Bucket, _Count]]
    event_cost_worst_us: _Count
    decision_late_us: list[tuple[_Bucket, _Count]]
    decision_late_worst_us: _Count
    gc_worst_us: _Count
    telemetry_sent: _Count
    telemetry_dropped: _Count
    frames_corrupt: _Count
    frames_oversized: _Count
    heap_free: _Count
    heap_low: _Count
    probes: _Count
    firmware_trouble: str
    access: Literal["open", "keyed", "closed"]
    slot: Literal["", "a", "b"]
    slot_hashes: tuple[str, str]
    trial_starts: _Count
    boots: _Count
    resets: dict[str, _Count]
    reverts: _Count
    reverted: tuple[str, str]
    failures: _Count
    failure: str
    safe_mode: str
    store_trouble: str
    incoming: tuple[_Count, str] | None
    received: _Count
    # A board with current firmware may lack these as well.
    access_unauthorised: _Count
    access_forged: _Count
    access_delayed: _Count
    access_error: str
    signed_by: str
    version_at_least: _Count
    actuators: list[ActuatorState]
    faults: _Count
    fault: str
    resting: str
    turns: _Count
    # Of a model that learns: labels that its outputs rest on, and whether they are on trial.
    labels: _Count
    labels_on_trial: bool


_AT_WILL = (
    *("access_unauthorised", "access_forged", "access_delayed", "access_error", "signed_by"),
    *("version_at_least", "actuators", "faults", "fault", "resting", "turns"),
    *("decision_late_us", "decision_late_worst_us", "labels", "labels_on_trial"),
)


def read(kind: int, text: bytes) -> Description | Status | bytes:
    """Read the document that answers a request of this kind. Raises ValueError."""
    if kind == protocol.ADAPTED:
        return text
    return read_description(text) if kind == protocol.DESCRIBE else read_status(text)


def read_description(text: bytes) -> Description:
    """Read a description; its texts are made printable. Raises ValueError.

    Entries that this host does not know are kept.
    """
    described = cast(Description, _read(text, Description))
    model = described["model"]
    if model is not None and "fraction_bits" in model:
        scales = model.get("normalisation")
        count = len(model["channels"])
        if scales is None or not len(scales["offset"]) == len(scales["scale"]) == count:
            raise ValueError("model.normalisation does not have an entry a channel")
    return described


def read_status(text: bytes) -> Status:
    """Read a status as `read_description` reads a description. Raises ValueError."""
    return cast(Status, _read(text, Status))


def missing(status: Status) -> list[str]:
    """Return the names that `rivulet status` shows and this document lacks."""
    shown = (name for name in Status.__annotations__ if name not in _AT_WILL)
    return [name for name in shown if name not in status]


def _read(text: bytes, shape: type) -> Any:
    try:
        document = _printable(msgspec.json.decode(text))
        msgspec.convert(document, shape)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except msgspec.MsgspecError as error:
        raise ValueError(escaped(error).replace("`", "'")) from None
    return document


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, list):
        return [_printable(each) for each in value]
    if isinstance(value, dict):
        return {escaped(name): _printable(each) for name, each in value.items()}
    return value
