"""`rivulet pull`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.commands._connection import connect
from host_tools.commands._options import KeyOption, PortOption
from host_tools.printing import say


def pull(
    model: Annotated[Path, typer.Argument(help="The model file that the board runs.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The model file to write.")],
    port: PortOption = None,
    key: KeyOption = None,
) -> None:
    """Write a model file with what a board has learnt by labels."""
    from host_tools import files
    from host_tools.build_model.learnt import merge
    from host_tools.deploy.keys import key_file
    from host_tools.watch.adapt import check_adaptable

    files.check(out, (model, key_file(key)))
    with connect(port, key) as board:
        check_adaptable(board)
        image = board.learnt()
        labels = board.status().get("labels", 0)
    merge(model, image).save(out)
    say(f"{out}: {model.name} with {labels} labels of the board, {out.stat().st_size} bytes")
