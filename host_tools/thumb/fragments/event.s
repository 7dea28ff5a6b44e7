@ What every step shares: the input map's values, and the units' move.

.macro apply

# APPLY: v = clamp((raw M + O) >> b) for every value of the input map.
    .reg words=r0, raw=r1, settings=r2, end=r8, of a value: place=r3, v=r4, m=r5, o=r6, right=r7
APPLY:
    ldr raw, [words, INPUT_MAP]
    ldm raw!, {r2}; lsls r2, r2, 2; adds settings, r2, raw; mov end, settings
    b APPLIED
INPUT:
    ldm raw!, {v}; ldm settings!, {place, m, o, right}
    muls v, m; adds v, v, o; asrs v, right
    clamp_q15 v, r5
    str v, [words, place]
APPLIED:
    cmp raw, end; bne INPUT
    bx lr
.endm

@ Move units. r0 to r3 then point after the last element.
.macro move_units
    .reg targets=r0, gain=r1, states=r2, short=r3 (the states in Q12), rounding=r8, end=r9
    .tmp target=r4, x=r5, k=r6
    power r4, 17; mov rounding, r4
UNIT:
    ldm targets!, {target}; ldr x, [states, 0]; ldm gain!, {k}
    move x, target, k, r7
    stm states!, {x}
    add x, rounding; asrs x, x, 18; stm short!, {x}
    cmp targets, end; bne UNIT
.endm
