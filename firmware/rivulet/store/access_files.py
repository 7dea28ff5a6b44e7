"""The files of the folder `access`, which `rivulet flash` makes for a board with keys:

    key             32 bytes in hex; without it the wire is open
    settings.json   "closed": reading needs the key as well; "modulus": of the RSA key that models
                    must be signed with, in hex; "keep_version": no model older than the newest
                    confirmed one; "adapt": a signed model may learn from labels
    state.json      what the board itself keeps there: "boots" that gave out challenges, "version"

Who may command the board is decided in link/access.py, which models it takes in trust.py.
"""

import json
import os
from errno import ENOENT

# What damaged settings stand for: they may have closed the wire and asked for signatures.
_DAMAGED_SETTINGS = {"closed": True, "modulus": "00"}


class AccessFiles:
    """The settings, and the numbers that the board keeps; error: what is damaged, or ""."""

    def __init__(self, folder="access"):
        self._folder = folder
        self.error = ""
        self.settings = self._read_json("settings.json", _DAMAGED_SETTINGS)
        self._state = self._read_json("state.json", {})

    def read(self, name):
        """Return the bytes of a file without the white space around them; None without the file.

        Raises OSError: flash that cannot be read must not open what the file closes.
        """
        try:
            with open(self._folder + "/" + name, "rb") as file:
                return file.read().strip()
        except OSError as error:
            if error.errno == ENOENT:
                return None
            raise

    def _read_json(self, name, damaged):
        try:
            text = self.read(name)
            if text is None:
                return {}
            # MicroPython takes an object that was cut off for a whole one.
            made = json.loads(text) if text.endswith(b"}") else None
        except (OSError, ValueError):
            made = None
        if isinstance(made, dict):
            return made
        self.error = name + " is damaged"
        return damaged

    def number(self, key):
        """Return a number that the board keeps, 0 if it keeps none."""
        return whole_number(self._state, key)

    def keep(self, key, number):
        """Keep a number over restarts, next to the others."""
        # Only these two: what else the file held was never a number of the board's.
        kept = {"boots": self.number("boots"), "version": self.number("version")}
        kept[key] = number
        self._state = kept
        path = self._folder + "/state.json"
        try:
            with open(path + ".new", "wb") as file:
                file.write(json.dumps(kept).encode())
            os.rename(path + ".new", path)
        except OSError as error:
            # A full filesystem must not lock the board's owner out.
            self.error = "state.json was not written: %s" % error


def whole_number(facts, key):
    """Return an integer of a dict, 0 if there is none."""
    number = facts.get(key, 0)
    return number if isinstance(number, int) else 0
