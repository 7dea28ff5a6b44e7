"""Authorised commands: the bytes that the host signs for a keyed board.

The signed message is protocol.COMMAND_DOMAIN (18 bytes), the nonce (32), the command's kind (1)
and its payload. Only the nonce comes from the line. Its length is fixed, so that the same bytes
cannot be read as another command: see docs/threat-model.md.
"""

import hmac
import re

from rivulet import protocol

_NONCE = re.compile(rf"[0-9a-fA-F]{{{2 * protocol.NONCE_BYTES}}}")


def nonce_from(text: str) -> bytes:
    """Decode a challenge's nonce. Raises ValueError unless it is exactly 64 hex digits."""
    # fromhex alone would skip spaces, and accept any length.
    if not _NONCE.fullmatch(text):
        raise ValueError(f"not {2 * protocol.NONCE_BYTES} hex digits")
    return bytes.fromhex(text)


def sealed(key: bytes, nonce: bytes, kind: int, payload: bytes) -> bytes:
    """Return the payload of the AUTHORISED request for a command."""
    command = bytes((kind,)) + payload
    message = protocol.COMMAND_DOMAIN + nonce + command
    return hmac.digest(key, message, "sha256") + command
