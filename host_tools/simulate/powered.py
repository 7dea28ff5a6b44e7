"""The base of every simulated board: power is on within a `with`."""

from abc import ABC, abstractmethod
from typing import Self


class PoweredBoard(ABC):
    """A board whose power is on within a `with`, and off after it, whatever happened."""

    @abstractmethod
    def power_on(self) -> None: ...

    @abstractmethod
    def power_off(self) -> None: ...

    def __enter__(self) -> Self:
        self.power_on()
        return self

    def __exit__(self, *_: object) -> None:
        self.power_off()
