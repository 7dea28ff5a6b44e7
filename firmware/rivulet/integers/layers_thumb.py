# Generated from host_tools/thumb/recipes/layers.s by: python -m host_tools.thumb
"""The layers of layers.py in Thumb assembler, for cells other than decay.

decay_thumb.py has notes on instructions and cycles.
"""

import micropython
from micropython import const

# Byte offsets in a layer's words.
_LAYER_ROWS = const(0)
_LAYER_COLUMNS = const(4)
_BEGIN = const(8)
_BIAS = const(12)
_MULTIPLIER = const(16)
_VECTOR = const(20)
_OUT = const(24)
_TABLE = const(28)
# Byte offsets in words.
_ACC_AT = const(60)


@micropython.asm_thumb
def run(r0, r1, r2):
    # words, weights, at
    mov(r4, r8)
    mov(r5, r9)
    mov(r6, r10)
    mov(r7, r11)
    push({r4, r5, r6, r7})
    add(r2, r2, r0)
    push({r0, r1, r2})
    # [sp]: WORDS, WEIGHTS, AT

    # A layer's sums. A layer of no rows ends the list.
    # layer=r7, rows=r5
    label(LAYER)
    data(2, 0x9800)  # ldr r0, [sp, 0]
    data(2, 0x9F02)  # ldr r7, [sp, 8]
    ldr(r5, [r7, _LAYER_ROWS])
    cmp(r5, 0)
    bne(MORE)
    b(DONE)
    label(MORE)
    add(r5, 7)
    lsr(r5, r5, 3)
    lsl(r5, r5, 3)
    ldr(r1, [r7, _VECTOR])
    add(r1, r1, r0)
    ldr(r2, [r7, _LAYER_COLUMNS])
    ldr(r3, [r7, _BIAS])
    add(r3, r3, r0)
    ldr(r4, [r0, _ACC_AT])
    add(r4, r4, r0)
    ldr(r6, [r7, _BEGIN])
    data(2, 0x9801)  # ldr r0, [sp, 4]
    add(r0, r0, r6)
    bl(PRODUCT)

    # Sums to results, looked up in the table if the layer has one.
    data(2, 0x9E00)  # ldr r6, [sp, 0]
    data(2, 0x9F02)  # ldr r7, [sp, 8]
    ldr(r0, [r6, _ACC_AT])
    add(r0, r0, r6)
    ldr(r4, [r7, _LAYER_ROWS])
    lsl(r4, r4, 2)
    add(r4, r4, r0)
    mov(r8, r4)
    ldr(r1, [r7, _MULTIPLIER])
    add(r1, r1, r6)
    ldr(r3, [r7, _OUT])
    add(r3, r3, r6)
    ldr(r2, [r7, _TABLE])
    add(r7, 32)  # LAYER_BYTES
    data(2, 0x9702)  # str r7, [sp, 8]
    cmp(r2, 0)
    beq(PLAIN)
    add(r2, r2, r6)
    mov(r4, 1)
    lsl(r4, r4, 10)
    add(r2, r2, r4)
    lsl(r4, r4, 4)
    sub(r4, 1)
    mov(r9, r4)
    # sums=r0, multipliers=r1, table=r2 (its middle node), out=r3, end=r8, limit=r9
    label(LOOK)
    data(2, 0xC810)  # ldm r0!, {r4}
    data(2, 0xC920)  # ldm r1!, {r5}
    lsr(r6, r5, 16)
    data(2, 0xB2AD)  # uxth r5, r5
    data(2, 0xB2A7)  # uxth r7, r4
    asr(r4, r4, 16)
    mul(r4, r5)
    mul(r7, r5)
    lsr(r7, r7, 16)
    add(r4, r4, r7)
    asr(r4, r6)
    asr(r5, r4, 14)
    asr(r6, r4, 31)
    cmp(r5, r6)
    beq(INSIDE)
    mov(r4, r9)
    eor(r4, r6)
    label(INSIDE)
    asr(r5, r4, 6)
    lsl(r5, r5, 2)
    add(r5, r5, r2)
    data(2, 0xCDC0)  # ldm r5!, {r6, r7}
    lsl(r4, r4, 26)
    lsr(r4, r4, 26)
    sub(r7, r7, r6)
    mul(r7, r4)
    asr(r7, r7, 6)
    add(r6, r6, r7)
    data(2, 0xC340)  # stm r3!, {r6}
    data(2, 0x4540)  # cmp r0, r8
    bne(LOOK)
    b(LAYER)
    label(PLAIN)
    data(2, 0xC810)  # ldm r0!, {r4}
    data(2, 0xC920)  # ldm r1!, {r5}
    lsr(r6, r5, 16)
    data(2, 0xB2AD)  # uxth r5, r5
    data(2, 0xB2A7)  # uxth r7, r4
    asr(r4, r4, 16)
    mul(r4, r5)
    mul(r7, r5)
    lsr(r7, r7, 16)
    add(r4, r4, r7)
    asr(r4, r6)
    data(2, 0xC310)  # stm r3!, {r4}
    data(2, 0x4540)  # cmp r0, r8
    bne(PLAIN)
    b(LAYER)
    label(DONE)
    pop({r0, r1, r2})
    pop({r4, r5, r6, r7})
    mov(r8, r4)
    mov(r9, r5)
    mov(r10, r6)
    mov(r11, r7)
    mov(r0, 0)
    b(END)

    # PRODUCT: bias + W v, for a multiple of 8 rows and an even number of columns.
    # weights=r0, v=r1, columns=r2, biases=r3, sums=r4 (results), rows=r5
    label(PRODUCT)
    push({lr})
    lsl(r2, r2, 2)
    add(r2, r2, r1)
    mov(lr, r2)
    lsl(r5, r5, 2)
    add(r5, r5, r4)
    mov(r12, r5)
    # excess=r6 (-128 sum(v), because weights are stored plus 128)
    mov(r6, 0)
    mov(r7, r1)
    label(SUM)
    data(2, 0xCF24)  # ldm r7!, {r2, r5}
    sub(r6, r6, r2)
    sub(r6, r6, r5)
    data(2, 0x4577)  # cmp r7, lr
    bne(SUM)
    lsl(r6, r6, 7)
    mov(r5, r12)
    mov(r2, r1)
    push({r2})
    push({r3, r4, r5, r6})
    # [sp]: BIASES, OUT, END_OF_SUMS, EXCESS, V
    label(EIGHT)
    data(2, 0x9F00)  # ldr r7, [sp, 0]
    data(2, 0x9E03)  # ldr r6, [sp, 12]
    data(2, 0xCF1E)  # ldm r7!, {r1, r2, r3, r4}
    add(r1, r1, r6)
    add(r2, r2, r6)
    add(r3, r3, r6)
    add(r4, r4, r6)
    mov(r8, r1)
    mov(r9, r2)
    mov(r10, r3)
    mov(r11, r4)
    data(2, 0xCF1E)  # ldm r7!, {r1, r2, r3, r4}
    data(2, 0x9700)  # str r7, [sp, 0]
    add(r1, r1, r6)
    mov(r12, r1)
    add(r5, r2, r6)
    add(r7, r4, r6)
    add(r6, r3, r6)
    # weights=r0, v=r1, end=lr, a weight=r4, sums of eight rows: r8 to r12 and r5 to r7
    data(2, 0x9904)  # ldr r1, [sp, 16]
    label(PAIR)
    data(2, 0xC90C)  # ldm r1!, {r2, r3}
    ldrb(r4, [r0, 0])
    mul(r4, r2)
    data(2, 0x44A0)  # add r8, r4
    ldrb(r4, [r0, 1])
    mul(r4, r2)
    data(2, 0x44A1)  # add r9, r4
    ldrb(r4, [r0, 2])
    mul(r4, r2)
    data(2, 0x44A2)  # add r10, r4
    ldrb(r4, [r0, 3])
    mul(r4, r2)
    data(2, 0x44A3)  # add r11, r4
    ldrb(r4, [r0, 4])
    mul(r4, r2)
    data(2, 0x44A4)  # add r12, r4
    ldrb(r4, [r0, 5])
    mul(r4, r2)
    add(r5, r5, r4)
    ldrb(r4, [r0, 6])
    mul(r4, r2)
    add(r6, r6, r4)
    ldrb(r4, [r0, 7])
    mul(r4, r2)
    add(r7, r7, r4)
    ldrb(r4, [r0, 8])
    mul(r4, r3)
    data(2, 0x44A0)  # add r8, r4
    ldrb(r4, [r0, 9])
    mul(r4, r3)
    data(2, 0x44A1)  # add r9, r4
    ldrb(r4, [r0, 10])
    mul(r4, r3)
    data(2, 0x44A2)  # add r10, r4
    ldrb(r4, [r0, 11])
    mul(r4, r3)
    data(2, 0x44A3)  # add r11, r4
    ldrb(r4, [r0, 12])
    mul(r4, r3)
    data(2, 0x44A4)  # add r12, r4
    ldrb(r4, [r0, 13])
    mul(r4, r3)
    add(r5, r5, r4)
    ldrb(r4, [r0, 14])
    mul(r4, r3)
    add(r6, r6, r4)
    ldrb(r4, [r0, 15])
    mul(r4, r3)
    add(r7, r7, r4)
    add(r0, 16)
    data(2, 0x4571)  # cmp r1, lr
    bne(PAIR)
    data(2, 0x9901)  # ldr r1, [sp, 4]
    mov(r2, r8)
    mov(r3, r9)
    data(2, 0xC10C)  # stm r1!, {r2, r3}
    mov(r2, r10)
    mov(r3, r11)
    mov(r4, r12)
    data(2, 0xC1FC)  # stm r1!, {r2, r3, r4, r5, r6, r7}
    data(2, 0x9101)  # str r1, [sp, 4]
    data(2, 0x9A02)  # ldr r2, [sp, 8]
    cmp(r1, r2)
    bne(EIGHT)
    pop({r3, r4, r5, r6})
    pop({r2, pc})
    label(END)
