@ The step of decay.py in Thumb assembler, with instructions that every Cortex-M has.
@
@ decay.py defines the step. data(2, ...) encodes an instruction that MicroPython's assembler
@ lacks; the comment names it. On a Cortex-M0+ with a one-cycle multiplier, a weight of a dense
@ product takes 3.5 cycles, a kept weight of sparse gates 5.1.

.macro gates words
    address r3, words, BIAS_AT; address r4, words, ACC_AT
    ldr r5, [words, ROWS]
    ldr r1, [words, SPARSE_AT]; cmp r1, 0; bne SPARSE
    address r1, words, V_AT
    ldr r2, [words, COLUMNS]; ldr r0, [words, WEIGHTS]
    bl PRODUCT
    b SUMMED
SPARSE:
    adds r1, r1, words; mov r2, words; ldr r0, [words, WEIGHTS]
    bl SPARSE_PRODUCT
SUMMED:
.endm

.function step words, weights, dt_us, input_map
    decay_step words, weights, dt_us, input_map

    product
    sparse_product
END:
