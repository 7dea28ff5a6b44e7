@ The dense product on cores with the DSP extension; dsp.py describes the order of its weights.
@ Cycles are those of a Cortex-M4.

@ The sums of two rows += those of two columns, whose weights are in a word: even += the whole word
@ times v, odd += the bytes of the odd row times v.
.macro add_pair word, v, even, odd
    smlad even, word, v, even
    sxtb16 word, word, ror 8
    smlad odd, word, v, odd
.endm

@ The sums of eight rows += those of two columns
.macro add_columns weights, at, v
    ldr.w v, [at], 4
    ldm.w weights!, {r12, lr}
    add_pair r12, v, r4, r5; add_pair lr, v, r6, r7
    ldm.w weights!, {r12, lr}
    add_pair r12, v, r8, r9; add_pair lr, v, r10, r11
.endm

@ Store two elements of v as one word, and add them to the sum.
.macro pack_two at, packed, sum, ones, first, second
    ldm at!, {first, second}
    pkhbt first, first, second, lsl 16
    smlad sum, first, ones, sum
    str.w first, [packed], 4
.endm

@ The sum of an even row begins with its bias, the excess and 256 times the bias of the odd row.
.macro begin_even even, odd, excess
    add.w even, even, excess; add.w even, even, odd, lsl 8
.endm

@ 1.3 cycles a weight, and about 50 for eight rows. A halfword of weights is a + 128 + 256 b, a of
@ an even row and b of the next one: the whole halfword gives A + 128 sum(v) + 256 B, for the rows'
@ sums A and B.
.macro product_dsp

# PRODUCT_DSP: bias + W v, for a multiple of 8 rows and an even number of columns. The weights
# are in the order of dsp.py; `packed` is scratch of half a word for each column.
    .reg weights=r0, v=r1, columns=r2, biases=r3, sums=r4 (results), rows=r5, packed=r6
PRODUCT_DSP:
    push {lr}
    lsls rows, rows, 2; adds rows, rows, sums
    push {columns, biases, sums, rows, packed}
    .reg excess=r7 (-128 sum(v), because weights of even rows are stored plus 128)
    .tmp ones=r12, end=lr
    lsls r4, columns, 2; adds r4, r4, v; mov end, r4
    movs r4, 1; lsls r5, r4, 16; adds r4, r4, r5; mov ones, r4
    movs excess, 0
    @ Two columns first, if the number of columns is not a multiple of four.
    lsrs r4, columns, 2; bcs PACK_TWO
PACK:
    pack_two v, packed, excess, ones, r4, r5
PACK_TWO:
    pack_two v, packed, excess, ones, r4, r5
    cmp v, end; bne PACK
    lsls excess, excess, 7; negs excess, excess
    push {packed, excess}
    .stack END, EXCESS, COLUMNS, BIASES, OUT, END_OF_SUMS, PACKED

EIGHT_DSP:
    .reg weights=r0, v=r1 (packed), end=r3, sums of eight rows: r4 to r11
    .tmp v=r1, end=r3, at=r12, excess=lr, columns=r2
    ldr.w at, [sp, BIASES]; ldr.w excess, [sp, EXCESS]
    ldr v, [sp, PACKED]; ldr end, [sp, END]; ldr columns, [sp, COLUMNS]
    ldm.w at!, {r4, r5, r6, r7, r8, r9, r10, r11}
    str.w at, [sp, BIASES]
    begin_even r4, r5, excess; begin_even r6, r7, excess
    begin_even r8, r9, excess; begin_even r10, r11, excess
    # The carry is bit 2 of the number of columns, the sign bit 1.
    lsls columns, columns, 30; bhi SIX
    bcs FOUR_DSP
    bmi TWO_DSP
COLUMNS_DSP:
    add_columns weights, v, r2
SIX:
    add_columns weights, v, r2
FOUR_DSP:
    add_columns weights, v, r2
TWO_DSP:
    add_columns weights, v, r2
    cmp v, end; bne COLUMNS_DSP
    sub.w r4, r4, r5, lsl 8; sub.w r6, r6, r7, lsl 8
    sub.w r8, r8, r9, lsl 8; sub.w r10, r10, r11, lsl 8
    ldr.w at, [sp, OUT]
    stm.w at!, {r4, r5, r6, r7, r8, r9, r10, r11}
    str.w at, [sp, OUT]
    ldr r2, [sp, END_OF_SUMS]
    cmp at, r2; bne_w EIGHT_DSP
    pop {r1, r2, r3, r4, r5, r6, r7, pc}
.endm
