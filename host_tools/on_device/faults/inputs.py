"""Model files that contradict themselves, pushed to a board; see host_tools/faults/inputs.py."""

import json
import os
import struct

from fake_board import Bench
from wire_helpers import push

from rivulet import protocol


def works(board):
    for _ in range(2):
        board.board.now += 150000
        board.board.event(0)
        board.turns(2)
    return board.ask(protocol.HELLO)[0] == protocol.OK


def fresh(good):
    for name in os.listdir("."):
        if name.endswith(".safetensors") or name.startswith("journal"):
            os.remove(name)
    return Bench(".", good)


def main(files):
    verdicts = []
    broken = []
    with open("mutants", "rb") as mutants:
        for number in range(files):
            sizes = struct.unpack("<II", mutants.read(8))
            good, data = mutants.read(sizes[0]), mutants.read(sizes[1])
            taken = False
            try:
                board = fresh(good)
                status, _, said = push(board, data)
                taken = status == protocol.OK
                if not taken and (not said or "\n" in said or "\x1b" in said):
                    broken.append("file %d: no plain line: %r" % (number, said))
                if not works(board) or not works(Bench(".")):
                    broken.append("file %d: the board answers no more" % number)
                # As if an older firmware had taken it: the next start goes on without it.
                if not works(fresh(data)):
                    broken.append("file %d: the board answers no more after a start" % number)
            except Exception as error:
                broken.append("file %d: raised %r" % (number, error))
            verdicts.append(taken)
    return {"verdicts": verdicts, "broken": broken}


print(json.dumps(main(**GIVEN)))
