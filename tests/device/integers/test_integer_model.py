"""Integer model files, good and bad, and the model that runs in integers."""

import gc
import struct

from fake_board import Bench
from fixtures import Scratch, SkipTest, built, close, load, raises
from integer_files import RawSensor, file_of, made, raw_bench, tensors
from kernel_cases import integer_settings

from rivulet import protocol
from rivulet.control.actuators import Actuator
from rivulet.errors import ModelError
from rivulet.integers import arithmetic, layout
from rivulet.sensing.sensor import Sensor


def refused(arrays=None, **changes):
    message = raises(ModelError, load, file_of(arrays, integer_settings(**changes)))
    assert message and "\n" not in message
    return message


def everything(model):
    return [list(model.physical(i)) for i in range(4)] + [[list(v) for v in model.snapshot()[:3]]]


def test_a_good_file():
    model = made()
    assert (model.hidden, model.output_count, model.integer) == (4, 2, True)
    assert model.channels == ["a", "b", "c"]
    # At rest the outputs are the biases, and inputs stand at their offsets.
    bias = tensors()["readout.bias"][2]
    wanted = [arithmetic.mul_shift(b, 20000 | 2 << 16) for b in bias]
    assert list(model.outputs()) == wanted
    assert close(model.physical(3), [0.5, 0.0, -0.25])
    assert all(rate > 0.0 for rate in model.physical(0))


def test_bad_files():
    for name in tensors():
        changed = tensors()
        del changed[name]
        assert "'%s' is missing" % name in refused(changed) or name == "gates.weight"
        changed = tensors()
        dtype, shape, values = changed[name]
        changed[name] = (
            dtype,
            (shape[0] + 1,) + shape[1:],
            values + values[: len(values) // shape[0]],
        )
        refused(changed)
    changed = tensors()
    changed["gates.scale"] = ("I8", (4,), [0] * 4)
    assert "gates.scale" in refused(changed)
    for name, values in (
        ("gates.multiplier", [20000 | 31 << 16] * 8),
        ("table.alpha", [0] * layout.NODES),
        ("table.alpha", [1 << 30] * layout.NODES),
    ):
        changed = tensors()
        changed[name] = (changed[name][0], changed[name][1], values)
        assert "out of range" in refused(changed)
    for changes in (
        {"cell": "ltc"},
        {"integrator": "euler"},
        {"drive": "none"},
        {"mean_rate": "fast"},
        {"convention": "next"},
        {"classes": ["one"]},
        {"channels": []},
    ):
        refused(**changes)


def test_sparse_gates_are_the_dense_ones_with_zeros():
    n, m = 6, 3
    dense = tensors(n, m)
    weights = dense["gates.weight"][2]
    kept = ((0, 2, 8), (1, 3))  # of the twelve rows in two groups
    for r in range(2 * n):
        for c in range(n + m):
            if c not in kept[r >> 3]:
                weights[r * (n + m) + c] = 0
    sparse = dict(dense)
    del sparse["gates.weight"]
    blocks = []
    for group in range(2):
        for c in kept[group]:
            for r in range(8 * group, 8 * group + 8):
                blocks.append(weights[r * (n + m) + c] if r < 2 * n else 0)
    sparse["gates.counts"] = ("I16", (2,), [3, 2])
    sparse["gates.columns"] = ("U8", (5,), [0, 2, 8, 1, 3])
    sparse["gates.values"] = ("I8", (5, 8), blocks)
    one, other = made(dense), made(sparse)
    for model in (one, other):
        for dt_us in (0, 70000, 30000):
            model.event(dt_us, (0, 1, 2), (1.0, -0.5, 0.25))
    assert everything(one) == everything(other)
    for counts, columns in (([4, 1], [0, 2, 9, 1, 3]), ([3, 3], [0, 2, 8, 1, 3])):
        sparse["gates.counts"] = ("I16", (2,), counts)
        sparse["gates.columns"] = ("U8", (5,), columns)
        assert "contradict" in refused(sparse)


def test_integers_and_floats_come_in_alike():
    for convention in ("previous", "current"):
        model, twin = made(convention=convention), made(convention=convention)
        scales = (1 / 256, 1 / 128, 1 / 512)
        raw = model.raw_slots(("c", "x", "a", "b"), (scales[2], 1.0, scales[0], scales[1]))
        for dt_us, counts in ((0, (100, -200, 300)), (50000, (-7, 9, 2047)), (10**12, (1, 2, 3))):
            a, b, c = counts
            for i, value in enumerate((c, 12345, a, b)):
                raw.raw[i] = value
            model.event(dt_us, raw, raw.raw)
            floats = [count * scale for count, scale in zip(counts, scales)]
            twin.event(dt_us, (0, 1, 2), floats)
            assert everything(model) == everything(twin)
            assert close(model.physical(3), floats, 1e-3)


def test_inputs_saturate():
    model = made()
    model.event(0, model.slots(("a", "b")), (1e9, -1e9))
    assert close(model.physical(3), [8.5, -8.0, -0.25], 1e-3)


def test_peek_moves_nothing_and_equals_an_event():
    for changes in ({}, {"readout": "state", "mean_rate": 0}, {"convention": "current"}):
        model, twin = made(**changes), made(**changes)
        for one in (model, twin):
            one.event(0, (0, 1, 2), (0.5, -1.0, 0.25))
            one.event(70000, (0, 1, 2), (1.0, 0.5, -0.75))
        before = everything(model)
        for ahead_us in (1, 40000, 10**10):
            seen = list(model.peek(ahead_us))
            assert everything(model) == before and seen == list(model.peek(ahead_us))
        seen = list(model.peek(40000))
        twin.event(40000, (), ())
        assert list(twin.outputs()) == seen


def test_reset():
    model = made()
    fresh = everything(model)
    model.event(0, (0, 1, 2), (0.5, -1.0, 0.25))
    model.event(70000, (0, 1, 2), (0.5, -1.0, 0.25))
    assert everything(model) != fresh
    model.reset()
    assert everything(model) == fresh


def test_state_goes_over_between_floats_and_integers():
    floats, model = built(), made(tensors(seed=5), state_scale=2.0)
    for dt_us in (0, 70000, 40000):
        floats.event(dt_us, (0, 1, 2), (0.5, -1.0, 0.25))
    assert model.adopt(floats)
    state, inputs, mean, missing = model.snapshot()
    wanted = floats.snapshot()
    for one, other in zip((state, inputs, mean), wanted):
        assert close(one, list(other), 1e-3)
    assert abs(missing - wanted[3]) < 1e-6
    again = built()
    assert again.adopt(model) and close(again.physical(1), state)
    twin = made(tensors(seed=6))
    assert twin.adopt(model) and close(twin.physical(1), state, 1e-6)
    assert not twin.adopt(made(tensors(5)))


def test_integers_leave_nothing_to_collect_but_requests_do():
    """A collection takes as long as forty events of such a model."""
    with Scratch() as folder:
        bench = raw_bench(folder)
        calls = []
        bench.loop._collect_garbage = lambda: calls.append(bench.loop.progress.events)
        for _ in range(100):
            bench.board.event(0)
            bench.turns(2)
        assert calls == []
        for _ in range(16):
            bench.ask(protocol.HELLO)
        bench.turns(2)
        assert calls


def test_the_loop_reads_integers_and_reports_them():
    with Scratch() as folder:
        bench = raw_bench(folder)
        twin = made()
        slots = twin.raw_slots(("a", "b", "c"), RawSensor.scales)
        for dt_us, values in ((1000, [100, -200, 300]), (70000, [5, 6, 7]), (3, [8, 9, 10])):
            bench.board.now += dt_us
            bench.sensors[0].values = values
            bench.board.event(0)
            bench.turns()
            for i in range(3):
                slots.raw[i] = values[i]
            twin.event(0 if dt_us == 1000 else dt_us, slots, slots.raw)
            assert everything(bench.loop.model) == everything(twin)
        bench.sensors[0].broken = True
        bench.board.event(0)
        bench.turns()
        assert bench.loop.guard.bus_errors[0] == 1 and bench.loop.progress.events == 3
        assert bench.loop.control.action.decision in (0, 1) or not bench.board.decisions
        bench.board.now += 200000
        bench.turns()
        outputs = bench.board.decisions[-1][2]
        assert bench.loop.control.action.decision == outputs.index(max(outputs))
        bench.port.take()
        bench.loop.telemetry.configure(0x0F, 10.0, 1000)
        bench.loop.telemetry.report()
        bench.link.drain()
        payload = bench.port.take()[0][0][2]
        head = struct.calcsize(protocol.TELEMETRY_HEAD) + struct.calcsize(protocol.SENSOR_HEAD)
        assert payload[0] == 0x0F | protocol.INTEGERS
        numbers = struct.unpack("<13i", payload[head:])
        bits = bench.loop.model.fraction_bits
        at = 0
        for number, count in enumerate((4, 4, 2, 3)):
            values = [value * 0.5 ** bits[number] for value in numbers[at : at + count]]
            if number < 3:
                assert close(values, bench.loop.model.physical(number))
            at += count


class Led:
    """An actuator's driver; written: how often it was."""

    written = 0

    def start(self):
        pass

    def write(self, value):
        self.written += 1


class Rig(RawSensor):
    """One sensor, of which the rig takes two channels in another order, and a LED."""

    def __init__(self, led):
        super().__init__("s", ("a", "b", "c"))
        self._led = led

    def make_sensors(self):
        return [Sensor("s", lambda: self, ("c", "a"), ("m", "m"), picked=(2, 0), width=3)]

    def make_actuators(self):
        return [Actuator("led", lambda: self._led)]


class Wire:
    """A port that accepts and discards everything."""

    def write(self, data, begin, count):
        return count


def test_ten_thousand_events_allocate_nothing():
    if not hasattr(gc, "mem_alloc"):
        raise SkipTest("this interpreter does not count its heap")
    with Scratch() as folder:
        led = Led()
        rig = Rig(led)
        bench = Bench(folder, file_of(), rig=rig)
        rig.values = [100, -200, 300]
        board, loop = bench.board, bench.loop
        if loop.model.kernel == "python":
            raise SkipTest("the plain kernel makes lists")
        # What the fake port allocates is not the loop's.
        bench.link._writer = Wire()
        nobody, somebody = (), (1,)
        bench.link._look = lambda timeout_ms: nobody
        bench.link._look_out = lambda timeout_ms: somebody

        def run(count):
            now = board.now
            for _ in range(count):
                now = (now + 1700) & 0x3FFFFFFF
                board.now = now
                loop.ring.push(now, 0)
                loop.turn()

        # Far more often than asked of below: it goes by the time that the events really take.
        loop.telemetry.configure(0x0F, 20000.0, 65000)
        run(200)
        gc.collect()
        gc.disable()
        try:
            before = gc.mem_alloc()
            run(10000)
            allocated = gc.mem_alloc() - before
        finally:
            gc.enable()
        assert (
            loop.progress.events == 10200
            and loop.telemetry.sent > 50
            and loop.control.action.decision >= 0
        )
        assert allocated == 0, allocated
        assert led.written > 100
