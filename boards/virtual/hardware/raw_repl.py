"""The raw REPL, which programs talk to, after MicroPython's shared/runtime/pyexec.c.

The unix interpreter has none before version 1.27.
"""

from micropython import const

_CTRL_A = const(0x01)
_CTRL_B = const(0x02)
_CTRL_D = const(0x04)
_CTRL_E = const(0x05)
_PASTE_REQUEST = b"\x05A"
_WINDOW_BYTES = const(128)
_BANNER = b"raw REPL; CTRL-B to exit\r\n>"


class RawRepl:
    def __init__(self, console):
        self._console = console
        self._line = bytearray()
        self._ending = None  # while code runs: what goes before its error text

    def interrupted(self, interrupt):
        """Answer for what the interrupt has ended."""
        self._line = bytearray()
        if self._ending is not None:
            self._console.owe(self._ending + self._console.traceback(interrupt) + b"\x04>")
            self._ending = None

    def serve(self, begin):
        """Returns when the host asks for the friendly REPL; SystemExit is a soft reset."""
        self._console.say(_BANNER if begin else b"")
        while True:
            byte = self._console.get()
            if byte == _CTRL_A:
                self._request()
            elif byte == _CTRL_B:
                self._line = bytearray()
                self._console.say(b"\r\n")
                return
            elif byte == _CTRL_D:
                source = bytes(self._line)
                self._line = bytearray()
                if not source:
                    self._console.say(b"OK\r\n")
                    raise SystemExit
                self._ending = b"\x04"
                self._console.say(b"OK")
                self._execute(source)
            else:
                self._line.append(byte)

    def _request(self):
        line = bytes(self._line)
        self._line = bytearray()
        if line == _PASTE_REQUEST:
            self._paste()
        elif len(line) == 2 and line[0] == _CTRL_E:  # something else than pasting
            self._console.say(b"R\x00>")
        else:
            self._console.say(_BANNER)

    def _paste(self):
        """Raw paste: source with flow control by windows."""
        self._ending = b"\x04\x04"
        self._console.say(b"R\x01" + bytes((_WINDOW_BYTES, 0, 0x01)))
        source = bytearray()
        room = _WINDOW_BYTES
        while True:
            byte = self._console.get()
            if byte == _CTRL_D:
                break
            source.append(byte)
            room -= 1
            if room == 0:
                self._console.say(b"\x01")
                room = _WINDOW_BYTES
        self._ending = b"\x04"
        self._console.say(b"\x04")
        self._execute(bytes(source))

    def _execute(self, source):
        try:
            error = self._console.run(source, "exec")
        except SystemExit:
            self._console.say(b"\x04\x04")
            raise
        self._console.owe(b"\x04" + error + b"\x04>")
        self._ending = None
        self._console.say()
