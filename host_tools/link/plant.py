"""The host's end of a simulated plant: leases, readings, and the actions that answer them."""

import contextlib
import struct
from collections.abc import Iterable, Sequence

from host_tools.errors import BoardGone, NoReply, RivuletError
from host_tools.link.actions import PlantAction
from host_tools.link.requester import QUICK
from host_tools.link.wire import Board
from rivulet import protocol

# The board's plant ends when the host has not renewed it for so long, in the board's own time.
_LEASE_MS = 3000
_END_MS = 1
_TICKS = 0x3FFFFFFF

# A sensor's number in the board's description, and its values in the units of that.
Reading = tuple[int, Sequence[float]]


class PlantLease:
    """Simulates the plant of a board, within a `with`. Raises RivuletError.

    lock_step: the board's time goes on with the messages alone; else it keeps its own.
    """

    def __init__(self, board: Board, lock_step: bool) -> None:
        self._board = board
        self._flags = protocol.LOCK_STEP if lock_step else 0
        self._renew_at = 0.0
        self._sent = -1
        # How many actuators the board's rig has.
        self.actuators = 0

    def __enter__(self) -> "PlantLease":
        self.actuators = self._lease(_LEASE_MS)
        self._board.actions.clear()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # A board that is silent, or gone, ends it by itself.
        if kind is None or not issubclass(kind, (NoReply, BoardGone)):
            with contextlib.suppress(RivuletError):
                self._lease(_END_MS)

    def renew(self) -> None:
        """Renew the lease if it is time to."""
        if self._board.now_s >= self._renew_at:
            self._lease(_LEASE_MS)

    def step(
        self, time_us: int, readings: Iterable[Reading] = (), pause: bool = False
    ) -> PlantAction:
        """Bring the board's time to `time_us`, with these readings; return what it does then.

        In lock-step only. pause: without readings, let the actuators rest until there are some.
        Raises NoReply if the board falls silent, Refused.
        """
        self.renew()
        board = self._board
        payload = self._message(time_us, readings, pause)
        sequence = board.send(protocol.PLANT, payload)
        start = board.now_s
        end = start + QUICK.total_s * board.timeout_scale
        again = start + QUICK.repeat_s * board.timeout_scale
        while board.now_s < end:
            board.check_refusal(protocol.PLANT, sequence)
            while board.actions:
                action = board.actions.popleft()
                if action.sequence == sequence:
                    return action
            if board.now_s >= again:
                # The board takes a message once; sent again it repeats the answer.
                board.send(protocol.PLANT, payload, sequence)
                again += QUICK.repeat_s * board.timeout_scale
        raise NoReply(
            f"{board.port}: the board went silent: no action within {board.now_s - start:.0f} s: "
            "check the cable or reset the board"
        )

    def listen(self, wait_s: float) -> list[PlantAction]:
        """Return the actions that have come, after waiting no longer than this for one."""
        board = self._board
        if not board.actions:
            board.wait_at_most(wait_s)
            board.check_refusal(protocol.PLANT, self._sent)
        found = list(board.actions)
        board.actions.clear()
        return found

    def send(self, time_us: int, readings: Iterable[Reading] = (), pause: bool = False) -> int:
        """Send readings without waiting; return the message's sequence. In real time.

        pause: as for `step`.
        """
        self._sent = self._board.send(protocol.PLANT, self._message(time_us, readings, pause))
        return self._sent

    def _lease(self, lease_ms: int) -> int:
        payload = struct.pack(protocol.PLANT_HEAD, lease_ms, self._flags, 0)
        actuators, _ = self._board.request(protocol.PLANT, payload)
        self._renew_at = self._board.now_s + _LEASE_MS / 3000
        return actuators

    def _message(self, time_us: int, readings: Iterable[Reading], pause: bool) -> bytes:
        flags = protocol.PAUSE if pause else 0
        payload = struct.pack(protocol.PLANT_HEAD, 0, flags, time_us & _TICKS)
        for sensor, values in readings:
            payload += struct.pack(f"<B{len(values)}f", sensor, *values)
        return payload
