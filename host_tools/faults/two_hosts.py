"""Two hosts at one board: one that waits its turn, and one that does not."""

import random
import struct
import threading
import time
from collections.abc import Iterator

import serial

from host_tools.errors import RivuletError
from host_tools.faults import Given, Row
from host_tools.faults._boards import connected, virtual_board
from host_tools.faults._models import fresh_models, hash_of
from host_tools.link.wire import Board
from host_tools.simulate.virtual import VirtualBoard
from rivulet import protocol


class _Intruder:
    """Writes requests of its own into a port that another host has locked."""

    def __init__(self, board: VirtualBoard, seed: int) -> None:
        self._board = board
        self._draw = random.Random(seed)
        self._stop = threading.Event()
        self.requests = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "_Intruder":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _request(self) -> bytes:
        draw = self._draw
        payload = {
            protocol.PUSH_BEGIN: struct.pack(
                protocol.PUSH_BEGIN_BODY, draw.randrange(10_000), draw.randbytes(32)
            ),
            protocol.PUSH_DATA: struct.pack(protocol.PUSH_DATA_HEAD, draw.randrange(2000))
            + draw.randbytes(50),
            protocol.CONFIGURE: struct.pack(protocol.CONFIGURE_BODY, 15, 20.0, 1000),
            protocol.COLLECT: struct.pack(protocol.COLLECT_BODY, 1000),
            protocol.PLANT: struct.pack(protocol.PLANT_HEAD, 1000, draw.randrange(2), 0),
        }
        kind = draw.choice(
            (*payload, protocol.STATUS, protocol.DESCRIBE, protocol.RESET, protocol.PUSH_END)
        )
        made: bytes = protocol.frame(kind, draw.randrange(256), payload.get(kind, b""))
        return made

    def _run(self) -> None:
        with serial.Serial(str(self._board.port), timeout=0) as port:
            while not self._stop.is_set():
                port.write(self._request())
                self.requests += 1
                time.sleep(self._draw.uniform(0.0, 0.02))


def _polite(given: Given, board: VirtualBoard, models: Iterator[bytes]) -> Row:
    broken: list[str] = []
    times = given.times(full=20, short=2)
    for _ in range(times):
        refusals: list[str] = []

        def second(done: int, total: int, refusals: list[str] = refusals) -> None:
            if refusals:
                return
            try:
                Board(str(board.port)).close()
                refusals.append("")
            except RivuletError as error:
                refusals.append(str(error))

        with connected(board) as wire:
            wire.push(next(models), second)
        if not refusals or "in use" not in refusals[0] or "\n" in refusals[0]:
            broken.append(f"the second host was told {refusals}")
    return Row(
        "a second host connects during a push",
        times,
        "it reports in one line that the port is in use; the push succeeds",
        f"reported {times} times, {times} pushes done" if not broken else "",
        broken,
    )


def _rude(given: Given, board: VirtualBoard, models: Iterator[bytes]) -> Row:
    broken: list[str] = []
    times = given.times(full=20, short=1)
    with connected(board) as wire:
        hashes = [wire.status()["model_hash"]]
    done = 0
    with _Intruder(board, given.seed) as intruder:
        for _ in range(times):
            model = next(models)
            hashes.append(hash_of(model))
            told = False
            try:
                with Board(str(board.port)) as wire:
                    wire.push(model)
                    told = True
                    active = wire.status()["model_hash"]
                    if active != hashes[-1]:
                        broken.append(f"told that it is active, {active[:8]} is")
            except RivuletError as error:
                if "\n" in str(error):
                    broken.append(f"more than a line: {error}")
            done += told
        requests = intruder.requests
    with connected(board) as wire:
        if wire.status()["model_hash"] not in hashes:
            broken.append("what is active is none of the models")
        model = next(models)
        wire.push(model)
        if wire.status()["model_hash"] != hash_of(model):
            broken.append("the next push is not active")
    if requests < times:
        broken.append("hardly a request came between: this tests nothing")
    return Row(
        "a program that ignores the lock writes its own requests between those of a push",
        requests,
        "pushes succeed or fail in one line; the active model is complete; without the program, "
        "the host is served",
        f"{done} of {times} pushes done",
        broken,
    )


def run(given: Given) -> list[Row]:
    models = fresh_models(given.folder, given.seed)
    with virtual_board(given) as board:
        return [_polite(given, board, models), _rude(given, board, models)]
