"""The demo: the whole path, from recordings to recognised activities, on a software board.

Set-up, flash, push, replay of the test recordings as jittered and dropped events, a second push
while they play, and a table of what happened.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from host_tools.boards import load_board
from host_tools.build_model.build import Options, build
from host_tools.choices import Dtype
from host_tools.convert import read_weights
from host_tools.data import recordings
from host_tools.deploy.flash import flash
from host_tools.errors import RivuletError
from host_tools.link.ports import VIRTUAL_PORTS
from host_tools.link.records import Record
from host_tools.link.wire import Board
from host_tools.paths import BUILD, MODELS, need_checkout
from host_tools.simulate import reference_data, stimulus
from host_tools.simulate.boards import SimulatedBoard, emulated_pico, virtual_board
from host_tools.watch.screen import Screen, screen
from host_tools.watch.status import status_of
from host_tools.watch.view import LiveView

_DROP = 0.3
_JITTER_US = 20_000
_WEIGHTS = MODELS / "activity"


@dataclass(frozen=True)
class DemoSettings:
    """How the demo runs on one kind of simulated board."""

    make: Callable[[Path], SimulatedBoard]
    firmware: str
    recordings: int
    rate_hz: float


@dataclass
class Outcome:
    """What happened while the recordings played."""

    right: int = 0
    played: int = 0


def run_demo(kind: str, uf2: Path | None, console: Console) -> None:
    """Play the demo on 'virtual' or 'emulated_pico' (which needs a MicroPython image)."""
    need_checkout("demo")
    settings = _settings(kind, uf2, console)
    console.print("[1/5] recordings and models")
    loaded = recordings.load("activity", "test")
    order = reference_data.shuffled(len(loaded.labels))[: settings.recordings]
    made = stimulus.build(loaded, order, drop=_DROP, jitter_us=_JITTER_US)
    folder = VIRTUAL_PORTS / f"demo-{kind}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made.write(folder / "stimulus.bin")
    models = [_convert("weights", Dtype.float32), _convert("weights_b", Dtype.int8)]
    board = settings.make(folder)
    console.print(f"[2/5] {kind} board on")
    board.power_on()
    try:
        port = str(board.port)
        console.print(f"[3/5] flashing {port} with mpremote")
        report = flash(port, load_board(settings.firmware), timeout_scale=board.timeout_scale)
        console.print(f"      {len(report.copied)} files, {report.runtime}, {report.form}")
        with Board(port, board.timeout_scale) as wire:
            wire.push(models[0].read_bytes())
            console.print(f"[4/5] pushed {models[0].name}: {wire.model()['hash'][:12]}")
        board.power_off()
        console.print("[5/5] power cycled; the sensor starts to play")
        board.stimulus = folder / "stimulus.bin"
        board.power_on()
        _play(board, settings, made, loaded.classes, models[1], console)
    finally:
        board.power_off()


def _settings(kind: str, uf2: Path | None, console: Console) -> DemoSettings:
    def say(line: str) -> None:
        console.print(f"      {line}")

    if kind == "virtual":
        # Six times real time: all forty recordings in little more than a minute.
        return DemoSettings(lambda folder: virtual_board(folder, 6.0, say), "virtual", 40, 20.0)
    if kind == "emulated_pico":
        if uf2 is None:
            raise RivuletError("an emulated Pico needs an image: --uf2 FILE (make: PICO_UF2=FILE)")
        return DemoSettings(lambda folder: emulated_pico(folder, uf2), "rpi_pico", 2, 4.0)
    raise RivuletError(f"no demo board '{kind}': use virtual or emulated_pico")


def _convert(name: str, dtype: Dtype) -> Path:
    path = BUILD / "demo" / f"{name}.{dtype}.safetensors"
    model, _ = build(*read_weights(_WEIGHTS / f"{name}.npz"), Options(dtype=dtype))
    model.save(path)
    return path


def _play(
    board: SimulatedBoard,
    settings: DemoSettings,
    made: stimulus.Stimulus,
    classes: tuple[str, ...],
    second: Path,
    console: Console,
) -> None:
    outcome = Outcome()
    pushed_at = len(made.timeline) // 2
    pushed = ""
    first: dict[str, Any] = {}
    with Board(str(board.port), board.timeout_scale) as wire:
        view = LiveView(wire.description, f"Rivulet · {board.name}")
        wire.subscribe(settings.rate_hz)
        judge = Judge(made.timeline, classes, outcome)
        with screen(view, console) as display:
            while not board.stimulus_done:
                for record in wire.records(0.1):
                    view.add(record)
                    if board.stimulus_start_us is not None:
                        judge.take(record, record.t_us - board.stimulus_start_us)
                view.truth = judge.truth
                view.lines.extend(wire.lines)
                wire.lines.clear()
                view.footer = _footer(outcome, made, pushed)
                display.refresh()
                if not pushed and outcome.played >= pushed_at:
                    first = status_of(wire)
                    pushed = _push_running(wire, second, view, display)
            judge.finish()
        wire.subscribe(0.0)
        facts = status_of(wire)
        frames, corrupt = wire.frames, wire.frames_corrupt
    if facts["swaps"] != 1:
        raise RivuletError("the second model did not become active while running")
    table = Table(title=f"Rivulet demo on {board.name}", show_header=False)
    for name, value in (
        ("recordings played", str(outcome.played)),
        ("accuracy", f"{outcome.right}/{outcome.played} = {outcome.right / outcome.played:.1%}"),
        (
            "events",
            f"{facts['events']} received, {facts['late']} late, {sum(facts['dropped'])} dropped "
            f"(sensor sent {made.sent}, lost {made.lost} on purpose)",
        ),
        ("loop time per event", f"{_cost(first)}, {first['kernel']}"),
        ("after the second push", f"{_cost(facts)}, {facts['kernel']}"),
        ("free heap, lowest", f"{min(first['heap_low'], facts['heap_low'])} bytes"),
        ("telemetry frames", f"{frames} received, {corrupt} corrupt"),
        ("pushed while running", pushed or "nothing"),
        ("runtime", f"MicroPython {facts['micropython']}, cells on {facts['backend']}"),
    ):
        table.add_row(name, value)
    console.print(table)


def _cost(facts: dict[str, Any]) -> str:
    return f"p50 {facts['event_cost_p50_us']:.0f} µs, p99 {facts['event_cost_p99_us']:.0f} µs"


class Judge:
    """Compares the decision at the end of each recording with the truth."""

    def __init__(
        self, timeline: tuple[stimulus.Segment, ...], classes: tuple[str, ...], outcome: Outcome
    ) -> None:
        self._timeline = timeline
        self._classes = classes
        self._outcome = outcome
        self._current = 0
        self._decision = -1

    @property
    def truth(self) -> str | None:
        """The class that is playing."""
        if self._current < len(self._timeline):
            return self._classes[self._timeline[self._current].label]
        return None

    def take(self, record: Record, t_us: int) -> None:
        """A record whose state's time is `t_us` after the stimulus began."""
        while self._current < len(self._timeline) and t_us >= self._timeline[self._current].end_us:
            self._close()
        self._decision = record.decision

    def finish(self) -> None:
        """Everything has been played: the last recording ends here."""
        while self._current < len(self._timeline):
            self._close()

    def _close(self) -> None:
        label = self._timeline[self._current].label
        self._outcome.played += 1
        self._outcome.right += label == self._decision
        self._current += 1


def _push_running(wire: Board, model: Path, view: LiveView, display: Screen) -> str:
    """Push while the loop runs, the view still live."""

    view.lines.append("")

    def progress(done: int, total: int) -> None:
        view.lines[-1] = f"pushing {model.name}: {done} of {total} bytes"
        display.refresh()

    outcome = wire.push(model.read_bytes(), progress)
    view.describe(wire.description)
    text = f"{wire.model()['hash'][:12]}, {outcome}"
    view.lines.append(f"pushed {text}")
    return text


def _footer(outcome: Outcome, made: stimulus.Stimulus, pushed: str) -> list[tuple[str, str]]:
    footer = [
        ("recordings", f"{outcome.played}/{len(made.timeline)}"),
        ("right", str(outcome.right)),
        ("lost at the sensor", f"{made.lost / (made.lost + made.sent):.0%}"),
    ]
    if pushed:
        footer.append(("second model", pushed))
    return footer
