"""Host and board from before requests had exact lengths, frozen: there are still some of both.

What the host signed is word for word as it was. What the board took is everything of at least the
length that its kind needs.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from host_tools.faults._in_process import Client
from rivulet import protocol

_NEVER_SEALED = (0x01, 0x0C, 0x06, 0x07)  # HELLO, CHALLENGE, PUSH_DATA, PUSH_END


class FormerHost(Client):
    """Signs for whatever the line gives as a nonce."""

    def _seal(self, kind: int, payload: bytes) -> tuple[int, bytes]:
        if self._key is None or kind in _NEVER_SEALED:
            return kind, payload
        _, nonce = self.request(0x0C)
        if not nonce:
            return kind, payload
        command = bytes((kind,)) + payload
        message = b"rivulet command 1\0" + bytes.fromhex(nonce) + command
        self._sealed[kind, payload] += 1
        return 0x0D, hmac.digest(self._key, message, "sha256") + command


@contextmanager
def former_board() -> Iterator[None]:
    """Boards of this process pass over what is too much in a request."""

    def check(kind: int, count: int) -> None:
        if kind not in protocol.PAYLOAD_BYTES or count < protocol.PAYLOAD_BYTES[kind][0]:
            raise ValueError("bad request")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol, "check_payload", check)
        yield
