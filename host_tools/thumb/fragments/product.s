@ Products of int8 weights with a vector, eight rows at a time. The eight weights of one column
@ are adjacent bytes, and the rows' sums stay in r8 to r12 and r5 to r7. Weights are stored plus
@ 128, so 128 sum(v) is subtracted. Cycles are those of a Cortex-M0+ with a one-cycle multiplier.

@ The eight rows' sums += v times the weights at `at`. sum: adds, or add to keep the flags.
.macro add_column weights, at, v, weight, sum
    ldrb weight, [weights, at]; muls weight, v; add r8, weight
    ldrb weight, [weights, at + 1]; muls weight, v; add r9, weight
    ldrb weight, [weights, at + 2]; muls weight, v; add r10, weight
    ldrb weight, [weights, at + 3]; muls weight, v; add r11, weight
    ldrb weight, [weights, at + 4]; muls weight, v; add r12, weight
    ldrb weight, [weights, at + 5]; muls weight, v; sum r5, weight
    ldrb weight, [weights, at + 6]; muls weight, v; sum r6, weight
    ldrb weight, [weights, at + 7]; muls weight, v; sum r7, weight
.endm

@ A dense matrix: 4.4 cycles a weight.
.macro product

# PRODUCT: bias + W v, for a multiple of 8 rows and an even number of columns.
    .reg weights=r0, v=r1, columns=r2, biases=r3, sums=r4 (results), rows=r5
PRODUCT:
    push {lr}
    lsls columns, columns, 2; adds columns, columns, v; mov lr, columns
    lsls rows, rows, 2; adds rows, rows, sums; mov r12, rows
    .reg excess=r6 (-128 sum(v), because weights are stored plus 128)
    .tmp at=r7, first=r2, second=r5, end=r5
    movs excess, 0; mov at, v
SUM:
    ldm at!, {first, second}
    subs excess, excess, first; subs excess, excess, second
    cmp at, lr; bne SUM
    lsls excess, excess, 7
    mov end, r12
    mov r2, v; push {r2}
    push {biases, sums, end, excess}
    .stack BIASES, OUT, END_OF_SUMS, EXCESS, V

EIGHT:
    .tmp biases=r7, out=r1, last=r2
    ldr biases, [sp, BIASES]; ldr excess, [sp, EXCESS]
    ldm biases!, {r1, r2, r3, r4}
    adds r1, r1, excess; adds r2, r2, excess; adds r3, r3, excess; adds r4, r4, excess
    mov r8, r1; mov r9, r2; mov r10, r3; mov r11, r4
    ldm biases!, {r1, r2, r3, r4}
    str biases, [sp, BIASES]
    adds r1, r1, excess; mov r12, r1
    adds r5, r2, excess; adds r7, r4, excess; adds r6, r3, excess
    .reg weights=r0, v=r1, end=lr, a weight=r4, sums of eight rows: r8 to r12 and r5 to r7
    ldr v, [sp, V]
PAIR:
    ldm v!, {r2, r3}
    add_column weights, 0, r2, r4, adds
    add_column weights, 8, r3, r4, adds
    adds weights, 16
    cmp v, end; bne PAIR
    ldr out, [sp, OUT]
    mov r2, r8; mov r3, r9; stm out!, {r2, r3}
    mov r2, r10; mov r3, r11; mov r4, r12; stm out!, {r2, r3, r4, r5, r6, r7}
    str out, [sp, OUT]
    ldr last, [sp, END_OF_SUMS]
    cmp out, last; bne EIGHT
    pop {r3, r4, r5, r6}; pop {r2, pc}
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
    add_column weights, 0, v, r4, add
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
