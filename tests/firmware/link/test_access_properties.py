"""The door of a keyed board under any sequence of asking, sending, holding back and restarting."""

import hmac
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rivulet import protocol
from rivulet.errors import Refused
from rivulet.link.access import Access
from rivulet.store.access_files import AccessFiles

_KEY = bytes(range(100, 132))
_LIFE_US = 10_000_000
_KINDS = (protocol.PUSH_BEGIN, protocol.RESET, protocol.RELEASE, protocol.CONFIRM)

_OPERATIONS = st.one_of(
    st.tuples(st.just("ask")),
    st.tuples(st.just("seal"), st.sampled_from(_KINDS), st.binary(max_size=6)),
    # Which of the frames made so far, the newest first; and which bit is turned, if any.
    st.tuples(st.just("send"), st.integers(0, 9), st.none()),
    st.tuples(st.just("send"), st.integers(0, 9), st.integers(0, 8 * 41)),
    st.tuples(
        st.just("wait"), st.sampled_from((1, 400_000, 1_000_000, _LIFE_US, 1 << 30, 1 << 31))
    ),
    st.tuples(st.just("boot")),
)


class Clock:
    def __init__(self) -> None:
        self.epoch = self.ticks = 0

    @property
    def us(self) -> int:
        return self.epoch * (1 << 30) + self.ticks

    def wait(self, us: int) -> None:
        self.epoch, self.ticks = divmod(self.us + us, 1 << 30)


@dataclass
class Expected:
    """What the door has to do, told by what a person would say of it rather than by its code."""

    nonce: str = ""
    asked_us: int = 0
    failures: int = 0
    quiet_until_us: int = 0


def sealed(nonce: str, kind: int, payload: bytes) -> bytes:
    """By CPython's own hmac, not by the board's."""
    command = bytes((kind,)) + payload
    message = protocol.COMMAND_DOMAIN + bytes.fromhex(nonce) + command
    return hmac.digest(_KEY, message, "sha256") + command


def admitted(access: Access, body: bytes, clock: Clock) -> tuple[int, bytes] | None:
    try:
        kind, command = access.admit(body[0], memoryview(body), clock, False)
    except Refused as refused:
        assert refused.args[0] == protocol.REFUSED
        return None
    return kind, bytes(command[2:])


@settings(max_examples=150)
@given(st.lists(_OPERATIONS, max_size=40))
@example([("ask",), ("seal", 9, b""), ("send", 0, None), ("send", 0, None), ("ask",)])
@example([("ask",), ("seal", 9, b""), ("wait", 1 << 31), ("send", 0, None)])
@example([("ask",), ("seal", 9, b""), ("boot",), ("ask",), ("send", 0, None)])
@example([("ask",), ("seal", 9, b""), ("send", 0, 7), ("send", 0, None), ("wait", 1_000_000)])
def test_only_the_first_answer_to_the_open_challenge_is_admitted(operations: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "key").write_text(_KEY.hex())
        access, clock, expected = Access(AccessFiles(folder)), Clock(), Expected()
        frames: list[tuple[str, int, bytes]] = []
        nonces = set()
        for name, *arguments in operations:
            quiet = clock.us < expected.quiet_until_us
            late = clock.us - expected.asked_us >= _LIFE_US
            if name == "ask":
                try:
                    nonce = access.challenge(clock)[1]
                except Refused:
                    assert quiet
                    continue
                assert not quiet
                if expected.nonce and not late:
                    assert nonce == expected.nonce
                    continue
                assert nonce not in nonces, "a challenge came twice"
                nonces.add(nonce)
                expected.nonce, expected.asked_us = nonce, clock.us
            elif name == "seal" and expected.nonce:
                frames.append((expected.nonce, *arguments))
            elif name == "send" and frames:
                number, bit = arguments
                nonce, kind, payload = frames[-1 - number % len(frames)]
                body = bytearray(bytes((protocol.AUTHORISED, 1)) + sealed(nonce, kind, payload))
                if bit is not None:
                    at = 16 + bit % (8 * (len(body) - 2))
                    body[at // 8] ^= 1 << at % 8
                answer = admitted(access, bytes(body), clock)
                good = bit is None and nonce == expected.nonce and not late and not quiet
                assert answer == ((kind, payload) if good else None)
                if quiet:
                    continue
                if good:
                    expected.failures = 0
                elif expected.nonce and not late:
                    delay_us = 1_000_000 << min(expected.failures, 6)
                    expected.failures += 1
                    expected.quiet_until_us = clock.us + delay_us
                expected.nonce = ""
            elif name == "wait":
                clock.wait(arguments[0])
            elif name == "boot":
                access, clock, expected = Access(AccessFiles(folder)), Clock(), Expected()


@settings(max_examples=50)
@given(st.integers(0, 8 * 32 - 1), st.binary(max_size=200), st.sampled_from(_KINDS))
def test_every_flipped_bit_of_a_tag_is_refused(bit: int, payload: bytes, kind: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "key").write_text(_KEY.hex())
        access, clock = Access(AccessFiles(folder)), Clock()
        body = bytearray((protocol.AUTHORISED, 1))
        body += sealed(access.challenge(clock)[1], kind, payload)
        body[2 + bit // 8] ^= 1 << bit % 8
        assert admitted(access, bytes(body), clock) is None
        assert access.forged == 1


@settings(max_examples=50)
@given(st.binary(max_size=120))
def test_no_noise_is_admitted_and_none_ends_the_loop(noise: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "key").write_text(_KEY.hex())
        access, clock = Access(AccessFiles(folder)), Clock()
        access.challenge(clock)
        assert admitted(access, bytes((protocol.AUTHORISED, 1)) + noise, clock) is None
