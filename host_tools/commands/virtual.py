"""`rivulet virtual`."""

import time
from typing import Annotated

import typer

from host_tools.printing import note, say


def virtual(
    data: Annotated[
        str, typer.Option(help="What its sensors play: 'activity', 'none', or an EVENTS.csv.")
    ] = "activity",
    drop: Annotated[
        float, typer.Option(help="Share of samples to drop at the sensor, 0 to 1.")
    ] = 0.0,
    jitter: Annotated[float, typer.Option(help="Jitter of the sample times, ms.")] = 0.0,
) -> None:
    """Run a virtual board until Ctrl-C; print its port."""
    from host_tools.interpreter.find import find_micropython
    from host_tools.link.ports import VIRTUAL_PORTS
    from host_tools.simulate.playback import prepare
    from host_tools.simulate.virtual import VirtualBoard

    folder = VIRTUAL_PORTS / "default"
    interpreter = find_micropython(note)
    stimulus, sensors = prepare(data, drop, jitter, folder / "stimulus.bin")
    board = VirtualBoard(folder, stimulus, interpreter, repeat=True, sensors=sensors)
    with board:
        try:
            # Within the try, because a program that reads the port may send a signal at once.
            say(board.port)
            note("virtual board is on; Ctrl-C switches it off")
            while True:
                time.sleep(1.0)
        except KeyboardInterrupt:
            note("switched off")
