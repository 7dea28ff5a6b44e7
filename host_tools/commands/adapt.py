"""`rivulet adapt`."""

from typing import Annotated

import typer

from host_tools.commands._connection import connect
from host_tools.commands._options import KeyOption, PortOption
from host_tools.errors import RivuletError, Terminated
from host_tools.printing import say


def adapt(
    port: PortOption = None,
    label: Annotated[
        str | None, typer.Option(metavar="NAME", help="The class of this moment.")
    ] = None,
    values: Annotated[
        str | None,
        typer.Option(metavar="Y0,Y1,...", help="What the outputs should be now, in their units."),
    ] = None,
    keys: Annotated[
        str | None,
        typer.Option(
            metavar="1=NAME,...", help="Classes by keys: each press labels its own moment."
        ),
    ] = None,
    new: Annotated[
        bool, typer.Option("--new", help="A name the model lacks takes one of its spare classes.")
    ] = False,
    times: Annotated[int, typer.Option(help="Label so many moments.", min=1, max=1000)] = 1,
    every: Annotated[
        float, typer.Option(metavar="S", help="Time between them, in seconds.", min=0.1)
    ] = 1.0,
    seconds: Annotated[
        float | None, typer.Option(help="Stop reading keys after this time.", min=0)
    ] = None,
    key: KeyOption = None,
) -> None:
    """Teach a running model by labels: what the outputs should be at this moment."""
    from host_tools.watch import adapt as teaching
    from host_tools.watch.labels import Labels, parse_keys, parse_label

    if sum(each is not None for each in (label, values, keys)) != 1:
        raise RivuletError("adapt: give one of --label NAME, --values Y0,Y1,... or --keys 1=NAME")
    terminated = False
    name = parse_label(label, "--label") if label is not None else ""
    numbers = _numbers(values) if values is not None else []
    labels = Labels(parse_keys(keys) if keys is not None else {})
    with connect(port, key) as board:
        teaching.check_adaptable(board)
        if keys is not None:
            say(f"{labels.legend()}; Ctrl-C ends it")
            taught, terminated = teaching.by_keys(board, labels, new, seconds, say)
        elif label is not None:
            taught = teaching.repeat(
                board, lambda known: teaching.teach(board, name, new, known), times, every
            )
        else:
            taught = teaching.repeat(
                board, lambda known: teaching.correct(board, numbers, known), times, every
            )
        status = board.status()
    say(f"{taught.learnt} labels learnt, {status.get('labels', 0)} in all")
    if status.get("labels_on_trial"):
        say(
            f"on trial for {status['trial_left_s']} s: 'rivulet confirm' keeps them now, "
            "'rivulet rollback' removes them; a restart before that does too"
        )
    if terminated:
        raise Terminated


def _numbers(text: str) -> list[float]:
    import math

    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = [math.nan]
    if not all(math.isfinite(number) for number in numbers):
        raise RivuletError(f"--values: write numbers such as 0.5,-1: not {text!r}")
    return numbers
