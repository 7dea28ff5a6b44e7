"""One life of the virtual board, from power-on to the next reset: boot.py, main.py, REPL."""

import builtins
import gc
import os
import sys

import vfs
import virtual_world
from console import Console
from friendly_repl import FriendlyRepl
from raw_repl import RawRepl

_OURS = (
    "session",
    "console",
    "friendly_repl",
    "raw_repl",
    "keyboard",
    "devices",
    "outputs",
    "stimulus",
)

_plain_print = builtins.print


def start(namespace, mode, files):
    """Become the board: `mode` is "friendly" or "raw", `files` the folder that is its flash."""
    session = _Session(Console(namespace, sys.path[0]), mode)
    # Only what a board has stays importable, and __main__ starts empty.
    for name in list(sys.modules):
        if name in _OURS or name.split(".")[0] == "chips":
            del sys.modules[name]
    namespace.clear()
    namespace["__name__"] = "__main__"
    vfs.umount("/")
    vfs.mount(vfs.VfsPosix(files), "/")
    os.chdir("/")
    sys.path[:] = ["", "/lib"]
    sys.argv[:] = []
    builtins.print = _print
    builtins.__repl_print__ = _print_value
    gc.collect()
    try:
        session.run()
    except EOFError:  # the supervisor is gone, and the power with it
        return
    except KeyboardInterrupt:
        virtual_world.event("interrupted")
    virtual_world.restart(session.mode)


def _print(*values, sep=" ", end="\n", file=None):
    """Like a board's print: lines end in CR LF. sys.stdout.buffer carries bytes as they are."""
    if file is not None:
        _plain_print(*values, sep=sep, end=end, file=file)
        return
    text = sep.join([str(value) for value in values]) + end
    sys.stdout.buffer.write(text.replace("\n", "\r\n").encode())


def _print_value(value):
    if value is not None:
        _print(repr(value))


class _Session:
    def __init__(self, console, mode):
        self.mode = mode
        self._console = console
        self._repls = {"raw": RawRepl(console), "friendly": FriendlyRepl(console)}

    def run(self):
        """Boot, run main.py unless in raw mode, then serve the REPL until a soft reset."""
        console = self._console
        try:
            try:
                virtual_world.event("ready")  # from here on the supervisor lets Ctrl-C through
                console.run_file("boot.py")
                if self.mode == "friendly":
                    console.run_file("main.py")
            except KeyboardInterrupt as interrupt:  # outside of the code of those files
                console.owe(console.traceback(interrupt))
            self._serve()
        except SystemExit:
            pass
        console.say(b"MPY: soft reboot\r\n")

    def _serve(self):
        begin = True
        while True:
            repl = self._repls[self.mode]
            try:
                repl.serve(begin)
                self.mode = "friendly" if self.mode == "raw" else "raw"
                begin = True
            except KeyboardInterrupt as interrupt:
                begin = False
                repl.interrupted(interrupt)
