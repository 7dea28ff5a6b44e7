"""The ring under every interleaving: interrupts between any two of the reader's instructions."""

import sys
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rivulet.sensing.ring import EventRing

_SIZES = (2, 4, 8)
# The reader's code. viper compiles the same statements on a board.
_TAKE = (EventRing.take.__code__, EventRing._count_dropped.__code__)


def take_all(ring: EventRing) -> list[tuple[int, int]]:
    found = []
    while ring.take():
        found.append(tuple(ring.found))
    return found


@given(
    st.sampled_from(_SIZES),
    st.lists(st.one_of(st.integers(0, 7), st.just("take")), max_size=60),
)
def test_against_a_queue(size: int, steps: list[Any]) -> None:
    ring = EventRing(size)
    queue: deque[tuple[int, int]] = deque()
    dropped = [0] * 8
    for stamp, step in enumerate(steps):
        if step == "take":
            assert ring.take() == bool(queue)
            if queue:
                assert tuple(ring.found) == queue.popleft()
            assert list(ring.dropped) == dropped
        else:
            ring.push(stamp, step)
            queue.append((stamp, step))
            if len(queue) == size:
                dropped[queue.popleft()[1]] += 1
        assert len(ring) == len(queue)
    assert take_all(ring) == list(queue)
    assert list(ring.dropped) == dropped and sum(ring.coalesced) == 0


@given(st.integers(1, 12), st.lists(st.one_of(st.integers(0, 7), st.just("take")), max_size=80))
def test_coalescing_against_a_list(backlog: int, steps: list[Any]) -> None:
    ring = EventRing(16, backlog)
    waiting: list[tuple[int, int]] = []
    coalesced, dropped = [0] * 8, [0] * 8
    for stamp, step in enumerate(steps):
        if step != "take":
            ring.push(stamp, step)
            waiting.append((stamp, step))
            continue
        while len(waiting) > 15:
            dropped[waiting.pop(0)[1]] += 1
        while len(waiting) > backlog:
            source = waiting[0][1]
            if all(other != source for _, other in waiting[1:]):
                break
            coalesced[source] += 1
            del waiting[0]
        assert ring.take() == bool(waiting)
        if waiting:
            assert tuple(ring.found) == waiting.pop(0)
        assert (list(ring.coalesced), list(ring.dropped)) == (coalesced, dropped)


def interrupted(
    codes: tuple[Any, ...], before_step: Callable[[int], None], run: Callable[[], None]
) -> int:
    """Run with before_step(i) called before instruction i of `codes`; how many there were."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if frame.f_code not in codes:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            # Not into what the interrupt itself runs.
            sys.settrace(None)
            before_step(count)
            sys.settrace(trace)
            count += 1
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(previous)
    return count


class Traffic:
    """Pushes and takes, each stamp once, and what became of it."""

    def __init__(self, size: int, waiting: int, backlog: int) -> None:
        self.ring = EventRing(size, backlog)
        self.size = size
        self.pushed = 0
        self.taken: list[int] = []
        for _ in range(waiting):
            self.push()

    def push(self) -> None:
        self.ring.push(self.pushed, self.pushed * 5 // 2 & 3)
        self.pushed += 1

    def interrupt(self, step: int, burst: int) -> Callable[[int], None]:
        def at(now: int) -> None:
            if now == step:
                for _ in range(burst):
                    self.push()

        return at

    def take(self) -> None:
        if self.ring.take():
            stamp = self.ring.found[0]
            assert self.ring.found[1] == stamp * 5 // 2 & 3, "half of one event, half of another"
            self.taken.append(stamp)

    def check(self) -> None:
        """Everything pushed was taken, in order and once, or is counted by its source."""
        waiting = range(max(self.pushed - self.size + 1, 0), self.pushed)
        before = set(self.taken)
        while len(self.ring):
            self.take()
        self.take()
        assert self.taken == sorted(set(self.taken))
        ring = self.ring
        for source in range(4):
            mine = {i for i in range(self.pushed) if i * 5 // 2 & 3 == source}
            lost = len(mine - set(self.taken))
            assert ring.dropped[source] + ring.coalesced[source] == lost
            # The newest of every sensor that still waited at the end came out.
            newest = max(mine & set(waiting), default=None)
            assert newest is None or newest in self.taken
        if not sum(ring.coalesced):
            assert set(waiting) <= before | set(self.taken), "what fits is not lost"


def test_interrupts_before_every_instruction_of_take() -> None:
    # (size, waiting, backlog), from an idle ring to one that is overwritten, and coalescing.
    cases = [(2, 0, 2), (2, 1, 2), (2, 3, 2), (4, 1, 4), (4, 3, 4), (4, 5, 4), (4, 3, 1)]
    for size, waiting, backlog in cases:
        for burst in (1, size + 1):
            step, steps = 0, 1
            while step < steps:
                traffic = Traffic(size, waiting, backlog)
                steps = interrupted(_TAKE, traffic.interrupt(step, burst), traffic.take)
                traffic.check()
                step += 1
            assert steps > 5


@settings(max_examples=60)
@given(
    st.sampled_from(_SIZES),
    st.lists(st.integers(0, 3), min_size=1, max_size=40).filter(lambda bursts: 0 in bursts),
    st.integers(1, 8),
)
def test_bursts_all_over_many_takes(size: int, bursts: list[int], backlog: int) -> None:
    traffic = Traffic(size, 1, backlog)
    budget = 2000  # a storm without end would never let the reader read

    def interrupt(now: int) -> None:
        nonlocal budget
        for _ in range(bursts[now % len(bursts)]):
            if budget:
                budget -= 1
                traffic.push()

    for _ in range(20):
        interrupted(_TAKE, interrupt, traffic.take)
    traffic.check()


def test_a_reader_before_every_instruction_of_push() -> None:
    """A handler that another core runs, or that is soft: the reader never sees half an event."""
    for size in _SIZES:
        for waiting in range(size + 2):
            step, steps = 0, 1
            while step < steps:
                ring = EventRing(size)
                for stamp in range(waiting):
                    ring.push(stamp, stamp & 3)
                seen: list[tuple[int, int]] = []

                def read(
                    now: int,
                    at: int = step,
                    into: list[tuple[int, int]] = seen,
                    of: EventRing = ring,
                ) -> None:
                    if now == at:
                        into.extend(take_all(of))

                def push(of: EventRing = ring) -> None:
                    of.push(100, 4)

                steps = interrupted((EventRing.push.__code__,), read, push)
                seen += take_all(ring)
                kept = [(stamp, stamp & 3) for stamp in range(waiting)][1 - size :]
                # With the ring full, the oldest goes if nobody took it in time.
                assert seen in ([*kept, (100, 4)], [*kept[1:], (100, 4)])
                assert len(seen) + sum(ring.dropped) == waiting + 1
                step += 1
