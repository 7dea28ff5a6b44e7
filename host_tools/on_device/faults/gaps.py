"""Events far apart; see host_tools/faults/gaps.py."""

import json

from fake_board import Bench
from fixtures import Numbers
from in_process import read

from rivulet.sensing.clock import PERIOD

# A board asks its clock at every turn. Here it sleeps as long as the clock allows.
LONGEST_SLEEP_US = 11 * 24 * 3600 * 1000000


def main(path, gaps, value, seed):
    """For each pair of gaps: the state after it, the outputs just before and just after."""
    bench = Bench(".", read(path))
    board, loop = bench.board, bench.loop
    numbers = Numbers(seed + 1)
    bench.sensors[0].values = value
    found = []
    for pair in gaps:
        board.event(0)
        bench.turns(1)
        loop.control.reset()
        board.event(0)
        bench.turns(1)
        for gap in pair:
            while gap:
                # Somewhere on the way, at any distance, the loop looks.
                part = min(
                    gap, LONGEST_SLEEP_US, 1 + numbers.below(1 << 20) * numbers.below(1 << 20)
                )
                gap -= part
                board.now += part
                bench.turns(1)
            board.decisions.clear()
            # The decision is due, so that the outputs are asked for at this moment.
            loop._due[0] = -1
            loop._due[1] ^= PERIOD // 2
            bench.turns(1)
            ahead = board.decisions[-1][2]
            board.event(0)
            bench.turns(1)
        found.append((list(loop.model.physical(1)), list(ahead), list(loop.model.physical(2))))
    late = loop.progress.late + sum(loop.ring.dropped)
    return {"found": found, "late": late}


print(json.dumps(main(**GIVEN)))
