"""Who may command the board: a fresh challenge for each command, answered once, with the key.

Imported only on a board that has the folder `access`, which `rivulet flash` makes:
    key             32 bytes in hex; without it the wire is open
    settings.json   "closed": reading needs the key as well; "modulus": of the RSA key that models
                    must be signed with, in hex; "keep_version": no model older than the newest
                    confirmed one
    state.json      what the board itself keeps there: "boots" that gave out challenges, "version"
"""

import hashlib
import json
import os
import struct
from binascii import hexlify, unhexlify
from errno import ENOENT

from rivulet import protocol
from rivulet.compat import const
from rivulet.errors import ModelError, Refused
from rivulet.hmac import hmac_sha256, same
from rivulet.sensing.clock import elapsed_us

# Allowed without the key, always: nothing here changes what the board does.
_FREE = (protocol.HELLO, protocol.CHALLENGE)
# Allowed without the key while a push is under way: the size and the SHA-256 of its authorised
# beginning bind its pieces. Else nothing comes of them but an answer, which tells how far a push
# had come: they count as reading.
_PIECES = (protocol.PUSH_DATA, protocol.PUSH_END)
# Allowed without the key unless reading is closed. Kinds named nowhere here need the key.
_READING = (protocol.DESCRIBE, protocol.STATUS, protocol.CONFIGURE)
_TAG_AT = const(2)
_COMMAND_AT = const(34)
_KEY_BYTES = const(32)
# How long a challenge may be answered.
_LIFE_US = const(10000000)
# After a wrong tag nothing is looked at for a second, after each further one twice as long.
_DELAY_US = const(1000000)
_DOUBLINGS = const(6)


class Access:
    """Counts what it refuses: `unauthorised` commands that came bare, `forged` ones whose tag was
    wrong or whose challenge was used up or too old, `delayed` ones that came too soon after those.
    """

    def __init__(self, folder="access", random=os.urandom):
        self._folder = folder
        self._random = random
        self.error = ""
        self.keyed, self._key = self._read_key()
        settings = self._read_json("settings.json", {"closed": True, "modulus": "00"})
        self.closed = self.keyed and bool(settings.get("closed"))
        self._modulus = self._read_modulus(settings.get("modulus"))
        self.keeps_version = bool(settings.get("keep_version"))
        state = self._read_json("state.json", {})
        self._boots = _number(state, "boots")
        self.version = _number(state, "version")
        self._counted = False
        self._serial = 0
        self._nonce = None
        self._issued = (0, 0)
        self._failures = 0
        self._failed = (0, 0)
        self.unauthorised = self.forged = self.delayed = 0

    def _read_key(self):
        try:
            with open(self._folder + "/key", "rb") as file:
                key = unhexlify(file.read().strip())
        except OSError as error:
            if error.errno == ENOENT:
                return False, None
            key = b""
        except ValueError:
            key = b""
        if len(key) != _KEY_BYTES:
            # Closed for good is the safe way to be wrong.
            self.error = "the key file is damaged"
            return True, None
        return True, key

    def _read_modulus(self, text):
        if not text:
            return None
        try:
            return unhexlify(text)
        except (ValueError, TypeError):
            self.error = "settings.json is damaged"
            return b"\0"  # no key has it: no model is signed

    def _read_json(self, name, damaged):
        try:
            with open(self._folder + "/" + name, "rb") as file:
                text = file.read().strip()
            # MicroPython takes an object that was cut off for a whole one.
            made = json.loads(text) if text.endswith(b"}") else None
        except OSError as error:
            if error.errno == ENOENT:
                return {}
            made = None  # flash that cannot be read must not open what the file closes
        except ValueError:
            made = None
        if isinstance(made, dict):
            return made
        self.error = name + " is damaged"
        return damaged

    def admit(self, kind, body, clock, pushing):
        """(kind, body) of the command to perform, its payload from body[2] on. Raises Refused.

        This is the one door: every request passes here before anything looks at it.
        pushing: whether a push has begun in this start and not ended.
        """
        if kind == protocol.AUTHORISED:
            return self._unlock(body, clock)
        if not self.keyed or kind in _FREE:
            return kind, body
        if kind in _PIECES and (pushing or not self.closed):
            return kind, body
        if kind in _READING and not self.closed:
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
            self._keep_state()
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

    def check_file(self, path):
        """Refuse a model file that the trusted key has not signed. Raises ModelError."""
        if self._modulus is None:
            return
        # Imported by boards that need it.
        from rivulet.store.signature import is_signed

        with open(path, "rb") as file:
            if not is_signed(file, os.stat(path)[6], self._modulus):
                raise ModelError("not signed by the key that this board trusts: rivulet sign")

    def check_version(self, settings):
        """Refuse a model older than the newest confirmed one. Raises ModelError."""
        version = _number(settings, "version")
        if self.keeps_version and version < self.version:
            raise ModelError(
                "its version is %d and this board has confirmed %d: convert with --version"
                % (version, self.version)
            )

    def confirmed(self, settings):
        """A model was confirmed, or found confirmed at boot: older ones are refused from now."""
        version = _number(settings, "version")
        if self.keeps_version and version > self.version:
            self.version = version
            self._keep_state()

    def _keep_state(self):
        path = self._folder + "/state.json"
        try:
            with open(path + ".new", "wb") as file:
                file.write(json.dumps({"boots": self._boots, "version": self.version}).encode())
            os.rename(path + ".new", path)
        except OSError as error:
            # A full filesystem must not lock its owner out: challenges still differ by their
            # random bytes.
            self.error = "state.json was not written: %s" % error

    def facts(self):
        """What a status document says of it."""
        return {
            "access": ("closed" if self.closed else "keyed") if self.keyed else "open",
            "access_unauthorised": self.unauthorised,
            "access_forged": self.forged,
            "access_delayed": self.delayed,
            "access_error": self.error,
            "signed_by": self._fingerprint(),
            "version_at_least": self.version if self.keeps_version else 0,
        }

    def _fingerprint(self):
        if self._modulus is None:
            return ""
        return hexlify(hashlib.sha256(self._modulus).digest()[:8]).decode()


def _number(facts, key):
    number = facts.get(key, 0)
    return number if isinstance(number, int) else 0
