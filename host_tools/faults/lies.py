"""A board that lies to the host, on the wire and at its prompt, and a screen that shows it."""

import contextlib
import io
import random
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from host_tools.errors import RivuletError
from host_tools.faults import Given, Row
from host_tools.faults._in_process import fake
from host_tools.faults._liar import MARK, Endless, Liar
from host_tools.faults._lying_prompt import flash_at_a_lying_prompt
from host_tools.link.wire import Board
from host_tools.printing import console, note, say, say_json
from host_tools.watch.monitor import monitor
from host_tools.watch.status import status_of, tau_outside
from host_tools.watch.view import LiveView
from rivulet import protocol

_BLOCKS = protocol.BLOCKS


def _status(board: Board, _: Path) -> None:
    facts = status_of(board) | {"tau_outside": tau_outside(board)}
    for name, value in facts.items():
        say(f"{name:18} {value}")
    say_json(facts)


def _monitor(board: Board, folder: Path) -> None:
    monitor(board, 2.0, folder / "rec.csv", 20.0, _BLOCKS, folder / "view.svg", overwrite=True)


def _watch(board: Board, _: Path) -> None:
    view = LiveView(board.description, f"Rivulet · {board.description['board']}")
    live = console(file=sys.stdout, width=120, soft_wrap=False)
    board.subscribe(20.0)
    for number, record in enumerate(board.records(3.0)):
        view.describe(board.description) if number % 7 == 6 else view.add(record)
        view.lines.extend(board.lines)
        board.lines.clear()
        live.print(view.line(), soft_wrap=True)
        live.print(view.render(120, 40))


def _push(board: Board, _: Path) -> None:
    say(board.push(bytes(5000)))
    say(f"{board.model()['cell']} is active; {', '.join(board.model()['unfed'])}")


def _rollback(board: Board, _: Path) -> None:
    say(f"{board.rollback()} {board.model()['hash']}")


def _short(board: Board, _: Path) -> None:
    board.reset()
    say(board.confirm())
    board.release()


_COMMANDS: dict[str, Callable[[Board, Path], None]] = {
    "status": _status,
    "monitor": _monitor,
    "live view": _watch,
    "push": _push,
    "rollback": _rollback,
    "reset, confirm, release": _short,
}


def _truths(folder: Path) -> Iterator[dict[int, Any]]:
    """Yield the documents of boards with a float model, an integer model, and none."""
    document = fake("wire_helpers").document
    bench = fake("fake_board").Bench
    (folder / "float").mkdir()
    (folder / "none").mkdir()
    (folder / "raw").mkdir()
    boards = (
        bench(str(folder / "float"), fake("fixtures").model_bytes()),
        fake("integer_files").raw_bench(str(folder / "raw")),
    )
    for board in boards:
        yield {kind: document(board, kind)[0] for kind in (protocol.DESCRIBE, protocol.STATUS)}


def _outcome(action: Callable[[], None]) -> tuple[str, str]:
    """Return how an action ended, and what is wrong with that: nothing, if it is empty."""
    shown = io.StringIO()
    wrong = ""
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        try:
            action()
            ended = "done"
        except RivuletError as error:
            note(f"rivulet: {error}")
            ended = "one line"
            if "\n" in str(error):
                wrong = f"more than a line: {error!r}"
        except Endless:
            ended, wrong = "endless", "it does not end"
        except Exception as error:
            ended, at = "traceback", traceback.extract_tb(error.__traceback__)[-1]
            wrong = (
                f"{type(error).__name__}: {error!s:.80} at {Path(at.filename).name}:{at.lineno}"
            )
    text = shown.getvalue()
    strange = {each for each in text if not each.isprintable()} - {"\n"}
    if not wrong and (strange or MARK in text):
        wrong = f"the terminal gets {sorted(strange)}"
    return ended, wrong


def _on_the_wire(given: Given) -> Row:
    truths = list(_truths(given.folder))
    times = given.times(full=4_000, short=150)
    ended: Counter[str] = Counter()
    broken = []
    for number in range(times):
        seed = f"{given.seed}-{number}"
        draw = random.Random(seed)
        name = draw.choice(list(_COMMANDS))
        key = draw.choice((None, bytes(32)))
        liar = Liar(draw, draw.choice(truths))

        def act(liar: Liar = liar, name: str = name, key: bytes | None = key) -> None:
            with Board(liar, key=key) as board:
                _COMMANDS[name](board, given.folder)

        how, wrong = _outcome(act)
        ended[how] += 1
        if wrong:
            broken.append(f"{seed}, {name}: {wrong}")
    return Row(
        "a board whose documents, replies, records and text are false, garbled, endless or slow",
        times,
        "the command is done or ends with one line, in time; no byte of the board's commands the "
        "terminal",
        _counted(ended),
        broken,
    )


def _at_the_prompt(given: Given) -> Row:
    times = given.times(full=40, short=3)
    ended: Counter[str] = Counter()
    broken = []
    for number in range(times):
        seed = f"{given.seed}-{number}"
        how, wrong = _outcome(lambda seed=seed: flash_at_a_lying_prompt(random.Random(seed)))  # type: ignore[misc]
        ended[how] += 1
        if wrong:
            broken.append(f"{seed}, flash: {wrong}")
    return Row(
        "a board whose MicroPython prompt answers a flash with falsehoods, noise or nothing",
        times,
        "flash ends with one line, in time",
        _counted(ended),
        broken,
    )


def _counted(ended: Counter[str]) -> str:
    return ", ".join(f"{count} {how}" for how, count in sorted(ended.items()))


def run(given: Given) -> list[Row]:
    return [_on_the_wire(given), _at_the_prompt(given)]
