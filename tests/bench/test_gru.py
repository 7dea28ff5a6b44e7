"""The GRU in C beside our cells: it computes what it says, and stands for a float GRU."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from host_tools.bench import elf, gru, reference
from host_tools.bench.bare import RAM

Ints = NDArray[np.int64]
_BYTES = 0x10000


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> elf.Program:
    if reference.compiled() is None:
        pytest.skip(reference.ADVICE)
    return elf.read(gru.build(gru.some(9, 3), tmp_path_factory.mktemp("gru")))


def expected(arrays: dict[str, Ints], made: gru.Gru, state: Ints, inputs: Ints) -> Ints:
    """Return the state after a step, in the integers of gru.c."""

    def look_up(table: Ints, z: Ints) -> Ints:
        z = np.clip(z, -32768, 32767)
        at = (z >> 7) + 256
        return np.asarray(table[at] + (((table[at + 1] - table[at]) * (z & 127)) >> 7))

    a = ((arrays["input_weights"] @ inputs) >> made.input_bits) + arrays["input_bias"]
    b = ((arrays["state_weights"] @ state) >> (made.state_bits + 3)) + arrays["state_bias"]
    reset, keep = (
        look_up(arrays["sigmoid_table"], a[i * made.units : (i + 1) * made.units] + part)
        for i, part in enumerate(np.split(b, 3)[:2])
    )
    behind = (reset * np.split(b, 3)[2]) >> 15
    fresh = look_up(arrays["tanh_table"], np.split(a, 3)[2] + behind)
    return np.asarray(fresh + ((keep * (state - fresh)) >> 15))


def test_the_c_gives_the_integers_of_numpy(program: elf.Program) -> None:
    unicorn = pytest.importorskip("unicorn", reason="the ARM emulator is not installed")
    from unicorn import arm_const as arm

    core: Any = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    core.mem_map(RAM, _BYTES)
    for address, data in program.parts:
        core.mem_write(address, data)
    made = gru.some(9, 3)
    arrays, state = made.integers(), np.zeros(9, np.int64)
    numbers = np.random.default_rng(5)
    for step in range(40):
        # Extremes as well: then every sum is at its largest.
        limit = 32767 if step % 4 == 3 else 8000
        inputs = numbers.integers(-limit, limit, 3, endpoint=True)
        core.mem_write(program.symbols["peer_input"], inputs.astype("<i2").tobytes())
        core.reg_write(arm.UC_ARM_REG_SP, RAM + _BYTES - 64)
        core.reg_write(arm.UC_ARM_REG_LR, RAM + _BYTES - 15)
        core.emu_start(program.symbols["peer_step"] | 1, RAM + _BYTES - 16)
        state = expected(arrays, made, state, inputs)
        found = np.frombuffer(core.mem_read(program.symbols["peer_state"], 18), "<i2")
        assert found.tolist() == state.tolist(), step


def test_the_integers_follow_the_float_gru() -> None:
    made = gru.some(9, 3)
    arrays, state = made.integers(), np.zeros(9, np.int64)
    inputs = np.random.default_rng(6).normal(size=(50, 3))
    for row, wanted in zip(inputs, made.states(inputs), strict=True):
        state = expected(arrays, made, state, np.round(row * 4096).astype(np.int64))
        assert np.abs(state / 32768 - wanted).max() < 0.01


def test_the_float_gru_is_pytorchs() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    made = gru.some(9, 3)
    theirs = torch.nn.GRU(3, 9, dtype=torch.float64)
    for name in ("input_weights", "state_weights", "input_bias", "state_bias"):
        kind = "weight" if "weights" in name else "bias"
        which = "ih" if "input" in name else "hh"
        getattr(theirs, f"{kind}_{which}_l0").data = torch.tensor(getattr(made, name))
    inputs = np.random.default_rng(6).normal(size=(20, 3))
    wanted = theirs(torch.tensor(inputs))[0].detach().numpy()
    np.testing.assert_allclose(made.states(inputs), wanted, atol=1e-12)


def test_sizes_of_a_program(program: elf.Program) -> None:
    """RAM is the input and the state; flash is at least the weights."""
    assert 2 * (3 + 9) <= program.ram <= 2 * (3 + 9) + 8
    assert program.flash > 27 * (3 + 9) + 4 * 513
    assert program.compiler.startswith("GCC")
    assert {"peer_step", "peer_input", "peer_state"} <= program.symbols.keys()
