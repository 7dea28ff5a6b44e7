@ Look-up in a table of 513 nodes, node i at z = 64 (i - 256), linear between nodes. z >> 6 counts
@ from the middle node, 1024 bytes after the first.

@ The middle node's address. Leaves 1024 in t.
.macro middle_node table, t
    power t, 10; adds table, table, t
.endm

@ limit = 16383, computed from 1024 in t
.macro largest_z limit, t
    lsls t, t, 4; subs t, 1; mov limit, t
.endm

@ z = z clamped to -2^14 .. 2^14 - 1. In this range, bits 14 to 31 equal the sign.
.macro clamp_z z, limit, above, sign
    asrs above, z, 14; asrs sign, z, 31
    cmp above, sign; beq INSIDE
    mov z, limit; eors z, sign
INSIDE:
.endm

@ part = part z / 64: the interpolation between two nodes, part being their difference
.macro between part, z
    muls part, z; asrs part, part, 6
.endm

@ Look up the sums at r0, with the multipliers at r1, in a table; results to r3. r0, r1 and r3 then
@ point after the last element.
.macro look_up_sums
    .reg sums=r0, multipliers=r1, table=r2 (its middle node), out=r3, end=r8, limit=r9
    .tmp z=r4, multiplier=r5, shift=r6, low=r7, node=r5, left=r6, right=r7
LOOK:
    ldm sums!, {z}; ldm multipliers!, {multiplier}
    mul_shift z, z, multiplier, shift, low
    clamp_z z, limit, r5, r6
    asrs node, z, 6; lsls node, node, 2; adds node, node, table
    ldm node!, {left, right}
    lsls z, z, 26; lsrs z, z, 26
    subs right, right, left
    between right, z
    adds left, left, right
    stm out!, {left}
    cmp sums, end; bne LOOK
.endm
