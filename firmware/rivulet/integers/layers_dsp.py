# Generated from host_tools/thumb/recipes/layers_dsp.s by: python -m host_tools.thumb
"""The layers of layers.py in Thumb assembler with the DSP extension.

dsp.py has the order of the layers' weights, decay_thumb.py notes on instructions. The readout's
weights stay in the order of layout.py.
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
_GAIN_AT = const(64)
_OUT_WEIGHTS_AT = const(100)


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
    ldr(r7, [r0, _OUT_WEIGHTS_AT])
    cmp(r6, r7)
    beq(READOUT)
    data(2, 0x9F01)  # ldr r7, [sp, 4]
    add(r7, r7, r6)
    ldr(r6, [r0, _GAIN_AT])
    add(r6, r6, r0)
    mov(r0, r7)
    bl(PRODUCT_DSP)
    b(LAYER_SUMMED)
    label(READOUT)
    data(2, 0x9801)  # ldr r0, [sp, 4]
    add(r0, r0, r6)
    bl(PRODUCT)
    label(LAYER_SUMMED)

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

    # PRODUCT: bias + W v, for a multiple of 8 rows and an even number of columns. The weights
    # stand at a multiple of 4 bytes.
    # weights=r0, v=r1, columns=r2, biases=r3, sums=r4 (results), rows=r5
    label(PRODUCT)
    lsl(r6, r2, 2)
    add(r6, r6, r1)
    lsl(r5, r5, 2)
    add(r5, r5, r4)
    push({r3, r4, r5, r6, lr})
    # excess=r3 (-128 sum(v), because weights are stored plus 128)
    mov(r3, 0)
    mov(r7, r1)
    lsr(r4, r2, 2)
    bcs(SUM_TWO)
    label(SUM)
    data(2, 0xCF30)  # ldm r7!, {r4, r5}
    sub(r3, r3, r4)
    sub(r3, r3, r5)
    label(SUM_TWO)
    data(2, 0xCF30)  # ldm r7!, {r4, r5}
    sub(r3, r3, r4)
    sub(r3, r3, r5)
    cmp(r7, r6)
    bne(SUM)
    mov(r4, r2)
    lsl(r7, r3, 7)
    lsl(r6, r7, 8)
    add(r6, r6, r7)
    lsl(r3, r6, 8)
    add(r3, r3, r7)
    lsl(r2, r3, 8)
    add(r2, r2, r7)
    push({r1, r2, r3, r4, r6, r7})
    # [sp]: V, P0, P1, COLUMNS, P2, P3, BIASES, OUT, END_OF_SUMS, END_OF_V
    label(EIGHT)
    # weights=r0, v=r1, P of eight rows: r8 to r12, lr, r6 and r7
    mov(r5, sp)
    data(2, 0xCDDE)  # ldm r5!, {r1, r2, r3, r4, r6, r7}
    mov(r8, r2)
    mov(r12, r2)
    mov(r9, r3)
    mov(lr, r3)
    mov(r10, r6)
    mov(r11, r7)
    lsr(r4, r4, 2)
    bcs(TWO)
    label(FOUR)
    data(2, 0xC904)  # ldm r1!, {r2}
    data(2, 0xC818)  # ldm r0!, {r3, r4}
    lsr(r5, r3, 8)
    mul(r5, r2)
    data(2, 0x44A9)  # add r9, r5
    lsr(r5, r3, 16)
    mul(r5, r2)
    data(2, 0x44AA)  # add r10, r5
    lsr(r5, r3, 24)
    mul(r5, r2)
    data(2, 0x44AB)  # add r11, r5
    mul(r3, r2)
    data(2, 0x4498)  # add r8, r3
    lsr(r5, r4, 8)
    mul(r5, r2)
    data(2, 0x44AE)  # add lr, r5
    lsr(r5, r4, 16)
    mul(r5, r2)
    data(2, 0x442E)  # add r6, r5
    lsr(r5, r4, 24)
    mul(r5, r2)
    data(2, 0x442F)  # add r7, r5
    mul(r4, r2)
    data(2, 0x44A4)  # add r12, r4
    data(2, 0xC904)  # ldm r1!, {r2}
    data(2, 0xC818)  # ldm r0!, {r3, r4}
    lsr(r5, r3, 8)
    mul(r5, r2)
    data(2, 0x44A9)  # add r9, r5
    lsr(r5, r3, 16)
    mul(r5, r2)
    data(2, 0x44AA)  # add r10, r5
    lsr(r5, r3, 24)
    mul(r5, r2)
    data(2, 0x44AB)  # add r11, r5
    mul(r3, r2)
    data(2, 0x4498)  # add r8, r3
    lsr(r5, r4, 8)
    mul(r5, r2)
    data(2, 0x44AE)  # add lr, r5
    lsr(r5, r4, 16)
    mul(r5, r2)
    data(2, 0x442E)  # add r6, r5
    lsr(r5, r4, 24)
    mul(r5, r2)
    data(2, 0x442F)  # add r7, r5
    mul(r4, r2)
    data(2, 0x44A4)  # add r12, r4
    label(TWO)
    data(2, 0xC904)  # ldm r1!, {r2}
    data(2, 0xC818)  # ldm r0!, {r3, r4}
    lsr(r5, r3, 8)
    mul(r5, r2)
    data(2, 0x44A9)  # add r9, r5
    lsr(r5, r3, 16)
    mul(r5, r2)
    data(2, 0x44AA)  # add r10, r5
    lsr(r5, r3, 24)
    mul(r5, r2)
    data(2, 0x44AB)  # add r11, r5
    mul(r3, r2)
    data(2, 0x4498)  # add r8, r3
    lsr(r5, r4, 8)
    mul(r5, r2)
    data(2, 0x44AE)  # add lr, r5
    lsr(r5, r4, 16)
    mul(r5, r2)
    data(2, 0x442E)  # add r6, r5
    lsr(r5, r4, 24)
    mul(r5, r2)
    data(2, 0x442F)  # add r7, r5
    mul(r4, r2)
    data(2, 0x44A4)  # add r12, r4
    data(2, 0xC904)  # ldm r1!, {r2}
    data(2, 0xC818)  # ldm r0!, {r3, r4}
    lsr(r5, r3, 8)
    mul(r5, r2)
    data(2, 0x44A9)  # add r9, r5
    lsr(r5, r3, 16)
    mul(r5, r2)
    data(2, 0x44AA)  # add r10, r5
    lsr(r5, r3, 24)
    mul(r5, r2)
    data(2, 0x44AB)  # add r11, r5
    mul(r3, r2)
    data(2, 0x4498)  # add r8, r3
    lsr(r5, r4, 8)
    mul(r5, r2)
    data(2, 0x44AE)  # add lr, r5
    lsr(r5, r4, 16)
    mul(r5, r2)
    data(2, 0x442E)  # add r6, r5
    lsr(r5, r4, 24)
    mul(r5, r2)
    data(2, 0x442F)  # add r7, r5
    mul(r4, r2)
    data(2, 0x44A4)  # add r12, r4
    data(2, 0x9D09)  # ldr r5, [sp, 36]
    cmp(r1, r5)
    bne(FOUR)
    # Sums of eight rows: r2 to r5, twice.
    data(2, 0x9906)  # ldr r1, [sp, 24]
    data(2, 0xC93C)  # ldm r1!, {r2, r3, r4, r5}
    mov(r1, r9)
    lsl(r1, r1, 8)
    data(2, 0x4442)  # add r2, r8
    sub(r2, r2, r1)
    mov(r1, r10)
    lsl(r1, r1, 8)
    data(2, 0x444B)  # add r3, r9
    sub(r3, r3, r1)
    mov(r1, r11)
    lsl(r1, r1, 8)
    data(2, 0x4454)  # add r4, r10
    sub(r4, r4, r1)
    data(2, 0x445D)  # add r5, r11
    data(2, 0x9907)  # ldr r1, [sp, 28]
    data(2, 0xC13C)  # stm r1!, {r2, r3, r4, r5}
    mov(r8, r1)
    data(2, 0x9906)  # ldr r1, [sp, 24]
    add(r1, 16)
    data(2, 0xC93C)  # ldm r1!, {r2, r3, r4, r5}
    data(2, 0x9106)  # str r1, [sp, 24]
    mov(r1, lr)
    lsl(r1, r1, 8)
    data(2, 0x4462)  # add r2, r12
    sub(r2, r2, r1)
    data(2, 0x4473)  # add r3, lr
    lsl(r1, r6, 8)
    sub(r3, r3, r1)
    add(r4, r4, r6)
    lsl(r1, r7, 8)
    sub(r4, r4, r1)
    add(r5, r5, r7)
    mov(r1, r8)
    data(2, 0xC13C)  # stm r1!, {r2, r3, r4, r5}
    data(2, 0x9107)  # str r1, [sp, 28]
    data(2, 0x9A08)  # ldr r2, [sp, 32]
    cmp(r1, r2)
    beq(SUMMED_UP)
    b(EIGHT)
    label(SUMMED_UP)
    pop({r1, r2, r3, r4, r6, r7})
    pop({r3, r4, r5, r6, pc})

    # PRODUCT_DSP: bias + W v, for a multiple of 8 rows and an even number of columns. The weights
    # are in the order of dsp.py; `packed` is scratch of half a word for each column.
    # weights=r0, v=r1, columns=r2, biases=r3, sums=r4 (results), rows=r5, packed=r6
    label(PRODUCT_DSP)
    push({lr})
    lsl(r5, r5, 2)
    add(r5, r5, r4)
    push({r2, r3, r4, r5, r6})
    # excess=r7 (-128 sum(v), because weights of even rows are stored plus 128)
    lsl(r4, r2, 2)
    add(r4, r4, r1)
    mov(lr, r4)
    mov(r4, 1)
    lsl(r5, r4, 16)
    add(r4, r4, r5)
    mov(r12, r4)
    mov(r7, 0)
    lsr(r4, r2, 2)
    bcs(PACK_TWO)
    label(PACK)
    data(2, 0xC930)  # ldm r1!, {r4, r5}
    data(2, 0xEAC4, 0x4405)  # pkhbt r4, r4, r5, lsl 16
    data(2, 0xFB24, 0x770C)  # smlad r7, r4, r12, r7
    data(2, 0xF846, 0x4B04)  # str.w r4, [r6], 4
    label(PACK_TWO)
    data(2, 0xC930)  # ldm r1!, {r4, r5}
    data(2, 0xEAC4, 0x4405)  # pkhbt r4, r4, r5, lsl 16
    data(2, 0xFB24, 0x770C)  # smlad r7, r4, r12, r7
    data(2, 0xF846, 0x4B04)  # str.w r4, [r6], 4
    data(2, 0x4571)  # cmp r1, lr
    bne(PACK)
    lsl(r7, r7, 7)
    neg(r7, r7)
    push({r6, r7})
    # [sp]: END, EXCESS, COLUMNS, BIASES, OUT, END_OF_SUMS, PACKED
    label(EIGHT_DSP)
    # weights=r0, v=r1 (packed), end=r3, sums of eight rows: r4 to r11
    data(2, 0xF8DD, 0xC00C)  # ldr.w r12, [sp, 12]
    data(2, 0xF8DD, 0xE004)  # ldr.w lr, [sp, 4]
    data(2, 0x9906)  # ldr r1, [sp, 24]
    data(2, 0x9B00)  # ldr r3, [sp, 0]
    data(2, 0x9A02)  # ldr r2, [sp, 8]
    data(2, 0xE8BC, 0x0FF0)  # ldm.w r12!, {r4, r5, r6, r7, r8, r9, r10, r11}
    data(2, 0xF8CD, 0xC00C)  # str.w r12, [sp, 12]
    data(2, 0xEB04, 0x040E)  # add.w r4, r4, lr
    data(2, 0xEB04, 0x2405)  # add.w r4, r4, r5, lsl 8
    data(2, 0xEB06, 0x060E)  # add.w r6, r6, lr
    data(2, 0xEB06, 0x2607)  # add.w r6, r6, r7, lsl 8
    data(2, 0xEB08, 0x080E)  # add.w r8, r8, lr
    data(2, 0xEB08, 0x2809)  # add.w r8, r8, r9, lsl 8
    data(2, 0xEB0A, 0x0A0E)  # add.w r10, r10, lr
    data(2, 0xEB0A, 0x2A0B)  # add.w r10, r10, r11, lsl 8
    # The carry is bit 2 of the number of columns, the sign bit 1.
    lsl(r2, r2, 30)
    bhi(SIX)
    bcs(FOUR_DSP)
    bmi(TWO_DSP)
    label(COLUMNS_DSP)
    data(2, 0xF851, 0x2B04)  # ldr.w r2, [r1], 4
    data(2, 0xE8B0, 0x5000)  # ldm.w r0!, {r12, lr}
    data(2, 0xFB2C, 0x4402)  # smlad r4, r12, r2, r4
    data(2, 0xFA2F, 0xFC9C)  # sxtb16 r12, r12, ror 8
    data(2, 0xFB2C, 0x5502)  # smlad r5, r12, r2, r5
    data(2, 0xFB2E, 0x6602)  # smlad r6, lr, r2, r6
    data(2, 0xFA2F, 0xFE9E)  # sxtb16 lr, lr, ror 8
    data(2, 0xFB2E, 0x7702)  # smlad r7, lr, r2, r7
    data(2, 0xE8B0, 0x5000)  # ldm.w r0!, {r12, lr}
    data(2, 0xFB2C, 0x8802)  # smlad r8, r12, r2, r8
    data(2, 0xFA2F, 0xFC9C)  # sxtb16 r12, r12, ror 8
    data(2, 0xFB2C, 0x9902)  # smlad r9, r12, r2, r9
    data(2, 0xFB2E, 0xAA02)  # smlad r10, lr, r2, r10
    data(2, 0xFA2F, 0xFE9E)  # sxtb16 lr, lr, ror 8
    data(2, 0xFB2E, 0xBB02)  # smlad r11, lr, r2, r11
    label(SIX)
    data(2, 0xF851, 0x2B04)  # ldr.w r2, [r1], 4
    data(2, 0xE8B0, 0x5000)  # ldm.w r0!, {r12, lr}
    data(2, 0xFB2C, 0x4402)  # smlad r4, r12, r2, r4
    data(2, 0xFA2F, 0xFC9C)  # sxtb16 r12, r12, ror 8
    data(2, 0xFB2C, 0x5502)  # smlad r5, r12, r2, r5
    data(2, 0xFB2E, 0x6602)  # smlad r6, lr, r2, r6
    data(2, 0xFA2F, 0xFE9E)  # sxtb16 lr, lr, ror 8
    data(2, 0xFB2E, 0x7702)  # smlad r7, lr, r2, r7
    data(2, 0xE8B0, 0x5000)  # ldm.w r0!, {r12, lr}
    data(2, 0xFB2C, 0x8802)  # smlad r8, r12, r2, r8
    data(2, 0xFA2F, 0xFC9C)  # sxtb16 r12, r12, ror 8
    data(2, 0xFB2C, 0x9902)  # smlad r9, r12, r2, r9
    data(2, 0xFB2E, 0xAA02)  # smlad r10, lr, r2, r10
    data(2, 0xFA2F, 0xFE9E)  # sxtb16 lr, lr, ror 8
    data(2, 0xFB2E, 0xBB02)  # smlad r11, lr, r2, r11
    label(FOUR_DSP)
    data(2, 0xF851, 0x2B04)  # ldr.w r2, [r1], 4
    data(2, 0xE8B0, 0x5000)  # ldm.w r0!, {r12, lr}
    data(2, 0xFB2C, 0x4402)  # smlad r4, r12, r2, r4
    data(2, 0xFA2F, 0xFC9C)  # sxtb16 r12, r12, ror 8
    data(2, 0xFB2C, 0x5502)  # smlad r5, r12, r2, r5
    data(2, 0xFB2E, 0x6602)  # smlad r6, lr, r2, r6
    data(2, 0xFA2F, 0xFE9E)  # sxtb16 lr, lr, ror 8
    data(2, 0xFB2E, 0x7702)  # smlad r7, lr, r2, r7
    data(2, 0xE8B0, 0x5000)  # ldm.w r0!, {r12, lr}
    data(2, 0xFB2C, 0x8802)  # smlad r8, r12, r2, r8
    data(2, 0xFA2F, 0xFC9C)  # sxtb16 r12, r12, ror 8
    data(2, 0xFB2C, 0x9902)  # smlad r9, r12, r2, r9
    data(2, 0xFB2E, 0xAA02)  # smlad r10, lr, r2, r10
    data(2, 0xFA2F, 0xFE9E)  # sxtb16 lr, lr, ror 8
    data(2, 0xFB2E, 0xBB02)  # smlad r11, lr, r2, r11
    label(TWO_DSP)
    data(2, 0xF851, 0x2B04)  # ldr.w r2, [r1], 4
    data(2, 0xE8B0, 0x5000)  # ldm.w r0!, {r12, lr}
    data(2, 0xFB2C, 0x4402)  # smlad r4, r12, r2, r4
    data(2, 0xFA2F, 0xFC9C)  # sxtb16 r12, r12, ror 8
    data(2, 0xFB2C, 0x5502)  # smlad r5, r12, r2, r5
    data(2, 0xFB2E, 0x6602)  # smlad r6, lr, r2, r6
    data(2, 0xFA2F, 0xFE9E)  # sxtb16 lr, lr, ror 8
    data(2, 0xFB2E, 0x7702)  # smlad r7, lr, r2, r7
    data(2, 0xE8B0, 0x5000)  # ldm.w r0!, {r12, lr}
    data(2, 0xFB2C, 0x8802)  # smlad r8, r12, r2, r8
    data(2, 0xFA2F, 0xFC9C)  # sxtb16 r12, r12, ror 8
    data(2, 0xFB2C, 0x9902)  # smlad r9, r12, r2, r9
    data(2, 0xFB2E, 0xAA02)  # smlad r10, lr, r2, r10
    data(2, 0xFA2F, 0xFE9E)  # sxtb16 lr, lr, ror 8
    data(2, 0xFB2E, 0xBB02)  # smlad r11, lr, r2, r11
    cmp(r1, r3)
    bne(COLUMNS_DSP)
    data(2, 0xEBA4, 0x2405)  # sub.w r4, r4, r5, lsl 8
    data(2, 0xEBA6, 0x2607)  # sub.w r6, r6, r7, lsl 8
    data(2, 0xEBA8, 0x2809)  # sub.w r8, r8, r9, lsl 8
    data(2, 0xEBAA, 0x2A0B)  # sub.w r10, r10, r11, lsl 8
    data(2, 0xF8DD, 0xC010)  # ldr.w r12, [sp, 16]
    data(2, 0xE8AC, 0x0FF0)  # stm.w r12!, {r4, r5, r6, r7, r8, r9, r10, r11}
    data(2, 0xF8CD, 0xC010)  # str.w r12, [sp, 16]
    data(2, 0x9A05)  # ldr r2, [sp, 20]
    data(2, 0x4594)  # cmp r12, r2
    bne_w(EIGHT_DSP)
    pop({r1, r2, r3, r4, r5, r6, r7, pc})
    label(END)
