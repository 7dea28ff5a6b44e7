@ The exponential function in float32, for the decay cell's step. float_step.py has the constants.

@ For y >= 0, s1 = exp(r) - 1 and s2 = 2^-n, so that exp(-y) = 2^-n exp(r): n = round(y / ln 2), r
@ = n ln 2 - y. A y beyond s21 counts as s21; NaN remains NaN. A result of the unit that the next
@ instruction uses costs a cycle: so the polynomial is r + r^2 (c2 + c3 r + r^2 (c4 + c5 r + c6 r^2)).
@ Changes y, s3, s11, s12 and r6.
.macro exponential y
    .tmp log2_e=s13, ln2_high=s14, ln2_low=s15, c2=s16, c3=s17, c4=s18, c5=s19, c6=s20
    .tmp most=s21, half=s22, sum=s1, n=s2, r=s3, square=s11, upper=s12
    @ ble: less, equal or NaN.
    vcmp y, most; vmrs; unless ble, <vmov y, most>
    vmul sum, y, log2_e; vadd sum, sum, half
    vcvt.s32.f32 sum, sum; vcvt.f32.s32 n, sum
    vmov r6, sum; negs r6, r6
    vmul r, n, ln2_high; vmul n, n, ln2_low; vsub r, r, y
    adds r6, 127; lsls r6, r6, 23
    vadd r, r, n; vmov n, r6
    vmul square, r, r; vmul upper, r, c5; vmul sum, square, c6
    vadd upper, upper, c4; vmul y, r, c3; vadd upper, upper, sum
    vadd sum, y, c2; vmul upper, upper, square; vadd sum, sum, upper
    vmul sum, sum, square; vadd sum, sum, r
.endm

@ s1 = exp(-y) - 1 of what `exponential` leaves
.macro minus_one
    .tmp one=s23
    vmul s1, s1, s2; vsub s2, s2, one; vadd s1, s1, s2
.endm
