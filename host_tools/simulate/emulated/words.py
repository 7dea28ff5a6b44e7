"""The words of an emulated Pico's address space that stand for what no chip model describes.

They are the channels of players, which are sensors, and the values of actuators on a bus.
"""

from typing import Any


class Words:
    """A peripheral of the emulator: the words of each player, from `base` on.

    kept: by address, what was written to words that are no player's.
    """

    def __init__(self, base: int, players: list[Any]) -> None:
        self._base = base
        self._players = players
        self.kept: dict[int, int] = {}

    def read_uint32(self, offset: int) -> int:
        for player in self._players:
            at = self._base + offset - player.device.address
            if 0 <= at < player.space:
                return int(player.chip.read_word(at, player.failing))
        return self.kept.get(self._base + offset, 0)

    def write_uint32_atomic(self, offset: int, value: int, kind: int) -> None:
        """Write a word; `kind` is the emulator's number for setting or clearing bits alone."""
        for player in self._players:
            at = self._base + offset - player.device.address
            if 0 <= at < player.space:
                player.chip.write_word(at, value)
                player.written()
                return
        self.kept[self._base + offset] = value

    def reset(self) -> None:
        """Stay as it is: what is wired to a chip is not reset with it."""
