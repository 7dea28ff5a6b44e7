"""Board and model -> loop; nothing else."""

import sys

import board

from rivulet.link import Link
from rivulet.loop import Loop
from rivulet.store import Store


def main():
    loop = Loop(board, Link(sys.stdin.buffer, sys.stdout.buffer), Store())
    try:
        loop.run()
    except KeyboardInterrupt:
        pass
    finally:
        board.actuate(-1, ())  # at rest, however the loop ended
    print("Rivulet stopped; Ctrl-D starts it again")


main()
