"""Progress of a training run: a bar on a terminal, a few lines elsewhere."""

import time
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from host_tools.printing import console, note

_LINES = 10  # in a whole run, where there is no terminal


class Report:
    def __init__(self, name: str, iterations: int, done: int) -> None:
        self._name = name
        self._iterations, self._begun_at = iterations, done
        self._started = time.monotonic()
        self._console = console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} {task.fields[said]}"),
            TimeRemainingColumn(),
        )
        self._bar = Progress(
            *columns, console=self._console, disable=not self._console.is_terminal
        )
        self._task = self._bar.add_task(name, total=iterations, completed=done, said="")

    def __enter__(self) -> "Report":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, done: int, events: int, history: Any) -> None:
        """Show the speed, mean losses over the models, and tau of the last validation."""
        rate = events / (time.monotonic() - self._started)
        said = f"{rate:,.0f} events/s, loss {_mean(history.losses[-1]):.3f}"
        if history.validations:
            _, losses, quantiles = history.validations[-1]
            said += f", validation {_mean(losses):.3f}"
            if quantiles:
                low, middle, high = (_mean([model[i] for model in quantiles]) for i in (0, 2, 4))
                said += f", tau {low:.3g} {middle:.3g} {high:.3g} s"
        self._bar.update(self._task, completed=done, said=said)
        left = (time.monotonic() - self._started) * (self._iterations - done)
        left /= max(done - self._begun_at, 1)
        every = max(1, self._iterations // _LINES)
        if not self._console.is_terminal and (done % every == 0 or done == self._iterations):
            note(f"{self._name}: {done}/{self._iterations}, {said}, {left:.0f} s left")


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
