"""Notes and a progress bar, which a subcommand shows on stderr while it works."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer


def note(line: str) -> None:
    """Print a line on stderr, apart from the subcommand's result."""
    typer.echo(line, err=True)


@contextmanager
def progress_bar(task: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar if stderr is a terminal. Yields `advance(done, total)`."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f}%"))
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        number = bar.add_task(task)

        def advance(done: int, total: int) -> None:
            bar.update(number, completed=done, total=total)

        yield advance
