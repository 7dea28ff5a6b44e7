@ The LTC cell of ltc.py in Thumb assembler.
@
@ decay_thumb.py has notes on instructions and cycles. Each step takes about 32 cycles for a
@ synapse and 250 for a neuron.

@ q += q (1 - q d), with q d in units of 2^-30
.macro newton q, d, one, t
    mov t, q; muls t, d; subs t, one, t
    asrs t, t, 15; muls t, q; asrs t, t, 15; adds q, q, t
.endm

@ A synapse's z + 2^14, which counts from the table's first node. Then `outside` is 0 if it is within
@ the table.
.macro argument synapses, words, shift, half
    .tmp source=r4, z=r5, pulls=r6, v=r7, outside=r4
    ldm synapses!, {source, z, pulls}
    uxth v, source; ldr v, [words, v]
    asrs source, source, 16; muls v, source; adds z, z, v
    asrs z, shift
    add z, half; lsrs outside, z, 15
.endm

@ Add a synapse's conductance and current, the two halves of a word. Both times s are exact modulo
@ 2^32: the whole word gives conductance + 2^16 current, its upper half the current.
.macro add_pulls fraction, table, both, current
    .tmp z=r5, pulls=r6, node=r7, s=r4, step=r7
    lsrs node, z, 6; lsls node, node, 2; add node, table
    ands z, fraction
    ldm node, {s, step}; subs step, step, s
    between step, z
    adds s, s, step
    asrs r5, pulls, 16; muls r5, s; add current, r5
    muls pulls, s; add both, pulls
.endm

@ The nearest z of the table: 0 or 2^15 - 1
.macro nearest
    asrs r4, r5, 31; power r5, 15; subs r5, 1; bics r5, r4
.endm

@ If t has more than `bits` bits, drop its last `bits` bits and count them.
.macro halve t, rest, count, bits
    lsrs rest, t, bits; beq FEW
    adds count, bits; mov t, rest
FEW:
.endm

@ Store the address of an entry's array, which is on the stack then.
.macro keep_address words, entry, place, t
    address t, words, entry; str t, [sp, place]
.endm

.function move words, dt
    enter
    @ Fourteen words of room; the values do not matter.
    push {r0, r1, r2, r3, r4, r5}; push {r0, r1, r2, r3, r4, r5, r6, r7}
    .stack WORDS, ONE, DOWN, DOWN_15, STEPS, COUNTS, BASE, OUT, LAST, RETURN, SUMMED, M, X, V
    .reg bytes=r12 (4 NEURONS)
    str words, [sp, WORDS]
    keep_address words, ACC_AT, SUMMED, r4
    keep_address words, X_AT, X, r4
    keep_address words, V_AT, V, r4

# The interval as mantissa, right and left shift.
    .tmp shift=r3, t=r4, own=r7, right=r4, exponent=r5, one=r3, down=r4
    mov own, words; adds own, OWN
    ldr t, [own, NEURONS - OWN]; lsls t, t, 2; mov bytes, t
    ldr t, [own, RATE_MULTIPLIER_AT - OWN]; adds t, t, words; str t, [sp, M]
    ldr shift, [own, RATE_SHIFT - OWN]; adds shift, 2
    mantissa dt, shift, t, r5, <adds shift, 10>
    ldr t, [own, SCALE - OWN]; muls dt, t; lsrs dt, dt, 15; str dt, [words, MANTISSA]
    cmp shift, 31; unless ble, <movs shift, 31>
    movs right, 0
    # 1 is 2^(25 - shift) in units of s. If that is above 2^29, both are shifted DOWN.
    movs exponent, 25; subs exponent, exponent, shift
    store_shift words, shift, right
    movs down, 0; movs one, 0
    cmp exponent, 0; blt NOTHING
    cmp exponent, 29; ble ROOM
    mov down, exponent; subs down, 29
    movs exponent, 29
ROOM:
    movs one, 1; lsls one, exponent
NOTHING:
    str one, [sp, ONE]; str down, [sp, DOWN]; subs down, 15; str down, [sp, DOWN_15]
    ldr r4, [own, UNFOLDS - OWN]; str r4, [sp, STEPS]
    ldr r1, [own, SENSORY_AT - OWN]
    bl SUMS

# A step: the sums of the neurons' synapses, then every potential.
STEP:
    ldr own, [sp, WORDS]; adds own, OWN
    ldr r1, [own, RECURRENT_AT - OWN]
    bl SUMS
    .reg at=r7 (4 times the neuron), rates=r8, span=r9 (the mantissa), full=r10 (2^30)
    .reg rounding=r11 (2^17)
    .tmp d=r0, n=r1, alpha=r2, s=r2, k=r2, r=r3, q=r1, count=r6, words=r7, x=r5, place=r4
    ldr words, [sp, WORDS]
    address r4, words, ALPHA_AT; mov rates, r4
    ldr r4, [words, MANTISSA]; mov span, r4
    power r4, 30; mov full, r4
    power r4, 17; mov rounding, r4
    movs at, 0
NEURON:
    # d=r0 (conductance), n=r1 (current), alpha=r2
    ldr r4, [sp, SUMMED]; ldr d, [r4, at]; add r4, bytes; ldr n, [r4, at]
    ldr r5, [sp, M]; ldr r5, [r5, at]
    mul_shift alpha, d, r5, r4, r3
    ble LEAST_RATE
    lsrs r4, alpha, 30; bne LARGEST_RATE
RATED:
    mov r4, rates; str alpha, [r4, at]
    # s=r2: alpha h, halved
    mov r4, span
    scale s, r4, r5
    lsrs s, s, 1
    # q=r1: n / d
    bl RECIPROCAL
    cmp count, 0; blt ENLARGE
    asrs q, count
ALIGNED:
    muls q, r; asrs q, q, 15
    asrs r4, q, 31; adds r5, q, r4; eors r5, r4; lsrs r5, r5, 15; bne BEYOND
WITHIN:
    # k=r2: s / (1 + s)
    ldr r4, [sp, DOWN]; mov d, s; lsrs d, r4
    ldr r4, [sp, ONE]; adds d, d, r4; beq NIL
DIVIDED:
    bl RECIPROCAL
    scale k, r, r4
    ldr r4, [sp, DOWN_15]; adds count, count, r4; bgt DOWNWARDS
    negs count, count; lsls k, count
AT_LEVEL:
    cmp k, full; bhi ALL_THE_WAY
MOVED:
    ldr place, [sp, X]; ldr x, [place, at]
    move x, q, k, r0
    str x, [place, at]
    add x, rounding; asrs x, x, 18
    ldr place, [sp, V]; str x, [place, at]
    adds at, 4; cmp at, bytes; bne NEURON
    ldr r4, [sp, STEPS]; subs r4, 1; str r4, [sp, STEPS]; bne STEP
    pop {r0, r1, r2, r3, r4, r5, r6, r7}; pop {r0, r1, r2, r3, r4, r5}
    leave

# What is rare.
LEAST_RATE:
    movs alpha, 1
    @ A rate above 0 is that of a conductance above 0.
    cmp d, 0; bgt RATED
    movs d, 1; b RATED
LARGEST_RATE:
    mov alpha, full; subs alpha, 1; b RATED
ENLARGE:
    negs count, count; lsls q, count; b ALIGNED
BEYOND:
    power q, 15; subs q, 1; eors q, r4; subs q, q, r4; b WITHIN
NIL:
    movs d, 1; b DIVIDED
DOWNWARDS:
    lsrs k, count; b AT_LEVEL
ALL_THE_WAY:
    mov k, full; b MOVED

# RECIPROCAL: 1 / r0 = r3 / 2^(30 + r6), r0 > 0, full=r10; changes r0, r4 and r5.
RECIPROCAL:
    .tmp d=r0, q=r3, rest=r4, one=r5, count=r6
    lsrs r4, d, 16; beq SHORT_OF_BITS
    @ Of the upper half's bits, all are shifted out.
    movs count, 1
    halve r4, r5, count, 8; halve r4, r5, count, 4; halve r4, r5, count, 2
    lsrs r4, r4, 1; adds count, count, r4
    lsrs d, count
SIXTEEN_BITS:
    @ 2.906 - 2 d is 1 / d within 7.3 %, and each Newton step q += q (1 - q d) squares the error.
    @ The steps round down, so q is at most 2 too small.
    movs q, 186; lsls q, q, 8; lsrs rest, d, 1; subs q, q, rest
    mov one, full
    newton q, d, one, rest
    newton q, d, one, rest
    mov rest, q; muls rest, d; subs rest, one, rest
    cmp rest, d; bcc EXACT
    adds q, 1; subs rest, rest, d
    cmp rest, d; bcc EXACT
    adds q, 1
EXACT:
    bx lr
SHORT_OF_BITS:
    movs count, 0
ENLARGED:
    lsrs r4, d, 15; bne SIXTEEN_BITS
    lsls d, d, 1; subs count, 1; b ENLARGED

# SUMS: conductances and currents; the record of five words is at words + r1.
    .reg synapses=r0, words=r1, fraction=r2 (63), shift=r3, half=r8 (2^14)
    .reg both=r9 (conductance + 2^16 current), end=r10 (of the neuron's synapses)
    .reg table=r11 (its first node), bytes=r12, current=lr
    .tmp five=r1, t=r4, own=r7
SUMS:
    mov t, lr; str t, [sp, RETURN]
    ldr r7, [sp, WORDS]
    adds five, five, r7
    ldr synapses, [five, 0]; adds synapses, synapses, r7
    ldr t, [five, 4]; adds t, t, r7; str t, [sp, COUNTS]
    ldr t, [five, 8]; adds t, t, r7; str t, [sp, BASE]
    ldr t, [five, 12]; adds t, t, r7; str t, [sp, OUT]
    add t, bytes; str t, [sp, LAST]
    ldr shift, [five, 16]
    mov words, r7
    adds own, OWN; ldr t, [own, SIGMOID_TABLE_AT - OWN]; adds t, t, words; mov table, t
    power t, 14; mov half, t
    movs fraction, 63
TARGET:
    .tmp count=r5
    ldr r4, [sp, COUNTS]; ldm r4!, {count}; str r4, [sp, COUNTS]
    @ 12 bytes for each of its synapses.
    lsls r6, count, 1; adds r6, r6, count; lsls r6, r6, 2; adds r6, r6, synapses; mov end, r6
    ldr r4, [sp, BASE]; mov r6, bytes; ldr r7, [r4, r6]
    ldm r4!, {r6}; str r4, [sp, BASE]
    mov current, r7; lsls r7, r7, 16; adds r6, r6, r7; mov both, r6
    lsrs count, count, 1; bcs ODD
    b ANY
EVEN:
    argument synapses, words, shift, half; bne OUTSIDE
INSIDE:
    add_pulls fraction, table, both, current
ODD:
    argument synapses, words, shift, half; bne OUTSIDE_TOO
INSIDE_TOO:
    add_pulls fraction, table, both, current
ANY:
    cmp synapses, end; bne EVEN
    mov r5, both; mov r6, current; lsls r7, r6, 16; subs r5, r5, r7
    ldr r4, [sp, OUT]; mov r7, bytes; str r6, [r4, r7]
    stm r4!, {r5}; str r4, [sp, OUT]
    ldr r5, [sp, LAST]; cmp r4, r5; bne TARGET
    ldr r4, [sp, RETURN]; bx r4

OUTSIDE:
    nearest; b INSIDE
OUTSIDE_TOO:
    nearest; b INSIDE_TOO
END:
