"""The cascade in integers: every kernel of this interpreter computes the plain one's bits."""

import gc
from array import array

import layer_cases as made
from fixtures import SkipTest
from kernel_cases import ORDINARY, Integers

from rivulet.integers import cascade, layout
from rivulet.integers.cells import cascade as cascade_cell
from rivulet.integers.model import IntegerModel


def agree(step, numbers, models, count):
    """That a kernel computes the plain one's bits, over inputs that change and that stay."""
    for words, weights in made.cases(numbers, made.cascade, models):
        other = array("i", words)
        first = words[layout.CONFIDENCE_AT] >> 2
        own = words[layout.BIAS_AT] >> 2, words[cascade.HELD_AT] >> 2
        for dt_us, input_map in made.events(numbers, words, count):
            layout.memory(other)[:] = layout.memory(words)
            cascade.step(words, weights, dt_us, input_map)
            step(other, weights, dt_us, input_map)
            assert list(layout.memory(words)) == list(layout.memory(other)), (
                list(words[:8]),
                dt_us,
            )
            # Constants in front of the memory and behind the scratch words are not written.
            assert words[layout.HEADER : first] == other[layout.HEADER : first]
            assert words[own[0] : own[1]] == other[own[0] : own[1]]


def check(kernel):
    try:
        step = __import__("rivulet.integers.cascade_" + kernel, None, None, ("step",)).step
    except (ImportError, SyntaxError, ValueError):
        raise SkipTest("no %s kernel in this interpreter" % kernel)
    agree(step, Integers(23), 24, 8)


def test_viper():
    check("viper")


def test_thumb():
    check("thumb")


def test_the_best_kernel_is_chosen():
    best = "python"
    for kernel in ("viper", "rv32", "thumb"):
        try:
            __import__("rivulet.integers.cascade_" + kernel, None, None, ("step",))
            best = kernel
        except (ImportError, SyntaxError, ValueError):
            pass
    assert best == cascade_cell.KERNEL


def test_what_is_kept_is_what_is_computed_anew():
    """Over inputs that stay, against a kernel that keeps nothing."""
    numbers = Integers(31)
    for words, weights in made.cases(numbers, made.cascade, 12):
        other = array("i", words)
        nothing = array("i", (0,))
        for dt_us, input_map in made.events(numbers, words, 6):
            layout.memory(other)[:] = layout.memory(words)
            for values in (input_map, nothing):
                other[other[cascade.HELD_AT] >> 2] = 1 << 30
                cascade_cell.step(words, weights, dt_us, values)
                cascade_cell.step(other, weights, dt_us, values)
                assert list(layout.memory(words)) == list(layout.memory(other)), dt_us


def _models():
    numbers = Integers(5)
    for _ in range(4):
        words, weights = made.cascade(numbers, (8, 3, 2), ORDINARY)
        yield IntegerModel(made.metadata("cascade", words), words, weights)


def test_models_peek_reset_and_adopt():
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
        assert list(twin.outputs()) == list(model.outputs())
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
        assert allocated == 0, allocated
