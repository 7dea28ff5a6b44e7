@ The interval as in arithmetic.interval: a mantissa, a right and a left shift.

@ Shift |dt| until its highest bit is bit 15, and count the shifts in `shift`. A negative dt is in
@ units of 1024 us; add_10 is the instruction that adds 10 to `shift`.
.macro mantissa dt, shift, t, top, add_10
    cmp dt, 0; bgt MICROSECONDS
    negs dt, dt; add_10
MICROSECONDS:
    power t, 15
SHORT:
    cmp dt, t; bcs LONG
    lsls dt, dt, 1; subs shift, 1; b SHORT
HALVE:
    lsrs dt, dt, 1; adds shift, 1
LONG:
    lsrs top, dt, 16; bne HALVE
.endm

@ Store `shift` in the header as a left or a right shift. `right` must be 0 on entry.
.macro store_shift words, shift, right
    cmp shift, 0; bge LEFTWARDS
    negs right, shift; movs shift, 0
LEFTWARDS:
    str right, [words, RIGHT]; str shift, [words, LEFT]
.endm

@ Store the interval for rates in Q20. Changes dt and r3 to r5.
.macro store_interval words, dt
    .tmp shift=r3, t=r4
    movs shift, 2
    mantissa dt, shift, t, r5, <movs shift, 12>
    movs t, US_SCALE_HIGH; lsls t, t, 8; adds t, US_SCALE_LOW
    muls dt, t; lsrs dt, dt, 15; str dt, [words, DT]
    movs t, 0
    store_shift words, shift, t
.endm
