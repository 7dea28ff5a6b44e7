"""Swaps, trials and ways back in the running loop: what the actuator sees of them."""

import hashlib
import json
import struct
from array import array
from binascii import hexlify

from fake_board import Bench
from fixtures import ACTION_TOLERANCE, Scratch, close, load, model_bytes, settings, tensors
from integer_files import made as integer_made
from integer_files import raw_bench
from wire_helpers import document, push

import rivulet.runtime as runtime_module
import rivulet.store.trial as trial_module
from rivulet import protocol
from rivulet.arrays import floats
from rivulet.control import crossfade

_VALUE = {"output": "value", "classes": []}
_OLD = model_bytes(settings(**_VALUE))
_NEW = model_bytes(settings(**_VALUE), tensors(seed=2))
# Gently recurrent: one that rests in several places may settle in another one.
_LARGER = model_bytes(settings(**_VALUE), tensors(hidden=7, seed=3, recurrent=0.3))


def sha(data):
    return hashlib.sha256(data).digest()


class Clock:
    """The time by which a trial goes, in milliseconds."""

    def __enter__(self):
        self.ms = 0
        self._real = trial_module.ticks_ms
        trial_module.ticks_ms = lambda: self.ms & 0x3FFFFFFF
        return self

    def __exit__(self, *_):
        trial_module.ticks_ms = self._real


def live(made, seconds, each_us=20000, clock=None):
    """Events and turns for a while, the inputs moving slowly."""
    for _ in range(int(seconds * 1e6) // each_us):
        made.board.now += each_us
        if clock:
            clock.ms += each_us // 1000
        phase = made.board.now // each_us % 64
        made.sensors[0].values = [phase / 64, 1.0 - phase / 32, 0.25]
        made.board.event(0)
        made.turns()


def status(made):
    return document(made, protocol.STATUS)[0]


def test_a_model_that_stands_its_trial_is_kept():
    with Scratch() as folder, Clock() as clock:
        made = Bench(folder, _OLD)
        assert made.store.trial is None
        made.store.trial_s = 5
        live(made, 1, clock=clock)
        assert push(made, _NEW)[0] == protocol.OK
        facts = status(made)
        assert (facts["trial"], facts["slot"], facts["trial_left_s"]) == (True, "b", 5)
        live(made, 4, clock=clock)
        assert status(made)["trial"] is True
        live(made, 2, clock=clock)
        facts = status(made)
        assert (facts["trial"], facts["reverts"], made.store.trial) == (False, 0, None)
        assert Bench(folder).store.trial is None


def test_a_start_without_a_model_stands_as_well():
    for data in (None, b"no model"):
        with Scratch() as folder, Clock() as clock:
            made = Bench(folder, data)
            for _ in range(2):
                made.store.crashed("x")
            made = Bench(folder)
            assert made.loop.model is None and status(made)["failures"] == 2
            live(made, 61, each_us=500000, clock=clock)
            assert status(made)["failures"] == 0 and made.store.trial is None


def test_a_trial_does_not_end_while_events_wait():
    with Scratch() as folder, Clock() as clock:
        made = Bench(folder, _OLD)
        push(made, _NEW)
        clock.ms += 61000
        for _ in range(6):  # more than a turn takes
            made.board.event(0)
        made.board.now += 100000
        made.turns()
        assert made.store.trial is not None
        made.turns(3)
        made.board.now += 100000
        made.turns()
        assert made.store.trial is None and status(made)["trial"] is False


def test_a_guards_trip_goes_back_at_once_and_nothing_bad_is_acted_on():
    with Scratch() as folder, Clock() as clock:
        made = Bench(folder, _OLD)
        live(made, 3, clock=clock)
        before = made.loop.model_hash
        push(made, _NEW)
        live(made, 1, clock=clock)
        made.board.decisions.clear()
        made.loop.guard.trips += 1
        live(made, 1, clock=clock)
        facts = status(made)
        assert made.loop.model_hash == before == facts["model_hash"]
        assert (facts["slot"], facts["trial"], facts["reverts"]) == ("a", False, 1)
        assert facts["reverted"][1].startswith("guard: ")
        # It went on from the inputs of the last seconds, not from nothing.
        same = Bench(folder, _OLD)
        assert same.loop.model_hash == before
        assert max(made.loop.model.cell.state_floats) != 0.0
        # And so does the next start.
        assert Bench(folder).loop.model_hash == before


def test_outputs_that_are_no_numbers_are_not_acted_on():
    with Scratch() as folder, Clock() as clock:
        made = Bench(folder, _OLD)
        live(made, 1, clock=clock)
        push(made, _NEW)
        real = made.loop.model.peek
        bad = made.loop.model.outputs()
        floats(bad)[0] = float("nan")
        made.loop.model.outputs = lambda: bad
        made.loop.model.peek = lambda ahead_us: bad
        live(made, 1, clock=clock)
        assert made.loop.model.peek != real and status(made)["reverts"] == 1
        for _, _, outputs in made.board.decisions:
            assert all(y - y == 0.0 for y in outputs)


def test_a_trip_without_a_way_back_keeps_the_model():
    with Scratch() as folder, Clock() as clock:
        made = Bench(folder, _OLD)
        push(made, _NEW)
        with open(folder + "/a.safetensors", "wb") as file:
            file.write(b"gone bad")
        made.loop.guard.trips += 1
        live(made, 1, clock=clock)
        assert made.loop.model_hash == Bench(folder).loop.model_hash
        assert status(made)["reverts"] == 0


class NoMemory:
    """In the place of a name of a module: whatever is called is refused memory."""

    def __init__(self, module, name):
        self._module, self._name = module, name

    def __enter__(self):
        self._real = getattr(self._module, self._name)
        setattr(self._module, self._name, self._refuse)

    def __exit__(self, *_):
        setattr(self._module, self._name, self._real)

    def _refuse(self, *_):
        raise MemoryError


def test_a_swap_that_runs_out_of_memory_behind_its_record_starts_the_board_again():
    """Flash names the new model by then: neither a mixture nor the old one may run on."""
    for place in ((runtime_module, "RecentInputs"), (trial_module, "Trial")):
        with Scratch() as folder:
            made = Bench(folder, _OLD)
            live(made, 1)
            with NoMemory(*place):
                answer = push(made, _NEW)
            assert answer[0] == protocol.REFUSED and "starts with this one" in answer[2]
            assert made.loop.again and made.loop._commands.released
            again = Bench(folder)
            assert again.loop.model_hash == hexlify(sha(_NEW)).decode()
            assert again.store.trial is not None


def test_a_way_back_without_memory_is_tried_again():
    with Scratch() as folder, Clock() as clock:
        made = Bench(folder, _OLD)
        push(made, _NEW)
        made.loop.guard.trips += 1
        with NoMemory(made.store, "previous"):
            for _ in range(3):
                try:
                    live(made, 0.2, clock=clock)
                except MemoryError:
                    pass
        live(made, 1, clock=clock)
        assert status(made)["reverts"] == 1


def test_confirm_and_rollback_by_hand():
    with Scratch() as folder:
        made = Bench(folder, _OLD)
        old = made.loop.model_hash
        assert made.ask(protocol.CONFIRM) == (protocol.OK, 0, "nothing was on trial")
        status_, _, text = made.ask(protocol.ROLLBACK)
        assert (status_, text) == (
            protocol.REFUSED,
            "there is no earlier model to go back to",
        )
        live(made, 1)
        push(made, _NEW)
        assert made.ask(protocol.CONFIRM) == (protocol.OK, 0, "confirmed")
        assert made.ask(protocol.CONFIRM) == (protocol.OK, 0, "nothing was on trial")
        state = list(made.loop.model.cell.state_floats)
        assert made.ask(protocol.ROLLBACK) == (protocol.OK, 0, "state kept")
        assert list(made.loop.model.cell.state_floats) == state
        assert made.loop.model_hash == old == Bench(folder).loop.model_hash
        assert made.ask(protocol.ROLLBACK)[0] == protocol.REFUSED


def test_pushes_resume_over_the_wire():
    with Scratch() as folder:
        made = Bench(folder, _OLD)
        begin = struct.pack(protocol.PUSH_BEGIN_BODY, len(_NEW), sha(_NEW))
        assert made.ask(protocol.PUSH_BEGIN, begin) == (protocol.OK, 0, "")
        made.ask(protocol.PUSH_DATA, struct.pack("<I", 0) + _NEW[:192])
        assert status(made)["received"] == 192
        assert made.ask(protocol.PUSH_BEGIN, begin) == (protocol.OK, 192, "")
        assert push(made, _NEW)[0] == protocol.OK


def test_the_output_leaves_the_old_models_by_a_tenth_at_a_time():
    for data in (_NEW, _LARGER):
        with Scratch() as folder:
            made = Bench(folder, _OLD)
            live(made, 4)
            assert push(made, data)[0] == protocol.OK
            model, loop = made.loop.model, made.loop
            gap = loop.control.crossfade.difference
            # What the new model alone would have done, beside it.
            alone = []
            peek = model.peek

            def keep(ahead_us, peek=peek, alone=alone):
                outputs = peek(ahead_us)
                alone.append(list(outputs))
                return outputs

            model.peek = keep
            model.outputs = lambda model=model, keep=keep: keep(0)
            made.board.decisions.clear()
            live(made, 3)
            seen = [outputs for _, _, outputs in made.board.decisions]
            assert len(seen) == len(alone) > 2 * crossfade.STEPS
            assert any(abs(each) > 0.01 for each in gap)
            for k in range(len(seen)):
                left = max(crossfade.STEPS - 1 - k, 0) / crossfade.STEPS
                wanted = [y + each * left for y, each in zip(alone[k], gap)]
                assert close(seen[k], wanted, ACTION_TOLERANCE), k
            assert loop.control.crossfade is None


def test_the_first_output_after_a_swap_is_near_the_last_before_it():
    """With the time standing still the swap itself is all that can move an output."""
    with Scratch() as folder:
        made = Bench(folder, _OLD)
        live(made, 4)
        made.board.now += 100000
        made.turns()
        last = made.board.decisions[-1][2]
        push(made, _LARGER)
        gap = made.loop.control.crossfade.difference
        loop = made.loop
        assert loop.control.judge(100000, None) == ""
        first = list(loop.guard.good)
        for i in range(len(first)):
            assert abs(first[i] - last[i]) <= abs(gap[i]) / crossfade.STEPS + 1e-5


def test_a_hand_over_is_in_physical_units_whatever_the_models_compute_in():
    floats_, integers = load(_OLD), integer_made(**_VALUE)
    coarse = integer_made(output_bits=4, **_VALUE)
    for old, new in (
        (floats_, integers),
        (integers, floats_),
        (integers, coarse),
        (coarse, integers),
    ):
        before, after = old.physical(2), new.physical(2)
        made = crossfade.between(old, new, 0)
        assert close(made.difference, [a - b for a, b in zip(before, after)])
        # The old outputs go on by a tenth of the way at each decision.
        for k in range(1, crossfade.STEPS + 1):
            values = array("f", after)
            made.blend(values)
            share = k / crossfade.STEPS
            wanted = [a + (b - a) * share for a, b in zip(before, after)]
            assert close(values, wanted, ACTION_TOLERANCE)
        assert made.finished


def test_no_hand_over_from_what_is_no_number():
    for bad in (float("nan"), float("inf")):
        old, new = load(_OLD), load(_NEW)
        outputs = old.outputs()
        floats(outputs)[1] = bad
        old.outputs = lambda outputs=outputs: outputs
        assert crossfade.between(old, new, 0) is None
        assert crossfade.between(new, old, 0) is None


def test_decisions_go_on_over_a_swap():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        live(made, 2)
        decision = made.loop.control.action.decision
        assert decision >= 0
        push(made, model_bytes(arrays=tensors(seed=2)))
        assert made.loop.control.action.decision == decision
        push(made, model_bytes(settings(classes=["one", "other"])))
        # Other classes: nothing decided yet, and no outputs between two meanings.
        assert made.loop.control.action.decision == -1 and made.loop.control.crossfade is None


def test_a_model_of_another_size_warms_up_from_recent_inputs():
    """It comes near to where it would be had it run all along."""
    with Scratch() as folder, Scratch() as other:
        always = Bench(other, _LARGER)
        made = Bench(folder, _OLD)
        for bench in (always, made):
            live(bench, 6)
        assert push(made, _LARGER)[2] == "state warmed up from 17 recent inputs"
        for warm, wanted in (
            (made.loop.model.cell.state_floats, always.loop.model.cell.state_floats),
            (made.loop.model.readout.feature_floats, always.loop.model.readout.feature_floats),
        ):
            assert max(abs(value) for value in wanted) > 0.6
            assert max(abs(a - b) for a, b in zip(warm, wanted)) < 0.15
        inputs = list(always.loop.model.cell.input_floats)
        assert close(made.loop.model.cell.input_floats, inputs)


def test_an_integer_model_hands_over_and_warms_up():
    with Scratch() as folder:
        made = raw_bench(folder)
        made.sensors[0].values = [100, -200, 300]
        for _ in range(60):
            made.board.now += 50000
            made.board.event(0)
            made.turns()
        assert made.loop.model.integer
        float_model = model_bytes(
            settings(channels=list(made.loop.model.channels)), tensors(hidden=7)
        )
        outcome = push(made, float_model)[2]
        assert outcome == "state warmed up from 17 recent inputs", outcome
        held = list(made.loop.model.physical(3))
        assert made.ask(protocol.ROLLBACK)[0] == protocol.OK
        assert made.loop.model.integer
        assert close(made.loop.model.physical(3), held, 2e-3)
        json.dumps(status(made))
