@ Matrix times vector in float32. Sums run over the columns in order, and each product and each sum
@ is rounded: the bits are those of float32 arithmetic, one operation after the other.

@ The sums of two rows += four columns, whose vector is in s16 to s19. The rows alternate, so that
@ no sum waits for the one before.
.macro add_four_columns row, other, sum, other_sum
    vldm row!, {s0-s3}; vldm other!, {s8-s11}
    vmul s0, s0, s16; vmul s8, s8, s16; vmul s1, s1, s17; vmul s9, s9, s17
    vmul s2, s2, s18; vmul s10, s10, s18; vmul s3, s3, s19; vmul s11, s11, s19
    add_products sum, other_sum, s0, s8, s1, s9
    add_products sum, other_sum, s2, s10, s3, s11
.endm

@ The same with eight columns, whose vector is in s16 to s23.
.macro add_eight_columns row, other, sum, other_sum
    vldm row!, {s0-s7}; vldm other!, {s8-s15}
    vmul s0, s0, s16; vmul s8, s8, s16; vmul s1, s1, s17; vmul s9, s9, s17
    vmul s2, s2, s18; vmul s10, s10, s18; vmul s3, s3, s19; vmul s11, s11, s19
    vmul s4, s4, s20; vmul s12, s12, s20; vmul s5, s5, s21; vmul s13, s13, s21
    vmul s6, s6, s22; vmul s14, s14, s22; vmul s7, s7, s23; vmul s15, s15, s23
    add_products sum, other_sum, s0, s8, s1, s9
    add_products sum, other_sum, s2, s10, s3, s11
    add_products sum, other_sum, s4, s12, s5, s13
    add_products sum, other_sum, s6, s14, s7, s15
.endm

@ Two products of each of two rows to their sums
.macro add_products sum, other_sum, a, b, next_a, next_b
    vadd sum, sum, a; vadd other_sum, other_sum, b
    vadd sum, sum, next_a; vadd other_sum, other_sum, next_b
.endm

.macro product_fpu

# PRODUCT_FPU: at least four rows; sizes: what fpu.sizes_of returns. Changes s0 to s27.
    .reg matrix=r0, vector=r1, out=r2, sizes=r3, then bytes of a row=r3, four rows: r4 to r7
    .reg begin=r8, end of the columns by eights=r9, end=r10, end_of_sums=r11
    .reg last_rows=r12 (the last four), weights: s0 to s15, columns: s16 to s23, sums: s24 to s27
PRODUCT_FPU:
    .tmp end_of_eights=r9, size=r3, left=r0
    mov begin, vector
    ldr r4, [sizes, 0]; adds r4, r4, vector; mov end_of_eights, r4
    ldr r4, [sizes, 8]; adds r4, r4, out; mov end_of_sums, r4
    ldr r4, [sizes, 12]; adds r4, r4, matrix; mov last_rows, r4
    ldr size, [sizes, 4]
    adds r4, size, vector; mov end, r4
    mov r4, matrix
FOUR_ROWS:
    adds r5, r4, size; adds r6, r5, size; adds r7, r6, size
    movs r0, 0; vmov s24, r0; vmov s25, r0; vmov s26, r0; vmov s27, r0
    mov vector, begin
    cmp vector, end_of_eights; bne EIGHT_COLUMNS
    @ Too far for beq, whose range is 254 bytes.
    b EIGHTS_ADDED
EIGHT_COLUMNS:
    vldm vector!, {s16-s23}
    add_eight_columns r4, r5, s24, s25
    add_eight_columns r6, r7, s26, s27
    cmp vector, end_of_eights; bne_w EIGHT_COLUMNS
EIGHTS_ADDED:
    mov left, end; subs left, left, vector
    cmp left, 16; bcc COLUMN
    vldm vector!, {s16-s19}
    add_four_columns r4, r5, s24, s25
    add_four_columns r6, r7, s26, s27
    cmp vector, end; beq SUMMED
    b SINGLE
COLUMN:
    cmp vector, end; beq SUMMED
SINGLE:
    vldm vector!, {s16}; vldm r4!, {s0}; vldm r5!, {s1}; vldm r6!, {s2}; vldm r7!, {s3}
    vmul s0, s0, s16; vmul s1, s1, s16; vmul s2, s2, s16; vmul s3, s3, s16
    vadd s24, s24, s0; vadd s25, s25, s1; vadd s26, s26, s2; vadd s27, s27, s3
    b COLUMN
SUMMED:
    vstm out!, {s24-s27}
    cmp out, end_of_sums; beq ALL_SUMMED
    mov left, end_of_sums; subs left, left, out
    mov r4, r7
    cmp left, 16; bcs NEXT_ROWS
    @ Fewer than four rows are left: the last four are computed, some of them again.
    mov out, end_of_sums; subs out, 16; mov r4, last_rows
NEXT_ROWS:
    b FOUR_ROWS
ALL_SUMMED:
    bx lr
.endm
