"""Whatever a model file says of itself, it is refused or it runs: the loop never ends, not even
at the next boot. Every setting takes every value, JSON's infinities included."""

import json
import os

from fake_board import Bench
from fixtures import Scratch, model_bytes, packed, settings
from integer_files import file_of, raw_bench
from kernel_cases import integer_settings
from wire_helpers import push

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
        for text in _VALUES:
            with Scratch() as folder:
                made = Bench(folder, good)
                status, _, message = push(made, _with(good, key, text))
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
    _survives(model_bytes(), settings())


def test_integer_models():
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
