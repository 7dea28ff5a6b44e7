"""The integer kernels of this interpreter compute the same bits as the plain one."""

from array import array

from fixtures import SkipTest
from kernel_cases import Integers, cases, check_step, dense_twin, events

from rivulet.integers import choice, decay, decay_choice, layout
from rivulet.integers.cells import decay as decay_cell


def kernel(name):
    try:
        return __import__("rivulet.integers.decay_" + name, None, None, ("step",)).step
    except (ImportError, SyntaxError, ValueError):
        raise SkipTest("no %s kernel in this interpreter" % name)


def test_viper():
    check_step(kernel("viper"), Integers(7), 12, 8)


def test_thumb():
    check_step(kernel("thumb"), Integers(7), 12, 8)


def test_rv32():
    check_step(kernel("rv32"), Integers(7), 12, 8)


def test_dsp():
    if not choice.has_dsp():
        raise SkipTest("this core has no DSP extension")
    from rivulet.integers import dsp

    check_step(kernel("dsp"), Integers(7), 24, 8, dsp.arrange)


def test_sparse_models_are_the_dense_ones_with_zeros():
    numbers = Integers(11)
    seen = 0
    for words, weights in cases(numbers, 12):
        if not words[layout.SPARSE_AT]:
            continue
        seen += 1
        twin, dense = dense_twin(words, weights)
        for dt_us, input_map in events(numbers, words, 6):
            layout.memory(twin)[:] = layout.memory(words)
            decay.step(words, weights, dt_us, input_map)
            decay.step(twin, dense, dt_us, input_map)
            assert list(layout.memory(words)) == list(layout.memory(twin)), list(words[:8])
    assert seen > 2


def test_the_fastest_working_kernel_is_chosen():
    names = []
    for name in ("thumb", "viper"):
        try:
            names.append((name, kernel(name)))
        except SkipTest:
            pass
    names.append(("python", decay.step))
    assert (decay_cell.KERNEL, decay_cell.step) == names[0]


def test_a_kernel_with_other_bits_is_not_chosen():
    def wrong(words, weights, dt_us, input_map):
        decay.step(words, weights, dt_us, input_map)
        words[words[layout.X_AT] >> 2] += 1 << 16

    assert decay_choice.works(decay.step)
    assert not decay_choice.works(wrong)


def test_no_interval_moves_nothing_but_inputs():
    numbers = Integers(3)
    for words, weights in cases(numbers, 4):
        for _, input_map in events(numbers, words, 3):
            before = list(layout.memory(words))
            decay.step(words, weights, 0, array("i", (0,)))
            assert list(layout.memory(words)) == before
            decay_cell.step(words, weights, 0, input_map)
            first = words[layout.V_AT] >> 2
            held = before[: first - (words[layout.CONFIDENCE_AT] >> 2)]
            assert list(layout.memory(words))[: len(held)] == held


def test_values_scale_and_saturate():
    numbers = Integers(5)
    words, weights = next(iter(cases(numbers, 1)))
    at = words[layout.V_AT] + 4 * words[layout.HIDDEN]
    for raw, m, offset, shift, wanted in (
        (100, 4096, 0, 12, 100),
        (-100, 4096, 0, 12, -100),
        (-1, 1, 0, 4, -1),
        (32767, 32767, 0, 0, 32767),
        (-32768, 32767, 0, 0, -32767),
        (0, 1, -32768, 0, -32767),
        (7, 16384, 1 << 13, 14, 7),
    ):
        for step in (decay.step, decay_cell.step):
            step(words, weights, 0, array("i", (1, raw, at, m, offset, shift)))
            assert words[at >> 2] == wanted, (raw, m, offset, shift)
