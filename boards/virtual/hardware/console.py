"""The virtual board's side of its serial port: bytes in and out, and code run for them.

Ctrl-C is no byte of the input: the supervisor turns it into an interrupt, which may arrive at any
jump of this code, and must never leave the host waiting for the rest of an answer. On most
interpreters nothing interrupts between jumps, so statements in a row are all run or none. On
MicroPython 1.25 an interrupt strikes anywhere. One that locks the interpreter up is the
supervisor's to notice.
"""

import gc
import io
import sys


class Console:
    def __init__(self, namespace, hidden):
        self._namespace = namespace
        self._hidden = hidden  # the folder whose files are no business of the user's
        self._byte = bytearray(1)
        self._owed = b""  # output that must reach the host whatever interrupts

    def get(self):
        if not sys.stdin.buffer.readinto(self._byte):
            raise EOFError
        return self._byte[0]

    def owe(self, data):
        """Say it at the next opportunity, an interrupt notwithstanding."""
        self._owed += data

    def say(self, data=b""):
        self._owed += data
        while self._owed:
            written = sys.stdout.buffer.write(self._owed)
            self._owed = self._owed[written:]

    def run_file(self, name):
        try:
            with open(name) as file:
                source = file.read()
        except OSError:
            return
        self.say(self.run(source, "exec", name))

    def run(self, source, kind, name="<stdin>"):
        """Run source text; returns the traceback of what ended it, or nothing."""
        try:
            exec(compile(source, name, kind), self._namespace)
        except SystemExit:
            raise
        except BaseException as error:
            return self.traceback(error)
        return b""

    def traceback(self, error):
        # A real board needs no heap for this; a program may have filled it and stopped collecting.
        gc.collect()
        text = io.StringIO()
        sys.print_exception(error, text)
        kept = [line for line in text.getvalue().split("\n") if self._hidden not in line]
        return "\r\n".join(kept).encode()
