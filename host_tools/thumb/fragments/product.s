@ Products of int8 weights with a vector, eight rows at a time. The eight weights of one column
@ are adjacent bytes. Weights are stored plus 128, so 128 sum(v) is subtracted. Cycles are those of
@ a Cortex-M0+ with a one-cycle multiplier.

@ A column's four products of a word of weights >> 0, 8, 16 and 24 with v. Changes `word`.
.macro add_word word, v, t, p0, p1, p2, p3
    lsrs t, word, 8; muls t, v; add p1, t
    lsrs t, word, 16; muls t, v; add p2, t
    lsrs t, word, 24; muls t, v; add p3, t
    muls word, v; add p0, word
.endm

@ The eight rows' sums of products += those of one column.
.macro add_words weights, vector, v, first, second, t
    ldm vector!, {v}; ldm weights!, {first, second}
    add_word first, v, t, r8, r9, r10, r11
    add_word second, v, t, r12, lr, r6, r7
.endm

@ row += own - 256 next
.macro split_row row, own, next, t
    mov t, next; lsls t, t, 8; add row, own; subs row, row, t
.endm

@ A dense matrix: 3.5 cycles a weight, and about 80 for eight rows. Words of four weights are
@ multiplied as they are, so that P(i) = sum((word >> 8 i) v). The sum of row i is
@ P(i) - 256 P(i + 1), where P(4) is 0. It is exact, because all is modulo 2^32.
.macro product

# PRODUCT: bias + W v, for a multiple of 8 rows and an even number of columns. The weights
# stand at a multiple of 4 bytes.
    .reg weights=r0, v=r1, columns=r2, biases=r3, sums=r4 (results), rows=r5
PRODUCT:
    .tmp at=r7, end=r6
    lsls end, columns, 2; adds end, end, v
    lsls rows, rows, 2; adds rows, rows, sums
    push {biases, sums, rows, end, lr}
    .reg excess=r3 (-128 sum(v), because weights are stored plus 128)
    .tmp first=r4, second=r5
    movs excess, 0; mov at, v
    @ Two columns first, if the number of columns is not a multiple of four.
    lsrs first, columns, 2; bcs SUM_TWO
SUM:
    ldm at!, {first, second}; subs excess, excess, first; subs excess, excess, second
SUM_TWO:
    ldm at!, {first, second}; subs excess, excess, first; subs excess, excess, second
    cmp at, end; bne SUM
    @ P(3) begins with the excess, P(i) with 256 times what P(i + 1) begins with, plus the excess.
    mov r4, columns
    lsls r7, excess, 7
    lsls r6, r7, 8; adds r6, r6, r7
    lsls r3, r6, 8; adds r3, r3, r7
    lsls r2, r3, 8; adds r2, r2, r7
    push {v, r2, r3, r4, r6, r7}
    .stack V, P0, P1, COLUMNS, P2, P3, BIASES, OUT, END_OF_SUMS, END_OF_V

EIGHT:
    .reg weights=r0, v=r1, P of eight rows: r8 to r12, lr, r6 and r7
    .tmp columns=r4, end=r5
    mov r5, sp; ldm r5!, {v, r2, r3, columns, r6, r7}
    mov r8, r2; mov r12, r2; mov r9, r3; mov lr, r3; mov r10, r6; mov r11, r7
    lsrs columns, columns, 2; bcs TWO
FOUR:
    add_words weights, v, r2, r3, r4, r5
    add_words weights, v, r2, r3, r4, r5
TWO:
    add_words weights, v, r2, r3, r4, r5
    add_words weights, v, r2, r3, r4, r5
    ldr end, [sp, END_OF_V]
    cmp v, end; bne FOUR
    # Sums of eight rows: r2 to r5, twice.
    .tmp at=r1, t=r1, out=r8
    ldr at, [sp, BIASES]; ldm at!, {r2, r3, r4, r5}
    split_row r2, r8, r9, t; split_row r3, r9, r10, t; split_row r4, r10, r11, t; add r5, r11
    ldr at, [sp, OUT]; stm at!, {r2, r3, r4, r5}; mov out, at
    ldr at, [sp, BIASES]; adds at, 16; ldm at!, {r2, r3, r4, r5}; str at, [sp, BIASES]
    split_row r2, r12, lr, t; add r3, lr
    lsls t, r6, 8; subs r3, r3, t; adds r4, r4, r6
    lsls t, r7, 8; subs r4, r4, t; adds r5, r5, r7
    mov at, out; stm at!, {r2, r3, r4, r5}; str at, [sp, OUT]
    ldr r2, [sp, END_OF_SUMS]
    cmp at, r2; beq SUMMED_UP
    @ Too far for bne.
    b EIGHT
SUMMED_UP:
    pop {r1, r2, r3, r4, r6, r7}; pop {r3, r4, r5, r6, pc}
.endm

@ The sums of eight rows, in r8 to r12 and r5 to r7, += v times the weights. Keeps the carry.
.macro add_column weights, v, weight
    ldrb weight, [weights, 0]; muls weight, v; add r8, weight
    ldrb weight, [weights, 1]; muls weight, v; add r9, weight
    ldrb weight, [weights, 2]; muls weight, v; add r10, weight
    ldrb weight, [weights, 3]; muls weight, v; add r11, weight
    ldrb weight, [weights, 4]; muls weight, v; add r12, weight
    ldrb weight, [weights, 5]; muls weight, v; add r5, weight
    ldrb weight, [weights, 6]; muls weight, v; add r6, weight
    ldrb weight, [weights, 7]; muls weight, v; add r7, weight
.endm

@ Subtract 128 sum(v) from a sum of a sparse product, and store it
.macro finish total, high, excess, out
    mov total, high; subs total, total, excess; stm out!, {total}
.endm

@ Sparse gates: each group of eight rows keeps only some columns. Each kept column has a word in
@ `columns`: the byte offset of its v, doubled, plus 1 for the last of its group. 5.1 cycles a kept
@ weight.
.macro sparse_product

# SPARSE_PRODUCT: the same for sparse gates.
    .reg weights=r0, columns=r1 (which are kept), words=r2, biases=r3, sums=r4, rows=r5
SPARSE_PRODUCT:
    push {lr}
    lsls rows, rows, 2; adds rows, rows, sums
    subs weights, 8
    push {words, biases, sums, rows}
    .stack WORDS, BIASES, OUT, END_OF_SUMS

GROUP:
    .tmp biases=r7
    ldr biases, [sp, BIASES]
    ldm biases!, {r2, r3, r4, r5}
    mov r8, r2; mov r9, r3; mov r10, r4; mov r11, r5
    ldm biases!, {r2, r3, r4, r5}
    str biases, [sp, BIASES]
    mov r12, r2; mov r6, r4; mov r7, r5; mov r5, r3
    .reg words=r3, v=r2, sum_v=lr, a weight=r4, sums of eight rows: r8 to r12 and r5 to r7
    movs v, 0; mov sum_v, v
    ldr words, [sp, WORDS]
BLOCK:
    ldm columns!, {v}; adds weights, 8
    # The mark of the last column goes into the carry, which stays unchanged until bcc.
    lsrs v, v, 1
    ldr v, [words, v]; add sum_v, v
    add_column weights, v, r4
    bcc BLOCK
    .tmp excess=r4, out=r3, last=r2
    mov excess, sum_v; lsls excess, excess, 7
    ldr out, [sp, OUT]
    finish r2, r8, excess, out; finish r2, r9, excess, out; finish r2, r10, excess, out
    finish r2, r11, excess, out; finish r2, r12, excess, out
    subs r5, r5, excess; subs r6, r6, excess; subs r7, r7, excess
    stm out!, {r5, r6, r7}
    str out, [sp, OUT]
    ldr last, [sp, END_OF_SUMS]
    cmp out, last; bne GROUP
    pop {r2, r3, r4, r5}; pop {pc}
.endm
