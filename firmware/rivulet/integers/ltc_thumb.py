# Generated from host_tools/thumb/recipes/ltc.s by: python -m host_tools.thumb
"""The LTC cell of ltc.py in Thumb assembler.

decay_thumb.py has notes on instructions and cycles. Each step takes about 32 cycles for a
synapse and 250 for a neuron.
"""

import micropython
from micropython import const

# Byte offsets in words.
_X_AT = const(36)
_ALPHA_AT = const(44)
_V_AT = const(48)
_ACC_AT = const(60)
_MANTISSA = const(116)
_RIGHT = const(120)
_LEFT = const(124)
_OWN = const(128)
_RATE_SHIFT = const(136)
_SENSORY_AT = const(148)
_RECURRENT_AT = const(152)
_SIGMOID_TABLE_AT = const(156)
_RATE_MULTIPLIER_AT = const(160)
_UNFOLDS = const(164)
_SCALE = const(168)
_NEURONS = const(180)


@micropython.asm_thumb
def move(r0, r1):
    # words, dt
    mov(r4, r8)
    mov(r5, r9)
    mov(r6, r10)
    mov(r7, r11)
    push({r4, r5, r6, r7})
    push({r0, r1, r2, r3, r4, r5})
    push({r0, r1, r2, r3, r4, r5, r6, r7})
    # [sp]: WORDS, ONE, DOWN, DOWN_15, STEPS, COUNTS, BASE, OUT, LAST, RETURN, SUMMED, M, X, V
    # bytes=r12 (4 NEURONS)
    data(2, 0x9000)  # str r0, [sp, 0]
    ldr(r4, [r0, _ACC_AT])
    add(r4, r4, r0)
    data(2, 0x940A)  # str r4, [sp, 40]
    ldr(r4, [r0, _X_AT])
    add(r4, r4, r0)
    data(2, 0x940C)  # str r4, [sp, 48]
    ldr(r4, [r0, _V_AT])
    add(r4, r4, r0)
    data(2, 0x940D)  # str r4, [sp, 52]

    # The interval as mantissa, right and left shift.
    mov(r7, r0)
    add(r7, _OWN)
    ldr(r4, [r7, _NEURONS - _OWN])
    lsl(r4, r4, 2)
    mov(r12, r4)
    ldr(r4, [r7, _RATE_MULTIPLIER_AT - _OWN])
    add(r4, r4, r0)
    data(2, 0x940B)  # str r4, [sp, 44]
    ldr(r3, [r7, _RATE_SHIFT - _OWN])
    add(r3, 2)
    cmp(r1, 0)
    bgt(MICROSECONDS)
    neg(r1, r1)
    add(r3, 10)
    label(MICROSECONDS)
    mov(r4, 1)
    lsl(r4, r4, 15)
    label(SHORT)
    cmp(r1, r4)
    bcs(LONG)
    lsl(r1, r1, 1)
    sub(r3, 1)
    b(SHORT)
    label(HALVE)
    lsr(r1, r1, 1)
    add(r3, 1)
    label(LONG)
    lsr(r5, r1, 16)
    bne(HALVE)
    ldr(r4, [r7, _SCALE - _OWN])
    mul(r1, r4)
    lsr(r1, r1, 15)
    str(r1, [r0, _MANTISSA])
    cmp(r3, 31)
    ble(SKIP)
    mov(r3, 31)
    label(SKIP)
    mov(r4, 0)
    # 1 is 2^(25 - shift) in units of s. If that is above 2^29, both are shifted DOWN.
    mov(r5, 25)
    sub(r5, r5, r3)
    cmp(r3, 0)
    bge(LEFTWARDS)
    neg(r4, r3)
    mov(r3, 0)
    label(LEFTWARDS)
    str(r4, [r0, _RIGHT])
    str(r3, [r0, _LEFT])
    mov(r4, 0)
    mov(r3, 0)
    cmp(r5, 0)
    blt(NOTHING)
    cmp(r5, 29)
    ble(ROOM)
    mov(r4, r5)
    sub(r4, 29)
    mov(r5, 29)
    label(ROOM)
    mov(r3, 1)
    lsl(r3, r5)
    label(NOTHING)
    data(2, 0x9301)  # str r3, [sp, 4]
    data(2, 0x9402)  # str r4, [sp, 8]
    sub(r4, 15)
    data(2, 0x9403)  # str r4, [sp, 12]
    ldr(r4, [r7, _UNFOLDS - _OWN])
    data(2, 0x9404)  # str r4, [sp, 16]
    ldr(r1, [r7, _SENSORY_AT - _OWN])
    bl(SUMS)

    # A step: the sums of the neurons' synapses, then every potential.
    label(STEP)
    data(2, 0x9F00)  # ldr r7, [sp, 0]
    add(r7, _OWN)
    ldr(r1, [r7, _RECURRENT_AT - _OWN])
    bl(SUMS)
    # at=r7 (4 times the neuron), rates=r8, span=r9 (the mantissa), full=r10 (2^30)
    # rounding=r11 (2^17)
    data(2, 0x9F00)  # ldr r7, [sp, 0]
    ldr(r4, [r7, _ALPHA_AT])
    add(r4, r4, r7)
    mov(r8, r4)
    ldr(r4, [r7, _MANTISSA])
    mov(r9, r4)
    mov(r4, 1)
    lsl(r4, r4, 30)
    mov(r10, r4)
    mov(r4, 1)
    lsl(r4, r4, 17)
    mov(r11, r4)
    mov(r7, 0)
    label(NEURON)
    # d=r0 (conductance), n=r1 (current), alpha=r2
    data(2, 0x9C0A)  # ldr r4, [sp, 40]
    data(2, 0x59E0)  # ldr r0, [r4, r7]
    data(2, 0x4464)  # add r4, r12
    data(2, 0x59E1)  # ldr r1, [r4, r7]
    data(2, 0x9D0B)  # ldr r5, [sp, 44]
    data(2, 0x59ED)  # ldr r5, [r5, r7]
    lsr(r4, r5, 16)
    data(2, 0xB2AD)  # uxth r5, r5
    data(2, 0xB283)  # uxth r3, r0
    asr(r2, r0, 16)
    mul(r2, r5)
    mul(r3, r5)
    lsr(r3, r3, 16)
    add(r2, r2, r3)
    asr(r2, r4)
    ble(LEAST_RATE)
    lsr(r4, r2, 30)
    bne(LARGEST_RATE)
    label(RATED)
    mov(r4, r8)
    data(2, 0x51E2)  # str r2, [r4, r7]
    # s=r2: alpha h, halved
    mov(r4, r9)
    lsl(r5, r2, 17)
    lsr(r5, r5, 17)
    lsr(r2, r2, 15)
    mul(r2, r4)
    mul(r5, r4)
    lsr(r5, r5, 15)
    add(r2, r2, r5)
    lsr(r2, r2, 1)
    # q=r1: n / d
    bl(RECIPROCAL)
    cmp(r6, 0)
    blt(ENLARGE)
    asr(r1, r6)
    label(ALIGNED)
    mul(r1, r3)
    asr(r1, r1, 15)
    asr(r4, r1, 31)
    add(r5, r1, r4)
    eor(r5, r4)
    lsr(r5, r5, 15)
    bne(BEYOND)
    label(WITHIN)
    # k=r2: s / (1 + s)
    data(2, 0x9C02)  # ldr r4, [sp, 8]
    mov(r0, r2)
    lsr(r0, r4)
    data(2, 0x9C01)  # ldr r4, [sp, 4]
    add(r0, r0, r4)
    beq(NIL)
    label(DIVIDED)
    bl(RECIPROCAL)
    lsl(r4, r2, 17)
    lsr(r4, r4, 17)
    lsr(r2, r2, 15)
    mul(r2, r3)
    mul(r4, r3)
    lsr(r4, r4, 15)
    add(r2, r2, r4)
    data(2, 0x9C03)  # ldr r4, [sp, 12]
    add(r6, r6, r4)
    bgt(DOWNWARDS)
    neg(r6, r6)
    lsl(r2, r6)
    label(AT_LEVEL)
    data(2, 0x4552)  # cmp r2, r10
    bhi(ALL_THE_WAY)
    label(MOVED)
    data(2, 0x9C0C)  # ldr r4, [sp, 48]
    data(2, 0x59E5)  # ldr r5, [r4, r7]
    asr(r0, r5, 15)
    sub(r1, r1, r0)
    lsl(r0, r2, 17)
    lsr(r0, r0, 17)
    lsr(r2, r2, 15)
    mul(r2, r1)
    mul(r0, r1)
    asr(r0, r0, 15)
    add(r5, r5, r2)
    add(r5, r5, r0)
    data(2, 0x51E5)  # str r5, [r4, r7]
    data(2, 0x445D)  # add r5, r11
    asr(r5, r5, 18)
    data(2, 0x9C0D)  # ldr r4, [sp, 52]
    data(2, 0x51E5)  # str r5, [r4, r7]
    add(r7, 4)
    data(2, 0x4567)  # cmp r7, r12
    bne(NEURON)
    data(2, 0x9C04)  # ldr r4, [sp, 16]
    sub(r4, 1)
    data(2, 0x9404)  # str r4, [sp, 16]
    bne(STEP)
    pop({r0, r1, r2, r3, r4, r5, r6, r7})
    pop({r0, r1, r2, r3, r4, r5})
    pop({r4, r5, r6, r7})
    mov(r8, r4)
    mov(r9, r5)
    mov(r10, r6)
    mov(r11, r7)
    mov(r0, 0)
    b(END)

    # What is rare.
    label(LEAST_RATE)
    mov(r2, 1)
    cmp(r0, 0)
    bgt(RATED)
    mov(r0, 1)
    b(RATED)
    label(LARGEST_RATE)
    mov(r2, r10)
    sub(r2, 1)
    b(RATED)
    label(ENLARGE)
    neg(r6, r6)
    lsl(r1, r6)
    b(ALIGNED)
    label(BEYOND)
    mov(r1, 1)
    lsl(r1, r1, 15)
    sub(r1, 1)
    eor(r1, r4)
    sub(r1, r1, r4)
    b(WITHIN)
    label(NIL)
    mov(r0, 1)
    b(DIVIDED)
    label(DOWNWARDS)
    lsr(r2, r6)
    b(AT_LEVEL)
    label(ALL_THE_WAY)
    mov(r2, r10)
    b(MOVED)

    # RECIPROCAL: 1 / r0 = r3 / 2^(30 + r6), r0 > 0, full=r10; changes r0, r4 and r5.
    label(RECIPROCAL)
    lsr(r4, r0, 16)
    beq(SHORT_OF_BITS)
    mov(r6, 1)
    lsr(r5, r4, 8)
    beq(FEW)
    add(r6, 8)
    mov(r4, r5)
    label(FEW)
    lsr(r5, r4, 4)
    beq(FEW_2)
    add(r6, 4)
    mov(r4, r5)
    label(FEW_2)
    lsr(r5, r4, 2)
    beq(FEW_3)
    add(r6, 2)
    mov(r4, r5)
    label(FEW_3)
    lsr(r4, r4, 1)
    add(r6, r6, r4)
    lsr(r0, r6)
    label(SIXTEEN_BITS)
    mov(r3, 186)
    lsl(r3, r3, 8)
    lsr(r4, r0, 1)
    sub(r3, r3, r4)
    mov(r5, r10)
    mov(r4, r3)
    mul(r4, r0)
    sub(r4, r5, r4)
    asr(r4, r4, 15)
    mul(r4, r3)
    asr(r4, r4, 15)
    add(r3, r3, r4)
    mov(r4, r3)
    mul(r4, r0)
    sub(r4, r5, r4)
    asr(r4, r4, 15)
    mul(r4, r3)
    asr(r4, r4, 15)
    add(r3, r3, r4)
    mov(r4, r3)
    mul(r4, r0)
    sub(r4, r5, r4)
    cmp(r4, r0)
    bcc(EXACT)
    add(r3, 1)
    sub(r4, r4, r0)
    cmp(r4, r0)
    bcc(EXACT)
    add(r3, 1)
    label(EXACT)
    bx(lr)
    label(SHORT_OF_BITS)
    mov(r6, 0)
    label(ENLARGED)
    lsr(r4, r0, 15)
    bne(SIXTEEN_BITS)
    lsl(r0, r0, 1)
    sub(r6, 1)
    b(ENLARGED)

    # SUMS: conductances and currents; the record of five words is at words + r1.
    # synapses=r0, words=r1, fraction=r2 (63), shift=r3, half=r8 (2^14)
    # both=r9 (conductance + 2^16 current), end=r10 (of the neuron's synapses)
    # table=r11 (its first node), bytes=r12, current=lr
    label(SUMS)
    mov(r4, lr)
    data(2, 0x9409)  # str r4, [sp, 36]
    data(2, 0x9F00)  # ldr r7, [sp, 0]
    add(r1, r1, r7)
    ldr(r0, [r1, 0])
    add(r0, r0, r7)
    ldr(r4, [r1, 4])
    add(r4, r4, r7)
    data(2, 0x9405)  # str r4, [sp, 20]
    ldr(r4, [r1, 8])
    add(r4, r4, r7)
    data(2, 0x9406)  # str r4, [sp, 24]
    ldr(r4, [r1, 12])
    add(r4, r4, r7)
    data(2, 0x9407)  # str r4, [sp, 28]
    data(2, 0x4464)  # add r4, r12
    data(2, 0x9408)  # str r4, [sp, 32]
    ldr(r3, [r1, 16])
    mov(r1, r7)
    add(r7, _OWN)
    ldr(r4, [r7, _SIGMOID_TABLE_AT - _OWN])
    add(r4, r4, r1)
    mov(r11, r4)
    mov(r4, 1)
    lsl(r4, r4, 14)
    mov(r8, r4)
    mov(r2, 63)
    label(TARGET)
    data(2, 0x9C05)  # ldr r4, [sp, 20]
    data(2, 0xCC20)  # ldm r4!, {r5}
    data(2, 0x9405)  # str r4, [sp, 20]
    lsl(r6, r5, 1)
    add(r6, r6, r5)
    lsl(r6, r6, 2)
    add(r6, r6, r0)
    mov(r10, r6)
    data(2, 0x9C06)  # ldr r4, [sp, 24]
    mov(r6, r12)
    data(2, 0x59A7)  # ldr r7, [r4, r6]
    data(2, 0xCC40)  # ldm r4!, {r6}
    data(2, 0x9406)  # str r4, [sp, 24]
    mov(lr, r7)
    lsl(r7, r7, 16)
    add(r6, r6, r7)
    mov(r9, r6)
    lsr(r5, r5, 1)
    bcs(ODD)
    b(ANY)
    label(EVEN)
    data(2, 0xC870)  # ldm r0!, {r4, r5, r6}
    data(2, 0xB2A7)  # uxth r7, r4
    data(2, 0x59CF)  # ldr r7, [r1, r7]
    asr(r4, r4, 16)
    mul(r7, r4)
    add(r5, r5, r7)
    asr(r5, r3)
    data(2, 0x4445)  # add r5, r8
    lsr(r4, r5, 15)
    bne(OUTSIDE)
    label(INSIDE)
    lsr(r7, r5, 6)
    lsl(r7, r7, 2)
    data(2, 0x445F)  # add r7, r11
    and_(r5, r2)
    data(2, 0xCF90)  # ldm r7, {r4, r7}
    sub(r7, r7, r4)
    mul(r7, r5)
    asr(r7, r7, 6)
    add(r4, r4, r7)
    asr(r5, r6, 16)
    mul(r5, r4)
    data(2, 0x44AE)  # add lr, r5
    mul(r6, r4)
    data(2, 0x44B1)  # add r9, r6
    label(ODD)
    data(2, 0xC870)  # ldm r0!, {r4, r5, r6}
    data(2, 0xB2A7)  # uxth r7, r4
    data(2, 0x59CF)  # ldr r7, [r1, r7]
    asr(r4, r4, 16)
    mul(r7, r4)
    add(r5, r5, r7)
    asr(r5, r3)
    data(2, 0x4445)  # add r5, r8
    lsr(r4, r5, 15)
    bne(OUTSIDE_TOO)
    label(INSIDE_TOO)
    lsr(r7, r5, 6)
    lsl(r7, r7, 2)
    data(2, 0x445F)  # add r7, r11
    and_(r5, r2)
    data(2, 0xCF90)  # ldm r7, {r4, r7}
    sub(r7, r7, r4)
    mul(r7, r5)
    asr(r7, r7, 6)
    add(r4, r4, r7)
    asr(r5, r6, 16)
    mul(r5, r4)
    data(2, 0x44AE)  # add lr, r5
    mul(r6, r4)
    data(2, 0x44B1)  # add r9, r6
    label(ANY)
    data(2, 0x4550)  # cmp r0, r10
    bne(EVEN)
    mov(r5, r9)
    mov(r6, lr)
    lsl(r7, r6, 16)
    sub(r5, r5, r7)
    data(2, 0x9C07)  # ldr r4, [sp, 28]
    mov(r7, r12)
    data(2, 0x51E6)  # str r6, [r4, r7]
    data(2, 0xC420)  # stm r4!, {r5}
    data(2, 0x9407)  # str r4, [sp, 28]
    data(2, 0x9D08)  # ldr r5, [sp, 32]
    cmp(r4, r5)
    bne(TARGET)
    data(2, 0x9C09)  # ldr r4, [sp, 36]
    bx(r4)
    label(OUTSIDE)
    asr(r4, r5, 31)
    mov(r5, 1)
    lsl(r5, r5, 15)
    sub(r5, 1)
    bic(r5, r4)
    b(INSIDE)
    label(OUTSIDE_TOO)
    asr(r4, r5, 31)
    mov(r5, 1)
    lsl(r5, r5, 15)
    sub(r5, 1)
    bic(r5, r4)
    b(INSIDE_TOO)
    label(END)
