"""`rivulet hil`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.commands._options import JsonOption, KeyOption, PortOption, ProjectOption
from host_tools.printing import note, say, say_json


def hil(
    plant: Annotated[
        str | None,
        typer.Argument(
            metavar="PLANT",
            help="cartpole, altitude, robot, pendulum, a name of Gymnasium, or file.py:Class. "
            "Default: the project's [plant] name.",
        ),
    ] = None,
    project: ProjectOption = None,
    board: Annotated[
        str | None,
        typer.Option(help="Board to start: 'virtual' (the default) or 'emulated_pico'."),
    ] = None,
    port: PortOption = None,
    uf2: Annotated[
        Path | None, typer.Option(help="MicroPython image for the emulated Pico.")
    ] = None,
    loss: Annotated[
        float, typer.Option(metavar="P", help="Chance that an observation is lost.", min=0, max=1)
    ] = 0.0,
    jitter: Annotated[
        float, typer.Option(metavar="MS", help="Observations arrive later by 0 to this.", min=0)
    ] = 0.0,
    delay: Annotated[
        float, typer.Option(metavar="MS", help="Actions reach the plant this much later.", min=0)
    ] = 0.0,
    outage: Annotated[
        float,
        typer.Option(
            metavar="S", help="Every two seconds or so nothing arrives for this long.", min=0
        ),
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="The seed of plant and faults.", min=0)] = 0,
    episodes: Annotated[int, typer.Option(help="How many episodes.", min=1)] = 10,
    real_time: Annotated[
        bool,
        typer.Option("--real-time", help="The board keeps its own time. Default: lock-step."),
    ] = False,
    key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a board control a plant that this computer simulates."""
    from host_tools.deploy.keys import key_for
    from host_tools.errors import RivuletError
    from host_tools.hil.readings import Faults
    from host_tools.hil.run import Wanted, run
    from host_tools.link import ports
    from host_tools.project import find_project, load

    if board is not None and port is not None:
        raise RivuletError("--board starts a board and --port names one: use one of them")
    found = load(find_project(project, None))
    wanted = Wanted(
        plant=plant,
        port=ports.resolve(port, found.file) if port is not None else None,
        kind=board or "virtual",
        uf2=uf2,
        key=key_for(key),
        faults=Faults(loss, round(jitter * 1e3), round(delay * 1e3), round(outage * 1e6)),
        seed=seed,
        episodes=episodes,
        real_time=real_time,
        shown=not as_json,
    )
    tally = run(found, wanted, note)
    if as_json:
        say_json(tally.facts())
    else:
        facts = tally.facts()
        say(
            f"return {facts['return_mean']:g} ± {facts['return_std']:g} in {facts['episodes']} "
            f"episodes; {facts['loss']:.1%} of the observations lost; {facts['late']} actions "
            f"late; {facts['decisions_per_s']:g} decisions/s"
        )
    if real_time:
        wanted_hz = tally.wanted_hz
        note(f"real time: {tally.steps_per_s:.1f} steps/s, {wanted_hz:g} were wanted")
    if port is not None:
        note("the board has the rig of hil now: 'rivulet flash' gives it its own back")
