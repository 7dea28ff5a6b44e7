@ The step of decay.py in Thumb assembler with the DSP extension, for dense gates.
@
@ dsp.py has the order of the gates' weights, decay_thumb.py notes on instructions. The readout's
@ weights stay in the order of layout.py.

.macro gates words
    address r1, words, V_AT; ldr r2, [words, COLUMNS]
    address r3, words, BIAS_AT; address r4, words, ACC_AT; ldr r5, [words, ROWS]
    address r6, words, GAIN_AT
    ldr r0, [words, WEIGHTS]
    bl PRODUCT_DSP
.endm

.function step words, weights, dt_us, input_map
    decay_step words, weights, dt_us, input_map

    product
    product_dsp
END:
