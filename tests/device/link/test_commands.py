"""What the host asks and the board answers, over the real link and loop."""

import hashlib
import json
import struct
from binascii import hexlify

from fake_board import Bench
from fixtures import FLOAT32, Scratch, model_bytes, settings, tensors
from wire_helpers import document, push, push_begin

from rivulet import __version__, protocol, runtime
from rivulet.arrays import BACKEND
from rivulet.compat import GARBAGE
from rivulet.store import slots

_NEW = model_bytes(settings(integrator="euler"), tensors(seed=2))


def test_hello():
    with Scratch() as folder:
        made = Bench(folder)
        assert made.ask(protocol.HELLO) == (protocol.OK, protocol.PROTOCOL, __version__)
        for sequence in (0, 0x7E, 0xFF):
            assert made.ask(protocol.HELLO, b"", sequence)[0] == protocol.OK


def test_describe():
    with Scratch() as folder:
        facts, pieces = document(Bench(folder, model_bytes()), protocol.DESCRIBE)
        assert pieces > 1
        assert (facts["board"], facts["protocol"]) == ("fake", protocol.PROTOCOL)
        assert (facts["backend"], facts["firmware"]) == (BACKEND, __version__)
        assert facts["float_bytes"] == (4 if FLOAT32 else 8)
        assert facts["blocks"] == list(protocol.BLOCKS)
        assert facts["sensors"] == [
            {"name": "s", "channels": ["a", "b", "c"], "units": ["m", "m", "m"], "scales": None}
        ]
        model = facts["model"]
        assert (model["hidden"], model["outputs"], model["unfed"]) == (4, 2, [])
        assert (model["channels"], model["units"]) == (["a", "b", "c"], ["m", "m", "m"])
        assert (model["cell"], model["integrator"]) == ("decay", "exponential")
        assert (model["convention"], model["classes"]) == ("previous", ["still", "walking"])
        assert model["hash"] == hexlify(hashlib.sha256(model_bytes()).digest()).decode()


def test_describe_hands_on_the_tau_that_training_saw():
    # Provenance is free text: whatever it is, the board answers.
    for provenance, told in (
        ({"tau_s": {"0.5": "1 2 3 4"}}, {"0.5": "1 2 3 4"}),
        ({}, None),
        ("by hand", None),
        ([1], None),
    ):
        with Scratch() as folder:
            made = Bench(folder, model_bytes(settings(provenance=provenance)))
            assert document(made, protocol.DESCRIBE)[0]["model"]["tau_s"] == told


def test_describe_without_a_model():
    with Scratch() as folder:
        assert document(Bench(folder), protocol.DESCRIBE)[0]["model"] is None


def test_status():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        made.board.now += 50000
        made.board.event(0)
        made.turns()
        made.sensors[0].broken = True
        made.board.event(0)
        made.turns()
        made.port.incoming += b"~broken~\n"
        made.turns()
        facts, _ = document(made, protocol.STATUS)
        assert facts["model_hash"] == made.loop.model_hash
        assert (facts["cell"], facts["hidden"], facts["channels"]) == ("decay", 4, 3)
        assert (facts["events"], facts["late"], facts["outputs"]) == (1, 0, 2)
        assert facts["dropped"] == [0] and facts["bad_values"] == [0]
        assert facts["bus_errors"] == [1]
        assert facts["frames_corrupt"] == 1 and facts["frames_oversized"] == 0
        assert facts["boot_error"] == "" and facts["swaps"] == facts["state_resets"] == 0
        assert sum(count for _, count in facts["event_cost_us"]) == 1
        assert facts["heap_used"] >= 0 and facts["turns"] > 3
        assert (facts["uptime_epoch"], facts["uptime_ticks"]) == (0, 50000)


def test_status_without_a_model():
    with Scratch() as folder:
        facts, _ = document(Bench(folder), protocol.STATUS)
        assert (facts["model_hash"], facts["cell"], facts["hidden"]) == ("", None, 0)
        assert facts["decision"] == -1


def test_configure():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        seen = []
        made.loop.telemetry.configure = lambda *arguments: seen.append(arguments)
        body = struct.pack(protocol.CONFIGURE_BODY, 5, 12.5, 3000)
        assert made.ask(protocol.CONFIGURE, body) == (protocol.OK, 0, "")
        assert seen == [(5, 12.5, 3000)]


def test_push():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        made.board.event(0)
        made.turns()
        assert push(made, _NEW) == (protocol.OK, len(_NEW), "state kept")
        assert made.loop.model_hash == hexlify(hashlib.sha256(_NEW).digest()).decode()
        assert made.loop.model.settings["integrator"] == "euler"
        other = model_bytes(arrays=tensors(hidden=5))
        outcome = "state warmed up from 1 recent inputs"
        assert push(made, other) == (protocol.OK, len(other), outcome)
        # The host did not hear the end of it and asks again.
        status, _, text = made.ask(protocol.PUSH_END)
        assert (status, text) == (protocol.REFUSED, "no push has begun")


def test_a_refused_push_says_why():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        before = made.loop.model, made.loop.model_hash
        status, _, text = push(made, model_bytes(settings(cell="nothing")))
        assert (status, text) == (protocol.REFUSED, "unknown cell 'nothing'")
        assert made.ask(protocol.PUSH_DATA, struct.pack("<I", 0) + b"x")[2] == "no push has begun"
        made.ask(protocol.PUSH_BEGIN, push_begin(_NEW))
        # The value is where it has to go on.
        made.ask(protocol.PUSH_DATA, struct.pack("<I", 0) + _NEW[:100])
        reply = made.ask(protocol.PUSH_DATA, struct.pack("<I", 150) + _NEW[150:200])
        assert reply == (protocol.REFUSED, 100, "expected offset 100, got 150")
        assert made.ask(protocol.PUSH_END)[0] == protocol.REFUSED
        assert (made.loop.model, made.loop.model_hash) == before


def test_garbage_is_collected_often_only_while_a_model_changes():
    seen = []
    usual = slots.collect_every

    def noted(size):
        seen.append(size)
        return -1

    slots.collect_every = runtime.collect_every = noted
    try:
        with Scratch() as folder:
            made = Bench(folder, model_bytes())
            # The start has loaded one.
            assert seen == [GARBAGE, -1]
            seen.clear()
            assert push(made, _NEW)[0] == protocol.OK
            # Once to load it and once to swap.
            assert seen == [GARBAGE, -1, GARBAGE, -1]
            assert push(made, model_bytes(settings(cell="nothing")))[0] == protocol.REFUSED
            assert seen[4:] == [GARBAGE, -1]
            assert made.ask(protocol.ROLLBACK)[0] == protocol.OK
            assert seen[6:] == [GARBAGE, -1, GARBAGE, -1]
    finally:
        slots.collect_every = runtime.collect_every = usual


def test_reset():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        for _ in range(2):
            made.board.now += 50000
            made.board.event(0)
            made.turns()
        assert any(made.loop.model.cell.state_floats)
        assert made.ask(protocol.RESET) == (protocol.OK, 0, "")
        assert not any(made.loop.model.cell.state_floats)
        assert Bench(folder + "/none").ask(protocol.RESET)[0] == protocol.OK


def test_release_leaves_the_loop_after_its_answer():
    with Scratch() as folder:
        made = Bench(folder)
        made.port.incoming += protocol.frame(protocol.RELEASE, 8)
        made.loop.run()
        frames, _ = made.port.take()
        assert frames == [
            (protocol.REPLY, 0, struct.pack(protocol.REPLY_HEAD, 8, protocol.RELEASE, 0, 0))
        ]


def test_unknown_kinds_are_refused():
    with Scratch() as folder:
        made = Bench(folder)
        for kind in (0x00, 0x3F, 0x30, protocol.REPLY, protocol.TELEMETRY, 0xFF):
            status, _, text = made.ask(kind, b"whatever")
            assert status == protocol.REFUSED
            assert text == "bad request: kind 0x%02x is not known here" % kind


def test_every_length_but_its_own_is_refused():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        done = []
        perform = made.loop._commands._perform
        made.loop._commands._perform = lambda kind, body: done.append(kind) or perform(kind, body)
        for kind, (fewest, most) in protocol.PAYLOAD_BYTES.items():
            for count in list(range(fewest)) + [most + 1, most + 7, 250]:
                status, value, text = made.ask(kind, bytes(count))
                limit = fewest if count < fewest else most
                assert (status, value) == (protocol.REFUSED, 0)
                assert text == "bad request: kind 0x%02x has %d bytes of payload, not %d" % (
                    kind,
                    limit,
                    count,
                )
        assert done == [] and not made.loop._commands.released
        assert made.ask(protocol.HELLO)[0] == protocol.OK


def test_the_lengths_that_every_host_of_protocol_4_sends():
    assert protocol.PROTOCOL == 4
    lengths = dict.fromkeys(range(0x01, 0x0D), (0, 0))
    lengths[0x04] = (7, 7)
    lengths[0x05] = (36, 36)
    lengths[0x06] = (5, 196)
    lengths[0x0E] = (2, 2)
    lengths[0x0F] = (7, 199)
    lengths[0x10] = (2, 129)
    lengths[0x11] = (0, 0)
    assert lengths == protocol.PAYLOAD_BYTES


def test_a_reply_waits_for_room_and_no_request_is_lost():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        made.port.room = 0
        for sequence in range(60):
            made.port.incoming += protocol.frame(protocol.HELLO, sequence)
        made.turns(300)
        # Requests wait in the port, not in the board's memory.
        assert made.port.outgoing == b"" and len(made.port.incoming) > 0
        made.port.room = 1 << 20
        made.turns(300)
        frames, _ = made.port.take()
        assert [payload[0] for _, _, payload in frames] == list(range(60))


def test_a_document_waits_for_room():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        made.port.room = 0
        while made.link.send(protocol.TELEMETRY, 20, 0):
            pass
        made.port.incoming += protocol.frame(protocol.STATUS, 1)
        made.turns(20)
        made.port.room = 1 << 20
        made.turns(60)
        head = struct.calcsize(protocol.DOCUMENT_HEAD)
        frames, _ = made.port.take()
        pieces = [payload[head:] for kind, _, payload in frames if kind == protocol.DOCUMENT]
        assert json.loads(b"".join(pieces))["board"] == "fake"
