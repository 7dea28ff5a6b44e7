"""The virtual board's console: boot.py, main.py and then the REPL, as a board behaves.

The unix interpreter has no REPL over pipes and, before 1.27, no raw REPL at all, so both are
here, after MicroPython's shared/runtime/pyexec.c. Ctrl-C is no byte of the input: the supervisor
turns it into an interrupt, which may arrive between any two statements and must never leave the
host waiting for the rest of an answer.
"""

import builtins
import gc
import io
import os
import sys

import vfs
import virtual_world
from micropython import const

_CTRL_A = const(0x01)
_CTRL_B = const(0x02)
_CTRL_D = const(0x04)
_CTRL_E = const(0x05)
_ENTER = const(0x0D)
_BACKSPACES = (0x08, 0x7F)
_ESCAPE = const(0x1B)
_WINDOW_BYTES = const(128)
_PASTE_REQUEST = b"\x05A"
_COMPOUND = ("if", "while", "for", "try", "with", "def", "class", "async")

_plain_print = builtins.print


def start(namespace, mode, files):
    """Become the board: `mode` is "friendly" or "raw", `files` the folder that is its flash."""
    ours = sys.path[0]
    console = _Console(namespace, ours, mode)
    # Only what a board has stays importable, and __main__ starts empty.
    for name in ("console", "mpu6050_registers"):
        sys.modules.pop(name, None)
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
        console.run()
    except EOFError:  # the supervisor is gone, and the power with it
        return
    except KeyboardInterrupt:
        virtual_world.event("interrupted")
    virtual_world.restart(console.mode)


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


class _Console:
    def __init__(self, namespace, ours, mode):
        self.mode = mode
        self._namespace = namespace
        self._ours = ours
        self._byte = bytearray(1)
        self._line = bytearray()
        self._owed = b""  # output that must reach the host whatever interrupts
        self._ending = None  # while code runs in the raw REPL: what goes before its error text

    # The interrupt strikes at jumps only, so statements in a row are all run or none.

    def run(self):
        """Boot, run main.py unless in raw mode, then serve the REPL until a soft reset."""
        try:
            try:
                virtual_world.event("ready")  # from here on the supervisor lets Ctrl-C through
                self._run_file("boot.py")
                if self.mode == "friendly":
                    self._run_file("main.py")
            except KeyboardInterrupt as interrupt:  # outside of the code of those files
                self._owed += self._traceback(interrupt)
            self._serve()
        except SystemExit:
            pass
        self._say(b"MPY: soft reboot\r\n")

    def _serve(self):
        begin = True
        while True:
            try:
                if self.mode == "raw":
                    self._raw(begin)
                    self.mode = "friendly"
                else:
                    self._friendly(begin)
                    self.mode = "raw"
                begin = True
            except KeyboardInterrupt as interrupt:
                begin = False
                self._interrupted(interrupt)

    def _interrupted(self, interrupt):
        self._line = bytearray()
        if self._ending is not None:
            self._owed += self._ending + self._traceback(interrupt) + b"\x04>"
            self._ending = None
        elif self.mode == "friendly":
            self._owed += b"\r\n"

    def _run_file(self, name):
        try:
            with open(name) as file:
                source = file.read()
        except OSError:
            return
        self._say(self._run_source(source, "exec", name))

    def _run_source(self, source, kind, name="<stdin>"):
        """Run it; returns the traceback of what ended it, or nothing."""
        try:
            exec(compile(source, name, kind), self._namespace)
        except SystemExit:
            raise
        except BaseException as error:
            return self._traceback(error)
        return b""

    def _traceback(self, error):
        text = io.StringIO()
        sys.print_exception(error, text)
        # The frames of this file are not the user's.
        kept = [line for line in text.getvalue().split("\n") if self._ours not in line]
        return "\r\n".join(kept).encode()

    def _get(self):
        if not sys.stdin.buffer.readinto(self._byte):
            raise EOFError
        return self._byte[0]

    def _say(self, data):
        self._owed += data
        while self._owed:
            written = sys.stdout.buffer.write(self._owed)
            self._owed = self._owed[written:]

    # The raw REPL: what programs talk to.

    def _raw(self, begin):
        """Returns when the host asks for the friendly REPL; SystemExit is a soft reset."""
        self._say(b"raw REPL; CTRL-B to exit\r\n>" if begin else b"")
        while True:
            byte = self._get()
            if byte == _CTRL_A:
                pasted = self._line == _PASTE_REQUEST
                asked = len(self._line) == 2 and self._line[0] == _CTRL_E
                self._line = bytearray()
                if pasted:
                    self._paste()
                elif asked:  # something else than pasting, which we don't know
                    self._say(b"R\x00>")
                else:
                    self._say(b"raw REPL; CTRL-B to exit\r\n>")
            elif byte == _CTRL_B:
                self._line = bytearray()
                self._say(b"\r\n")
                return
            elif byte == _CTRL_D:
                source = bytes(self._line)
                self._line = bytearray()
                if not source:
                    self._say(b"OK\r\n")
                    raise SystemExit
                self._ending = b"\x04"
                self._say(b"OK")
                self._execute(source)
            else:
                self._line.append(byte)

    def _paste(self):
        """Raw paste: like the raw REPL, with flow control by windows."""
        self._ending = b"\x04\x04"
        self._say(b"R\x01" + bytes((_WINDOW_BYTES, 0, 0x01)))
        source = bytearray()
        room = _WINDOW_BYTES
        while True:
            byte = self._get()
            if byte == _CTRL_D:
                break
            source.append(byte)
            room -= 1
            if room == 0:
                self._say(b"\x01")
                room = _WINDOW_BYTES
        self._ending = b"\x04"
        self._say(b"\x04")
        self._execute(bytes(source))

    def _execute(self, source):
        try:
            error = self._run_source(source, "exec")
        except SystemExit:
            self._say(b"\x04\x04")
            raise
        self._owed += b"\x04" + error + b"\x04>"
        self._ending = None
        self._say(b"")

    # The friendly REPL: what people type into.

    def _friendly(self, begin):
        """Returns when the raw REPL is asked for; SystemExit is a soft reset."""
        if begin:
            self._banner()
        while True:
            self._say(b">>> ")
            key = self._read_line()
            if key == _CTRL_A:
                return
            if key == _CTRL_B:
                self._banner()
            elif key == _CTRL_D:
                raise SystemExit
            elif key == _CTRL_E:
                self._say(self._run_source(self._read_pasted(), "exec"))
            elif self._line:
                source = bytes(self._line).decode()
                while _continues(source):
                    self._say(b"... ")
                    if self._read_line():
                        break
                    source += "\n" + bytes(self._line).decode()
                self._say(self._run_source(source, "single"))

    def _banner(self):
        version = sys.version.split("; ")[-1]
        self._say(version.encode() + b"; Rivulet virtual board\r\n")
        self._say(b'Type "help()" for more information.\r\n')

    def _read_line(self):
        """Edit self._line until Enter (returns 0) or until a control key is hit on its start."""
        self._line = bytearray()
        while True:
            byte = self._get()
            if byte == _ENTER:
                self._say(b"\r\n")
                return 0
            if byte in _BACKSPACES:
                if self._line:
                    self._line = self._line[:-1]
                    self._say(b"\b \b")
            elif byte == _ESCAPE:
                self._skip_escape_sequence()
            elif byte == 0x09 or byte >= 0x20:
                self._line.append(byte)
                self._say(bytes((byte,)))
            elif not self._line and byte in (_CTRL_A, _CTRL_B, _CTRL_D, _CTRL_E):
                self._say(b"\r\n")
                return byte

    def _skip_escape_sequence(self):
        if self._get() in (0x4F, 0x5B):  # "ESC O x" and "ESC [ ... x"
            while not 0x40 <= self._get() <= 0x7E:
                pass

    def _read_pasted(self):
        self._say(b"paste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ")
        source = bytearray()
        while True:
            byte = self._get()
            if byte == _CTRL_D:
                self._say(b"\r\n")
                return bytes(source)
            source.append(0x0A if byte == _ENTER else byte)
            self._say(b"\r\n=== " if byte == _ENTER else bytes((byte,)))


def _continues(source):
    """Whether a typed statement goes on in the next line."""
    if source.endswith("\\") or (source.count('"""') + source.count("'''")) % 2:
        return True
    if sum(source.count(c) for c in "([{") > sum(source.count(c) for c in ")]}"):
        return True
    compound = source.startswith("@") or source.split(":")[0].split("(")[0].split(" ")[0] in _COMPOUND
    return compound and not source.endswith("\n")
