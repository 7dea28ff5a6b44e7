"""The friendly REPL, which people type into."""

import sys

from micropython import const

_CTRL_A = const(0x01)
_CTRL_B = const(0x02)
_CTRL_D = const(0x04)
_CTRL_E = const(0x05)
_TAB = const(0x09)
_ENTER = const(0x0D)
_ESCAPE = const(0x1B)
_SPACE = const(0x20)
_BACKSPACES = (0x08, 0x7F)
_COMPOUND = ("if", "while", "for", "try", "with", "def", "class", "async")


class FriendlyRepl:
    def __init__(self, console):
        self._console = console
        self._line = bytearray()

    def interrupted(self, interrupt):
        self._console.owe(b"\r\n")

    def serve(self, begin):
        """Returns when the raw REPL is asked for; SystemExit is a soft reset."""
        if begin:
            self._banner()
        while True:
            self._console.say(b">>> ")
            key = self._read_line()
            if key == _CTRL_A:
                return
            if key == _CTRL_B:
                self._banner()
            elif key == _CTRL_D:
                raise SystemExit
            elif key == _CTRL_E:
                self._console.say(self._console.run(self._read_pasted(), "exec"))
            elif self._line:
                source = self._read_rest(_text(self._line))
                self._console.say(self._console.run(source, "single"))

    def _banner(self):
        version = sys.version.split("; ")[-1]
        self._console.say(version.encode() + b"; Rivulet virtual board\r\n")
        self._console.say(b'Type "help()" for more information.\r\n')

    def _read_line(self):
        """Edit self._line until Enter (returns 0) or until a control key is hit on its start."""
        self._line = bytearray()
        while True:
            byte = self._console.get()
            if byte == _ENTER:
                self._console.say(b"\r\n")
                return 0
            if byte in _BACKSPACES:
                if self._line:
                    self._line = self._line[:-1]
                    self._console.say(b"\b \b")
            elif byte == _ESCAPE:
                self._skip_escape_sequence()
            elif byte == _TAB or byte >= _SPACE:
                self._line.append(byte)
                self._console.say(bytes((byte,)))
            elif not self._line and byte in (_CTRL_A, _CTRL_B, _CTRL_D, _CTRL_E):
                self._console.say(b"\r\n")
                return byte

    def _skip_escape_sequence(self):
        if self._console.get() in (0x4F, 0x5B):  # "ESC O x" and "ESC [ ... x"
            while not 0x40 <= self._console.get() <= 0x7E:
                pass

    def _read_rest(self, source):
        """The whole of a statement that begins with `source`."""
        while _continues(source):
            self._console.say(b"... ")
            if self._read_line():
                break
            source += "\n" + _text(self._line)
        return source

    def _read_pasted(self):
        self._console.say(b"paste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ")
        source = bytearray()
        while True:
            byte = self._console.get()
            if byte == _CTRL_D:
                self._console.say(b"\r\n")
                return bytes(source)
            source.append(0x0A if byte == _ENTER else byte)
            self._console.say(b"\r\n=== " if byte == _ENTER else bytes((byte,)))


def _text(line):
    """What was typed; what is no UTF-8, such as a frame for a program, only has to be refused."""
    try:
        return bytes(line).decode()
    except UnicodeError:
        return bytes([byte if byte < 0x80 else 0x3F for byte in line]).decode()


def _continues(source):
    """Whether a typed statement goes on in the next line."""
    if source.endswith("\\") or (source.count('"""') + source.count("'''")) % 2:
        return True
    if sum(source.count(c) for c in "([{") > sum(source.count(c) for c in ")]}"):
        return True
    word = source.split(":")[0].split("(")[0].split(" ")[0]
    return (word in _COMPOUND or word.startswith("@")) and not source.endswith("\n")
