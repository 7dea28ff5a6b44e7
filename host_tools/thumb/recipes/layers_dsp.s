@ The layers of layers.py in Thumb assembler with the DSP extension.
@
@ dsp.py has the order of the layers' weights, decay_thumb.py notes on instructions. The readout's
@ weights stay in the order of layout.py.

.macro sums_of_layer words, layer, rows, weights_at
    .tmp begin=r6, readout=r7
    layer_arguments words, layer, rows
    ldr begin, [layer, BEGIN]; ldr readout, [words, OUT_WEIGHTS_AT]
    cmp begin, readout; beq READOUT
    ldr r7, [sp, weights_at]; adds r7, r7, begin
    address r6, words, GAIN_AT
    mov r0, r7
    bl PRODUCT_DSP
    b LAYER_SUMMED
READOUT:
    ldr r0, [sp, weights_at]; adds r0, r0, begin
    bl PRODUCT
LAYER_SUMMED:
.endm

.function run words, weights, at
    run_layers words, weights, at

    product
    product_dsp
END:
