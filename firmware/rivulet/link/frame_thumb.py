"""protocol.encode in Thumb assembler: one pass over a body computes the CRC and stuffs the bytes.

port.py tries it before it is used.
"""

import micropython


@micropython.asm_thumb
def encode(r0, r1, r2, r3):
    # body, its length, out, table: 16 words of the CRC, then where in `out` the frame begins and,
    # afterwards, ends
    # crc=r4, byte=r5, scratch=r6, whether the CRC stands behind the body=r7
    ldr(r4, [r3, 64])
    push({r2})
    add(r2, r2, r4)
    mov(r5, 0x7E)
    strb(r5, [r2, 0])
    add(r2, 1)
    add(r1, r1, r0)
    mov(r7, 0)
    mvn(r4, r7)
    b(BODY)

    label(BYTE)
    ldrb(r5, [r0, 0])
    add(r0, 1)
    eor(r4, r5)
    mov(r6, 15)
    and_(r6, r4)
    lsl(r6, r6, 2)
    add(r6, r6, r3)
    ldr(r6, [r6, 0])
    lsr(r4, r4, 4)
    eor(r4, r6)
    mov(r6, 15)
    and_(r6, r4)
    lsl(r6, r6, 2)
    add(r6, r6, r3)
    ldr(r6, [r6, 0])
    lsr(r4, r4, 4)
    eor(r4, r6)
    # 0x7D and 0x7E are 0 and 1 less 0x7D; of all else, what is below 0x20 is escaped.
    mov(r6, r5)
    sub(r6, 0x7D)
    cmp(r6, 1)
    bls(ESCAPE)
    cmp(r5, 0x1F)
    bhi(PUT)
    label(ESCAPE)
    mov(r6, 0x7D)
    strb(r6, [r2, 0])
    add(r2, 1)
    mov(r6, 0x20)
    eor(r5, r6)
    label(PUT)
    strb(r5, [r2, 0])
    add(r2, 1)
    label(BODY)
    cmp(r0, r1)
    bne(BYTE)

    cmp(r7, 0)
    bne(END)
    # Once more for the four bytes of the CRC.
    mov(r7, 4)
    mvn(r4, r4)
    strb(r4, [r1, 0])
    lsr(r4, r4, 8)
    strb(r4, [r1, 1])
    lsr(r4, r4, 8)
    strb(r4, [r1, 2])
    lsr(r4, r4, 8)
    strb(r4, [r1, 3])
    add(r1, r1, r7)
    b(BODY)

    label(END)
    mov(r5, 0x7E)
    strb(r5, [r2, 0])
    add(r2, 1)
    pop({r6})
    sub(r2, r2, r6)
    str(r2, [r3, 64])
    mov(r0, 0)
