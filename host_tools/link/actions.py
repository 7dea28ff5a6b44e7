"""Decodes the actions of a board whose plant is simulated, protocol.ACTION."""

import struct
from dataclasses import dataclass

from rivulet import protocol

_HEAD_BYTES = struct.calcsize(protocol.ACTION_HEAD)


@dataclass(frozen=True)
class PlantAction:
    """What the actuators were told.

    sequence: of the PLANT message that it goes with; number: of actions in this lease, modulo
    2^30; ticks: the board's time, us modulo 2^30; values: one for each actuator of the rig.
    """

    sequence: int
    number: int
    ticks: int
    values: tuple[float, ...]


def decode_action(body: bytes) -> PlantAction | None:
    """Decode an action from a frame's body. Returns None for one that is not whole."""
    rest = len(body) - 2 - _HEAD_BYTES
    if rest < 0 or rest % 4:
        return None
    number, ticks, sequence = struct.unpack_from(protocol.ACTION_HEAD, body, 2)
    values = struct.unpack_from(f"<{rest // 4}f", body, 2 + _HEAD_BYTES)
    return PlantAction(sequence, number, ticks, values)
