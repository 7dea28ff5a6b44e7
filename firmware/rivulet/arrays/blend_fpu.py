# Generated from host_tools/thumb/recipes/blend_fpu.s by: python -m host_tools.thumb
"""The leaky mean of a state in float32, in Thumb assembler for a floating-point unit.

mean = state + kept (mean - state), rounded after each operation, as arrays compute it.
MicroPython for a core without the unit refuses this file with a SyntaxError.
"""

import micropython


@micropython.asm_thumb
def blend(r0, r1, r2, r3):
    # mean, state, kept, count
    data(2, 0xED92, 0x0A00)  # vldr s0, [r2, 0]
    label(UNIT)
    data(2, 0xEDD0, 0x0A00)  # vldr s1, [r0, 0]
    data(2, 0xECB1, 0x1A01)  # vldm r1!, {s2}
    sub(r3, 1)
    vsub(s1, s1, s2)
    vmul(s1, s1, s0)
    vadd(s1, s1, s2)
    data(2, 0xECE0, 0x0A01)  # vstm r0!, {s1}
    bne(UNIT)
    mov(r0, 0)
