"""Power-on of the virtual board: the interpreter starts here and becomes the board.

Run by the supervisor with the arguments MODE CAUSE FILES SPEED_PERMILLE WIRING STIMULUS REPEAT.
"""

import sys

import keyboard
import machine  # noqa: F401  (takes the place of the interpreter's own module of that name)
import session
import virtual_world

mode, cause, files, speed_permille, wiring, stimulus, repeat = sys.argv[1:]
virtual_world.configure(cause, int(speed_permille), wiring, stimulus, repeat == "repeat")
keyboard.install()
session.start(globals(), mode, files)
