@ The layers of layers.py in Thumb assembler, for cells other than decay.
@
@ decay_thumb.py has notes on instructions and cycles.

.macro sums_of_layer words, layer, rows, weights_at
    layer_arguments words, layer, rows
    ldr r6, [layer, BEGIN]; ldr r0, [sp, weights_at]; adds r0, r0, r6
    bl PRODUCT
.endm

.function run words, weights, at
    run_layers words, weights, at

    product
END:
