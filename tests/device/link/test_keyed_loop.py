"""A keyed board's loop: commands pass the door authorised or not at all."""

import hashlib
import json
import struct
from binascii import unhexlify

from fake_board import Bench
from fixtures import Scratch, model_bytes, settings, tensors
from keyed_folder import KEY, provision
from signed_files import signed

from rivulet import protocol
from rivulet.hmac import hmac_sha256
from rivulet.link import ctrl_c as breaks_module

_NEW = model_bytes(settings(version=2), tensors(seed=2))


def begin(data):
    return struct.pack(protocol.PUSH_BEGIN_BODY, len(data), hashlib.sha256(data).digest())


def sealed(made, kind, payload=b""):
    """The payload of an AUTHORISED request, for a challenge that is asked for."""
    status, left_ms, text = made.ask(protocol.CHALLENGE)
    assert status == protocol.OK and 0 < left_ms <= 10000
    command = bytes([kind]) + payload
    nonce = unhexlify(text)
    return hmac_sha256(KEY, protocol.COMMAND_DOMAIN, nonce, command) + command


def authorised(made, kind, payload=b""):
    return made.ask(protocol.AUTHORISED, sealed(made, kind, payload))


def push(made, data, announced=None):
    reply = authorised(made, protocol.PUSH_BEGIN, begin(announced or data))
    for at in range(0, len(data), protocol.PUSH_CHUNK):
        if reply[0] == protocol.OK:
            piece = data[at : at + protocol.PUSH_CHUNK]
            reply = made.ask(protocol.PUSH_DATA, struct.pack("<I", at) + piece)
    return made.ask(protocol.PUSH_END)


def document(made, kind, payload=b""):
    made.port.incoming += protocol.frame(kind, 3, payload)
    made.turns(60)
    head = struct.calcsize(protocol.DOCUMENT_HEAD)
    text = b""
    for kind_, _, body in made.port.take()[0]:
        assert kind_ == protocol.DOCUMENT
        assert struct.unpack_from(protocol.DOCUMENT_HEAD, body, 0)[:2] == (3, kind)
        text += body[head:]
    return json.loads(text)


def keyed(folder, data=None, text="{}"):
    """A bench whose access stands in the folder of its models."""
    return Bench(folder, data, access=provision(folder, text=text))


def test_a_push_is_bound_to_what_was_authorised():
    with Scratch() as folder:
        made = keyed(folder, model_bytes())
        old = made.loop.model_hash
        assert made.ask(protocol.PUSH_BEGIN, begin(_NEW))[0] == protocol.LOCKED
        assert made.ask(protocol.PUSH_DATA, struct.pack("<I", 0) + b"x")[0] == protocol.REFUSED
        # Another model's bytes in the place of the authorised one's.
        other = model_bytes(settings(version=2), tensors(seed=3))
        assert len(other) == len(_NEW)
        status, _, text = push(made, other, announced=_NEW)
        assert status == protocol.REFUSED and "SHA-256" in text
        assert made.loop.model_hash == old and made.loop.swaps == 0
        assert push(made, _NEW)[0] == protocol.OK
        assert made.loop.model_hash != old and made.loop.swaps == 1


def test_no_kind_does_anything_without_the_key():
    with Scratch() as folder:
        made = keyed(folder, model_bytes(), '{"closed": true}')
        done = []
        made.loop._commands._perform = lambda kind, body: done.append(kind) or (0, "")
        for kind in range(256):
            made.ask(kind, bytes(protocol.PAYLOAD_BYTES.get(kind, (40,))[0]))
        assert done == [protocol.HELLO, protocol.CHALLENGE]


def test_no_length_but_its_own_is_taken_of_any_command():
    with Scratch() as folder:
        made = keyed(folder, model_bytes())
        commands = made.loop._commands
        real, done = commands._perform, []
        for kind, (fewest, most) in protocol.PAYLOAD_BYTES.items():
            for count in {0, 1, max(fewest - 1, 0), fewest, most, most + 1, 215}:
                body = sealed(made, kind, bytes(count))
                commands._perform = lambda *what: (
                    done.append((what[0], len(what[1]) - 2)) or (0, "")
                )
                status, value, text = made.ask(protocol.AUTHORISED, body)
                commands._perform = real
                if fewest <= count <= most:
                    assert status == protocol.OK and done.pop() == (kind, count)
                else:
                    assert (status, value, done) == (protocol.REFUSED, 0, [])
                    assert text.startswith("bad request: kind 0x%02x has" % kind)


def test_no_envelope_in_an_envelope():
    with Scratch() as folder:
        made = keyed(folder, model_bytes())
        inner = sealed(made, protocol.RELEASE)
        status, _, text = authorised(made, protocol.AUTHORISED, inner)
        assert status == protocol.REFUSED and text == "bad request: kind 0x0d is not known here"
        assert not made.loop._commands.released


def test_a_closed_board_does_not_tell_how_far_a_push_has_come():
    piece = struct.pack("<I", 0) + _NEW[:100]
    locked = (protocol.LOCKED, 0, "this needs the board's key")
    with Scratch() as folder:
        made = keyed(folder, model_bytes(), '{"closed": true}')

        def pieces():
            return [made.ask(protocol.PUSH_DATA, piece), made.ask(protocol.PUSH_END)]

        assert pieces() == [locked, locked]
        assert authorised(made, protocol.PUSH_BEGIN, begin(_NEW)) == (protocol.OK, 0, "")
        # Under way: its pieces come bare, from every host that there is.
        assert made.ask(protocol.PUSH_DATA, piece) == (protocol.OK, 100, "")
        assert made.ask(protocol.PUSH_END)[0] == protocol.REFUSED
        # Another start, with the same files: what it kept is not told.
        again = Bench(folder, access=made.loop._commands._access)
        assert again.ask(protocol.PUSH_DATA, piece) == locked
        assert again.ask(protocol.PUSH_END) == locked
        # Ended, badly or well.
        other = model_bytes(settings(version=2), tensors(seed=3))
        assert "SHA-256" in push(made, other, announced=_NEW[:-1] + b"x")[2]
        assert pieces() == [locked, locked]
        assert push(made, other)[0] == protocol.OK
        assert pieces() == [locked, locked]


def test_reading_closed():
    with Scratch() as folder:
        made = keyed(folder, model_bytes(), '{"closed": true}')
        assert made.ask(protocol.HELLO)[0] == protocol.OK
        for kind in (protocol.STATUS, protocol.DESCRIBE):
            assert made.ask(kind)[0] == protocol.LOCKED
        lease = struct.pack(protocol.CONFIGURE_BODY, 15, 10.0, 1000)
        assert made.ask(protocol.CONFIGURE, lease)[0] == protocol.LOCKED
        assert not made.loop.telemetry.due(1 << 20)
        facts = document(made, protocol.AUTHORISED, sealed(made, protocol.STATUS))
        assert facts["access"] == "closed" and facts["access_unauthorised"] == 3
        assert document(made, protocol.AUTHORISED, sealed(made, protocol.DESCRIBE))["model"]
        # What follows is bound to the lease that was authorised.
        assert authorised(made, protocol.CONFIGURE, lease) == (protocol.OK, 0, "")
        assert made.loop.telemetry.due(100000) and made.loop.telemetry.due(1 << 20)
        assert not made.loop.telemetry.due(1 << 20)


def test_reading_open():
    with Scratch() as folder:
        made = keyed(folder, model_bytes())
        assert document(made, protocol.STATUS)["access"] == "keyed"
        assert document(made, protocol.DESCRIBE)["model"]
        lease = struct.pack(protocol.CONFIGURE_BODY, 15, 10.0, 1000)
        assert made.ask(protocol.CONFIGURE, lease)[0] == protocol.OK


def test_only_an_authorised_release_ends_the_loop():
    with Scratch() as folder:
        made = keyed(folder)
        for character in calls_of_kbd_intr(lambda: made.ask(protocol.RELEASE)):
            assert character == -1
        assert not made.loop._commands.released
        body = sealed(made, protocol.RELEASE)
        made.port.incoming += protocol.frame(protocol.AUTHORISED, 8, body)
        made.loop.run()
        assert made.loop._commands.released


def test_a_break_that_was_on_its_way_is_ignored():
    with Scratch() as folder:
        made = keyed(folder)
        body = sealed(made, protocol.RELEASE)
        turn, left = made.loop.turn, [3]

        def broken_into():
            if left[0]:
                left[0] -= 1
                raise KeyboardInterrupt
            made.port.incoming += protocol.frame(protocol.AUTHORISED, 8, body)
            turn()

        made.loop.turn = broken_into
        assert set(calls_of_kbd_intr(made.loop.run)) == {-1}
        assert made.loop.ctrl_c.ignored == 3


def test_a_swap_does_not_let_ctrl_c_in():
    with Scratch() as folder:
        made = keyed(folder, model_bytes())
        assert set(calls_of_kbd_intr(lambda: push(made, _NEW))) == {-1}
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        calls = calls_of_kbd_intr(lambda: open_push(made, _NEW))
        assert calls == [-1, 3]
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        made.loop.ctrl_c.deaf = True  # to the noise of before
        assert calls_of_kbd_intr(lambda: open_push(made, _NEW)) == [-1]


def open_push(made, data):
    made.ask(protocol.PUSH_BEGIN, begin(data))
    for at in range(0, len(data), protocol.PUSH_CHUNK):
        piece = data[at : at + protocol.PUSH_CHUNK]
        made.ask(protocol.PUSH_DATA, struct.pack("<I", at) + piece)
    assert made.ask(protocol.PUSH_END)[0] == protocol.OK


def calls_of_kbd_intr(action):
    """What the loop sets the interrupt character to meanwhile."""
    calls = []
    real, breaks_module.kbd_intr = breaks_module.kbd_intr, calls.append
    try:
        action()
    finally:
        breaks_module.kbd_intr = real
    return calls


def test_an_open_board_has_no_challenge():
    with Scratch() as folder:
        made = Bench(folder)
        assert made.ask(protocol.CHALLENGE) == (protocol.OK, 0, "")
        assert made.ask(protocol.AUTHORISED, bytes(40))[0] == protocol.REFUSED
        assert document(made, protocol.STATUS)["access"] == "open"


def test_unsigned_models_are_refused_at_a_push_and_at_the_start():
    from signing_keys import MODULUS_2048

    text = json.dumps({"modulus": MODULUS_2048})
    with Scratch() as folder:
        made = keyed(folder, model_bytes(), text)
        assert "not signed by the key" in made.loop.boot_error and made.loop.model is None
        status, _, why = push(made, _NEW)
        assert status == protocol.REFUSED and "not signed by the key" in why
        assert made.loop.model is None
        assert push(made, signed(_NEW))[0] == protocol.OK
        again = Bench(folder, access=made.loop._commands._access)
        assert again.loop.boot_error == "" and again.loop.model.settings["version"] == 2
