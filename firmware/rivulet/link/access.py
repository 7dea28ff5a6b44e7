"""Who may command the board: a fresh challenge for each command, answered once, with the key.

Imported only on a board that has the folder `access`; see store/access_files.py.
"""

import os
import struct
from binascii import hexlify, unhexlify

from rivulet import protocol
from rivulet.compat import const
from rivulet.errors import Refused
from rivulet.hmac import hmac_sha256, same
from rivulet.sensing.clock import elapsed_us

# Allowed without the key, always: nothing here changes what the board does.
_FREE = (protocol.HELLO, protocol.CHALLENGE)
# Allowed without the key while a push is under way: the size and the SHA-256 of its authorised
# beginning bind its pieces. Else nothing comes of them but an answer, which tells how far a push
# had come: they count as reading.
_PIECES = (protocol.PUSH_DATA, protocol.PUSH_END)
# Allowed without the key unless reading is closed. Kinds named nowhere here need the key.
_READING = (protocol.DESCRIBE, protocol.STATUS, protocol.CONFIGURE, protocol.COLLECT)
# Allowed without the key where it neither opens nor renews a lease, while an authorised one runs:
# the rig of a simulated plant moves no actuator.
_LEASED = protocol.PLANT
_TAG_AT = const(2)
_COMMAND_AT = const(34)
_LEASE_AT = const(2)
_LEASE_END = const(4)
_KEY_BYTES = const(32)
# How long a challenge may be answered.
_LIFE_US = const(10000000)
# After a wrong tag nothing is looked at for a second, after each further one twice as long.
_DELAY_US = const(1000000)
_DOUBLINGS = const(6)


class Access:
    """Admits commands. files: a store.access_files.AccessFiles; random: a source of random bytes.

    Counts what it refuses: `unauthorised` commands that came bare, `forged` ones whose tag was
    wrong or whose challenge was used up or too old, `delayed` ones that came too soon after those.
    """

    def __init__(self, files, random=os.urandom):
        self.files = files
        self._random = random
        self.keyed, self._key = self._read_key()
        self.closed = self.keyed and bool(files.settings.get("closed"))
        self._boots = files.number("boots")
        self._counted = False
        self._serial = 0
        self._nonce = None
        self._issued = (0, 0)
        self._failures = 0
        self._failed = (0, 0)
        self.unauthorised = self.forged = self.delayed = 0

    def _read_key(self):
        """(whether the board has a key, the key or None if it is damaged)"""
        try:
            text = self.files.read("key")
            if text is None:
                return False, None
            key = unhexlify(text)
        except (OSError, ValueError):
            key = b""
        if len(key) != _KEY_BYTES:
            # Closed for good is the safe way to be wrong.
            self.files.error = "the key file is damaged"
            return True, None
        return True, key

    def admit(self, kind, body, clock, pushing, leased=False):
        """(kind, body) of the command to perform, its payload from body[2] on. Raises Refused.

        This is the one door: every request passes here before anything looks at it.
        pushing: whether a push has begun in this start and not ended; leased: whether the lease
        of a simulated plant runs.
        """
        if kind == protocol.AUTHORISED:
            return self._unlock(body, clock)
        if not self.keyed or kind in _FREE:
            return kind, body
        if kind in _PIECES and (pushing or not self.closed):
            return kind, body
        if kind in _READING and not self.closed:
            return kind, body
        if kind == _LEASED and leased and bytes(body[_LEASE_AT:_LEASE_END]) == b"\0\0":
            return kind, body
        self.unauthorised += 1
        raise Refused(protocol.LOCKED, "this needs the board's key")

    def challenge(self, clock):
        """(milliseconds it has left, nonce in hex) for the next AUTHORISED; "" without a key.

        Asked again, the board repeats the open one: a lost reply costs nothing, and asking does
        not void the challenge of somebody else. Raises Refused.
        """
        if not self.keyed:
            return 0, ""
        self._hold_off(clock)
        left_us = _LIFE_US - elapsed_us(*self._issued, clock.epoch, clock.ticks)
        if self._nonce is None or left_us <= 0:
            self._renew(clock)
            left_us = _LIFE_US
        return left_us // 1000, hexlify(self._nonce).decode()

    def _renew(self, clock):
        if self._key is None:
            raise Refused(protocol.REFUSED, "the board's key file is damaged: erase the board")
        if not self._counted:
            self._boots += 1
            # Where it is not written, challenges still differ by their random bytes.
            self.files.keep("boots", self._boots)
            self._counted = True
        self._serial += 1
        # The counters make it another one than any before, even if the random bytes are none;
        # the key makes it one that nobody else foresees.
        numbers = struct.pack("<II", self._boots & 0xFFFFFFFF, self._serial)
        self._nonce = hmac_sha256(self._key, protocol.NONCE_DOMAIN, numbers, self._random(16))
        self._issued = (clock.epoch, clock.ticks)

    def _unlock(self, body, clock):
        self._hold_off(clock)
        # Whatever comes of it, this challenge has been answered.
        nonce, self._nonce = self._nonce, None
        late = elapsed_us(*self._issued, clock.epoch, clock.ticks) >= _LIFE_US
        if nonce is None or late:
            self.forged += 1
            raise Refused(protocol.REFUSED, "no open challenge: this answer is late or repeated")
        command = body[_COMMAND_AT:]
        tag = hmac_sha256(self._key, protocol.COMMAND_DOMAIN, nonce, command)
        if not same(tag, body[_TAG_AT:_COMMAND_AT]) or not command:
            self.forged += 1
            self._failures += 1
            self._failed = (clock.epoch, clock.ticks)
            raise Refused(protocol.REFUSED, "the authorisation is wrong: another board's key?")
        self._failures = 0
        # One byte before the command: the payload begins at 2, as in any request.
        return command[0], body[_COMMAND_AT - 1 :]

    def _hold_off(self, clock):
        if not self._failures:
            return
        delay_us = _DELAY_US << min(self._failures - 1, _DOUBLINGS)
        left_us = delay_us - elapsed_us(*self._failed, clock.epoch, clock.ticks)
        if left_us > 0:
            self.delayed += 1
            text = "too many wrong authorisations: try again in %d s" % (left_us // 1000000 + 1)
            raise Refused(protocol.REFUSED, text)

    def facts(self):
        return {
            "access": ("closed" if self.closed else "keyed") if self.keyed else "open",
            "access_unauthorised": self.unauthorised,
            "access_forged": self.forged,
            "access_delayed": self.delayed,
            "access_error": self.files.error,
        }
