# Generated from host_tools/thumb/recipes/decay_dsp.s by: python -m host_tools.thumb
"""The step of decay.py in Thumb assembler with the DSP extension, for dense gates.

dsp.py has the order of the gates' weights, decay_thumb.py notes on instructions. The readout's
weights stay in the order of layout.py.
"""

import micropython
from micropython import const

# Byte offsets in words.
_HIDDEN = const(0)
_OUTPUTS = const(8)
_FLAGS = const(12)
_COLUMNS = const(16)
_ROWS = const(20)
_FEATURES = const(24)
_OUT_ROWS = const(28)
_CONFIDENCE_AT = const(32)
_X_AT = const(36)
_MEAN_AT = const(40)
_ALPHA_AT = const(44)
_V_AT = const(48)
_FEATURE_AT = const(52)
_Y_AT = const(56)
_ACC_AT = const(60)
_GAIN_AT = const(64)
_BIAS_AT = const(68)
_MULTIPLIER_AT = const(72)
_OUT_BIAS_AT = const(76)
_OUT_MULTIPLIER_AT = const(80)
_ALPHA_TABLE_AT = const(84)
_DRIVE_TABLE_AT = const(88)
_RECIPROCAL_TABLE_AT = const(92)
_DECAY_TABLE_AT = const(96)
_OUT_WEIGHTS_AT = const(100)
_RIGHT = const(120)
_LEFT = const(124)
# Byte offsets in words, filled by the step itself.
_WEIGHTS = const(108)
_INPUT_MAP = const(112)
_DT = const(116)


@micropython.asm_thumb
def step(r0, r1, r2, r3):
    # words, weights, dt_us, input_map
    mov(r4, r8)
    mov(r5, r9)
    mov(r6, r10)
    mov(r7, r11)
    push({r4, r5, r6, r7})
    str(r1, [r0, _WEIGHTS])
    str(r2, [r0, _DT])
    str(r3, [r0, _INPUT_MAP])
    push({r0})
    # [sp]: WORDS
    ldr(r1, [r0, _FLAGS])
    lsl(r1, r1, 29)  # INPUT_FIRST_TO_SIGN
    bpl(INPUT_LATER)
    bl(APPLY)
    label(INPUT_LATER)
    data(2, 0x9800)  # ldr r0, [sp, 0]
    ldr(r2, [r0, _DT])
    cmp(r2, 0)
    bne(MOVE_ON)
    b(MOVED)

    # The interval as mantissa, right and left shift.
    label(MOVE_ON)
    mov(r3, 2)
    cmp(r2, 0)
    bgt(MICROSECONDS)
    neg(r2, r2)
    mov(r3, 12)
    label(MICROSECONDS)
    mov(r4, 1)
    lsl(r4, r4, 15)
    label(SHORT)
    cmp(r2, r4)
    bcs(LONG)
    lsl(r2, r2, 1)
    sub(r3, 1)
    b(SHORT)
    label(HALVE)
    lsr(r2, r2, 1)
    add(r3, 1)
    label(LONG)
    lsr(r5, r2, 16)
    bne(HALVE)
    mov(r4, 67)  # US_SCALE_HIGH
    lsl(r4, r4, 8)
    add(r4, 28)  # US_SCALE_LOW
    mul(r2, r4)
    lsr(r2, r2, 15)
    str(r2, [r0, _DT])
    mov(r4, 0)
    cmp(r3, 0)
    bge(LEFTWARDS)
    neg(r4, r3)
    mov(r3, 0)
    label(LEFTWARDS)
    str(r4, [r0, _RIGHT])
    str(r3, [r0, _LEFT])

    # Both gates' sums.
    ldr(r1, [r0, _V_AT])
    add(r1, r1, r0)
    ldr(r2, [r0, _COLUMNS])
    ldr(r3, [r0, _BIAS_AT])
    add(r3, r3, r0)
    ldr(r4, [r0, _ACC_AT])
    add(r4, r4, r0)
    ldr(r5, [r0, _ROWS])
    ldr(r6, [r0, _GAIN_AT])
    add(r6, r6, r0)
    ldr(r0, [r0, _WEIGHTS])
    bl(PRODUCT_DSP)

    # Sums to rates and drive; with an additive drive, drive / rate is the target.
    # sums=r0, multipliers=r1, table=r2 (its offset), out=r3, words=r6
    data(2, 0x9E00)  # ldr r6, [sp, 0]
    ldr(r0, [r6, _ACC_AT])
    add(r0, r0, r6)
    ldr(r1, [r6, _MULTIPLIER_AT])
    add(r1, r1, r6)
    ldr(r2, [r6, _ALPHA_TABLE_AT])
    ldr(r3, [r6, _ALPHA_AT])
    add(r3, r3, r6)
    bl(LOOK_UP)
    data(2, 0x9E00)  # ldr r6, [sp, 0]
    ldr(r2, [r6, _DRIVE_TABLE_AT])
    mov(r3, r0)
    bl(LOOK_UP)
    data(2, 0x9E00)  # ldr r6, [sp, 0]
    ldr(r1, [r6, _FLAGS])
    lsr(r1, r1, 2)  # ADDITIVE_TO_CARRY
    bcc(GAINS)
    ldr(r0, [r6, _ACC_AT])
    add(r0, r0, r6)
    ldr(r1, [r6, _MULTIPLIER_AT])
    add(r1, r1, r6)
    ldr(r2, [r6, _RECIPROCAL_TABLE_AT])
    ldr(r3, [r6, _GAIN_AT])
    add(r3, r3, r6)
    bl(LOOK_UP)
    # drives=r0, reciprocals=r1, end=r3
    data(2, 0x9E00)  # ldr r6, [sp, 0]
    ldr(r1, [r6, _GAIN_AT])
    add(r1, r1, r6)
    label(TARGET)
    data(2, 0xC904)  # ldm r1!, {r2}
    ldr(r4, [r0, 0])
    mul(r4, r2)
    asr(r4, r4, 15)
    data(2, 0xC010)  # stm r0!, {r4}
    cmp(r1, r3)
    bne(TARGET)

    # Rates to gains.
    label(GAINS)
    data(2, 0x9E00)  # ldr r6, [sp, 0]
    ldr(r0, [r6, _ALPHA_AT])
    add(r0, r0, r6)
    ldr(r1, [r6, _HIDDEN])
    lsl(r1, r1, 2)
    add(r1, r1, r0)
    add(r1, 4)
    mov(lr, r1)
    # rates=r0, gain=r1, h=r2 (the mantissa), half=r3 (2^21), one=r8 (2^30), right=r9, left=r10
    # most=r11 (the largest s before its left shift), table=r12, end=lr
    ldr(r1, [r6, _GAIN_AT])
    add(r1, r1, r6)
    mov(r3, 1)
    lsl(r4, r3, 30)
    mov(r8, r4)
    lsl(r3, r3, 21)
    ldr(r4, [r6, _RIGHT])
    mov(r9, r4)
    ldr(r4, [r6, _LEFT])
    mov(r10, r4)
    mov(r5, 12)
    lsl(r5, r5, 26)
    lsr(r5, r4)
    mov(r11, r5)
    ldr(r4, [r6, _DECAY_TABLE_AT])
    add(r4, r4, r6)
    mov(r12, r4)
    ldr(r2, [r6, _DT])
    label(GAIN)
    data(2, 0xC810)  # ldm r0!, {r4}
    lsl(r5, r4, 17)
    lsr(r5, r5, 17)
    lsr(r4, r4, 15)
    mul(r4, r2)
    mul(r5, r2)
    lsr(r5, r5, 15)
    add(r4, r4, r5)
    mov(r5, r9)
    lsr(r4, r5)
    data(2, 0x455C)  # cmp r4, r11
    bhi(LARGEST)
    mov(r5, r10)
    lsl(r4, r5)
    label(EXPONENT)
    add(r5, r4, r3)
    lsr(r5, r5, 22)
    beq(SMALL)
    lsl(r6, r5, 22)
    sub(r4, r4, r6)
    asr(r6, r4, 6)
    mul(r6, r6)
    lsr(r6, r6, 15)
    sub(r4, r4, r6)
    asr(r4, r4, 6)
    lsl(r5, r5, 2)
    mov(r6, r12)
    data(2, 0x59AD)  # ldr r5, [r5, r6]
    mul(r4, r5)
    asr(r4, r4, 6)
    lsl(r5, r5, 14)
    sub(r4, r4, r5)
    data(2, 0x4444)  # add r4, r8
    label(GAINED)
    data(2, 0xC110)  # stm r1!, {r4}
    data(2, 0x4570)  # cmp r0, lr
    bne(GAIN)
    b(ALL_GAINED)
    label(LARGEST)
    mov(r4, 12)
    lsl(r4, r4, 26)
    b(EXPONENT)
    label(SMALL)
    asr(r6, r4, 6)
    mul(r6, r6)
    lsr(r6, r6, 15)
    sub(r4, r4, r6)
    lsl(r4, r4, 4)
    b(GAINED)
    label(ALL_GAINED)

    # Every unit moves.
    data(2, 0x9E00)  # ldr r6, [sp, 0]
    ldr(r4, [r6, _HIDDEN])
    lsl(r4, r4, 2)
    ldr(r0, [r6, _ACC_AT])
    add(r0, r0, r6)
    add(r0, r0, r4)
    add(r4, r4, r0)
    mov(r9, r4)
    ldr(r1, [r6, _GAIN_AT])
    add(r1, r1, r6)
    ldr(r2, [r6, _X_AT])
    add(r2, r2, r6)
    ldr(r3, [r6, _V_AT])
    add(r3, r3, r6)
    # targets=r0, gain=r1, states=r2, short=r3 (the states in Q12), rounding=r8, end=r9
    mov(r4, 1)
    lsl(r4, r4, 17)
    mov(r8, r4)
    label(UNIT)
    data(2, 0xC810)  # ldm r0!, {r4}
    ldr(r5, [r2, 0])
    data(2, 0xC940)  # ldm r1!, {r6}
    asr(r7, r5, 15)
    sub(r4, r4, r7)
    lsl(r7, r6, 17)
    lsr(r7, r7, 17)
    lsr(r6, r6, 15)
    mul(r6, r4)
    mul(r7, r4)
    asr(r7, r7, 15)
    add(r5, r5, r6)
    add(r5, r5, r7)
    data(2, 0xC220)  # stm r2!, {r5}
    data(2, 0x4445)  # add r5, r8
    asr(r5, r5, 18)
    data(2, 0xC320)  # stm r3!, {r5}
    data(2, 0x4548)  # cmp r0, r9
    bne(UNIT)

    # The mean. Its weight follows the units' gains; r1 points at it.
    data(2, 0x9E00)  # ldr r6, [sp, 0]
    ldr(r5, [r6, _FLAGS])
    lsr(r5, r5, 1)  # MEAN_TO_CARRY
    bcs(MEAN)
    ldr(r1, [r6, _V_AT])
    b(READ_OUT)
    label(MEAN)
    # w=r1, c=r2, one=r3 (2^30), rest=r4 (2^30 - c)
    ldr(r1, [r1, 0])
    cmp(r1, 0)
    beq(WEIGHED)
    ldr(r5, [r6, _CONFIDENCE_AT])
    add(r5, r5, r6)
    ldr(r2, [r5, 0])
    mov(r3, 1)
    lsl(r3, r3, 30)
    sub(r4, r3, r2)
    beq(WEIGHED)
    lsl(r6, r4, 17)
    lsr(r6, r6, 17)
    lsr(r4, r4, 15)
    lsr(r7, r1, 15)
    mul(r6, r7)
    lsr(r6, r6, 15)
    add(r2, r2, r6)
    mul(r7, r4)
    add(r2, r2, r7)
    lsl(r6, r1, 17)
    lsr(r6, r6, 17)
    mul(r6, r4)
    lsr(r6, r6, 15)
    add(r2, r2, r6)
    sub(r4, r3, r2)
    lsr(r6, r4, 10)
    bne(SKIP)
    mov(r2, r3)
    label(SKIP)
    str(r2, [r5, 0])
    cmp(r1, r2)
    bcs(WHOLE)
    # w / c in 30 bits; the quotient's leading 1 stops the loop.
    mov(r4, 1)
    label(DIVIDE)
    lsl(r1, r1, 1)
    cmp(r1, r2)
    bcc(SKIP_2)
    sub(r1, r1, r2)
    label(SKIP_2)
    adc(r4, r4)
    lsr(r6, r4, 30)
    beq(DIVIDE)
    sub(r1, r4, r3)
    b(WEIGHED)
    label(WHOLE)
    mov(r1, r3)
    label(WEIGHED)
    # states=r0, means=r1, features=r2, the gain's high=r3 and low=r7, end=r9
    lsr(r3, r1, 15)
    lsl(r7, r1, 17)
    lsr(r7, r7, 17)
    data(2, 0x9E00)  # ldr r6, [sp, 0]
    ldr(r4, [r6, _HIDDEN])
    lsl(r4, r4, 2)
    ldr(r0, [r6, _X_AT])
    add(r0, r0, r6)
    add(r4, r4, r0)
    mov(r9, r4)
    ldr(r1, [r6, _MEAN_AT])
    add(r1, r1, r6)
    ldr(r2, [r6, _FEATURE_AT])
    add(r2, r2, r6)
    label(AVERAGE)
    data(2, 0xC810)  # ldm r0!, {r4}
    ldr(r5, [r1, 0])
    asr(r4, r4, 15)
    asr(r6, r5, 15)
    sub(r4, r4, r6)
    mov(r6, r4)
    mul(r6, r3)
    mul(r4, r7)
    asr(r4, r4, 15)
    add(r5, r5, r6)
    add(r5, r5, r4)
    data(2, 0xC120)  # stm r1!, {r5}
    data(2, 0x4445)  # add r5, r8
    asr(r5, r5, 18)
    data(2, 0xC220)  # stm r2!, {r5}
    data(2, 0x4548)  # cmp r0, r9
    bne(AVERAGE)
    data(2, 0x9E00)  # ldr r6, [sp, 0]
    ldr(r1, [r6, _FEATURE_AT])

    # The outputs.
    # features=r1, words=r6
    label(READ_OUT)
    add(r1, r1, r6)
    ldr(r2, [r6, _FEATURES])
    ldr(r3, [r6, _OUT_BIAS_AT])
    add(r3, r3, r6)
    ldr(r4, [r6, _ACC_AT])
    add(r4, r4, r6)
    ldr(r5, [r6, _OUT_ROWS])
    ldr(r0, [r6, _WEIGHTS])
    ldr(r6, [r6, _OUT_WEIGHTS_AT])
    add(r0, r0, r6)
    bl(PRODUCT)
    data(2, 0x9E00)  # ldr r6, [sp, 0]
    ldr(r0, [r6, _ACC_AT])
    add(r0, r0, r6)
    ldr(r1, [r6, _OUT_MULTIPLIER_AT])
    add(r1, r1, r6)
    ldr(r2, [r6, _Y_AT])
    add(r2, r2, r6)
    ldr(r3, [r6, _OUTPUTS])
    label(OUTPUT)
    data(2, 0xC810)  # ldm r0!, {r4}
    data(2, 0xC920)  # ldm r1!, {r5}
    bl(MUL_SHIFT)
    data(2, 0xC210)  # stm r2!, {r4}
    sub(r3, 1)
    bne(OUTPUT)
    label(MOVED)
    data(2, 0x9800)  # ldr r0, [sp, 0]
    ldr(r1, [r0, _FLAGS])
    lsl(r1, r1, 29)  # INPUT_FIRST_TO_SIGN
    bmi(DONE)
    bl(APPLY)
    label(DONE)
    pop({r0})
    pop({r4, r5, r6, r7})
    mov(r8, r4)
    mov(r9, r5)
    mov(r10, r6)
    mov(r11, r7)
    mov(r0, 0)
    b(END)

    # APPLY: v = clamp((raw M + O) >> b) for every value of the input map.
    # words=r0, raw=r1, settings=r2, end=r8, of a value: place=r3, v=r4, m=r5, o=r6, right=r7
    label(APPLY)
    ldr(r1, [r0, _INPUT_MAP])
    data(2, 0xC904)  # ldm r1!, {r2}
    lsl(r2, r2, 2)
    add(r2, r2, r1)
    mov(r8, r2)
    b(APPLIED)
    label(INPUT)
    data(2, 0xC910)  # ldm r1!, {r4}
    data(2, 0xCAE8)  # ldm r2!, {r3, r5, r6, r7}
    mul(r4, r5)
    add(r4, r4, r6)
    asr(r4, r7)
    mov(r5, 1)
    lsl(r5, r5, 15)
    sub(r5, 1)
    cmp(r4, r5)
    ble(SKIP_3)
    mov(r4, r5)
    label(SKIP_3)
    neg(r5, r5)
    cmp(r4, r5)
    bge(SKIP_4)
    mov(r4, r5)
    label(SKIP_4)
    data(2, 0x50C4)  # str r4, [r0, r3]
    label(APPLIED)
    data(2, 0x4541)  # cmp r1, r8
    bne(INPUT)
    bx(lr)

    # MUL_SHIFT: r4 M >> (16 + b), of r5 = M | b << 16; changes r5 to r7.
    label(MUL_SHIFT)
    lsr(r6, r5, 16)
    data(2, 0xB2AD)  # uxth r5, r5
    data(2, 0xB2A7)  # uxth r7, r4
    asr(r4, r4, 16)
    mul(r4, r5)
    mul(r7, r5)
    lsr(r7, r7, 16)
    add(r4, r4, r7)
    asr(r4, r6)
    bx(lr)

    # LOOK_UP: HIDDEN sums at r0, multipliers at r1, looked up in the table at words + r2; to r3.
    label(LOOK_UP)
    add(r2, r2, r6)
    mov(r4, 1)
    lsl(r4, r4, 10)
    add(r2, r2, r4)
    lsl(r4, r4, 4)
    sub(r4, 1)
    mov(r9, r4)
    ldr(r4, [r6, _HIDDEN])
    lsl(r4, r4, 2)
    add(r4, r4, r0)
    mov(r8, r4)
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
    bx(lr)

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
