"""Metadata of another kind than it should be: refused like any other bad file."""

import json
import struct
from array import array

from fixtures import load, model_bytes, packed, raises, settings

from rivulet import model as device_model
from rivulet.arrays import floats
from rivulet.control.policy import Policy
from rivulet.errors import ModelError

_KINDS = (None, True, 5, -1.5, "text", [], [1], {}, {"a": 1}, [None, None, None], ["a", 1, None])


def test_every_setting_of_every_kind():
    """Refused, or it runs: nothing else may come out of a file."""
    for key in device_model.SETTINGS + ("alpha_min", "alpha_max", "drive", "integrator"):
        for kind in _KINDS:
            data = model_bytes(settings(**{key: kind}))
            try:
                made = load(data)
            except ModelError:
                continue
            for dt_us in (0, 1000):
                made.event(dt_us, (0, 1, 2), (1.0, 2.0, 3.0))
            Policy(made.settings).decide(array("f", floats(made.peek(1000))))


def test_what_a_policy_needs():
    for policy in ({}, {"cadence_us": 0}, {"cadence_us": -1}, {"cadence_us": "often"}, [], None):
        raises(ModelError, load, model_bytes(settings(policy=policy)))


def test_what_a_normalisation_needs():
    for offset in (None, 5, "abc", [0.0, 0.0, "x"], [0.0, 0.0, None], {"a": 1, "b": 2, "c": 3}):
        raises(ModelError, load, model_bytes(settings(normalisation={"offset": offset})))


def test_headers_of_other_kinds():
    for header in (
        [],
        [1],
        5,
        "text",
        None,
        {"__metadata__": None},
        {"__metadata__": [1]},
        {"__metadata__": {"format": 5}},
    ):
        assert "not a model file" in raises(ModelError, load, packed(header, b""))


def test_descriptions_of_other_kinds():
    data = model_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    for changes in (
        {"shape": ["a", "b"]},
        {"shape": "ab"},
        {"shape": [2.0, 5.0]},
        {"shape": [2, [5]]},
        {"shape": [None, None]},
        {"data_offsets": ["a", "b"]},
        {"data_offsets": [256.0, 296.0]},
        {"data_offsets": [-40, 0]},
        {"dtype": None},
    ):
        header = json.loads(data[8 : 8 + length])
        header["readout.weight"].update(changes)
        raises(ModelError, load, packed(header, data[8 + length :]))
