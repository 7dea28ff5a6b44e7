@ The CfC cell of cfc.py in Thumb assembler.
@
@ decay_thumb.py has notes on instructions and cycles. A unit with gates takes about 90 cycles.

@ value = |value|, sign = -1 where it was negative, else 0
.macro absolute value, sign
    asrs sign, value, 31; eors value, sign; subs value, value, sign
.endm

@ value, if it is 2^30 or more, becomes 2^30 - 1. Leaves 2^30 in one.
.macro below_one value, one
    power one, 30; cmp value, one; unless blt, <subs value, one, 1>
.endm

@ Store value where a high register points, and move it on.
.macro store_next value, pointer, t
    mov t, pointer; stm t!, {value}; mov pointer, t
.endm

@ Load value from where a high register points, and move it on.
.macro load_next value, pointer, t
    mov t, pointer; ldm t!, {value}; mov pointer, t
.endm

@ Store the state x in Q12. Changes x.
.macro store_short x, pointer, t
    power t, 17; adds x, x, t; asrs x, x, 18
    store_next x, pointer, t
.endm

@ The address of the first moving unit in the array of `entry`.
.macro address_first target, words, entry, first
    address target, words, entry; adds target, target, first
.endm

.function move words, dt
    enter
    @ Eight words of room; the values do not matter.
    push {r0, r1, r2, r3, r4, r5, r6, r7}
    .stack WORDS, LAST, H (the mantissa), RIGHT_BY, LEFT_BY, MOST, GATE, HALF

# The interval as mantissa, right and left shift.
    .tmp shift=r3, t=r4, own=r7, right=r4
    mov own, words; adds own, OWN
    ldr shift, [own, RATE_SHIFT - OWN]; adds shift, 2
    mantissa dt, shift, t, r5, <adds shift, 10>
    movs t, US_SCALE_HIGH; lsls t, t, 8; adds t, US_SCALE_LOW
    muls dt, t; lsrs dt, dt, 15
    str dt, [words, MANTISSA]; str dt, [sp, H]
    @ The gates' shift is smaller by 6, so it comes from the one before this.
    mov r5, shift
    cmp shift, 31; unless ble, <movs shift, 31>
    movs right, 0
    store_shift words, shift, right
    .reg words=r6, own=r7, z=r0
    ldr words, [sp, WORDS]
    ldr z, [own, HEADS_AT - OWN]; adds z, z, words
    ldr r1, [own, COUNT - OWN]; lsls r1, r1, 2; adds r2, r1, z; str r2, [sp, LAST]
    ldr r3, [words, FLAGS]; lsls r3, r3, PURE_TO_SIGN; bpl GATED
    b PURE_MODE

# Gates: their argument is coarser by 6 bits than an exponent.
GATED:
    .reg bytes=r8 (4 COUNT), shorts=r9, states=r10, rates=r11, limit=r12 (16383), table=lr
    mov bytes, r1
    subs r5, 6; movs r4, 0; cmp r5, 0; bge FINE
    negs r4, r5; movs r5, 0
FINE:
    str r4, [sp, RIGHT_BY]; str r5, [sp, LEFT_BY]
    largest_s r4; lsrs r4, r5; str r4, [sp, MOST]
    ldr r4, [own, GATE_SHIFT - OWN]; str r4, [sp, GATE]
    ldr r4, [own, SIGMOID_TABLE_AT - OWN]; adds r4, r4, words
    middle_node r4, r5; mov table, r4
    largest_z limit, r5
    ldr r5, [own, FIRST - OWN]
    address_first r4, words, X_AT, r5; mov states, r4
    address_first r4, words, V_AT, r5; mov shorts, r4
    address_first r4, words, ALPHA_AT, r5; mov rates, r4
GATE_UNIT:
    .tmp a=r2, bias=r3, sign=r4, t=r5, x=r1, g2=r2, share=r6
    mov r1, z; add r1, bytes; add r1, bytes
    ldr a, [r1, 0]; mov t, bytes; ldr bias, [r1, t]
    absolute a, sign
    below_one a, t
    mov r6, a; cmp a, 0; unless bne, <movs r6, 1>
    store_next r6, rates, t
    ldr r6, [sp, H]
    scale a, r6, t
    ldr t, [sp, RIGHT_BY]; lsrs a, t
    ldr t, [sp, MOST]; cmp a, t; bhi LARGEST
    ldr t, [sp, LEFT_BY]; lsls a, t
EXPONENT:
    eors a, sign; subs a, a, sign
    ldr t, [sp, GATE]; lsls bias, t; adds bias, bias, a
    power t, 9; adds bias, bias, t; asrs bias, bias, 10
    clamp_z bias, limit, t, r6
    asrs t, bias, 6; lsls t, t, 2; add t, table
    ldm t!, {r6, r7}; subs r7, r7, share
    lsls bias, bias, 26; lsrs bias, bias, 26
    between r7, bias
    adds share, share, r7
    mov t, bytes; ldr g2, [z, t]; ldm z!, {x}
    ldr t, [sp, WORDS]; ldr t, [t, FLAGS]; lsls t, t, NO_GATE_TO_SIGN; bmi UNGATED
    subs g2, g2, x; muls g2, share
    lsls x, x, 15; b MIXED
LARGEST:
    largest_s a; b EXPONENT
UNGATED:
    muls g2, share; asrs g2, g2, 1
    lsls x, x, 14
MIXED:
    adds x, x, g2
    store_next x, states, t
    store_short x, shorts, t
    ldr t, [sp, LAST]; cmp z, t; bne GATE_UNIT
    b DONE

# Pure: all rates, then their gains, in the place of the states, then the states.
PURE_MODE:
    .reg leak=r1, rates=r2, end=r3
    .tmp f=r4, t=r5
    ldr t, [own, FIRST - OWN]
    ldr leak, [own, LEAK_AT - OWN]; adds leak, leak, words; adds leak, leak, t
    address_first rates, words, ALPHA_AT, t
    ldr end, [sp, LAST]
LEAKING:
    ldm z!, {f}
    absolute f, t
    ldm leak!, {t}; adds f, f, t; unless bgt, <movs f, 1>
    below_one f, t
    stm rates!, {f}
    cmp z, end; bne LEAKING
    mov lr, rates
    ldr r5, [own, FIRST - OWN]
    address_first r0, words, ALPHA_AT, r5
    gains_of words, <address_first r1, words, X_AT, r5>
    .reg z=r0, states=r1, shorts=r8, rest=r9, factor=r10, f_shift=r11, p_shift=r12, limit=lr
    ldr words, [sp, WORDS]
    mov r4, words; adds r4, OWN; ldr r5, [r4, FIRST - OWN]
    address_first states, words, X_AT, r5
    address_first r4, words, V_AT, r5; mov shorts, r4
    mov r4, words; adds r5, r5, words
    adds words, OWN
    ldr z, [words, HEADS_AT - OWN]; adds z, z, r4
    ldr r4, [words, REST_AT - OWN]; adds r4, r4, r5; mov rest, r4
    ldr r4, [words, FACTOR_AT - OWN]; adds r4, r4, r5; mov factor, r4
    ldr r4, [words, P_SHIFT - OWN]; mov p_shift, r4
    ldr r4, [words, F_LIMIT - OWN]; mov limit, r4
    ldr r4, [words, F_SHIFT - OWN]; mov f_shift, r4
    movs r5, 1; lsls r5, r4; lsrs r5, r5, 1; str r5, [sp, HALF]
PURE_UNIT:
    .tmp p=r2, e=r3, low=r4, p_low=r5, t=r6, x=r7
    ldm z!, {p}
    ldr t, [sp, HALF]; adds p, p, t; mov t, f_shift; asrs p, t
    mov t, limit; cmp p, t; unless ble, <mov p, t>
    negs t, t; cmp p, t; unless bge, <mov p, t>
    load_next r4, factor, t
    muls p, r4; mov t, p_shift; asrs p, t
    @ e = 1 - gain
    ldr r4, [states, 0]; power e, 30; subs e, e, r4
    split e, low
    lsls p_low, p, 17; lsrs p_low, p_low, 17; asrs p, p, 15
    load_next x, rest, t
    mov t, p; muls t, e; subs x, x, t
    muls p_low, e; lsrs p_low, p_low, 15; subs x, x, p_low
    muls low, p; asrs low, low, 15; subs x, x, low
    below_one x, t
    negs t, t; cmp x, t; unless bgt, <adds x, t, 1>
    stm states!, {x}
    store_short x, shorts, t
    ldr t, [sp, LAST]; cmp z, t; bne PURE_UNIT
DONE:
    pop {r0, r1, r2, r3, r4, r5, r6, r7}
    leave
END:
