"""The step of decay.py for RISC-V: products in assembler, the rest from decay_viper.py.

Products take most of a step's time, and viper is slowest there. MicroPython assembles this on the
RISC-V cores of an RP2350; its builds for other RISC-V chips have viper only. The code uses only
RV32IM instructions and registers that a callee need not preserve.
"""

import micropython
from micropython import const

from rivulet.integers.decay_viper import advance, apply, average

# The header of layout.py, in bytes; a test compares them.
_HIDDEN = const(0)
_OUTPUTS = const(8)
_FLAGS = const(12)
_COLUMNS = const(16)
_FEATURES = const(24)
_V_AT = const(48)
_FEATURE_AT = const(52)
_Y_AT = const(56)
_ACC_AT = const(60)
_GAIN_AT = const(64)
_BIAS_AT = const(68)  # then the multipliers'
_OUT_BIAS_AT = const(76)
_OUT_WEIGHTS_AT = const(100)
_SPARSE_AT = const(104)
# Filled here: address of the weights of the next eight rows.
_WEIGHTS = const(108)
# Offsets have names: CPython reads this file too and warns about a number that is called.
_HERE = const(0)
_NEXT_WORD = const(4)
_NEXT_WEIGHT = const(8)

# For `step`, which reads words.
_FLAGS_WORD = const(3)
_MEAN = const(1)
_INPUT_FIRST = const(4)


@micropython.asm_rv32
def product(a0, a1, a2):
    # words, weights, and 1 for z of both gates into ACC_AT, or 0 for the outputs.
    # a3: the kept columns' words, or 0; a4, a5: the vector and its end; a6: 4 * rows;
    # a7: correction for the weights' offset of 128; t5: address of the header's entry of the
    # biases; t6: address of the results.
    beq(a2, zero, OUTPUTS)
    addi(t5, a0, _BIAS_AT)
    lw(a6, _HIDDEN(a0))
    slli(a6, a6, 3)
    lw(t6, _ACC_AT(a0))
    lw(a4, _V_AT(a0))
    add(a4, a4, a0)
    lw(a5, _COLUMNS(a0))
    lw(a3, _SPARSE_AT(a0))
    beq(a3, zero, READY)
    add(a3, a3, a0)
    lw(a4, _GAIN_AT(a0))
    add(a4, a4, a0)
    jal(zero, READY)
    label(OUTPUTS)
    addi(t5, a0, _OUT_BIAS_AT)
    lw(a6, _OUTPUTS(a0))
    slli(a6, a6, 2)
    lw(t6, _Y_AT(a0))
    lw(a4, _V_AT(a0))
    lw(a3, _FLAGS(a0))
    andi(a3, a3, 1)
    beq(a3, zero, STATE)
    lw(a4, _FEATURE_AT(a0))
    li(a3, 0)
    label(STATE)
    add(a4, a4, a0)
    lw(a5, _FEATURES(a0))
    lw(t0, _OUT_WEIGHTS_AT(a0))
    add(a1, a1, t0)
    label(READY)
    add(t6, t6, a0)
    slli(a5, a5, 2)
    add(a5, a5, a4)
    li(a2, 0)  # 4 * row

    label(EIGHT)
    beq(a3, zero, GATHERED)
    mv(a5, a4)
    label(GATHER)
    lw(t3, _HERE(a3))
    addi(a3, a3, 4)
    srai(t4, t3, 1)
    add(t4, t4, a0)
    lw(t4, _HERE(t4))
    sw(t4, _HERE(a5))
    addi(a5, a5, 4)
    andi(t3, t3, 1)
    beq(t3, zero, GATHER)
    label(GATHERED)
    sub(t3, a5, a4)
    slli(t4, t3, 1)
    add(t4, t4, a1)
    sw(t4, _WEIGHTS(a0))
    andi(t3, t3, 4)
    beq(t3, zero, EVEN)
    # Only kept columns can be odd in number. The next block's weight is multiplied by this zero.
    sw(zero, _HERE(a5))
    addi(a5, a5, 4)
    label(EVEN)
    li(a7, 0)
    mv(t1, a4)
    label(SUM)
    lw(t3, _HERE(t1))
    addi(t1, t1, 4)
    sub(a7, a7, t3)
    bltu(t1, a5, SUM)
    slli(a7, a7, 7)

    label(ROW)
    srli(t0, a2, 2)
    andi(t0, t0, 7)
    add(t0, t0, a1)
    mv(t1, a4)
    lw(t3, _HERE(t5))
    add(t3, t3, a0)
    add(t3, t3, a2)
    lw(t2, _HERE(t3))
    add(t2, t2, a7)
    label(TWO)
    lbu(t3, _HERE(t0))
    lw(t4, _HERE(t1))
    mul(t3, t3, t4)
    add(t2, t2, t3)
    lbu(t3, _NEXT_WEIGHT(t0))
    lw(t4, _NEXT_WORD(t1))
    mul(t3, t3, t4)
    add(t2, t2, t3)
    addi(t0, t0, 16)
    addi(t1, t1, 8)
    bltu(t1, a5, TWO)
    # mul_shift: the upper 32 bits of sum * M (48 bits), shifted right by b.
    lw(t3, _NEXT_WORD(t5))
    add(t3, t3, a0)
    add(t3, t3, a2)
    lw(t3, _HERE(t3))
    srai(t4, t3, 16)
    slli(t3, t3, 16)
    srli(t3, t3, 16)
    srai(t0, t2, 16)
    mul(t0, t0, t3)
    slli(t2, t2, 16)
    srli(t2, t2, 16)
    mul(t2, t2, t3)
    srli(t2, t2, 16)
    add(t0, t0, t2)
    sra(t0, t0, t4)
    add(t3, t6, a2)
    sw(t0, _HERE(t3))
    addi(a2, a2, 4)
    bge(a2, a6, DONE)
    andi(t3, a2, 31)
    bne(t3, zero, ROW)
    lw(a1, _WEIGHTS(a0))
    jal(zero, EIGHT)
    label(DONE)
    li(a0, 0)


def step(words, weights, dt_us, input_map):
    """Process one event; see decay.step."""
    first = words[_FLAGS_WORD] & _INPUT_FIRST
    if first:
        apply(words, input_map)
    if dt_us:
        product(words, weights, 1)
        advance(words, dt_us)
        if words[_FLAGS_WORD] & _MEAN:
            average(words)
        product(words, weights, 0)
    if not first:
        apply(words, input_map)
