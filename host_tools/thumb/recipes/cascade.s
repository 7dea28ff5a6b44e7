@ The step of cascade.py in Thumb assembler, with instructions that every Cortex-M has.
@
@ decay_thumb.py has notes on instructions and cycles.

.function step words, weights, dt_us, input_map
    enter
    str weights, [words, WEIGHTS]; str dt_us, [words, DT]; str input_map, [words, INPUT_MAP]
    @ Three words of room; the values do not matter.
    push {words, weights, dt_us, input_map}
    .stack WORDS, AT (a record), SKIP (bytes of the layers before), TARGETS
    ldr r1, [words, FLAGS]; lsls r1, r1, INPUT_FIRST_TO_SIGN; bpl INPUT_LATER
    bl APPLY
INPUT_LATER:
    .tmp words=r6, dt=r2
    ldr words, [sp, WORDS]
    ldr dt, [words, DT]; cmp dt, 0; bne MOVE_ON
    @ Too far for beq, whose range is 254 bytes.
    b MOVED

# The interval as mantissa, right and left shift.
MOVE_ON:
    store_interval words, dt

# Do the inputs differ from those that are held?
    .reg u=r1, held=r2, left=r3, differ=r4, words=r6, own=r7
    mov own, words; adds own, OWN
    hidden_bytes r4, words
    address u, words, V_AT; adds u, u, r4
    ldr held, [own, HELD_AT - OWN]; adds held, held, words
    ldr left, [words, INPUTS]; movs differ, 0
INPUT_HELD:
    ldm u!, {r5}; ldr r0, [held, 0]; stm held!, {r5}
    cmp r0, r5; unless beq, <movs differ, 1>
    subs left, 1; bne INPUT_HELD
    cmp differ, 0; bne FRESH
    b KEPT

# Everything that depends on the inputs alone.
FRESH:
    ldr r7, [own, INWARD_AT - OWN]; adds r7, r7, words
    bl SUMS
    .reg sums=r0, multipliers=r1, table=r2 (its offset), out=r3, bytes=r4 (of a word for each unit)
    ldr words, [sp, WORDS]; mov own, words; adds own, OWN
    ldr r5, [own, LAYERS_AT - OWN]; adds r5, r5, words; str r5, [sp, AT]
    ldr bytes, [r5, LAYER_UNITS]; lsls bytes, bytes, 2
    ldr sums, [own, SUMS_AT - OWN]; adds sums, sums, words; adds sums, sums, bytes
    address multipliers, words, MULTIPLIER_AT; adds multipliers, multipliers, bytes
    ldr out, [own, TARGETS_AT - OWN]; adds out, out, words
    ldr table, [words, DRIVE_TABLE_AT]
    bl LOOK_UP
    ldr words, [sp, WORDS]; mov own, words; adds own, OWN
    ldr sums, [own, SUMS_AT - OWN]; adds sums, sums, words
    address multipliers, words, MULTIPLIER_AT
    ldr out, [own, RATES_AT - OWN]; adds out, out, words
FRESH_RATES:
    ldr words, [sp, WORDS]; ldr r5, [sp, AT]
    ldr bytes, [r5, LAYER_UNITS]; lsls bytes, bytes, 2; beq KEPT
    adds r5, LAYER_BYTES; str r5, [sp, AT]; str bytes, [sp, SKIP]
    ldr table, [words, ALPHA_TABLE_AT]
    bl LOOK_UP
    @ Over the rows of q.
    ldr bytes, [sp, SKIP]; adds sums, sums, bytes; adds multipliers, multipliers, bytes
    ldr words, [sp, WORDS]
    ldr r5, [words, FLAGS]; lsrs r5, r5, FROM_BELOW_TO_CARRY; bcc FRESH_RATES

# Kept rates.
KEPT:
    .reg rates=r0, alpha=r1, end=r2
    ldr words, [sp, WORDS]; mov own, words; adds own, OWN
    ldr rates, [own, RATES_AT - OWN]; adds rates, rates, words
    address alpha, words, ALPHA_AT
    hidden_bytes end, words; adds end, end, rates
RATE:
    ldm rates!, {r4}; stm alpha!, {r4}
    cmp rates, end; bne RATE
    ldr r4, [own, LAYERS_AT - OWN]; adds r4, r4, words; str r4, [sp, AT]
    movs r4, 0; str r4, [sp, SKIP]

# A layer: its targets, and its rates if they depend on the layer below.
    .tmp layer=r7
LAYER:
    ldr words, [sp, WORDS]; ldr layer, [sp, AT]
    ldr r4, [layer, LAYER_ROWS]; cmp r4, 0; bne DRIVEN
    adds words, OWN; ldr r0, [words, TARGETS_AT - OWN]
    ldr words, [sp, WORDS]; adds r0, r0, words; str r0, [sp, TARGETS]
    b GAINS
DRIVEN:
    bl SUMS
    ldr words, [sp, WORDS]; ldr layer, [sp, AT]
    ldr r0, [layer, OUT]; adds r0, r0, words
    ldr r1, [layer, MULTIPLIER]; adds r1, r1, words
    ldr r4, [layer, LAYER_UNITS]; lsls r4, r4, 2
    ldr r5, [words, FLAGS]; lsrs r5, r5, FROM_BELOW_TO_CARRY; bcs RATES
    adds r1, r1, r4; b DRIVE
RATES:
    address r3, words, ALPHA_AT; ldr r5, [sp, SKIP]; adds r3, r3, r5
    ldr r2, [words, ALPHA_TABLE_AT]
    bl LOOK_UP
    ldr words, [sp, WORDS]; ldr layer, [sp, AT]
    ldr r4, [layer, LAYER_UNITS]; lsls r4, r4, 2
DRIVE:
    @ The targets overwrite their sums.
    str r0, [sp, TARGETS]; mov r3, r0
    ldr r2, [words, DRIVE_TABLE_AT]
    bl LOOK_UP

# Rates to gains. The mean's follow those of the last layer.
GAINS:
    ldr words, [sp, WORDS]; ldr layer, [sp, AT]
    address r0, words, ALPHA_AT; ldr r4, [sp, SKIP]; adds r0, r0, r4
    ldr r4, [layer, LAYER_UNITS]; lsls r4, r4, 2; adds r4, r4, r0
    ldr r5, [layer, LAYER_UNITS + LAYER_BYTES]; cmp r5, 0; unless bne, <adds r4, 4>
    mov lr, r4
    gains_of words, <address r1, words, GAIN_AT>

# Every unit moves.
    ldr words, [sp, WORDS]; ldr layer, [sp, AT]
    ldr r4, [layer, LAYER_UNITS]; lsls r4, r4, 2
    ldr r0, [sp, TARGETS]; adds r5, r4, r0; mov r9, r5
    ldr r5, [sp, SKIP]
    address r1, words, GAIN_AT
    address r2, words, X_AT; adds r2, r2, r5
    address r3, words, V_AT; adds r3, r3, r5
    adds r5, r5, r4; str r5, [sp, SKIP]
    adds layer, LAYER_BYTES; str layer, [sp, AT]
    move_units
    ldr layer, [sp, AT]; ldr r4, [layer, LAYER_UNITS]; cmp r4, 0; beq LAST
    b LAYER

# The mean; r1 points at its weight.
LAST:
    ldr words, [sp, WORDS]
    ldr r5, [words, FLAGS]; lsrs r5, r5, MEAN_TO_CARRY; bcc MOVED
    mean_gain words, r1
    average words, r1, r8

MOVED:
    .tmp words=r0
    ldr words, [sp, WORDS]
    ldr r1, [words, FLAGS]; lsls r1, r1, INPUT_FIRST_TO_SIGN; bmi APPLIED
    bl APPLY
APPLIED:
    .tmp words=r6, own=r7
    ldr words, [sp, WORDS]; mov own, words; adds own, OWN
    ldr r1, [words, FLAGS]; lsrs r2, r1, READ_INPUTS_TO_CARRY; bcs BESIDE
    ldr r2, [words, DT]; cmp r2, 0; bne READ_OUT
    b DONE

# Inputs that are read beside a mean.
BESIDE:
    .reg u=r1, behind=r2, left=r3
    lsrs r1, r1, MEAN_TO_CARRY; bcc READ_OUT
    hidden_bytes r4, words
    address u, words, V_AT; adds u, u, r4
    address behind, words, FEATURE_AT; adds behind, behind, r4
    ldr left, [words, INPUTS]
INPUT_BESIDE:
    ldm u!, {r5}; stm behind!, {r5}
    subs left, 1; bne INPUT_BESIDE

# The outputs.
READ_OUT:
    ldr r7, [own, READ_AT - OWN]; adds r7, r7, words
    bl SUMS
    .reg sums=r0, multipliers=r1, outputs=r2, left=r3
    ldr words, [sp, WORDS]
    address sums, words, ACC_AT; address multipliers, words, OUT_MULTIPLIER_AT
    address outputs, words, Y_AT; ldr left, [words, OUTPUTS]
OUTPUT:
    ldm sums!, {r4}; ldm multipliers!, {r5}
    mul_shift r4, r4, r5, r6, r7
    stm outputs!, {r4}
    subs left, 1; bne OUTPUT
DONE:
    pop {r0, r1, r2, r3}
    leave

    apply

# LOOK_UP: r4 / 4 sums at r0, multipliers at r1, looked up in the table at words + r2; to r3.
LOOK_UP:
    .tmp sums=r0, table=r2, t=r4, words=r6, end=r8, limit=r9
    adds t, t, sums; mov end, t
    adds table, table, words
    middle_node table, t; largest_z limit, t
    look_up_sums
    bx lr

# SUMS: of the record at r7, words=r6. Goes on in PRODUCT.
SUMS:
    .tmp record=r7, words=r6, rows=r5
    ldr rows, [record, LAYER_ROWS]
    @ Padded to eight.
    adds rows, 7; lsrs rows, rows, 3; lsls rows, rows, 3
    ldr r1, [record, VECTOR]; adds r1, r1, words
    ldr r2, [record, LAYER_COLUMNS]
    ldr r3, [record, BIAS]; adds r3, r3, words
    ldr r4, [record, OUT]; adds r4, r4, words
    ldr r0, [words, WEIGHTS]; ldr r6, [record, BEGIN]; adds r0, r0, r6
    product
END:
