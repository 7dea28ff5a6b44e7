"""A hil run: a plant, a project's board, episodes, and the picture of them."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import RivuletError
from host_tools.hil import board as boards
from host_tools.hil.episodes import Episodes, LockStep, Moment, RealTime
from host_tools.hil.readings import Faults
from host_tools.hil.tally import Tally
from host_tools.hil.view import HilView
from host_tools.hil.wired import Wired, wire
from host_tools.link.plant import PlantLease
from host_tools.link.wire import Board
from host_tools.plants import Checked, find
from host_tools.printing import console
from host_tools.project import Project
from host_tools.watch.screen import screen

# Records of telemetry a second, for the picture.
_RECORDS_HZ = 10.0


@dataclass(frozen=True)
class Wanted:
    """What a run is to be.

    port: of the board; None: a board of the kind `kind` is started, with the image `uf2` if that
    is an emulated Pico. shown: whether there is a live picture.
    """

    plant: str | None
    port: str | None
    kind: str
    uf2: Path | None
    key: bytes | None
    faults: Faults
    seed: int
    episodes: int
    real_time: bool
    shown: bool


def run(project: Project, wanted: Wanted, say: Callable[[str], None]) -> Tally:
    """Run the episodes. Raises RivuletError.

    say: tells a person what happens.
    """
    plant = find(_name(project, wanted.plant))
    wired = wire(project, plant)
    model = _model(project)
    with ExitStack() as stack:
        if wanted.port is not None:
            running = boards.flashed(wanted.port, wired.project, wanted.key)
        else:
            running = stack.enter_context(
                boards.started(wanted.kind, wired.project, model, wanted.uf2, say)
            )
        boards.await_rig(running, wanted.key, say)
        wire_ = stack.enter_context(Board(running.port, running.timeout_scale, wanted.key))
        cadence_us = boards.put_model(wire_, model)
        return _episodes(wire_, plant, wired, wanted, cadence_us)


def _episodes(
    board: Board, plant: Checked, wired: Wired, wanted: Wanted, cadence_us: int
) -> Tally:
    view = HilView(plant, wired.project, board.description)
    with ExitStack() as stack:
        seen: Callable[[Moment], None] = view.see
        if wanted.shown:
            shown_on = console(file=sys.stdout, soft_wrap=False)
            display = stack.enter_context(screen(view, shown_on))
            if shown_on.is_terminal:
                board.subscribe(_RECORDS_HZ, ("alpha",))

            def seen(moment: Moment) -> None:
                view.see(moment)
                for record in board.arrived():
                    view.add(record)
                display.refresh()

        lease = stack.enter_context(PlantLease(board, not wanted.real_time))
        if lease.actuators != len(wired.project.actuators):
            raise RivuletError(
                f"{board.port}: the board's rig has {lease.actuators} actuators, and "
                f"{wired.project.file} names {len(wired.project.actuators)}"
            )
        kind: type[Episodes] = RealTime if wanted.real_time else LockStep
        episodes = kind(lease, plant, wired, wanted.faults, cadence_us, board.reset, seen)
        view.tally = episodes.tally
        return episodes.run(wanted.seed, wanted.episodes)


def _name(project: Project, named: str | None) -> str:
    """Return the plant's name; a file that the project names is found from its folder."""
    if named is not None:
        return named
    if project.plant is None:
        raise RivuletError(
            f"{project.file}: names no plant: say which, 'rivulet hil PLANT', or write a table "
            "[plant] with name"
        )
    return str(project.folder / project.plant) if ".py:" in project.plant else project.plant


def _model(project: Project) -> Path:
    if project.model is None:
        raise RivuletError(f"{project.file}: the project has no model yet: [model] file names it")
    if not project.model.exists():
        raise RivuletError(f"{project.file}: model.file: there is no {project.model}")
    return project.model
