"""What must survive a power cut, in two small files that are written in turn.

A record is a CRC-32 and a line of JSON. The newer of the two whole records holds, and the one
that is written is always the other: a write torn at any byte leaves the last record as it was.
No rename is needed, which FAT does in more than one step.
"""

import json
from binascii import crc32

_NEW = {
    "number": 0,
    # The slot that a start loads, 0 or 1; -1: none.
    "active": -1,
    # SHA-256, in hex, of the verified model in each slot; "": nothing to rely on.
    "hashes": ["", ""],
    # Whether the active model is on trial, and the starts that its trial has taken.
    "trial": False,
    "starts": 0,
    # [size, SHA-256 in hex] of the push that the other slot is taking.
    "incoming": None,
    "boots": 0,
    # How often each of the board's causes has reset it.
    "resets": {},
    "reverts": 0,
    # [SHA-256 in hex, why] of the last model that was left for the one before it.
    "reverted": ["", ""],
    # Starts in a row that failed with no model on trial to blame, and why the last one did.
    "failures": 0,
    "failure": "",
}


class Journal:
    """The facts of the newest whole record in `folder`; `found` is False where there is none."""

    def __init__(self, folder):
        self._paths = (folder + "/journal.0", folder + "/journal.1")
        self._newest = 1
        self.facts = dict(_NEW)
        self.found = False
        for i in range(2):
            facts = self._read(i)
            if facts is not None and facts["number"] > self.facts["number"]:
                # What an older firmware did not know of stands as on a new board.
                self.facts = dict(_NEW)
                self.facts.update(facts)
                self._newest = i
                self.found = True

    def write(self, **changes):
        """Change facts: on flash, in one step, then here. Raises OSError; then none changed."""
        facts = dict(self.facts)
        facts.update(changes)
        facts["number"] += 1
        text = json.dumps(facts).encode()
        other = 1 - self._newest
        with open(self._paths[other], "wb") as file:
            file.write(("%08x " % crc32(text)).encode() + text)
        if self._read(other) != facts:
            raise OSError("the journal does not keep what is written")
        self.facts = facts
        self._newest = other
        self.found = True

    def _read(self, number):
        try:
            with open(self._paths[number], "rb") as file:
                record = file.read()
            if int(record[:8], 16) != crc32(record[9:]):
                return None
            return json.loads(record[9:])
        except (OSError, ValueError):
            return None
