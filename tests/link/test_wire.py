"""The host's client against a board that says what a test wants."""

import struct

import pytest

from host_tools.errors import NoReply, NotRunning, RivuletError
from host_tools.link.wire import Board
from rivulet import protocol
from tests.link.scripted import DESCRIPTION, NONCE, Script, document, reply

_KEY = bytes(32)


def refused(script: Script, key: bytes | None = _KEY, keyed: bool = False) -> str:
    """What the host says when it connects and resets."""
    with pytest.raises(RivuletError) as raised:
        Board(script, key=key, keyed=keyed).reset()
    assert str(raised.value).isprintable()
    return str(raised.value)


def test_a_reply_counts_for_its_own_request_alone() -> None:
    """Late answers to requests before, and answers to requests of another kind."""

    def late(asked: tuple[int, int]) -> bytes:
        kind, sequence = asked
        others = [(kind, (sequence + step) % 256) for step in (1, 128, 255)]
        others += [(other, sequence) for other in range(256) if other != kind]
        wrong = b"".join(reply(other, protocol.REFUSED, 7, "wrong") for other in others)
        wrong += b"".join(reply(other, protocol.OK, 7, "wrong") for other in others)
        return wrong + reply(asked, text="right")

    with Board(Script(CONFIRM=late)) as board:
        assert board.confirm() == "right"
        assert board.confirm() == "right"


def test_a_document_counts_for_its_own_request_alone() -> None:
    def late(asked: tuple[int, int]) -> bytes:
        kind, sequence = asked
        other = DESCRIPTION | {"board": "other"}
        wrong = document((kind, sequence ^ 1), other) + document((kind ^ 1, sequence), other)
        return wrong + document(asked, DESCRIPTION)

    assert Board(Script(DESCRIBE=late)).description == DESCRIPTION


@pytest.mark.parametrize(
    "nonce",
    [
        *(NONCE[:-1], NONCE[:-2], NONCE[:2], NONCE + "0", NONCE + "09", 2 * NONCE),
        *(" " + NONCE, NONCE + " ", NONCE + "\n", NONCE[:32] + " " + NONCE[32:]),
        *(NONCE[:62] + "  ", NONCE[:62] + "0g", NONCE[:62] + "0\n", "0x" + NONCE[2:]),
        *(NONCE[:62] + "+1", NONCE[:62] + "\N{FULLWIDTH DIGIT ONE}1", "?", " "),
    ],
)
def test_the_host_signs_for_nothing_but_64_hex_digits(nonce: str) -> None:
    script = Script(CHALLENGE=lambda asked: reply(asked, text=nonce))
    said = refused(script)
    assert said.startswith(
        "port: the board's challenge is not 64 hex digits: something in the line"
    )
    assert protocol.AUTHORISED not in [kind for kind, _ in script.asked]


def test_64_hex_digits_are_signed_for() -> None:
    for nonce in (NONCE, NONCE.upper()):
        script = Script(CHALLENGE=lambda asked, nonce=nonce: reply(asked, text=nonce))
        Board(script, key=_KEY).reset()
        assert [kind for kind, _ in script.asked].count(protocol.AUTHORISED) == 2


def test_a_board_that_says_it_has_no_key() -> None:
    def none(asked: tuple[int, int]) -> bytes:
        return reply(asked)

    script = Script(CHALLENGE=none)
    Board(script, key=_KEY).reset()
    assert script.asked[-1] == (protocol.RESET, b"")
    script = Script(CHALLENGE=none)
    assert "this board says that it has no key" in refused(script, keyed=True)
    assert {kind for kind, _ in script.asked} == {protocol.HELLO, protocol.CHALLENGE}
    # It had one a moment ago.
    script = Script()
    board = Board(script, key=_KEY)
    script._answers[protocol.CHALLENGE] = none
    with pytest.raises(RivuletError, match="says that it has no key"):
        board.reset()
    assert script.asked[-1][0] == protocol.CHALLENGE


def test_a_board_that_locks_what_it_said_was_open() -> None:
    def locked(asked: tuple[int, int]) -> bytes:
        return reply(asked, protocol.LOCKED)

    assert "this board is keyed: name its key file" in refused(Script(RESET=locked), None)
    script = Script(CHALLENGE=lambda asked: reply(asked), RESET=locked)
    assert "said that it has no key, and now asks for one" in refused(script)
    board = Board(Script(PUSH_DATA=locked), key=_KEY)
    with pytest.raises(RivuletError, match="no push is under way there"):
        board.push(bytes(100))


class Losing(Script):
    """Answers a request of a kind the `answered`-th time it comes.

    in_pieces: before that a document comes without its end, not nothing.
    """

    def __init__(self, kind: int, answered: int, in_pieces: bool = False) -> None:
        super().__init__()
        self._kind, self._left, self._in_pieces = kind, answered, in_pieces
        self.times_s: list[float] = []

    def answer(self, kind: int, sequence: int) -> bytes:
        if kind != self._kind:
            return super().answer(kind, sequence)
        self.times_s.append(self.now_s)
        self._left -= 1
        if not self._left:
            return super().answer(kind, sequence)
        return document((kind, sequence), DESCRIPTION)[:-7] if self._in_pieces else b""


def test_a_request_is_repeated_until_it_is_answered() -> None:
    for scale in (1.0, 3.0):
        script = Losing(protocol.RESET, 8)
        Board(script, scale).reset()
        assert len(script.times_s) == 8
        assert script.times_s[-1] - script.times_s[0] < 4.0 * scale
        script = Losing(protocol.RESET, 9)
        with pytest.raises(NoReply, match=f"port: no reply within {4 * scale:.0f} s: check the"):
            Board(script, scale).reset()
        assert len(script.times_s) == 8
    with pytest.raises(NoReply, match="awaited was the reply to the reset of the state$"):
        Board(Losing(protocol.RESET, 9)).reset()


def test_a_document_is_asked_for_as_long_as_pieces_of_it_come() -> None:
    script = Losing(protocol.DESCRIBE, 30, in_pieces=True)
    assert Board(script).description == DESCRIPTION
    assert len(script.times_s) == 30
    # The last piece is missing: it is not waited for as long as for the first.
    assert script.times_s[-1] - script.times_s[0] < 29 * 1.2
    script = Losing(protocol.DESCRIBE, 1000, in_pieces=True)
    with pytest.raises(NoReply, match="port: 40 replies of the board arrived damaged"):
        Board(script)
    script = Script(DESCRIBE=lambda asked: b"")
    with pytest.raises(NoReply, match="port: no reply within 40 s"):
        Board(script)
    assert [kind for kind, _ in script.asked].count(protocol.DESCRIBE) == 4


def test_a_board_that_is_starting_is_waited_for() -> None:
    script = Losing(protocol.HELLO, 18)
    Board(script)
    assert script.times_s[-1] > 8.0
    with pytest.raises(NotRunning, match="port: no reply within 10 s: check that this is the"):
        Board(Losing(protocol.HELLO, 1000))
    script = Script(HELLO=lambda asked: b"MicroPython v1.25.0\r\n>>> \r\n")
    with pytest.raises(NotRunning, match="port: MicroPython answers, but Rivulet is not running"):
        Board(script)
    assert script.now_s < 1.5  # of the script's own time


def test_a_program_that_failed_may_start_again() -> None:
    class Failing(Losing):
        def answer(self, kind: int, sequence: int) -> bytes:
            said = b"Traceback (most recent call last):\r\n" if len(self.times_s) == 1 else b""
            return said + super().answer(kind, sequence)

    Board(Failing(protocol.HELLO, 9))
    with pytest.raises(NotRunning, match="MicroPython answers"):
        Board(Failing(protocol.HELLO, 1000))


def test_a_push_that_does_not_come_forward_ends() -> None:
    for value in (0, 191):
        script = Script(PUSH_DATA=lambda asked, value=value: reply(asked, value=value))
        if value:
            script._answers[protocol.PUSH_BEGIN] = lambda asked: reply(asked, value=192)
        with pytest.raises(RivuletError, match="and then said that it had"):
            Board(script).push(bytes(1000))


def test_a_push_after_which_the_board_says_it_runs_nothing() -> None:
    script = Script(PUSH_BEGIN=lambda asked: reply(asked, value=1000))
    with pytest.raises(RivuletError, match="the board says that it runs no model"):
        Board(script).push(bytes(1000))


def test_answers_too_short_to_be_any_are_passed_over() -> None:
    def short(asked: tuple[int, int]) -> bytes:
        kind, sequence = asked
        bodies = [bytes((sequence, kind)) + bytes(more) for more in range(5)]
        pieces = [
            protocol.frame(protocol.REPLY, 0, body[:cut]) for body in bodies for cut in (1, 6)
        ]
        pieces += [protocol.frame(protocol.DOCUMENT, 0, body[:5]) for body in bodies]
        return b"".join(pieces) + reply(asked) + document(asked, DESCRIPTION)

    with Board(Script(RESET=short, DESCRIBE=short)) as board:
        board.reset()


def test_what_the_board_says_is_one_line() -> None:
    text = "no\r\n\x1b[2Jroom \u202e \x85 \ud7ff"
    script = Script(CONFIRM=lambda asked: reply(asked, protocol.REFUSED, text=text))
    with pytest.raises(RivuletError) as raised:
        Board(script).confirm()
    assert str(raised.value).isprintable() and "room" in str(raised.value)


def test_a_document_that_makes_no_sense_is_said_to_be_none() -> None:
    for content in ({}, [], 7, DESCRIPTION | {"sensors": None}, DESCRIPTION | {"model": {}}):
        script = Script(DESCRIBE=lambda asked, content=content: document(asked, content))
        assert "what the board says of itself makes no sense" in refused(script, None)


def test_a_record_with_other_blocks_is_not_the_one_that_was_asked_for() -> None:
    model = {"hash": "", "cell": "", "hidden": 1, "channels": [], "units": [], "outputs": 1}
    description = DESCRIPTION | {"model": model | {"classes": None, "unfed": []}}

    def both(asked: tuple[int, int]) -> bytes:
        made = reply(asked)
        for mask in (0, 4, 1):  # nothing, outputs, alpha
            head = struct.pack(protocol.TELEMETRY_HEAD, mask, *[0] * 14)
            blocks = struct.pack("<f", 0.5) if mask else b""
            made += protocol.frame(protocol.TELEMETRY, 0, head + blocks)
        return made

    script = Script(DESCRIBE=lambda asked: document(asked, description), CONFIGURE=both)
    record = Board(script).sample(("alpha",))
    assert record is not None and list(record.blocks) == ["alpha"]


class Stalling(Script):
    """Sends telemetry when it is subscribed to, but is silent for some time."""

    silent_s = (0.0, 0.0)

    def read(self) -> bytes:
        data = super().read()
        start, end = self.silent_s
        if start < self.now_s < end:
            return b""
        head = struct.pack(protocol.TELEMETRY_HEAD, 0, *[0] * 14)
        return data + protocol.frame(protocol.TELEMETRY, 0, head)

    def write(self, data: bytes) -> None:
        start, end = self.silent_s
        if not start < self.now_s < end:
            super().write(data)


@pytest.mark.parametrize("stall_s", [30.0, 55.0, 70.0, 1000.0])
def test_telemetry_outlives_a_stall_of_a_minute(stall_s: float) -> None:
    script = Stalling()
    with Board(script) as board:
        board.subscribe(20.0)
        script.silent_s = (script.now_s, script.now_s + stall_s)
        if stall_s > 66.0:
            with pytest.raises(NoReply, match="nothing came from the board for 6[0-9] s"):
                list(board.records(200.0))
        else:
            assert len(list(board.records(200.0))) > 100
