@ The run of layers.py. A recipe defines the macro sums_of_layer, which computes a layer's sums, and
@ appends the products that it calls.

.macro run_layers words, weights, at
    enter
    adds at, at, words
    push {words, weights, at}
    .stack WORDS, WEIGHTS, AT

# A layer's sums. A layer of no rows ends the list.
    .reg layer=r7, rows=r5
LAYER:
    ldr words, [sp, WORDS]; ldr layer, [sp, AT]
    ldr rows, [layer, LAYER_ROWS]; cmp rows, 0; bne MORE
    b DONE
MORE:
    sums_of_layer words, layer, rows, WEIGHTS

# Sums to results, looked up in the table if the layer has one.
    .tmp words=r6, sums=r0, multipliers=r1, table=r2, out=r3, end=r8, limit=r9
    ldr words, [sp, WORDS]; ldr layer, [sp, AT]
    address sums, words, ACC_AT
    ldr r4, [layer, LAYER_ROWS]; lsls r4, r4, 2; adds r4, r4, sums; mov end, r4
    ldr multipliers, [layer, MULTIPLIER]; adds multipliers, multipliers, words
    ldr out, [layer, OUT]; adds out, out, words
    ldr table, [layer, TABLE]
    adds layer, LAYER_BYTES; str layer, [sp, AT]
    cmp table, 0; beq PLAIN
    adds table, table, words
    middle_node table, r4
    largest_z limit, r4
    look_up_sums
    b LAYER
PLAIN:
    ldm sums!, {r4}; ldm multipliers!, {r5}
    mul_shift r4, r4, r5, r6, r7
    stm out!, {r4}
    cmp sums, end; bne PLAIN
    b LAYER

DONE:
    pop {r0, r1, r2}
    leave
.endm

@ What a product takes: v in r1, columns in r2, biases in r3, sums in r4, and the padded rows.
.macro layer_arguments words, layer, rows
    @ Padded to eight.
    adds rows, 7; lsrs rows, rows, 3; lsls rows, rows, 3
    ldr r1, [layer, VECTOR]; adds r1, r1, words
    ldr r2, [layer, LAYER_COLUMNS]
    ldr r3, [layer, BIAS]; adds r3, r3, words
    address r4, words, ACC_AT
.endm
