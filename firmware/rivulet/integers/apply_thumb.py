# Generated from host_tools/thumb/recipes/apply.s by: python -m host_tools.thumb
"""An input map's values of layered cells: arithmetic.apply in Thumb assembler.

decay_thumb.py has notes on instructions.
"""

import micropython
from micropython import const

# Byte offsets in words, filled by the step itself.
_INPUT_MAP = const(112)


@micropython.asm_thumb
def apply(r0, r1):
    # words, input_map
    mov(r4, r8)
    mov(r5, r9)
    mov(r6, r10)
    mov(r7, r11)
    push({r4, r5, r6, r7})
    str(r1, [r0, _INPUT_MAP])
    bl(APPLY)
    pop({r4, r5, r6, r7})
    mov(r8, r4)
    mov(r9, r5)
    mov(r10, r6)
    mov(r11, r7)
    mov(r0, 0)
    b(END)

    # APPLY: v = clamp((raw M + O) >> b) for every value of the input map.
    # words=r0, raw=r1, settings=r2, end=r8, of a value: place=r3, v=r4, m=r5, o=r6, right=r7
    label(APPLY)
    ldr(r1, [r0, _INPUT_MAP])
    data(2, 0xC904)  # ldm r1!, {r2}
    lsl(r2, r2, 2)
    add(r2, r2, r1)
    mov(r8, r2)
    b(APPLIED)
    label(INPUT)
    data(2, 0xC910)  # ldm r1!, {r4}
    data(2, 0xCAE8)  # ldm r2!, {r3, r5, r6, r7}
    mul(r4, r5)
    add(r4, r4, r6)
    asr(r4, r7)
    mov(r5, 1)
    lsl(r5, r5, 15)
    sub(r5, 1)
    cmp(r4, r5)
    ble(SKIP)
    mov(r4, r5)
    label(SKIP)
    neg(r5, r5)
    cmp(r4, r5)
    bge(SKIP_2)
    mov(r4, r5)
    label(SKIP_2)
    data(2, 0x50C4)  # str r4, [r0, r3]
    label(APPLIED)
    data(2, 0x4541)  # cmp r1, r8
    bne(INPUT)
    bx(lr)
    label(END)
