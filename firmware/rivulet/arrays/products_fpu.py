"""Matrix times vector in float32 on a core with a floating-point unit (Cortex-M4F and up).

ulab calls a function pointer and a conversion for every operand; this keeps the sums of four rows
in registers. Sums run over the columns in order, and each product and each sum is rounded: the
bits are those of float32 arithmetic, one operation after the other. data(2, ...) encodes
instructions that MicroPython's assembler lacks; the comment names them.

MicroPython for a core without the unit refuses this file with a SyntaxError.
"""

from array import array

import micropython


@micropython.asm_thumb
def _dot(r0, r1, r2, r3):
    # r0: matrix, r1: vector, r2: result, r3: see `product`.
    # r3: bytes of a row, r4 to r7: four rows, r8: vector, r9: end of its columns by fours,
    # r10: its end, r11: address of the last four sums, r12: their rows, s0 to s3: the vector,
    # s4 to s11: weights and products, s12 to s15: sums.
    mov(r4, r8)
    mov(r5, r9)
    mov(r6, r10)
    mov(r7, r11)
    push({r4, r5, r6, r7})
    mov(r8, r1)
    ldr(r4, [r3, 0])
    add(r4, r4, r1)
    mov(r9, r4)
    ldr(r4, [r3, 8])
    add(r4, r4, r2)
    mov(r11, r4)
    ldr(r4, [r3, 12])
    add(r4, r4, r0)
    mov(r12, r4)
    ldr(r3, [r3, 4])
    add(r4, r3, r1)
    mov(r10, r4)
    mov(r4, r0)
    label(ROWS)
    add(r5, r4, r3)
    add(r6, r5, r3)
    add(r7, r6, r3)
    mov(r0, 0)
    vmov(s12, r0)
    vmov(s13, r0)
    vmov(s14, r0)
    vmov(s15, r0)
    mov(r1, r8)
    data(2, 0x4549)  # cmp r1, r9
    beq(REST)
    # Two rows alternate, so that no sum waits for the one before.
    label(COLUMNS)
    data(2, 0xECB1, 0x0A04)  # vldmia r1!, {s0-s3}
    data(2, 0xECB4, 0x2A04)  # vldmia r4!, {s4-s7}
    data(2, 0xECB5, 0x4A04)  # vldmia r5!, {s8-s11}
    vmul(s4, s4, s0)
    vmul(s8, s8, s0)
    vmul(s5, s5, s1)
    vmul(s9, s9, s1)
    vmul(s6, s6, s2)
    vmul(s10, s10, s2)
    vmul(s7, s7, s3)
    vmul(s11, s11, s3)
    vadd(s12, s12, s4)
    vadd(s13, s13, s8)
    vadd(s12, s12, s5)
    vadd(s13, s13, s9)
    vadd(s12, s12, s6)
    vadd(s13, s13, s10)
    vadd(s12, s12, s7)
    vadd(s13, s13, s11)
    data(2, 0xECB6, 0x2A04)  # vldmia r6!, {s4-s7}
    data(2, 0xECB7, 0x4A04)  # vldmia r7!, {s8-s11}
    vmul(s4, s4, s0)
    vmul(s8, s8, s0)
    vmul(s5, s5, s1)
    vmul(s9, s9, s1)
    vmul(s6, s6, s2)
    vmul(s10, s10, s2)
    vmul(s7, s7, s3)
    vmul(s11, s11, s3)
    vadd(s14, s14, s4)
    vadd(s15, s15, s8)
    vadd(s14, s14, s5)
    vadd(s15, s15, s9)
    vadd(s14, s14, s6)
    vadd(s15, s15, s10)
    vadd(s14, s14, s7)
    vadd(s15, s15, s11)
    data(2, 0x4549)  # cmp r1, r9
    bne(COLUMNS)
    label(REST)
    data(2, 0x4551)  # cmp r1, r10
    beq(SUMMED)
    data(2, 0xECB1, 0x0A01)  # vldmia r1!, {s0}
    data(2, 0xECB4, 0x2A01)  # vldmia r4!, {s4}
    data(2, 0xECF5, 0x2A01)  # vldmia r5!, {s5}
    data(2, 0xECB6, 0x3A01)  # vldmia r6!, {s6}
    data(2, 0xECF7, 0x3A01)  # vldmia r7!, {s7}
    vmul(s4, s4, s0)
    vmul(s5, s5, s0)
    vmul(s6, s6, s0)
    vmul(s7, s7, s0)
    vadd(s12, s12, s4)
    vadd(s13, s13, s5)
    vadd(s14, s14, s6)
    vadd(s15, s15, s7)
    b(REST)
    label(SUMMED)
    data(2, 0xED82, 0x6A00)  # vstr s12, [r2]
    data(2, 0xEDC2, 0x6A01)  # vstr s13, [r2, 4]
    data(2, 0xED82, 0x7A02)  # vstr s14, [r2, 8]
    data(2, 0xEDC2, 0x7A03)  # vstr s15, [r2, 12]
    data(2, 0x455A)  # cmp r2, r11
    beq(DONE)
    add(r2, 16)
    mov(r4, r7)
    data(2, 0x455A)  # cmp r2, r11
    bls(NEXT)
    # Fewer than four rows are left: the last four are computed, some of them again.
    mov(r2, r11)
    mov(r4, r12)
    label(NEXT)
    b(ROWS)
    label(DONE)
    pop({r4, r5, r6, r7})
    mov(r8, r4)
    mov(r9, r5)
    mov(r10, r6)
    mov(r11, r7)
    mov(r0, 0)


def product(matrix, vector, out):
    """Return a function that computes out = matrix . vector of float32 arrays.

    Returns None if there are fewer than four rows.
    """
    rows, columns = len(out), len(vector)
    if rows < 4:
        return None
    arguments = array(
        "I", (columns // 4 * 16, columns * 4, (rows - 4) * 4, (rows - 4) * columns * 4)
    )

    def run():
        _dot(matrix, vector, out, arguments)

    return run
