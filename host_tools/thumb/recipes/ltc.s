@ The LTC cell of ltc.py in Thumb assembler.
@
@ decay_thumb.py has notes on instructions and cycles. Each step takes about 41 cycles for a
@ synapse and 450 for a neuron.

.function move words, dt
    enter
    @ Nine words of room; the values do not matter.
    push {r0}; push {r0, r1, r2, r3, r4, r5, r6, r7}
    .stack WORDS, BYTES, ONE (in units of s), DOWN, STEPS (left), COUNTS, BASE, OUT, END_OF_OUT
    .reg bytes=r12 (4 HIDDEN)
    str words, [sp, WORDS]
    hidden_bytes r4, words; str r4, [sp, BYTES]; mov bytes, r4

# The interval as mantissa, right and left shift.
    .tmp shift=r3, t=r4, own=r7, right=r4, exponent=r5, one=r3, down=r4
    mov own, words; adds own, OWN
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
    str one, [sp, ONE]; str down, [sp, DOWN]
    ldr r4, [own, UNFOLDS - OWN]; str r4, [sp, STEPS]
    ldr r1, [own, SENSORY_AT - OWN]
    bl SUMS

# A step: the sums of the neurons' synapses, then every potential.
STEP:
    ldr own, [sp, WORDS]; adds own, OWN
    ldr r1, [own, RECURRENT_AT - OWN]
    bl SUMS
    .reg at=r9 (4 times the neuron), full=r10 (2^30)
    .tmp d=r0, n=r1, alpha=r2, s=r2, k=r2, r=r3, q=r1, i=r6, count=r6, words=r7, x=r5, place=r4
    movs r4, 0; mov at, r4
    power r4, 30; mov full, r4
NEURON:
    # d=r0 (conductance), n=r1 (current), alpha=r2
    ldr words, [sp, WORDS]; mov i, at
    address r4, words, ACC_AT; adds r4, r4, i
    ldr d, [r4, 0]; mov r5, bytes; ldr n, [r4, r5]
    mov r5, words; adds r5, OWN
    ldr r5, [r5, RATE_MULTIPLIER_AT - OWN]; adds r5, r5, words; ldr r5, [r5, i]
    mul_shift alpha, d, r5, r4, r3
    unless bgt, <movs alpha, 1>
    mov r4, full; cmp alpha, r4; unless blt, <subs alpha, r4, 1>
    address r4, words, ALPHA_AT; str alpha, [r4, i]
    # s=r2: alpha h, halved
    ldr r4, [words, MANTISSA]
    scale s, r4, r5
    lsrs s, s, 1
    # q=r1: n / d
    cmp d, 0; unless bgt, <movs d, 1>
    to_16_bits d, r3, <asrs q, q>, <lsls q, q>
    bl RECIPROCAL
    muls q, r; asrs q, q, 15
    clamp_q15 q, r4
    # k=r2: s / (1 + s), count=r6: the right shift of k
    ldr count, [sp, DOWN]
    mov d, s; lsrs d, count
    ldr r4, [sp, ONE]; adds d, d, r4; unless bne, <movs d, 1>
    subs count, 15
    to_16_bits d, r3, <adds count>, <subs count>
    bl RECIPROCAL
    scale k, r, r4
    cmp count, 0; ble UPWARDS
    lsrs k, count; b AT_LEVEL
UPWARDS:
    negs count, count; lsls k, count
AT_LEVEL:
    mov r4, full; cmp k, r4; unless ble, <mov k, r4>
    # The move.
    mov i, at
    address place, words, X_AT; ldr x, [place, i]
    move x, q, k, r0
    str x, [place, i]
    power r0, 17; adds x, x, r0; asrs x, x, 18
    address place, words, V_AT; str x, [place, i]
    adds i, 4; mov at, i
    cmp i, bytes; beq SETTLED
    b NEURON
SETTLED:
    ldr r4, [sp, STEPS]; subs r4, 1; str r4, [sp, STEPS]; beq DONE
    b STEP
DONE:
    pop {r0, r1, r2, r3, r4, r5, r6, r7}; pop {r0}
    leave

# RECIPROCAL: r3 = 2^30 / r0, r0 from 2^15 to 2^16 - 1; changes r4 and r5.
RECIPROCAL:
    @ The first 14 steps of the division give zero bits.
    movs r3, 1; lsls r4, r3, 14
    divide r4, r0, r3, 16, r5
    uxth r3, r3
    bx lr

# SUMS: conductances and currents; the record of five words is at words + r1.
    .reg synapses=r0, words=r1, conductance=r2, current=r3, limit=r8 (16383), shift=r9
    .reg end=r10 (of the neuron's synapses), table=r11 (its middle node), bytes=r12
    .tmp five=r1, t=r4, own=r7
SUMS:
    ldr r7, [sp, WORDS]
    adds five, five, r7
    ldr synapses, [five, 0]; adds synapses, synapses, r7
    ldr t, [five, 4]; adds t, t, r7; str t, [sp, COUNTS]
    ldr t, [five, 8]; adds t, t, r7; str t, [sp, BASE]
    ldr t, [five, 12]; adds t, t, r7; str t, [sp, OUT]
    add t, bytes; str t, [sp, END_OF_OUT]
    ldr t, [five, 16]; mov shift, t
    mov words, r7
    adds own, OWN; ldr t, [own, SIGMOID_TABLE_AT - OWN]; adds t, t, words
    middle_node t, r5
    mov table, t
    largest_z limit, r5
TARGET:
    .tmp source=r4, offset=r5, pulls=r6, z=r7, node=r4, s=r5, step=r4
    ldr r4, [sp, COUNTS]; ldm r4!, {r5}; str r4, [sp, COUNTS]
    @ 12 bytes for each of its synapses.
    lsls r4, r5, 3; lsls r5, r5, 2; adds r4, r4, r5; adds r4, r4, synapses; mov end, r4
    ldr r4, [sp, BASE]; mov r5, bytes; ldr current, [r4, r5]
    ldm r4!, {conductance}; str r4, [sp, BASE]
    b ANY
SYNAPSE:
    ldm synapses!, {source, offset, pulls}
    uxth z, source; ldr z, [words, z]
    asrs source, source, 16; muls z, source; adds z, z, offset
    mov r5, shift; asrs z, r5
    clamp_z z, limit, r4, r5
    asrs node, z, 6; lsls node, node, 2; add node, table
    ldr s, [node, 0]; ldr step, [node, 4]; subs step, step, s
    lsls z, z, 26; lsrs z, z, 26
    between step, z
    adds s, s, step
    uxth r4, pulls; muls r4, s; adds conductance, conductance, r4
    asrs pulls, pulls, 16; muls pulls, s; adds current, current, pulls
ANY:
    cmp synapses, end; bne SYNAPSE
    ldr r4, [sp, OUT]; mov r5, bytes; str current, [r4, r5]
    stm r4!, {conductance}; str r4, [sp, OUT]
    ldr r5, [sp, END_OF_OUT]; cmp r4, r5; bne TARGET
    bx lr
END:
