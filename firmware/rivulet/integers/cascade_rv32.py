"""The step of cascade.py for RISC-V: sums in assembler, the rest from cascade_viper.py.

decay_rv32.py says where it runs and which instructions it may use.
"""

import micropython
from micropython import const

from rivulet.integers.cascade_viper import with_sums

# Byte offsets in a record.
_ROWS = const(0)
_COLUMNS = const(4)
_BEGIN = const(8)
_BIAS = const(12)
_VECTOR = const(20)
_OUT = const(24)
# Offsets have names: CPython reads this file too and warns about a number that is called.
_HERE = const(0)
_NEXT_WORD = const(4)
_NEXT_WEIGHT = const(8)


@micropython.asm_rv32
def sums(a0, a1, a2):
    # words, weights, and the byte offset of the record.
    # a3: biases; a4, a5: the vector and its end; a6: 4 * rows; a7: correction for the weights'
    # offset of 128; t5: size of eight rows; t6: results.
    add(a2, a2, a0)
    lw(a6, _ROWS(a2))
    slli(a6, a6, 2)
    lw(a5, _COLUMNS(a2))
    slli(a5, a5, 2)
    slli(t5, a5, 1)
    lw(t0, _BEGIN(a2))
    add(a1, a1, t0)
    lw(a3, _BIAS(a2))
    add(a3, a3, a0)
    lw(a4, _VECTOR(a2))
    add(a4, a4, a0)
    add(a5, a5, a4)
    lw(t6, _OUT(a2))
    add(t6, t6, a0)
    li(a2, 0)  # 4 * row
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
    add(t3, a3, a2)
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
    add(t3, t6, a2)
    sw(t2, _HERE(t3))
    addi(a2, a2, 4)
    bge(a2, a6, DONE)
    andi(t3, a2, 31)
    bne(t3, zero, ROW)
    add(a1, a1, t5)
    jal(zero, ROW)
    label(DONE)
    li(a0, 0)


step = with_sums(sums)
