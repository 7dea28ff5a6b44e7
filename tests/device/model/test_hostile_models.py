"""Whatever a model file says of itself, it is refused or it runs: the loop never ends, not even
at the next boot. Every setting takes every value, JSON's infinities included."""

import json
import os

from fake_board import Bench, Loaded
from fixtures import Scratch, model_bytes, packed, settings
from integer_files import file_of, raw_bench
from kernel_cases import integer_settings
from wire_helpers import deliver, push

from rivulet import protocol

_VALUES = ("1e999", "-1", "1.5", "0", "null", "[]", "{}", '"x"', "[1e999, 1, 1]", '["a", 2, 3]')


def _with(data, key, text):
    """A model file with one setting replaced by JSON text."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"][key] = text
    return packed(header, data[8 + length :])


def _runs(made):
    for _ in range(3):
        made.board.now += 150000
        made.board.event(0)
        made.turns(2)
    assert made.ask(protocol.HELLO)[0] == protocol.OK


def _survives(good, metadata):
    ran = refused = 0
    for key in sorted(metadata):
        values = list(_VALUES)
        while values:
            # What a board refuses leaves it as it was, so the next value finds it unchanged.
            with Scratch() as folder:
                made = Bench(folder, good)
                status = None
                while values and status != protocol.OK:
                    status, _, message = deliver(made, _with(good, key, values.pop()))
                    if status == protocol.OK:
                        ran += 1
                    else:
                        refused += 1
                        assert message and "\n" not in message
                    _runs(made)
                _runs(Bench(folder))
    # Neither outcome is the only one, or this would show nothing.
    assert ran > 5 and refused > 50, (ran, refused)


def test_float_models():
    with Loaded():
        _survives(model_bytes(), settings())


def test_integer_models():
    with Loaded():
        _survives(file_of(), integer_settings())


def test_lists_within_lists_without_end():
    deep = "[" * 3000 + "]" * 3000
    for good in (model_bytes(), file_of()):
        for key, value in (("anything", deep), ("provenance", '{"tau_s": %s}' % deep)):
            with Scratch() as folder:
                made = Bench(folder, good)
                status, _, text = push(made, _with(good, key, value))
                assert status == protocol.REFUSED and "nested too deeply" in text
                _runs(made)


def test_nested_numbers():
    for good in (model_bytes(), file_of()):
        for text in ("1e999", '"x"', "null", "[]"):
            for key, value in (
                ("normalisation", '{"offset": [%s, 0, 0], "scale": [1, 1, 1]}' % text),
                ("normalisation", '{"offset": [0, 0, 0], "scale": [1, %s, 1]}' % text),
                ("normalisation", '{"offset": [0, 0, 0]}'),
                ("policy", '{"cadence_us": %s}' % text),
            ):
                with Scratch() as folder:
                    made = Bench(folder, good)
                    push(made, _with(good, key, value))
                    _runs(made)
                    _runs(Bench(folder))


def test_a_normalisation_beyond_what_a_sensors_integers_can_be_brought_to():
    for offset, scale in (("0", "3e38"), ("3e38", "1"), ("1e38", "1e38"), ("0", "-1e30")):
        with Scratch() as folder:
            made = raw_bench(folder)
            numbers = '{"offset": [%s, 0, 0], "scale": [%s, 1, 1]}' % (offset, scale)
            data = _with(file_of(), "normalisation", numbers)
            status, _, text = push(made, data)
            assert (status, text) == (
                protocol.REFUSED,
                "the normalisation of 'a' is too large for integers",
            )
            _runs(made)
            # A board that has such a file already, from when it had another sensor.
            with open(folder + "/b.safetensors", "wb") as file:
                file.write(data)
            os.remove(folder + "/a.safetensors")
            for number in range(2):
                os.remove(folder + "/journal.%d" % number)
            made = Bench(folder, None, made.sensors)
            assert "too large for integers" in made.loop.boot_error
            _runs(made)


# For each kind of setting, JSON that must be refused as a value of it.
_NO_LISTS = ("{}", '{"a": 1, "b": 2, "c": 3}', "3", '"abc"', "null", "true", "")
_NO_NUMBERS = ("{}", "[1]", '"1"', "null", "true", "1e999", "1e39", "-1e39", "1%s" % ("0" * 400))
# MicroPython's parser takes the first three.
_BROKEN = ("[1, 2", '{"a": 1', '[{"a": 1]', '["a]')
_NO_OBJECTS = ("[]", "1", '"x"', "null", "true", "")
_NO_NAMES = (
    ("1", "null", '""', "[]", '" a"', '"a "', '"\\n"', '"\\u001b[2J"', '"\\ud800"')
    + ('"\\u202e"', '"%s"' % ("n" * 65), '"b"')  # the last stands twice
)
_NO_CHANNELS = ('"a,b"', '"a\\"b"', '"t_us"', '"y0"', '"x12"', '"tau3"', '"decision"')


def _refused(made, good, key, text):
    """`made` runs a good model, which a refused one leaves as it is."""
    status, _, message = deliver(made, _with(good, key, text))
    assert status == protocol.REFUSED, (key, text)
    assert message and len(message) <= 200 and "\n" not in message and "\x1b" not in message
    _runs(made)
    # A board that has it already, as an older firmware took it, starts without it.
    with Scratch() as folder:
        other = Bench(folder, _with(good, key, text))
        assert other.loop.boot_error.startswith("stored model: "), (key, text)
        _runs(other)


def _check_lists_and_objects():
    for good in (model_bytes(), file_of()):
        with Scratch() as folder:
            _check_model(Bench(folder, good), good)
            _runs(Bench(folder))


def _check_model(made, good):
    for key in ("channels", "units", "classes"):
        for text in _NO_LISTS:
            _refused(made, good, key, text)
    for text in _BROKEN:
        _refused(made, good, "provenance", text)
    for key in ("normalisation", "policy", "guards", "warm_start"):
        for text in _NO_OBJECTS:
            _refused(made, good, key, text)
    for name in _NO_NAMES + _NO_CHANNELS:
        _refused(made, good, "channels", '[%s, "b", "c"]' % name)
    for name in _NO_NAMES:
        _refused(made, good, "classes", '[%s, "b"]' % name)
    for text in _NO_NUMBERS:
        for name in ("offset", "scale"):
            other = "scale" if name == "offset" else "offset"
            whole = '{"%s": [1, %s, 1], "%s": [1, 1, 1]}' % (name, text, other)
            _refused(made, good, "normalisation", whole)
        _refused(made, good, "policy", '{"cadence_us": %s}' % text)
        _refused(made, good, "readout_tau_s", text)
        _refused(made, good, "version", text)
        _refused(made, good, "guards", '{"state": {"min": %s, "action": "hold"}}' % text)
        _refused(made, good, "guards", '{"stale": {"after_ms": %s}}' % text)
        _refused(made, good, "warm_start", '{"longest_s": %s}' % text)
        _refused(made, good, "warm_start", '{"prior": [0, 0, 0, %s]}' % text)


def test_lists_and_objects_are_checked_to_the_last_element():
    with Loaded():
        _check_lists_and_objects()


def test_what_stands_twice():
    good = model_bytes()
    with Scratch() as folder:
        _check_twice(Bench(folder, good), good)


def _check_twice(made, good):
    for key, text in (
        ("normalisation", '{"offset": [0, 0, 0], "scale": [1, 1, 1], "offset": [9, 9, 9]}'),
        ("policy", '{"cadence_us": 5, "cadence_us": 100000}'),
        ("guards", '{"stale": {"after_ms": 1, "after_ms": 9}}'),
    ):
        _refused(made, good, key, text)
    length = int.from_bytes(good[:8], "little")
    text, data = good[8 : 8 + length], good[8 + length :]
    for name in (b'"readout.weight": {', b'"__metadata__": {', b'"channels": '):
        at = text.find(name)
        # The entry once more, before the one that is there; json keeps the later one.
        value = b'"x", ' if name == b'"channels": ' else b'"dtype": "F32"}, '
        double = text[:at] + name + value + text[at:]
        double += b" " * (-len(double) % 8)
        status, _, said = push(made, len(double).to_bytes(8, "little") + double + data)
        assert status == protocol.REFUSED and "twice" in said, (name, said)
        _runs(made)


def test_tensors_that_overlap_or_leave_holes():
    good = model_bytes()
    length = int.from_bytes(good[:8], "little")
    for entry, more in (
        ({"shape": [8, 8], "data_offsets": [0, 256]}, 0),  # as it is: the base runs
        ({"shape": [8, 8], "data_offsets": [40, 296]}, 0),  # over the readout
        ({"shape": [8, 8], "data_offsets": [44, 300]}, 4),  # a hole
        ({"shape": [8, 8], "data_offsets": [-4, 252]}, 0),
    ):
        header = json.loads(good[8 : 8 + length])
        header["gates.weight"].update(entry)
        with Scratch() as folder:
            made = Bench(folder, good)
            data = packed(header, good[8 + length :] + bytes(more))
            status, _, said = push(made, data)
            right = entry["data_offsets"][0] == 0
            assert (status == protocol.OK) == right, (entry, said)
            _runs(made)


def test_a_header_over_the_limit_is_told_as_that():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        data = _with(model_bytes(), "provenance", '"%s"' % ("x" * 17000))
        status, _, said = push(made, data)
        assert status == protocol.REFUSED and "bytes, boards read 16384" in said, said
        _runs(made)


def test_whatever_a_file_raises_is_a_refusal():
    """A stand-in for a fault in the code behind the checks."""
    from rivulet.cells.decay import Cell

    class Faulty(Cell):
        def __init__(self, settings, tensors):
            raise AssertionError("of its own")

    import rivulet.cells.decay

    good = model_bytes()
    with Scratch() as folder:
        made = Bench(folder, good)
        rivulet.cells.decay.Cell = Faulty
        try:
            status, _, said = push(made, _with(good, "provenance", '"again"'))
            assert status == protocol.REFUSED and "AssertionError: of its own" in said
            _runs(made)
            made = Bench(folder)
            assert "AssertionError: of its own" in made.loop.boot_error
            _runs(made)
        finally:
            rivulet.cells.decay.Cell = Cell
