"""Cells of layers in integers: every kernel of this interpreter computes the plain one's bits."""

import gc
from array import array

import layer_cases as made
from fixtures import SkipTest
from kernel_cases import ORDINARY, Integers

from rivulet.integers import (
    cfc,
    choice,
    layers,
    layers_choice,
    layout,
    ltc,
    mixed,
    mixed_choice,
    wired_cfc,
)
from rivulet.integers.cells import integer_cell
from rivulet.integers.model import IntegerModel

_MIXED = (
    ("cfc", made.cfc_mixed, cfc, mixed.after_seeing),
    ("wired_cfc", made.wired_cfc_mixed, wired_cfc, wired_cfc.advancer),
    ("ltc", made.ltc_mixed, ltc, mixed.without_products),
)
_CELLS = (("cfc", made.cfc), ("wired_cfc", made.wired_cfc), ("ltc", made.ltc))


_KERNELS = ("viper", "thumb")


def _built(build, *arguments):
    """(name, step) of each kernel that this interpreter has, of build(cell, kernel, ...)."""
    kernels = []
    for kernel in _KERNELS:
        try:
            kernels.append((kernel, build(arguments[0], kernel, *arguments[1:])))
        except (ImportError, SyntaxError, ValueError):
            pass
    if not kernels:
        raise SkipTest("no kernel but the plain one in this interpreter")
    return kernels


def test_kernels():
    for name, make in _CELLS:
        plain = __import__("rivulet.integers." + name, None, None, ("step",)).step
        kernels = _built(layers_choice.stepper, name)
        made.check_steps(plain, kernels, Integers(17), make, 16, 6)


def test_kernels_with_mixed_memory():
    for name, make, cell, advancer in _MIXED:
        plain = mixed_choice.plain_stepper(cell, advancer)
        kernels = _built(mixed_choice.stepper, name, advancer)
        made.check_steps(plain, kernels, Integers(23), make, 16, 6)
        assert integer_cell(name).mixed_kernel()[0] in _KERNELS


def test_dsp():
    if not choice.has_dsp():
        raise SkipTest("this core has no DSP extension")
    from rivulet.integers import dsp

    for name, make in _CELLS[:2]:
        plain = __import__("rivulet.integers." + name, None, None, ("step",)).step
        step = layers_choice.stepper(name, "dsp")
        made.check_step(plain, step, Integers(17), make, 16, 6, dsp.arrange)


def test_the_best_kernel_is_chosen():
    for name, _ in _CELLS:
        best = "python"
        for kernel in _KERNELS:
            try:
                layers_choice.stepper(name, kernel)
                best = kernel
            except (ImportError, SyntaxError, ValueError):
                pass
        assert best == integer_cell(name).KERNEL


def test_weights_stand_at_multiples_of_four():
    numbers = Integers(9)
    for make in (made.cfc, made.wired_cfc, made.ltc, made.cascade):
        for words, weights in made.cases(numbers, make, 6):
            layout.check_address(weights)
            assert words[layout.OUT_WEIGHTS_AT] % 4 == 0
            if make is made.cfc or make is made.wired_cfc:
                at = words[layers.LAYERS_AT] >> 2
                while words[at]:
                    assert words[at + 2] % 4 == 0
                    at += layers.WORDS
    for address in (1, 2, 3):
        try:
            layout.check_address(weights, lambda _, at=address: 0x20000000 + at)
        except ValueError:
            continue
        raise AssertionError("address %d was taken" % address)


def test_no_interval_moves_nothing_but_inputs():
    numbers = Integers(3)
    for name, make in _CELLS:
        for words, weights in made.cases(numbers, make, 4):
            for _, input_map in made.events(numbers, words, 3):
                memory = list(layout.memory(words))
                integer_cell(name).step(words, weights, 0, array("i", (0,)))
                assert list(layout.memory(words)) == memory
                integer_cell(name).step(words, weights, 0, input_map)
                held = (words[layout.V_AT] - words[layout.CONFIDENCE_AT]) >> 2
                held += words[layout.HIDDEN]
                assert list(layout.memory(words))[:held] == memory[:held]


def _models():
    numbers = Integers(5)
    for name, make in _CELLS + tuple(each[:2] for each in _MIXED):
        words, weights = make(numbers, (8, 3, 2), ORDINARY)
        yield IntegerModel(made.metadata(name, words), words, weights)


def test_models_of_every_cell_peek_reset_and_adopt():
    for model, twin in zip(_models(), _models()):
        slots = model.raw_slots(("u2", "u0", "other"), (1 / 1024, 1 / 1024, 1.0))
        fresh = [list(model.physical(i)) for i in range(4)]
        assert all(rate > 0.0 for rate in fresh[0])
        for dt_us, values in ((0, (500, -700, 1)), (70000, (-2000, 30, 2)), (1000, (5, 6, 7))):
            for i in range(3):
                slots.raw[i] = values[i]
            model.event(dt_us, slots, slots.raw)
        before = [list(model.physical(i)) for i in range(4)]
        assert before[1] != fresh[1] and before[2] != fresh[2]
        ahead = list(model.peek(40000))
        assert [list(model.physical(i)) for i in range(4)] == before
        assert twin.adopt(model)
        assert list(twin.physical(1)) == before[1] and list(twin.physical(3)) == before[3]
        assert list(twin.peek(40000)) == ahead
        model.event(40000, (), ())
        assert list(model.outputs()) == ahead
        model.reset()
        assert [list(model.physical(i)) for i in range(4)] == fresh


def _run(model, input_map, out, count):
    for _ in range(count):
        model.move(1700, input_map)
        model.peek(900)
        model.export(0x0F, out, 0)


def test_a_thousand_events_allocate_nothing():
    if not hasattr(gc, "mem_alloc"):
        raise SkipTest("this interpreter does not count its heap")
    for model in _models():
        if model.kernel == "python":
            raise SkipTest("the plain kernel makes lists")
        input_map = model.raw_slots(model.channels, (1 / 1024,) * 3).words
        out = bytearray(256)
        _run(model, input_map, out, 10)
        gc.collect()
        gc.disable()
        try:
            before = gc.mem_alloc()
            _run(model, input_map, out, 1000)
            allocated = gc.mem_alloc() - before
        finally:
            gc.enable()
        assert allocated == 0, (model.settings["cell"], allocated)
