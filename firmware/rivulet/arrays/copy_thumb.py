"""float32.copy in Thumb assembler, which float32.py tries before it is used."""

import micropython


@micropython.asm_thumb
def copy(r0, r1, r2):
    # source, target, count of words
    b(BLOCKS)
    label(BLOCK)
    data(2, 0xC878)  # ldm r0!, {r3, r4, r5, r6}
    data(2, 0xC178)  # stm r1!, {r3, r4, r5, r6}
    sub(r2, 4)
    label(BLOCKS)
    cmp(r2, 4)
    bge(BLOCK)
    b(WORDS)
    label(WORD)
    data(2, 0xC808)  # ldm r0!, {r3}
    data(2, 0xC108)  # stm r1!, {r3}
    sub(r2, 1)
    label(WORDS)
    cmp(r2, 0)
    bne(WORD)
    mov(r0, 0)
