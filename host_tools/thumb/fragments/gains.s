@ Gains of rates: 1 - exp(-s) of s = alpha dt, as in arithmetic.exponent and arithmetic.gain.

@ s = 12 in Q26
.macro largest_s s
    movs s, 12; lsls s, s, 26
.endm

@ r -= r^2 / 2, of the distance r to a node of the table
.macro minus_square r, t
    asrs t, r, 6; muls t, t; lsrs t, t, 15
    subs r, r, t
.endm

@ high = a word of the header
.macro load_high high, words, entry
    ldr r4, [words, entry]; mov high, r4
.endm

@ The gain of every unit, and after them the weight of the mean.
.macro gains words
    address r0, words, ALPHA_AT
    hidden_bytes r1, words; adds r1, r1, r0; adds r1, 4; mov lr, r1
    gains_of words, <address r1, words, GAIN_AT>
.endm

@ The gains of the rates from r0 to lr. gain_at: the instruction that puts their address into r1.
.macro gains_of words, gain_at
    .reg rates=r0, gain=r1, h=r2 (the mantissa), half=r3 (2^21), one=r8 (2^30), right=r9, left=r10
    .reg most=r11 (the largest s before its left shift), table=r12, end=lr
    .tmp s=r4, i=r5, node=r5, t=r6
    gain_at
    movs half, 1; lsls r4, half, 30; mov one, r4
    lsls half, half, 21
    load_high right, words, RIGHT; load_high left, words, LEFT
    @ Compared before the left shift, which can lose bits.
    largest_s r5; lsrs r5, r4; mov most, r5
    address r4, words, DECAY_TABLE_AT; mov table, r4
    ldr h, [words, DT]
GAIN:
    ldm rates!, {s}
    scale s, h, r5
    mov r5, right; lsrs s, r5
    cmp s, most; bhi LARGEST
    mov r5, left; lsls s, r5
EXPONENT:
    adds i, s, half; lsrs i, i, 22; beq SMALL
    lsls t, i, 22; subs s, s, t
    minus_square s, t
    asrs s, s, 6
    lsls i, i, 2; mov t, table; ldr node, [i, t]
    muls s, node; asrs s, s, 6
    lsls node, node, 14; subs s, s, node; add s, one
GAINED:
    stm gain!, {s}
    cmp rates, end; bne GAIN
    b ALL_GAINED
LARGEST:
    largest_s s; b EXPONENT
SMALL:
    minus_square s, t
    lsls s, s, 4; b GAINED
ALL_GAINED:
.endm
