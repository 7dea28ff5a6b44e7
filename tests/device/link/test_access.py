"""The door of a keyed board: what it lets in, what it refuses, and what a restart changes."""

import os
from binascii import hexlify, unhexlify

from cut_filesystem import Cut, Filesystem
from fixtures import Scratch, raises, settings
from keyed_folder import KEY, provision

from rivulet import protocol
from rivulet.errors import ModelError, Refused
from rivulet.hmac import hmac_sha256
from rivulet.link.access import Access
from rivulet.store import access_files as files_module
from rivulet.store.access_files import AccessFiles
from rivulet.store.trust import Trust

_SECOND = 1000000


class Time:
    """A clock that a test moves."""

    def __init__(self):
        self.epoch = self.ticks = 0

    def advance(self, us):
        total = self.ticks + us
        self.epoch += total >> 30
        self.ticks = total & 0x3FFFFFFF


def no_randomness(count):
    return bytes(count)


def authorised(nonce, kind, payload=b"", key=KEY):
    """The body of an AUTHORISED request, as the board's deframer holds it."""
    command = bytes([kind]) + payload
    tag = hmac_sha256(key, protocol.COMMAND_DOMAIN, nonce, command)
    return memoryview(bytes([protocol.AUTHORISED, 9]) + tag + command)


def ask(access, clock):
    return unhexlify(access.challenge(clock)[1])


def answer(access, clock, kind):
    """What `admit` is called with when the owner answers a challenge."""
    return protocol.AUTHORISED, authorised(ask(access, clock), kind), clock, False


def refused(access, body, clock, pushing=False):
    """(status, text) of a request that is not admitted."""
    try:
        access.admit(body[0], body, clock, pushing)
    except Refused as error:
        return error.args
    raise AssertionError("admitted")


def test_what_needs_the_key():
    free = (protocol.HELLO, protocol.CHALLENGE)
    pieces = (protocol.PUSH_DATA, protocol.PUSH_END)
    reading = (protocol.STATUS, protocol.DESCRIBE, protocol.CONFIGURE, protocol.COLLECT)
    with Scratch() as folder:
        for text, pushing, open_kinds in (
            ("{}", False, free + pieces + reading),
            ('{"closed": true}', False, free),
            ('{"closed": true}', True, free + pieces),
        ):
            access, clock = provision(folder, text=text), Time()
            closed = 0
            for kind in range(256):
                body = memoryview(bytes([kind, 1, 2, 3]))
                if kind in open_kinds:
                    assert access.admit(kind, body, clock, pushing) == (kind, body)
                elif kind != protocol.AUTHORISED:
                    assert refused(access, body, clock, pushing)[0] == protocol.LOCKED
                    closed += 1
            assert access.unauthorised == closed > 240


def test_without_a_key_all_is_open():
    with Scratch() as folder:
        access, clock = provision(folder, None, '{"closed": true}'), Time()
        assert not access.keyed and not access.closed
        assert access.challenge(clock) == (0, "")
        body = memoryview(bytes([protocol.RELEASE, 1]))
        assert access.admit(protocol.RELEASE, body, clock, False) == (protocol.RELEASE, body)
        assert access.facts()["access"] == "open"


def test_an_authorised_command_is_admitted_once():
    with Scratch() as folder:
        access, clock = provision(folder), Time()
        body = authorised(ask(access, clock), protocol.PUSH_BEGIN, b"size and hash")
        kind, command = access.admit(protocol.AUTHORISED, body, clock, False)
        assert kind == protocol.PUSH_BEGIN and bytes(command[2:]) == b"size and hash"
        assert "no open challenge" in refused(access, body, clock)[1]
        ask(access, clock)
        assert "wrong" in refused(access, body, clock)[1]
        assert access.forged == 2 and access.unauthorised == access.delayed == 0


def test_every_flipped_bit_is_refused():
    with Scratch() as folder:
        access, clock = provision(folder), Time()
        size = len(authorised(bytes(32), protocol.CONFIGURE, b"1234567"))
        for bit in range(16, 8 * size):
            body = bytearray(authorised(ask(access, clock), protocol.CONFIGURE, b"1234567"))
            body[bit // 8] ^= 1 << bit % 8
            refused(access, memoryview(body), clock)
            clock.advance(64 * _SECOND)
        assert access.forged == 8 * size - 16 and access.delayed == 0


def test_short_and_long_ones_are_refused():
    with Scratch() as folder:
        access, clock = provision(folder), Time()
        for change in range(-40, 3):
            body = bytes(authorised(ask(access, clock), protocol.CONFIGURE, b"1234567"))
            body = body[:change] if change < 0 else body + bytes(change)
            if change != 0:
                assert refused(access, memoryview(body), clock)[0] == protocol.REFUSED
                clock.advance(64 * _SECOND)
        # Authorised, and nothing: not even a kind.
        nonce = ask(access, clock)
        tag = hmac_sha256(KEY, protocol.COMMAND_DOMAIN, nonce, b"")
        refused(access, memoryview(bytes([protocol.AUTHORISED, 9]) + tag), clock)


def test_a_challenge_is_repeated_until_it_is_answered_and_ends_by_itself():
    with Scratch() as folder:
        access, clock = provision(folder), Time()
        left, text = access.challenge(clock)
        assert left == 10000 and len(text) == 64
        clock.advance(4 * _SECOND)
        assert access.challenge(clock) == (6000, text)
        late = authorised(unhexlify(text), protocol.RESET)
        clock.advance(6 * _SECOND)
        assert "late" in refused(access, late, clock)[1]
        other = access.challenge(clock)
        assert other[0] == 10000 and other[1] != text
        # Not even when the board's counters have come around.
        late = authorised(unhexlify(other[1]), protocol.RESET)
        for _ in range(2):
            clock.advance(1 << 30)
        assert "late" in refused(access, late, clock)[1]


def test_wrong_ones_cost_time_that_doubles_and_a_right_one_ends_it():
    with Scratch() as folder:
        access, clock = provision(folder), Time()
        for delay_s in (1, 2, 4, 8, 16, 32, 64, 64, 64):
            wrong = authorised(ask(access, clock), protocol.RESET, key=bytes(32))
            assert "another board's key" in refused(access, wrong, clock)[1]
            clock.advance(delay_s * _SECOND - 1)
            before = access.delayed
            assert "try again in 1 s" in raises(Refused, access.challenge, clock)
            assert "try again in 1 s" in refused(access, wrong, clock)[1]
            assert access.delayed == before + 2
            clock.advance(1)
        access.admit(*answer(access, clock, protocol.RESET))
        wrong = authorised(ask(access, clock), protocol.RESET, key=bytes(32))
        refused(access, wrong, clock)
        clock.advance(_SECOND)
        ask(access, clock)


def test_a_restarted_board_never_repeats_a_challenge():
    with Scratch() as folder:
        seen = set()
        for boot in range(20):
            clock = Time()
            access = provision(folder)
            access._random = no_randomness
            if boot % 3 == 0:
                continue  # nobody asks: nothing is written
            for _ in range(3):
                nonce = ask(access, clock)
                assert nonce not in seen
                seen.add(nonce)
                access.admit(protocol.AUTHORISED, authorised(nonce, protocol.RESET), clock, False)
        assert len(seen) == 39
        os.remove(folder + "/state.json")
        # The counters start again: now the random bytes alone make the difference.
        assert ask(Access(AccessFiles(folder)), Time()) not in seen


def test_nothing_recorded_before_a_restart_is_admitted_after_it():
    with Scratch() as folder:
        clock = Time()
        access = provision(folder)
        body = authorised(ask(access, clock), protocol.RELEASE)
        again = Access(AccessFiles(folder))
        assert "no open challenge" in refused(again, body, clock)[1]
        ask(again, clock)
        assert "wrong" in refused(again, body, clock)[1]


def test_a_damaged_key_closes_the_board():
    with Scratch() as folder:
        for text in (b"", b"00" * 31, b"zz" * 32, b"\xff\xff", b"00" * 33):
            provision(folder)
            with open(folder + "/key", "wb") as file:
                file.write(text)
            access, clock = Access(AccessFiles(folder)), Time()
            assert access.keyed and "damaged" in access.facts()["access_error"]
            assert refused(access, memoryview(bytes([protocol.RELEASE, 1])), clock)
            assert "erase the board" in raises(Refused, access.challenge, clock)
            assert refused(access, authorised(bytes(32), protocol.RELEASE, key=b""), clock)


def test_files_that_cannot_be_read_close_the_board():
    with Scratch() as folder:
        for name in ("key", "settings.json"):
            provision(folder)
            os.remove(folder + "/" + name)
            os.mkdir(folder + "/" + name)  # opening or reading it fails, but it is there
            access = Access(AccessFiles(folder))
            os.rmdir(folder + "/" + name)
            assert access.keyed and "damaged" in access.facts()["access_error"], name
            if name == "settings.json":
                assert access.closed
                assert "not signed" in raises(
                    ModelError, Trust(access.files).check_file, folder + "/key"
                )


def test_damaged_settings_close_what_they_might_have_closed():
    with Scratch() as folder:
        for text in ("", "{", '{"closed": false', "[]", "7"):
            access = provision(folder, text=text)
            assert access.closed and access.facts()["access"] == "closed"
            with open(folder + "/state.json", "w") as file:
                file.write("{}")
            message = raises(ModelError, Trust(access.files).check_file, folder + "/state.json")
            assert "not signed" in message
            os.remove(folder + "/state.json")


def test_a_damaged_modulus_or_state_does_not_stop_the_board():
    with Scratch() as folder:
        for modulus in ('"0x"', '"abc"', "7"):
            access = provision(folder, text='{"modulus": %s}' % modulus)
            check = Trust(access.files).check_file
            assert "damaged" in access.facts()["access_error"]
            assert "not signed" in raises(ModelError, check, folder + "/key")
        for text in (
            '{"boots": "7"}',
            '{"boots": 1.5, "version": null}',
            '{"boots": 99999999999999999999}',
            '{"boots": -7}',
        ):
            with open(folder + "/state.json", "w") as file:
                file.write(text)
            access, clock = provision(folder), Time()
            assert access.admit(*answer(access, clock, protocol.RESET))[0] == protocol.RESET
            os.remove(folder + "/state.json")


def test_a_full_filesystem_does_not_lock_the_owner_out():
    with Scratch() as folder:
        access, clock = provision(folder), Time()
        access.files._folder = folder + "/gone"
        access.admit(*answer(access, clock, protocol.RELEASE))
        assert access.files.error.startswith("state.json was not written")


def test_power_that_goes_while_the_state_is_written():
    """No challenge comes twice and no confirmed version is forgotten, wherever the power goes."""
    key = {"access/key": hexlify(KEY), "access/settings.json": b'{"keep_version": true}'}
    for direct in (False, True):
        cuts = 0
        for cut_at in range(1, 9):
            for tear in range(4):
                files, given, confirmed = dict(key), set(), 0
                for cut in (None, (cut_at, tear), None):
                    filesystem = Filesystem(direct, files, *(cut or ()))
                    files = filesystem.files
                    with patched(filesystem):
                        try:
                            kept = AccessFiles("access")
                            made, trust = Access(kept, no_randomness), Trust(kept)
                            assert trust.version >= confirmed
                            nonce = ask(made, Time())
                            assert nonce not in given
                            given.add(nonce)
                            trust.confirm(settings(version=confirmed + 3))
                            confirmed += 3
                        except Cut:
                            cuts += 1
        assert cuts >= 16


class patched:
    """access_files.py on a filesystem of a test's own."""

    def __init__(self, filesystem):
        self._filesystem = filesystem

    def __enter__(self):
        files_module.open = self._filesystem.open
        files_module.os = self._filesystem

    def __exit__(self, *_):
        del files_module.open
        files_module.os = os
