"""The client of a board that runs Rivulet, under the name that other programs import."""

from host_tools.errors import (
    BadReply,
    BoardGone,
    Locked,
    NoReply,
    NotRunning,
    PortUnusable,
    ProtocolMismatch,
    Refused,
    RivuletError,
)
from host_tools.link.records import Record, SensorState
from host_tools.link.stream import Stream
from host_tools.link.wire import Board

__all__ = [
    "BadReply",
    "Board",
    "BoardGone",
    "Locked",
    "NoReply",
    "NotRunning",
    "PortUnusable",
    "ProtocolMismatch",
    "Record",
    "Refused",
    "RivuletError",
    "SensorState",
    "Stream",
]
