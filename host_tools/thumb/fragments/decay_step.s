@ The step of decay.py. A recipe defines the macro gates, which computes the sums of both gates, and
@ appends PRODUCT, which computes those of the readout.

@ Look up the rates' sums in a table. r0 then points at the drives' sums, r1 at their multipliers.
.macro look_up_rates table, out
    address r0, r6, ACC_AT; address r1, r6, MULTIPLIER_AT
    ldr r2, [r6, table]; address r3, r6, out
    bl LOOK_UP
.endm

.macro decay_step words, weights, dt_us, input_map
    enter
    str weights, [words, WEIGHTS]; str dt_us, [words, DT]; str input_map, [words, INPUT_MAP]
    push {words}
    .stack WORDS
    ldr r1, [words, FLAGS]; lsls r1, r1, INPUT_FIRST_TO_SIGN; bpl INPUT_LATER
    bl APPLY
INPUT_LATER:
    .tmp words=r0, dt=r2
    ldr words, [sp, WORDS]
    ldr dt, [words, DT]; cmp dt, 0; bne MOVE_ON
    @ Too far for beq, whose range is 254 bytes.
    b MOVED

# The interval as mantissa, right and left shift.
MOVE_ON:
    store_interval words, dt

# Both gates' sums.
    gates words

# Sums to rates and drive; with an additive drive, drive / rate is the target.
    .reg sums=r0, multipliers=r1, table=r2 (its offset), out=r3, words=r6
    ldr words, [sp, WORDS]
    look_up_rates ALPHA_TABLE_AT, ALPHA_AT
    ldr words, [sp, WORDS]
    @ The drives overwrite their sums.
    ldr table, [words, DRIVE_TABLE_AT]; mov out, sums
    bl LOOK_UP
    ldr words, [sp, WORDS]
    ldr r1, [words, FLAGS]; lsrs r1, r1, ADDITIVE_TO_CARRY; bcc GAINS
    look_up_rates RECIPROCAL_TABLE_AT, GAIN_AT
    .reg drives=r0, reciprocals=r1, end=r3
    ldr words, [sp, WORDS]
    address reciprocals, words, GAIN_AT
TARGET:
    ldm reciprocals!, {r2}; ldr r4, [drives, 0]
    muls r4, r2; asrs r4, r4, 15
    stm drives!, {r4}
    cmp reciprocals, end; bne TARGET

# Rates to gains.
GAINS:
    ldr words, [sp, WORDS]
    gains words

# Every unit moves.
    .tmp words=r6
    ldr words, [sp, WORDS]
    hidden_bytes r4, words
    address r0, words, ACC_AT; adds r0, r0, r4
    adds r4, r4, r0; mov r9, r4
    address r1, words, GAIN_AT; address r2, words, X_AT; address r3, words, V_AT
    move_units

# The mean. Its weight follows the units' gains; r1 points at it.
    ldr words, [sp, WORDS]
    ldr r5, [words, FLAGS]; lsrs r5, r5, MEAN_TO_CARRY; bcs MEAN
    ldr r1, [words, V_AT]; b READ_OUT
MEAN:
    mean_gain words, r1
    average words, r1, r8
    ldr words, [sp, WORDS]
    ldr r1, [words, FEATURE_AT]

# The outputs.
    .reg features=r1, words=r6
READ_OUT:
    adds features, features, words; ldr r2, [words, FEATURES]
    address r3, words, OUT_BIAS_AT; address r4, words, ACC_AT; ldr r5, [words, OUT_ROWS]
    ldr r0, [words, WEIGHTS]; ldr r6, [words, OUT_WEIGHTS_AT]; adds r0, r0, r6
    bl PRODUCT
    .tmp sums=r0, multipliers=r1, outputs=r2, left=r3
    ldr words, [sp, WORDS]
    address sums, words, ACC_AT; address multipliers, words, OUT_MULTIPLIER_AT
    address outputs, words, Y_AT; ldr left, [words, OUTPUTS]
OUTPUT:
    ldm sums!, {r4}; ldm multipliers!, {r5}
    bl MUL_SHIFT
    stm outputs!, {r4}
    subs left, 1; bne OUTPUT

MOVED:
    .tmp words=r0
    ldr words, [sp, WORDS]
    ldr r1, [words, FLAGS]; lsls r1, r1, INPUT_FIRST_TO_SIGN; bmi DONE
    bl APPLY
DONE:
    pop {r0}
    leave

    apply

# MUL_SHIFT: r4 M >> (16 + b), of r5 = M | b << 16; changes r5 to r7.
MUL_SHIFT:
    mul_shift r4, r4, r5, r6, r7
    bx lr

# LOOK_UP: HIDDEN sums at r0, multipliers at r1, looked up in the table at words + r2; to r3.
LOOK_UP:
    .tmp sums=r0, table=r2, t=r4, words=r6, end=r8, limit=r9
    adds table, table, words
    middle_node table, t; largest_z limit, t
    hidden_bytes t, words; adds t, t, sums; mov end, t
    look_up_sums
    bx lr
.endm
