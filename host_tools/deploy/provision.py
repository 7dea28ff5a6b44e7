"""Writes a board's folder `access`: who may command it, and which models it accepts."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from host_tools.deploy.board_files import MISSING, copy_beside, digests, replace
from host_tools.deploy.payload import PayloadFile
from host_tools.errors import RivuletError
from host_tools.link.raw_repl import RawRepl

_KEY = "access/key"
_SETTINGS = "access/settings.json"
_READ = f"""\
try:
 with open({_SETTINGS!r}) as f:print(f.read())
except OSError:print('{{}}')
"""


@dataclass(frozen=True)
class AccessSettings:
    """Access settings to change. None leaves a setting as it is on the board."""

    key: bytes | None = None
    # Whether reading needs the key as well.
    closed: bool | None = None
    # Modulus of the RSA key that models must be signed with.
    modulus: bytes | None = None
    # Whether models of a lower version than the highest confirmed one are refused.
    keep_version: bool | None = None
    # Whether a signed model may learn from labels.
    adapt: bool | None = None


def provision(repl: RawRepl, access: AccessSettings) -> None:
    """Write the settings that change. Raises RivuletError.

    Call `survey` first, whose code it uses. A key is never read back over the line, nor sent to a
    board that has it.
    """
    if access == AccessSettings():
        return
    there = digests(repl, [_KEY])[_KEY]
    keyed = access.key is not None or there != MISSING
    if access.closed and not keyed:
        raise RivuletError("--telemetry closed needs a key on the board: --key FILE")
    files = [PayloadFile(_SETTINGS, json.dumps(_merged(repl, access)).encode())]
    # The key is last, so that a board is never keyed without its settings.
    if access.key is not None:
        key = PayloadFile(_KEY, access.key.hex().encode() + b"\n")
        if key.sha256 != there:
            files.append(key)
    copy_beside(repl, files)
    replace(repl, files)


def fingerprint(modulus: bytes) -> str:
    """Return the fingerprint that `rivulet status` shows for a trusted key."""
    return hashlib.sha256(modulus).hexdigest()[:16]


def _merged(repl: RawRepl, access: AccessSettings) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = json.loads(repl.run(_READ))
    except ValueError:
        raise RivuletError(
            f"{_SETTINGS} on the board is damaged: remove it with 'mpremote rm :{_SETTINGS}', "
            "then flash again"
        ) from None
    wanted = {
        "closed": access.closed,
        "modulus": access.modulus.hex() if access.modulus is not None else None,
        "keep_version": access.keep_version,
        "adapt": access.adapt,
    }
    return settings | {name: value for name, value in wanted.items() if value is not None}
