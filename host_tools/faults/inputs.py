"""Files of which something is wrong: events, model files, weights and metadata."""

import random
import struct
from collections.abc import Callable

from host_tools.faults import Given, Row, _events_mutants, _model_mutants, _weight_mutants


def _row(
    injected: str,
    promised: str,
    times: int,
    attempt: Callable[[], tuple[bool, str]],
) -> Row:
    """Attempt it as often; an attempt returns whether it was taken and what is wrong with that."""
    taken, broken = 0, []
    for number in range(times):
        right, said = attempt()
        taken += right
        if said:
            broken.append(f"number {number}: {said}")
    seen = f"{taken:,} taken, {times - taken:,} refused"
    if not 0 < taken < times:
        broken.append("all were taken, or none: this tests nothing")
    return Row(injected, times, promised, seen, broken)


def run(given: Given) -> list[Row]:
    line = "read as it is, or refused in one line that says why"
    draw = random.Random(given.seed)
    path = given.folder / "events.csv"
    events = _row(
        "EVENTS.csv of loggers and spreadsheets, and with something wrong in them",
        "a good one is read to the digit; every other is refused, the line named",
        given.times(full=60_000, short=600),
        lambda: _events_mutants.attempt(draw, path),
    )
    weights = _row(
        "weights and metadata with one element of another kind, six cells",
        "a file that boards take, or one line; no warning",
        given.times(full=40_000, short=600),
        lambda: _weight_mutants.attempt(draw),
    )
    bases = _model_mutants.bases(given.folder)
    pairs = []
    for _ in range(given.times(full=2_000, short=60)):
        base = draw.choice(bases)
        pairs.append((base, _model_mutants.mutant(draw, base)))
    waiting = iter(pairs)
    verdicts: list[bool] = []

    def judged() -> tuple[bool, str]:
        verdict = _model_mutants.verdict(next(waiting)[1])
        verdicts.append(verdict[0])
        return verdict

    files = _row("model files changed at one place, on the host", line, len(pairs), judged)
    with (given.folder / "mutants").open("wb") as out:
        for base, data in pairs:
            out.write(struct.pack("<II", len(base), len(data)) + base + data)
    report = given.on_device("inputs", files=len(pairs))
    broken = list(report["broken"])
    for number, (mine, boards) in enumerate(zip(verdicts, report["verdicts"], strict=True)):
        if boards and not mine:
            broken.append(f"number {number}: the board takes what the host refuses")
        elif mine and not boards:
            broken.append(f"number {number}: the host takes what the board refuses")
    pushed = Row(
        "the same files pushed to a board, and in its slot at a start, on MicroPython",
        len(pairs),
        "the host's verdict; refused in one line; the board answers after it, restarted too",
        f"{sum(report['verdicts']):,} taken, {len(pairs) - sum(report['verdicts']):,} refused",
        broken,
    )
    return [events, weights, files, pushed]
