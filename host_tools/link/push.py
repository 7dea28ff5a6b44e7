"""A push: brings a model file to a running board, which verifies it and swaps."""

import hashlib
import struct
from collections.abc import Callable

from host_tools.errors import BadReply, NoReply, Refused
from host_tools.link.requester import ONCE, SLOW, Requester
from rivulet import protocol

# (bytes that the board has, bytes of the file)
Progress = Callable[[int, int], None]

_END_ATTEMPTS = 4
# In the board's reply where the bytes on its flash are not those that were sent.
_DAMAGED = "SHA-256"


def push_model(board: Requester, data: bytes, progress: Progress) -> tuple[int, str]:
    """Send a model file. Returns the byte from which it was sent, and what became of the state.

    The board keeps what an interrupted push of the same file brought. Raises Refused, NoReply,
    BadReply.
    """
    digest = hashlib.sha256(data).digest()
    first = _send(board, data, digest, progress)
    try:
        return first, _end(board, digest)
    except Refused as refused:
        if not first or _DAMAGED not in str(refused):
            raise  # what the model says of itself will not be otherwise the second time
    # What was kept of the earlier attempt may have gone bad. The board has discarded it, and
    # takes the whole file.
    first = _send(board, data, digest, progress)
    return first, _end(board, digest)


def _send(board: Requester, data: bytes, digest: bytes, progress: Progress) -> int:
    """Send the bytes that the board lacks; return the first of them."""
    begin = struct.pack(protocol.PUSH_BEGIN_BODY, len(data), digest)
    first, _ = board.request(protocol.PUSH_BEGIN, begin, SLOW)
    if first > len(data):
        raise BadReply(
            f"{board.port}: the board says that it has {first} bytes of a file of {len(data)}"
        )
    done = first
    progress(done, len(data))
    while done < len(data):
        piece = data[done : done + protocol.PUSH_CHUNK]
        head = struct.pack(protocol.PUSH_DATA_HEAD, done)
        before = done
        done, _ = board.request(protocol.PUSH_DATA, head + piece)
        if done != before + len(piece):
            # A board that takes a piece has all of it. Else the host might send it for ever.
            raise BadReply(
                f"{board.port}: the board took {len(piece)} bytes from byte {before} on, and then "
                f"said that it had {done}"
            )
        progress(done, len(data))
    return first


def _end(board: Requester, digest: bytes) -> str:
    attempts = _END_ATTEMPTS
    while True:
        try:
            return board.request(protocol.PUSH_END, b"", ONCE)[1]
        except NoReply:
            # The reply may be lost, not the model: the board's status decides.
            if board.document(protocol.STATUS)["model_hash"] == digest.hex():
                return "the reply was lost, the model is active"
            attempts -= 1
            if not attempts:
                raise
