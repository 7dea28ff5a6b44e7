"""Model files, good and bad, and the model that runs."""

import json
import struct
from io import BytesIO

from fixtures import (
    built,
    close,
    load,
    model_bytes,
    packed,
    raises,
    settings,
    tensors,
)

from rivulet import model as device_model
from rivulet.arrays import floats, np
from rivulet.errors import ModelError


def refused(data):
    """Why a file is refused; the message is one line."""
    message = raises(ModelError, load, data)
    assert message and "\n" not in message
    return message


def test_a_good_file():
    made = load(model_bytes())
    assert (made.hidden, made.output_count, made.channels) == (4, 2, ["a", "b", "c"])
    assert made.settings["policy"] == {"cadence_us": 100000}
    assert made.settings["cell"] == "decay"
    weights = tensors()["readout.weight"][1]
    # At rest the outputs are the biases.
    assert close(made.outputs(), [weights[4], weights[9]])


def test_cut_off_anywhere():
    data = model_bytes(arrays=tensors(1, 3, 2))
    for length in range(len(data)):
        refused(data[:length])
    assert "truncated" in refused(data[:-1])
    assert "truncated" in refused(data + b"\x00")
    # A filesystem that lost the end but kept the size.
    short = BytesIO(data[:-4])
    assert "inside a tensor" in raises(ModelError, device_model.load, short, len(data))


def test_foreign_files():
    for data in (
        b"",
        b"PK\x03\x04 a zip file of weights",
        b"\x89HDF\r\n\x1a\n" + bytes(100),
        bytes(4096),
        b"\xff" * 4096,
        b"The quick brown fox jumps over the lazy dog. " * 20,
        struct.pack("<Q", 24) + b"this is not JSON at all " + bytes(64),
        struct.pack("<Q", 8) + b"\xff\xfe\xfd\xfc    " + bytes(64),
        packed({}, b""),
        packed({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
    ):
        assert "not a model file" in refused(data)
    assert "no 'format'" in refused(packed({"__metadata__": {"author": "somebody"}}, b""))


def test_missing_metadata():
    for key in device_model.SETTINGS:
        changed = settings()
        del changed[key]
        assert "'%s'" % key in refused(model_bytes(changed))


def test_unknown_names():
    for changes, message in (
        (
            {"format": "rivulet-3"},
            "'rivulet-3' is not 'rivulet-1' or 'rivulet-2': convert it again",
        ),
        ({"cell": "nothing"}, "unknown cell 'nothing'"),
        ({"cell": "../store"}, "not a word"),
        ({"convention": "next"}, "unknown convention 'next'"),
        ({"output": "picture"}, "unknown output 'picture'"),
        ({"readout": "median"}, "unknown readout 'median'"),
        ({"integrator": "none"}, "unknown integrator 'none'"),
        ({"drive": "none"}, "unknown drive 'none'"),
        ({"alpha_min": 0.0}, "alpha bounds"),
        ({"alpha_min": 30.0}, "alpha bounds"),
        ({"readout_tau_s": 0.0}, "readout_tau_s above 0"),
        ({"channels": []}, "names no channels"),
        ({"classes": ["one"]}, "1 class names for 2 outputs"),
        ({"classes": []}, "0 class names for 2 outputs"),
        ({"normalisation": {"offset": [0.0], "scale": [1.0]}}, "must be a list of 3"),
    ):
        assert message in refused(model_bytes(settings(**changes))), changes
    assert load(model_bytes(settings(output="value", classes=[]))).output_count == 2


def test_wrong_shapes():
    good = tensors()
    for name, shape in (
        ("gates.weight", (8, 7)),
        ("gates.weight", (7, 8)),
        ("gates.weight", (64,)),
        ("readout.weight", (2, 4)),
        ("readout.weight", (10,)),
    ):
        changed = dict(good)
        count = shape[0] * shape[-1] if len(shape) == 2 else shape[0]
        changed[name] = (shape, [0.0] * count)
        assert "need" in refused(model_bytes(arrays=changed))
    two = settings(channels=["a", "b"], normalisation={"offset": [0.0, 0.0], "scale": [1.0, 1.0]})
    assert "units and 2 channels" in refused(model_bytes(two))


def test_missing_and_foreign_tensors():
    for name in ("gates.weight", "readout.weight"):
        changed = tensors()
        del changed[name]
        assert "tensor '%s' is missing" % name in refused(model_bytes(arrays=changed))
    changed = tensors()
    changed["other.weight"] = ((2, 2), [0.0] * 4)
    assert "'other.weight' does not belong" in refused(model_bytes(arrays=changed))


def entry(**changes):
    """A file whose readout is described otherwise."""
    data = model_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header["readout.weight"].update(changes)
    return packed(header, data[8 + length :])


def test_descriptions_that_contradict_the_bytes():
    load(entry())
    for changes in (
        {"shape": [2, 6]},
        {"shape": [2, 0]},
        {"shape": [-2, 5]},
        {"shape": []},
        {"shape": [1, 2, 5]},
        {"data_offsets": [256, 300]},
        {"data_offsets": [258, 298]},
        {"shape": None},
        {"shape": "25"},
        {"shape": {"2": 5}},
        {"shape": [2, 5.0]},
        {"shape": [True, 10]},
        {"shape": [-1, -10]},
        {"shape": [1 << 70, 5]},
    ):
        assert "'readout.weight': its shape" in refused(entry(**changes)), changes
    for changes in ({"data_offsets": [1]}, {"data_offsets": 7}):
        assert "no shape, dtype or offsets" in refused(entry(**changes)), changes
    assert "is F16, not F32" in refused(entry(dtype="F16"))


def test_weights_that_are_no_numbers():
    for name in ("gates.weight", "readout.weight"):
        for bad in (float("nan"), float("inf"), -float("inf")):
            for at in (0, 7, -1):
                changed = tensors()
                changed[name][1][at] = bad
                assert "'%s' holds NaN" % name in refused(model_bytes(arrays=changed))


def test_weights_arrive_as_written():
    arrays = tensors(3, 2, 2, seed=8)
    made = built(
        arrays,
        channels=["a", "b"],
        normalisation={"offset": [0.0, 0.0], "scale": [1.0, 1.0]},
        readout="state",
    )
    for unit in range(3):
        made.cell.state_floats[:] = floats(np.array([float(i == unit) for i in range(3)]))
        made.readout.advance(1.0)
        values = arrays["readout.weight"][1]
        assert close(made.outputs(), [values[r * 4 + unit] + values[r * 4 + 3] for r in (0, 1)])


def test_slots_of_neighbours_and_of_others():
    made = built()
    view = made.slots(("a", "b", "c"))
    made.event(0, view, floats(np.array([1.0, 2.0, 3.0])))
    assert list(made.cell.input_floats) == [1.0, 2.0, 3.0]
    made.event(0, made.slots(("b", "c")), floats(np.array([5.0, 6.0])))
    assert list(made.cell.input_floats) == [1.0, 5.0, 6.0]
    for channels, numbers in (
        (("c", "a"), (2, 0)),
        (("a", "x"), (0, -1)),
        (("x", "b"), (-1, 1)),
        (("x", "y"), (-1, -1)),
        (("a", "c"), (0, 2)),
    ):
        assert made.slots(channels) == numbers
    made.event(0, (2, -1, 0), floats(np.array([7.0, 8.0, 9.0])))
    assert list(made.cell.input_floats) == [9.0, 5.0, 7.0]


def everything(made):
    cell, head = made.cell, made.readout
    views = (cell.state_floats, cell.input_floats, cell.alpha_floats, head.feature_floats)
    return [list(view) for view in views] + [head.missing, list(made.outputs())]


def test_peek_moves_nothing_and_equals_going_there():
    for integrator in ("exponential", "semi_implicit", "euler"):
        for readout in ("mean", "state"):
            for convention in ("previous", "current"):
                made, twin = (
                    built(integrator=integrator, readout=readout, convention=convention)
                    for _ in range(2)
                )
                for one in (made, twin):
                    one.event(0, (0, 1, 2), (0.5, -1.0, 0.25))
                    one.event(70000, (0, 1, 2), (1.0, 0.5, -0.75))
                before = everything(made)
                for ahead_us in (0, 1, 40000, 3000000, 10**10):
                    seen = list(made.peek(ahead_us))
                    assert everything(made) == before, "peek moved something"
                    assert seen == list(made.peek(ahead_us))
                    assert (seen == before[-1]) == (ahead_us == 0) or ahead_us == 1
                seen = list(made.peek(40000))
                # The held input drives the interval up to there in both conventions.
                twin.event(40000, (), ())
                assert list(twin.outputs()) == seen


def test_reset():
    made = built()
    fresh = everything(made)
    for dt_us in (0, 70000):
        made.event(dt_us, (0, 1, 2), (0.5, -1.0, 0.25))
    assert everything(made) != fresh
    made.reset()
    assert everything(made) == fresh
