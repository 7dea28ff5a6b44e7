@ The leaky mean of a state in float32, in Thumb assembler for a floating-point unit.
@
@ mean = state + kept (mean - state), rounded after each operation, as arrays compute it.
@ MicroPython for a core without the unit refuses this file with a SyntaxError.

.function blend mean, state, kept, count
    vldr s0, [kept, 0]
UNIT:
    vldr s1, [mean, 0]; vldm state!, {s2}
    subs count, 1
    vsub s1, s1, s2; vmul s1, s1, s0; vadd s1, s1, s2
    vstm mean!, {s1}
    bne UNIT
    movs r0, 0
