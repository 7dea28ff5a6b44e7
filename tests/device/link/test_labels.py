"""Labels in the running loop: what the board answers, what its outputs do, what is kept."""

import json
import struct
from array import array

import learning_models
from fake_board import Bench, Sensor
from fixtures import ACTION_TOLERANCE, Scratch, close, model_bytes
from wire_helpers import document, push

import rivulet.store.trial as trial_module
from rivulet import protocol
from rivulet.store import learnt
from rivulet.store.uploads import Store

_LABEL = protocol.LABEL
CLASSES = learning_models.CLASSES
_OTHER = model_bytes()


def live(made, decisions=1):
    """Events and turns for a while; the inputs move about."""
    for _ in range(decisions * 4):
        made.board.now += 25000
        phase = made.board.now // 25000 * 37 % 101 / 101
        made.sensors[0].values = [2 * phase - 1, 1 - phase, phase * phase]
        made.board.event(0)
        made.turns()


def bench(folder, data=None, **more):
    """A board whose model can be adapted, with a decision behind it."""
    made = Bench(folder, data or learning_models.float_bytes(), **more)
    live(made, 3)
    return made


def label(made, name, how=protocol.LABEL_KNOWN):
    return made.ask(_LABEL, bytes([how]) + name.encode())


def learn(made, name="walking", how=protocol.LABEL_KNOWN):
    """A label that is taken, and learnt."""
    live(made, 2)
    reply = label(made, name, how)
    assert reply[0] == protocol.OK, reply
    made.turns(2 * made.loop.model.learner.width + 10)
    assert not made.loop.model.learner.busy
    return reply


def status(made):
    return document(made, protocol.STATUS)[0]


def image(made):
    made.port.incoming += protocol.frame(protocol.ADAPTED, 5)
    made.turns(80)
    head = struct.calcsize(protocol.DOCUMENT_HEAD)
    frames = made.port.take()[0]
    return b"".join(body[head:] for kind, _, body in frames if kind == protocol.DOCUMENT)


def rows(made):
    return list(made.loop.model.learner.rows.values)


class Clock:
    """The time by which a trial goes, in milliseconds."""

    def __enter__(self):
        self.ms = 0
        self._real = trial_module.ticks_ms
        trial_module.ticks_ms = lambda: self.ms & 0x3FFFFFFF
        return self

    def __exit__(self, *_):
        trial_module.ticks_ms = self._real


def test_a_label_is_learnt_in_the_turns_that_follow():
    for data in (learning_models.float_bytes(), learning_models.integer_bytes()):
        with Scratch() as folder:
            made = bench(folder, data)
            before = rows(made)
            assert label(made, "walking") == (protocol.OK, 1, "learning 'walking'")
            assert made.loop.model.learner.busy
            made.turns(60)
            assert rows(made) != before
            assert status(made)["labels"] == 1 and status(made)["labels_on_trial"]
            assert learn(made)[1] == 2


def test_outputs_do_not_jump():
    for data in (learning_models.float_bytes(), learning_models.integer_bytes()):
        with Scratch() as folder:
            made = bench(folder, data)
            model, control = made.loop.model, made.loop.control

            def acted(control=control, model=model):
                values = list(model.physical(2))
                if control.crossfade is None:
                    return values
                return [a + b for a, b in zip(values, control.crossfade.left())]

            for number in range(3):
                live(made, 1)
                assert label(made, CLASSES[number % 2])[0] == protocol.OK
                before, own = acted(), list(model.physical(2))
                while model.learner.busy:
                    made.turns()
                # The crossfade before, which is not over, is in it.
                assert list(model.physical(2)) != own
                assert close(acted(), before, 1e-5)
            live(made, 12)
            assert control.crossfade is None


def test_labels_that_are_refused():
    with Scratch() as folder:
        made = Bench(folder, learning_models.float_bytes())
        assert "no event has come" in label(made, "walking")[2]
        live(made, 2)
        for name, how, said in (
            ("swimming", protocol.LABEL_KNOWN, "no class 'swimming', only still, walking; 2"),
            ("spare 1", protocol.LABEL_KNOWN, "no class 'spare 1'"),
            ("spare 1", protocol.LABEL_NEW, "spare class's own name"),
            (" x ", protocol.LABEL_NEW, "space at an end"),
            ("walking", 7, "firmware does not know"),
            ("walk", protocol.LABEL_VALUES, "this model has classes"),
        ):
            reply = label(made, name, how)
            assert reply[0] == protocol.REFUSED and said in reply[2], reply
        assert made.ask(_LABEL, b"\0")[0] == protocol.REFUSED
        assert made.ask(_LABEL, b"\0\xff\xfe")[0] == protocol.REFUSED
        assert label(made, "walking")[0] == protocol.OK
        # A flood: the next one comes before this one is learnt.
        assert "still being learnt" in label(made, "walking")[2]
        made.turns(60)
        assert "nothing has changed" in label(made, "walking")[2]
        assert status(made)["labels"] == 1


def test_a_model_that_learns_nothing_says_so():
    with Scratch() as folder:
        for data in (_OTHER, None):
            made = Bench(folder, data)
            assert "learns nothing" in label(made, "walking")[2]
            assert "learns nothing" in made.ask(protocol.ADAPTED)[2]


class _Trust:
    """Of a board that takes signed models alone."""

    adapts = False

    def check_file(self, path):
        pass

    def check_version(self, settings):
        pass

    confirm = check_version

    def facts(self):
        return {}


def test_a_board_that_takes_signed_models_alone_learns_nothing_unless_it_may():
    with Scratch() as folder:
        made = bench(folder)
        learn(made)
        made.ask(protocol.CONFIRM)
        made.store._trust = trust = _Trust()
        live(made, 2)
        assert "flash --adapt" in label(made, "walking")[2]
        trust.adapts = True
        assert label(made, "walking")[0] == protocol.OK
        # Nor does it take at a start what was learnt while it might.
        for may, labels in ((True, 1), (False, 0)):
            trust.adapts = may
            store = Store(folder, trust=trust)
            assert store.load_active().learner.labels == labels


def test_a_new_class_takes_a_spare_output():
    with Scratch() as folder:
        made = bench(folder)
        assert document(made, protocol.DESCRIBE)[0]["model"]["spare"] == 2
        learn(made, "jumping", protocol.LABEL_NEW)
        described = document(made, protocol.DESCRIBE)[0]["model"]
        assert described["classes"] == ["still", "walking", "jumping", "spare 2"]
        assert described["spare"] == 1
        learn(made, "jumping")
        learn(made, "hopping", protocol.LABEL_NEW)
        live(made, 2)
        assert "no spare class is left" in label(made, "running", protocol.LABEL_NEW)[2]
        for _ in range(20):
            learn(made, "jumping")
        live(made, 12)
        assert made.loop.control.action.name == "jumping"


def test_true_values():
    with Scratch() as folder:
        made = bench(folder, learning_models.value_bytes())
        assert "this model has values" in label(made, "walking")[2]
        values = bytes([protocol.LABEL_VALUES]) + bytes(array("f", [0.5, -0.5]))
        assert made.ask(_LABEL, values[:-4])[2] == "the model has 2 outputs"
        live(made, 1)
        bad = bytes([protocol.LABEL_VALUES]) + bytes(array("f", [float("nan"), 0.0]))
        assert "no number" in made.ask(_LABEL, bad)[2]
        for _ in range(12):
            live(made, 1)
            assert made.ask(_LABEL, values)[0] == protocol.OK
            made.turns(60)
        assert close(made.loop.model.outputs(), [0.5, -0.5], 0.2)


def test_a_button_labels():
    with Scratch() as folder:
        sensors = [Sensor("s", ("a", "b", "c")), Sensor("button", ("truth",))]
        made = bench(folder, sensors=sensors)
        sensors[1].values = [1.0]
        made.board.event(1)
        made.turns(60)
        assert made.loop.model.learner.labels == 1
        live(made, 2)
        for value in (9.0, -1.0):  # no class of the model
            sensors[1].values = [value]
            made.board.event(1)
            made.turns(60)
        assert made.loop.model.learner.labels == 1
        sensors[1].values = [0.0]
        made.board.event(1)
        made.board.event(1)
        made.turns(60)
        # The second press is refused in a line.
        assert made.loop.model.learner.labels == 2
        assert any(b"still being learnt" in line for line in made.port.take()[1])


def test_what_has_stood_is_kept_over_a_restart():
    with Scratch() as folder, Clock() as clock:
        made = bench(folder)
        learn(made, "jumping", protocol.LABEL_NEW)
        again = Bench(folder)
        assert again.loop.model.learner.labels == 0  # on trial it is in memory alone
        clock.ms += 59000
        live(made, 1)
        assert status(made)["labels_on_trial"]
        learn(made, "jumping")  # begins it anew
        clock.ms += 59000
        live(made, 1)
        assert status(made)["labels_on_trial"]
        clock.ms += 2000
        live(made, 1)
        facts = status(made)
        assert facts["labels"] == 2 and not facts["labels_on_trial"] and not facts["trial"]
        kept = rows(made)
        again = Bench(folder)
        assert again.loop.model.learner.labels == 2 and again.loop.model.learner.free == 1
        assert close(rows(again), kept, ACTION_TOLERANCE)
        assert again.loop.model.settings["classes"][2] == "jumping"
        live(again, 2)
        assert label(again, "jumping")[0] == protocol.OK


def test_confirm_keeps_at_once_and_rollback_removes():
    with Scratch() as folder:
        made = bench(folder)
        own = rows(made)
        learn(made, "jumping", protocol.LABEL_NEW)
        assert made.ask(protocol.CONFIRM) == (protocol.OK, 0, "confirmed")
        assert Bench(folder).loop.model.learner.labels == 1
        learn(made)
        assert made.ask(protocol.ROLLBACK)[0] == protocol.OK
        assert rows(made) == own and made.loop.model.learner.labels == 0
        assert made.loop.model.settings["classes"][2] == "spare 1"
        assert Bench(folder).loop.model.learner.labels == 0
        # What comes next goes to the model before, of which there is none.
        assert "no earlier model" in made.ask(protocol.ROLLBACK)[2]


def test_rollback_goes_to_the_model_before_once_nothing_is_learnt():
    with Scratch() as folder:
        made = bench(folder, _OTHER)
        assert push(made, learning_models.float_bytes())[0] == protocol.OK
        live(made, 2)
        assert "on trial" in label(made, "walking")[2]
        made.ask(protocol.CONFIRM)
        learn(made)
        assert made.ask(protocol.ROLLBACK)[0] == protocol.OK
        assert made.loop.model.learner.labels == 0
        assert made.ask(protocol.ROLLBACK)[0] == protocol.OK
        assert made.loop.model.learner is None


def test_a_guard_that_trips_takes_what_was_learnt_away():
    with Scratch() as folder:
        made = bench(folder)
        own = rows(made)
        learn(made)
        made.loop.guard.trips += 1
        made.loop.guard.reason = "an output was out of bounds"
        live(made, 2)
        assert rows(made) == own and not status(made)["labels_on_trial"]
        # Not once it has stood.
        learn(made)
        made.ask(protocol.CONFIRM)
        made.loop.guard.trips += 1
        live(made, 2)
        assert status(made)["labels"] == 1


def test_a_push_leaves_what_was_learnt_behind():
    with Scratch() as folder:
        made = bench(folder)
        learn(made)
        made.ask(protocol.CONFIRM)
        assert push(made, _OTHER)[0] == protocol.OK
        assert made.loop.model.learner is None and "labels" not in status(made)
        assert made.ask(protocol.ROLLBACK)[0] == protocol.OK
        assert made.loop.model.learner.labels == 1


def test_the_image_is_the_file():
    with Scratch() as folder:
        made = bench(folder)
        learn(made, "jumping", protocol.LABEL_NEW)
        data = image(made)
        made.ask(protocol.CONFIRM)
        with open(folder + "/a.learnt", "rb") as file:
            assert file.read() == data
        twin = Bench(folder).loop.model
        assert learnt.apply(twin, data, made.loop.model_hash) == ""
        assert "another model" in learnt.apply(twin, data, "00" * 32)
        for at in (0, 9, 60, len(data) - 1):
            broken = bytearray(data)
            broken[at] ^= 1
            assert learnt.apply(twin, broken, made.loop.model_hash) != ""
        assert learnt.apply(twin, data[:-4], made.loop.model_hash) != ""
        assert json.loads(data[48 : 48 + data[14]]) == ["still", "walking", "jumping", "spare 2"]


def test_a_damaged_file_leaves_the_models_own_readout():
    with Scratch() as folder:
        made = bench(folder)
        own = rows(made)
        learn(made)
        made.ask(protocol.CONFIRM)
        with open(folder + "/a.learnt", "rb") as file:
            data = bytearray(file.read())
        data[70] ^= 4
        with open(folder + "/a.learnt", "wb") as file:
            file.write(data)
        again = Bench(folder)
        assert rows(again) == own
        assert "damaged" in status(again)["store_trouble"]


def test_an_integer_model_keeps_and_forgets_too():
    with Scratch() as folder:
        made = bench(folder, learning_models.integer_bytes())
        live(made, 2)
        own = list(made.loop.model.outputs())
        for _ in range(4):
            learn(made, "jumping", protocol.LABEL_NEW if not rows_learnt(made) else 0)
        made.ask(protocol.CONFIRM)
        again = Bench(folder).loop.model
        assert close(list(again.learner.rows.values), rows(made), ACTION_TOLERANCE)
        assert made.ask(protocol.ROLLBACK)[0] == protocol.OK
        assert len(own) == made.loop.model.output_count
        assert made.loop.model.learner.labels == 0


def rows_learnt(made):
    return made.loop.model.learner.labels
