"""The progress bar that a subcommand shows on stderr while it works."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from host_tools.printing import console


@contextmanager
def progress_bar(task: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar if stderr is a terminal. Yields `advance(done, total)`."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    screen = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f}%"))
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    ) as bar:
        number = bar.add_task(task)

        def advance(done: int, total: int) -> None:
            bar.update(number, completed=done, total=total)

        yield advance
