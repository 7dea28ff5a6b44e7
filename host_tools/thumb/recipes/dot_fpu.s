@ The product of fpu.py in Thumb assembler for a floating-point unit.
@
@ MicroPython for a core without the unit refuses this file with a SyntaxError.

.function dot matrix, vector, out, sizes
    enter
    vpush {s16-s27}
    bl PRODUCT_FPU
    vpop {s16-s27}
    leave

    product_fpu
END:
