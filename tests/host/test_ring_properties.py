"""The ring under every interleaving: interrupts between any two of the reader's instructions."""

import sys
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rivulet.events import EventRing

_SIZES = (2, 4, 8)


def take_all(ring: EventRing) -> list[tuple[int, int]]:
    found = []
    while ring.take():
        found.append((ring.ticks, ring.source))
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
                assert (ring.ticks, ring.source) == queue.popleft()
        else:
            ring.push(stamp, step)
            if len(queue) == size - 1:
                dropped[step] += 1
            else:
                queue.append((stamp, step))
        assert len(ring) == len(queue)
    assert list(ring.dropped) == dropped
    assert take_all(ring) == list(queue)


def interrupted(code: Any, before_step: Callable[[int], None], run: Callable[[], None]) -> int:
    """Run with before_step(i) called before instruction i of `code`; how many there were."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if frame.f_code is not code:
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

    def __init__(self, size: int, waiting: int) -> None:
        self.ring = EventRing(size)
        self.pushed: list[int] = []
        self.taken: list[int] = []
        for _ in range(waiting):
            self.push()

    def push(self) -> None:
        stamp = len(self.pushed) + sum(self.ring.dropped)
        dropped = sum(self.ring.dropped)
        self.ring.push(stamp, stamp & 7)
        if sum(self.ring.dropped) == dropped:
            self.pushed.append(stamp)

    def interrupt(self, step: int, burst: int) -> Callable[[int], None]:
        def at(now: int) -> None:
            if now == step:
                for _ in range(burst):
                    self.push()

        return at

    def take(self) -> None:
        if self.ring.take():
            assert self.ring.source == self.ring.ticks & 7, "half of one event, half of another"
            self.taken.append(self.ring.ticks)

    def check(self) -> None:
        while self.ring._head != self.ring._tail:
            self.take()
        assert self.taken == self.pushed


def test_interrupts_before_every_instruction_of_take() -> None:
    for size in _SIZES:
        for waiting in range(size):
            for burst in (1, 2, size + 1):
                step, steps = 0, 1
                while step < steps:
                    traffic = Traffic(size, waiting)

                    steps = interrupted(
                        EventRing.take.__code__, traffic.interrupt(step, burst), traffic.take
                    )
                    traffic.check()
                    step += 1
                assert steps > 5


@settings(max_examples=60)
@given(st.sampled_from(_SIZES), st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_bursts_all_over_many_takes(size: int, bursts: list[int]) -> None:
    traffic = Traffic(size, 1)

    def interrupt(now: int) -> None:
        for _ in range(bursts[now % len(bursts)]):
            traffic.push()

    for _ in range(20):
        interrupted(EventRing.take.__code__, interrupt, traffic.take)
    traffic.check()


def test_a_reader_before_every_instruction_of_push() -> None:
    """A handler that another core runs, or that is soft: the reader never sees half an event."""
    for size in _SIZES:
        for waiting in range(size):
            step, steps = 0, 1
            while step < steps:
                ring = EventRing(size)
                for stamp in range(waiting):
                    ring.push(stamp, stamp & 7)
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

                steps = interrupted(EventRing.push.__code__, read, push)
                seen += take_all(ring)
                expected = [(stamp, stamp & 7) for stamp in range(waiting)]
                if sum(ring.dropped):
                    assert waiting == size - 1 and seen == expected
                else:
                    assert seen == [*expected, (100, 4)]
                step += 1
