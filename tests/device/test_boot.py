"""A board starts and stays reachable, whatever it finds; its turns leave what they should."""

import struct

from fake_board import Bench, Board, Port, Sensor
from fixtures import Scratch, model_bytes, raises, settings, tensors
from wire_helpers import push

from rivulet import protocol
from rivulet import runtime as runtime_module
from rivulet.loop import Loop
from rivulet.sensing import sensor
from rivulet.store.uploads import Store


def test_without_a_model():
    with Scratch() as folder:
        made = Bench(folder)
        made.board.event(0)
        made.turns(3)
        assert made.loop.progress.events == 1 and made.loop.control.action.decision == -1
        assert made.board.decisions == [] and made.loop.boot_error == ""
        rests = [(0, why, -1, [0.0] * 8) for why in ("start", "no model")]
        assert made.board.rests == rests
        assert push(made, model_bytes())[0] == protocol.OK
        made.board.now += 200000
        made.turns()
        assert made.loop.control.action.decision >= 0
        # And so it does after the next boot.
        assert Bench(folder).loop.model_hash == made.loop.model_hash != ""


def test_with_a_broken_model():
    for data, message in (
        (model_bytes()[:-5], "truncated"),
        (b"\xff" * 300, "not a model file"),
        (model_bytes(settings(cell="nothing")), "unknown cell"),
        (model_bytes(arrays=tensors(inputs=2)), "need"),
    ):
        with Scratch() as folder:
            made = Bench(folder, data)
            assert made.loop.boot_error.startswith("stored model: ")
            assert message in made.loop.boot_error
            made.board.event(0)
            made.turns(3)
            assert made.loop.model is None and made.loop.progress.events == 1
            assert push(made, model_bytes())[0] == protocol.OK
            assert made.loop.boot_error == "" and made.loop.model is not None


def test_without_its_sensor():
    def no_bus():
        raise OSError(19, "no bus")

    class Deaf(Board):
        def make_sensors(self):
            return [sensor.Sensor("deaf", no_bus, ("a",), ("m",))]

    with Scratch() as folder:
        port = Port()
        loop = Loop(Deaf(), Deaf(), port.link(), Store(folder))
        assert loop.boot_error.startswith("sensor deaf does not answer: ")
        port.incoming += protocol.frame(protocol.HELLO, 1)
        for _ in range(5):
            loop.turn()
        assert port.take()[0][0][0] == protocol.REPLY


def test_channels_that_no_sensor_feeds_and_that_no_model_takes():
    with Scratch() as folder:
        sensors = [Sensor("one", ("b", "x")), Sensor("two", ("y",))]
        made = Bench(folder, model_bytes(), sensors)
        assert made.loop.health.unfed == ["a", "c"]
        sensors[0].values, sensors[1].values = [4.0, 5.0], [6.0]
        made.board.event(0)
        made.board.event(1)
        made.turns()
        assert list(made.loop.model.cell.input_floats) == [0.5, 4.0, -0.25]
        assert made.loop.progress.events == 2


def test_a_refused_push_leaves_everything_as_it_is():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        before = made.loop.model
        status, _, text = push(made, model_bytes(settings(convention="next")))
        assert (status, text) == (protocol.REFUSED, "unknown convention 'next'")
        assert made.loop.model is before and made.loop.swaps == 0
        assert made.loop.model_hash == Bench(folder).loop.model_hash


def test_a_larger_model_is_reported_whole():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        large = model_bytes(arrays=tensors(hidden=40))
        assert push(made, large)[2] == "state reset"
        made.loop.telemetry.configure(15, 10.0, 1000)
        made.loop.telemetry.report()
        made.link.drain()
        frames, _ = made.port.take()
        head = struct.calcsize(protocol.TELEMETRY_HEAD)
        sensor = struct.calcsize(protocol.SENSOR_HEAD)
        assert len(frames[-1][2]) == head + sensor + 4 * (40 + 40 + 2 + 3)


def test_telemetry_follows_the_turns():
    import rivulet.loop as module

    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        now = [0]
        real, module.ticks_us = module.ticks_us, lambda: now[0] & 0x3FFFFFFF
        try:
            made.turns()
            made.loop.telemetry.configure(15, 10.0, 1000)
            for _ in range(200):
                now[0] += 10000
                made.turns()
        finally:
            module.ticks_us = real
        assert made.loop.telemetry.sent == 10


def test_idle_turns_collect_garbage_after_some_events():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        calls = []
        made.loop._collect_garbage = lambda: calls.append(made.loop.progress.events)
        for _ in range(15):
            made.board.event(0)
            made.turns(2)
        assert calls == []
        made.board.event(0)
        made.turns()
        assert calls == [], "a busy turn does not collect"
        made.turns()
        assert calls == [16]


def test_a_model_whose_telemetry_does_not_fit_the_memory():
    def none_left(size):
        raise MemoryError

    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        before = made.loop.model, made.loop.model_hash
        made.link.resize = none_left
        status, _, text = push(made, model_bytes(arrays=tensors(hidden=40)))
        assert (status, text) == (protocol.REFUSED, "not enough memory for this model")
        assert (made.loop.model, made.loop.model_hash) == before
        assert Bench(folder).loop.model.hidden == 4
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        port = Port()
        link = port.link()
        link.resize = none_left
        loop = Loop(Board(), Board(), link, Store(folder))
        assert loop.model is None and loop.boot_error.startswith("stored model: ")


def test_a_model_that_finds_no_room_at_the_start_does_not_run_in_part():
    def none_left(model):
        raise MemoryError

    with Scratch() as folder:
        Bench(folder, model_bytes())
        real, runtime_module.RecentInputs = runtime_module.RecentInputs, none_left
        try:
            made = Bench(folder)
            made.board.now += 200000
            made.board.event(0)
            made.turns(3)
            assert made.loop.model is None and made.loop.progress.events == 1
            assert made.loop.boot_error == "stored model: not enough memory for this model"
        finally:
            runtime_module.RecentInputs = real
        # A model on trial is left for the one before instead.
        push(made, model_bytes())
        new = model_bytes(arrays=tensors(seed=2))
        assert push(made, new)[0] == protocol.OK and made.store.on_trial
        runtime_module.RecentInputs = none_left
        try:
            raises(MemoryError, Bench, folder)
        finally:
            runtime_module.RecentInputs = real
