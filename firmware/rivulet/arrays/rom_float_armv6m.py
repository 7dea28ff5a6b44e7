"""Matrix times vector in float32 on an RP2040, whose ROM has the arithmetic its cores lack.

ulab calls a function pointer and a conversion for every operand; this calls the ROM's multiply and
add, which MicroPython's own floats use too, one after the other.
"""

from array import array

import micropython


@micropython.asm_thumb
def _functions(r0):
    # r0: gets the addresses of multiply and add; they stay 0 if the ROM lists none.
    mov(r1, 0x10)
    ldrh(r1, [r1, 6])  # the table of data: pairs of code and address
    mov(r3, 0x46)  # "S", "F"
    lsl(r3, r3, 8)
    add(r3, 0x53)
    label(NEXT)
    ldrh(r2, [r1, 0])
    cmp(r2, 0)
    beq(STRANGER)
    cmp(r2, r3)
    beq(FOUND)
    add(r1, 4)
    b(NEXT)
    label(FOUND)
    ldrh(r1, [r1, 2])
    ldr(r2, [r1, 8])
    str(r2, [r0, 0])
    ldr(r2, [r1, 0])
    str(r2, [r0, 4])
    label(STRANGER)
    mov(r0, 0)


@micropython.asm_thumb
def _dot(r0, r1, r2, r3):
    # r0: matrix, r1: vector, r2: result, r3: multiply, add, bytes of the vector and of the result.
    # r4: weights, r5: vector, r6: sum, r7: result, r8: multiply, r9: add,
    # r10: vector, r11: its end.
    mov(r4, r8)
    mov(r5, r9)
    mov(r6, r10)
    mov(r7, r11)
    push({r4, r5, r6, r7})
    mov(r4, r0)
    mov(r7, r2)
    ldr(r0, [r3, 0])
    mov(r8, r0)
    ldr(r0, [r3, 4])
    mov(r9, r0)
    mov(r10, r1)
    ldr(r0, [r3, 8])
    add(r0, r0, r1)
    mov(r11, r0)
    ldr(r0, [r3, 12])
    add(r0, r0, r2)
    push({r0})
    label(ROW)
    mov(r5, r10)
    mov(r6, 0)
    label(COLUMN)
    data(2, 0xCC01)  # ldm r4!, {r0}
    data(2, 0xCD02)  # ldm r5!, {r1}
    data(2, 0x47C0)  # blx r8
    mov(r1, r6)
    data(2, 0x47C8)  # blx r9
    mov(r6, r0)
    data(2, 0x455D)  # cmp r5, r11
    bne(COLUMN)
    data(2, 0xC740)  # stm r7!, {r6}
    data(2, 0x9800)  # ldr r0, [sp]
    cmp(r7, r0)
    bne(ROW)
    pop({r0})
    pop({r4, r5, r6, r7})
    mov(r8, r4)
    mov(r9, r5)
    mov(r10, r6)
    mov(r11, r7)
    mov(r0, 0)


def product(matrix, vector, out):
    """Return a function that computes out = matrix . vector of buffers of float32.

    Returns None if the ROM lists no float functions.
    """
    arguments = array("I", bytes(16))
    _functions(arguments)
    if not arguments[0]:
        return None
    arguments[2] = 4 * len(vector)
    arguments[3] = 4 * len(out)

    def run():
        _dot(matrix, vector, out, arguments)

    return run
