"""SIGTERM ends a command, whoever reads what it says."""

import os
import signal
import subprocess
import sys
import tty
from contextlib import suppress

_SAYS_MORE = """
import os, sys
from host_tools import commands
from host_tools.printing import note, say

def command():
    try:
        os.write({begun}, b"x")
        while True:
            say("port")
    except KeyboardInterrupt:
        note("switched off")

commands._prepare()
sys.exit(commands._exit_code(command))
"""


def test_a_command_whose_terminal_nobody_reads_ends() -> None:
    ours, theirs = os.openpty()
    begun, begins = os.pipe()
    tty.setraw(theirs)
    os.set_blocking(theirs, False)
    with suppress(BlockingIOError):
        while True:
            os.write(theirs, b"x" * 100)
    os.set_blocking(theirs, True)
    process = subprocess.Popen(
        [sys.executable, "-c", _SAYS_MORE.format(begun=begins)],
        stdout=theirs,
        stderr=theirs,
        pass_fds=[begins],
    )
    try:
        assert os.read(begun, 1) == b"x"
        process.send_signal(signal.SIGTERM)
        assert process.wait(100) == 0
    finally:
        process.kill()
        process.wait()
        for descriptor in (ours, theirs, begun, begins):
            os.close(descriptor)
