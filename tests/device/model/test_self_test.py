"""The dry run: events that a model file brings with their outputs, run before it is trusted."""

from fake_board import Bench
from fixtures import Scratch, built, close, model_bytes, raises, settings
from integer_files import made as integer_model
from wire_helpers import document, push

from rivulet import protocol
from rivulet.errors import ModelError
from rivulet.model.self_test import try_out

_EVENTS = ((0, [1.0, -0.5, 0.25]), (40000, [0.0, 2.0, -1.0]), (3000000, [0.5, 0.0, -0.25]))


def probed(model, tolerance, **changes):
    """The probes of a model as the host makes them, outputs changed by {event: difference}."""
    events = []
    for i in range(len(_EVENTS)):
        dt_us, inputs = _EVENTS[i]
        model.event(dt_us, (0, 1, 2), inputs)
        outputs = list(model.outputs())
        outputs[0] += changes.get("event%d" % i, 0)
        events.append([dt_us, inputs, outputs])
    model.reset()
    return {"tolerance": tolerance, "events": events}


def test_a_model_that_computes_what_it_should():
    for model, tolerance in ((built(), 1e-3), (integer_model(), 0)):
        model.settings["probes"] = probed(model, tolerance)
        fresh = list(model.physical(1)), list(model.physical(2)), list(model.physical(3))
        assert try_out(model) == 3
        # It is as if newly loaded, and the probes take no memory any more.
        again = list(model.physical(1)), list(model.physical(2)), list(model.physical(3))
        for one, other in zip(again, fresh):
            assert close(one, other)
        assert "probes" not in model.settings
        assert try_out(model) == 0


def test_one_that_does_not():
    for i in range(3):
        for model, tolerance, off in ((built(), 1e-3, 0.01), (integer_model(), 0, 1)):
            model.settings["probes"] = probed(model, tolerance, **{"event%d" % i: off})
            assert raises(ModelError, try_out, model).startswith(
                "event %d of its dry run" % (i + 1)
            )


def test_outputs_that_are_no_numbers_do_not_agree():
    model = built()
    probes = probed(model, 1e-3)
    probes["events"][1][2][0] = float("nan")
    model.settings["probes"] = probes
    raises(ModelError, try_out, model)


def test_probes_of_another_kind_are_refused():
    for probes in (
        3,
        [],
        {},
        {"tolerance": 0.1, "events": 5},
        {"tolerance": 0.1, "events": [[1, 2]]},
        {"tolerance": 0.1, "events": [[1, [0.0] * 3, "ab"]]},
        {"tolerance": 0.1, "events": [[1, [0.0] * 3, [0.0]]]},
        {"tolerance": "x", "events": [[1, [0.0] * 3, [0.0, 0.0]]]},
        {"tolerance": 0.1, "events": [["x", [0.0] * 3, [0.0, 0.0]]]},
        {"tolerance": 0.1, "events": [[1, [0.0], [0.0, 0.0]]]},
        {"tolerance": 9.9, "events": [[-1, [0.0] * 3, [0.0, 0.0]]]},
        {"tolerance": 9.9, "events": [[10**12, [0.0] * 3, [0.0, 0.0]]]},
        {"tolerance": 9.9, "events": [[1, [0.0] * 3, [0.0, 0.0]]] * 33},
    ):
        model = built()
        model.settings["probes"] = probes
        raises(ModelError, try_out, model)


def test_a_push_is_tried_and_the_status_says_so():
    with Scratch() as folder:
        bench = Bench(folder, model_bytes())
        assert document(bench, protocol.STATUS)[0]["probes"] == 0
        probes = probed(built(), 1e-3)
        assert push(bench, model_bytes(settings(probes=probes)))[0] == protocol.OK
        assert document(bench, protocol.STATUS)[0]["probes"] == 3
        assert bench.ask(protocol.CONFIRM)[2] == "confirmed"
        active = bench.loop.model_hash
        probes["events"][2][2][1] += 0.1
        status, _, text = push(bench, model_bytes(settings(probes=probes)))
        assert status == protocol.REFUSED
        assert text == "event 3 of its dry run gives other outputs than on the host"
        assert bench.loop.model_hash == active == Bench(folder).loop.model_hash
