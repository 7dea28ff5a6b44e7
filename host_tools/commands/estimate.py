"""`rivulet estimate`."""

from typing import Annotated

import typer

from host_tools.commands._options import JsonOption, ModelArgument
from host_tools.printing import say, say_json


def estimate(
    model: ModelArgument,
    board: Annotated[
        str | None,
        typer.Option(help="A kind of board; exit code 1 if the model does not fit. Default: all."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate what a model costs on each kind of board: time, RAM, flash."""
    from host_tools.cost import estimate as run
    from host_tools.cost import estimate_lines, estimates

    if board is None:
        found = estimates(model)
    else:
        one = run(model, board)
        if one is None:
            from host_tools.errors import RivuletError

            raise RivuletError(
                f"the board {board} has no figures: it is as fast as this computer; "
                "'rivulet bench' measures it"
            )
        found = [one]
    if as_json:
        say_json([each.to_dict() for each in found])
    else:
        for line in estimate_lines(found):
            say(line)
    if board is not None and not found[0].fits:
        raise typer.Exit(1)
