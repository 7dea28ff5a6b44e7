@ The leaky mean of the state.

@ w = the gain of the mean from its weight at [w], as in arithmetic.grow: the confidence c grows by
@ w (1 - c), and the gain is w / c. Changes `words`.
.macro mean_gain words, w
    .reg w=w, c=r2, one=r3 (2^30), rest=r4 (2^30 - c)
    .tmp c_at=r5, low=r6, high=r7, quotient=r4
    ldr w, [w, 0]
    cmp w, 0; beq WEIGHED
    address c_at, words, CONFIDENCE_AT; ldr c, [c_at, 0]
    power one, 30; subs rest, one, c; beq WEIGHED
    split rest, low
    lsrs high, w, 15
    muls low, high; lsrs low, low, 15; adds c, c, low
    muls high, rest; adds c, c, high
    lsls low, w, 17; lsrs low, low, 17
    muls low, rest; lsrs low, low, 15; adds c, c, low
    @ A c above 1 - 2^-20 becomes 1.
    subs rest, one, c; lsrs low, rest, 10; unless bne, <mov c, one>
    str c, [c_at, 0]
    cmp w, c; bcs WHOLE
    # w / c in 30 bits; the quotient's leading 1 stops the loop.
    movs quotient, 1
    divide w, c, quotient, 30, low
    subs w, quotient, one
    b WEIGHED
WHOLE:
    mov w, one
WEIGHED:
.endm

@ mean += w (X - mean) and its feature, for every unit. rounding: 2^17
.macro average words, w, rounding
    .reg states=r0, means=r1, features=r2, the gain's high=r3 and low=r7, end=r9
    .tmp away=r4, mean=r5, part=r6
    lsrs high, w, 15; lsls low, w, 17; lsrs low, low, 17
    ldr words, [sp, 0]
    hidden_bytes r4, words
    address states, words, X_AT; adds r4, r4, states; mov end, r4
    address means, words, MEAN_AT; address features, words, FEATURE_AT
AVERAGE:
    ldm states!, {away}; ldr mean, [means, 0]
    asrs away, away, 15; asrs part, mean, 15; subs away, away, part
    mov part, away; muls part, high
    muls away, low; asrs away, away, 15
    adds mean, mean, part; adds mean, mean, away
    stm means!, {mean}
    add mean, rounding; asrs mean, mean, 18; stm features!, {mean}
    cmp states, end; bne AVERAGE
.endm
