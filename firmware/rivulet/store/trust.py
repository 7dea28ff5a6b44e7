"""Which models a board takes: signed with the key that it trusts, and not older than confirmed."""

import hashlib
import os
from binascii import hexlify, unhexlify

from rivulet.errors import ModelError
from rivulet.store.access_files import whole_number


class Trust:
    """Checks models by the settings of a store.access_files.AccessFiles.

    version: that of the newest model that was confirmed.
    """

    def __init__(self, files):
        self._files = files
        self._modulus = self._read_modulus(files.settings.get("modulus"))
        self._keeps_version = bool(files.settings.get("keep_version"))
        # Whether a model may become by labels what nobody has signed.
        self.adapts = self._modulus is None or files.settings.get("adapt") is True
        self.version = files.number("version")

    def _read_modulus(self, text):
        if not text:
            return None
        try:
            return unhexlify(text)
        except (ValueError, TypeError):
            self._files.error = "settings.json is damaged"
            return b"\0"  # no key has it: no model is signed

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
        version = whole_number(settings, "version")
        if self._keeps_version and version < self.version:
            raise ModelError(
                "its version is %d and this board has confirmed %d: convert with --version"
                % (version, self.version)
            )

    def confirm(self, settings):
        """Refuse models older than this one from now on: it was confirmed, now or before."""
        version = whole_number(settings, "version")
        if self._keeps_version and version > self.version:
            self.version = version
            self._files.keep("version", version)

    def facts(self):
        return {
            "signed_by": self._fingerprint(),
            "version_at_least": self.version if self._keeps_version else 0,
        }

    def _fingerprint(self):
        if self._modulus is None:
            return ""
        return hexlify(hashlib.sha256(self._modulus).digest()[:8]).decode()
