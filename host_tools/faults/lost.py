"""One request of a push is lost on its way, or one answer; every one of them in turn."""

from collections.abc import Iterator

from host_tools.errors import RivuletError
from host_tools.faults import Given, Row
from host_tools.faults._boards import connected, virtual_board
from host_tools.faults._models import fresh_models, hash_of
from host_tools.link.wire import Board
from host_tools.simulate.virtual import VirtualBoard


class _Hasty(Board):
    """Waits less for answers: most of this fault's time is waiting for those that are lost."""

    def __init__(self, port: str) -> None:
        super().__init__(port, timeout_scale=0.15)


class _Gap:
    """Loses the request numbered `request`, or what the board says between it and the next."""

    def __init__(self) -> None:
        self.requests = 0
        self.request = -1
        self.answers = False
        self.lost = 0

    def begin(self, request: int, answers: bool) -> None:
        self.requests = self.lost = 0
        self.request, self.answers = request, answers

    def to_board(self, data: bytes) -> bytes:
        self.requests += 1  # a host writes one frame at a time
        return self._through(data, not self.answers)

    def to_host(self, data: bytes) -> bytes:
        return self._through(data, self.answers)

    def _through(self, data: bytes, mine: bool) -> bytes:
        if not mine or self.requests != self.request:
            return data
        self.lost += 1
        return b""


def _row(
    given: Given, board: VirtualBoard, gap: _Gap, models: Iterator[bytes], answers: bool
) -> Row:
    broken: list[str] = []
    # A patient host: what it repeated on a busy computer would count as requests of a push.
    with connected(board) as wire:
        gap.begin(-1, answers)
        wire.push(next(models))
        length = gap.requests
    times = hits = 0
    # The short form takes the last two, the swap among them.
    for request in range(length - 1 if given.short else 1, length + 1):
        data = next(models)
        with connected(board, _Hasty) as wire:
            gap.begin(request, answers)
            try:
                wire.push(data)
            except RivuletError as error:
                broken.append(f"request {request}: {error}")
            hits += bool(gap.lost)
            gap.begin(-1, answers)
            if wire.status()["model_hash"] != hash_of(data):
                broken.append(f"request {request}: the model pushed is not active")
        times += 1
    if hits < times:
        broken.append(f"{times - hits} times nothing was lost: this tests nothing")
    what = "reply" if answers else "request"
    return Row(
        f"{what} 1, 2, ... {length} of a push is lost",
        times,
        "the host repeats the request; the push succeeds and the model is active",
        f"{times - len(broken)} pushes done",
        broken,
    )


def run(given: Given) -> list[Row]:
    gap = _Gap()
    models = fresh_models(given.folder, given.seed)
    with virtual_board(given, wire=gap) as board:
        return [_row(given, board, gap, models, answers) for answers in (False, True)]
