"""Ctrl-C on the wire: a person's and mpremote's end the program, those in noise do not."""

import fake_board

from rivulet import protocol
from rivulet.link import ctrl_c as module
from rivulet.link import port as port_module

_CTRL_C = 3


class Line:
    """A line whose time the test moves. `during` is what happens in the wait for a second press;
    `listens`: the calls of kbd_intr so far."""

    def __init__(self):
        self.port = fake_board.Port()
        self.now = 1000
        self.listens = []
        self.during = None
        self._real = module.kbd_intr, module.sleep_ms, port_module.ticks_ms
        module.kbd_intr = self.listens.append
        module.sleep_ms = self._sleep
        port_module.ticks_ms = lambda: self.now
        self.link = self.port.link()
        self.ctrl_c = module.CtrlC(self.link, True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        module.kbd_intr, module.sleep_ms, port_module.ticks_ms = self._real

    def _sleep(self, milliseconds):
        self.now += milliseconds
        if self.during is not None:
            self.during()

    def hear(self, data):
        self.port.incoming += data
        return self.link.receive()


def _second_press():
    raise KeyboardInterrupt


def test_one_on_a_quiet_line_is_meant():
    with Line() as line:
        assert line.ctrl_c.meant()
        assert line.ctrl_c.ignored == 0


def test_mpremotes_is_meant_and_loses_no_key_that_counts():
    for late in (False, True):
        with Line() as line:
            line.hear(b"\r")

            def follow(line=line):
                line.port.incoming += b"\r\x01"

            if late:
                line.during = follow
            else:
                follow()
            assert line.ctrl_c.meant()
            assert line.port.incoming == b"\x01", "the raw REPL was not asked for"


def test_noise_before_behind_or_another_one_is_told():
    with Line() as line:
        line.hear(b"nine of it")
        assert not line.ctrl_c.meant()
    with Line() as line:
        line.port.incoming = b"x"
        assert not line.ctrl_c.meant()
    with Line() as line:
        line.during = _second_press
        assert not line.ctrl_c.meant()


def test_noise_that_is_still_on_its_way_is_told():
    with Line() as line:

        def arrive():
            line.port.incoming += b"x"

        line.during = arrive
        assert not line.ctrl_c.meant()


def test_after_noise_without_a_byte_of_it_the_line_has_to_be_quiet_first():
    """Each Ctrl-C makes void what came before it, so a noisy line may bring Ctrl-C alone."""
    with Line() as line:
        line.during = _second_press
        assert not line.ctrl_c.meant()
        assert line.ctrl_c.deaf and line.listens == [-1]
        for _ in range(10):
            line.now += 20
            line.ctrl_c.listen_again()
            assert line.ctrl_c.deaf, "the next one of the noise would be taken for a person's"
        line.now += 1
        line.ctrl_c.listen_again()
        assert not line.ctrl_c.deaf and line.listens == [-1, _CTRL_C]


def test_noise_that_goes_on_keeps_it_deaf():
    with Line() as line:
        line.during = _second_press
        assert not line.ctrl_c.meant()
        for _ in range(10):
            line.now += 150
            line.hear(b"x")
            line.ctrl_c.listen_again()
            assert line.ctrl_c.deaf
        line.now += 201
        line.ctrl_c.listen_again()
        assert not line.ctrl_c.deaf


def test_a_request_after_noise_ends_it():
    """The host that spoke may be mpremote's next."""
    with Line() as line:
        line.during = _second_press
        assert not line.ctrl_c.meant()
        assert line.hear(protocol.frame(protocol.HELLO, 1))
        line.ctrl_c.listen_again()
        assert not line.ctrl_c.deaf
