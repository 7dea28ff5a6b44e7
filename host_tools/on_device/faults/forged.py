"""The door of a keyed board in front of a listener; see host_tools/faults/forged.py.

GIVEN: lives, sends (in each life), seed. Reports how much was sent of each kind, what was
admitted of it, and how often the owner's own first answers were refused.
"""

import json
import os
import random
from binascii import unhexlify

from rivulet import protocol
from rivulet.errors import Refused
from rivulet.hmac import hmac_sha256
from rivulet.link.access import Access
from rivulet.sensing.clock import PERIOD
from rivulet.store.access_files import AccessFiles

_KEY = bytes(range(32))
# Longer than any wrong answer holds the next one off.
_PAUSE_US = 64000000
_KEPT = 2048  # of what was heard


class Clock:
    epoch = ticks = 0

    def wait(self, us):
        total = self.ticks + us
        self.epoch += total // PERIOD
        self.ticks = total % PERIOD


def answer(nonce, kind):
    command = bytes((kind,)) + os.urandom(random.getrandbits(5))
    tag = hmac_sha256(_KEY, protocol.COMMAND_DOMAIN, nonce, command)
    return bytes((protocol.AUTHORISED, 1)) + tag + command


def admitted(access, body, clock):
    try:
        access.admit(body[0], memoryview(body), clock, False)
    except Refused:
        return False
    return True


def changed(body):
    """One bit of the tag or of the command turned."""
    body = bytearray(body)
    at = 16 + random.getrandbits(16) % (8 * len(body) - 16)
    body[at // 8] ^= 1 << at % 8
    return bytes(body)


def challenge(access, clock):
    return unhexlify(access.challenge(clock)[1])


def main():
    random.seed(GIVEN["seed"])
    os.mkdir("access")
    with open("access/key", "w") as file:
        file.write("".join("%02x" % byte for byte in _KEY))
    clock = Clock()
    heard = []
    seen = {"again": 0, "changed": 0, "late": 0, "wrongly": 0, "owner": 0, "owner_refused": 0}
    for _ in range(GIVEN["lives"]):
        access = Access(AccessFiles())
        for _ in range(GIVEN["sends"]):
            clock.wait(_PAUSE_US)
            body = answer(challenge(access, clock), random.getrandbits(4))
            how = random.getrandbits(2)
            if how == 0:  # held back until it is too late
                clock.wait(10000000)
                seen["late"] += 1
                seen["wrongly"] += admitted(access, body, clock)
            elif how == 1:
                seen["changed"] += 1
                seen["wrongly"] += admitted(access, changed(body), clock)
            elif how == 2 and heard:  # an old one in the place of the owner's
                seen["again"] += 1
                old = heard[random.getrandbits(16) % len(heard)]
                seen["wrongly"] += admitted(access, old, clock)
            else:
                seen["owner"] += 1
                seen["owner_refused"] += not admitted(access, body, clock)
                seen["again"] += 1
                seen["wrongly"] += admitted(access, body, clock)
            if len(heard) < _KEPT:
                heard.append(body)
            else:
                heard[random.getrandbits(11)] = body
    print(json.dumps(seen))


main()
