"""The client of a board that runs Rivulet, under the name that other programs import."""

from host_tools.link.records import Record, SensorState
from host_tools.link.wire import Board, NotRunning, Refused

__all__ = ["Board", "NotRunning", "Record", "Refused", "SensorState"]
