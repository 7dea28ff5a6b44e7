@ The exponential step of decay.py in Thumb assembler for a floating-point unit.
@
@ float_step.py has the block. MicroPython for a core without the unit refuses this file with a
@ SyntaxError.

.function step block, seconds
    enter
    vpush {s16-s31}
    push {r0, r1}
    .stack BLOCK, SECONDS

# The sums of both gates.
    mov r3, block; adds r3, SIZES
    ldr r1, [block, JOINT]; ldr r2, [block, SUMS]; ldr r0, [block, MATRIX]
    bl PRODUCT_FPU

# Every unit: its rate, its target, and how far it moves.
    .reg sums=r0, drives=r1, states=r2, rates=r3, targets=r4, divided=r5, end=r8
    .reg two=s24, d1 to d4=s25 to s28, lowest=s29, highest=s30, h=s31
    .tmp d1=s25, d2=s26, d3=s27, d4=s28, z=s4, rate=s5, target=s6, x=s7, scale=s2
    ldr r7, [sp, SECONDS]; vldr h, [r7, 0]
    ldr r7, [sp, BLOCK]
    ldr sums, [r7, SUMS]; ldr drives, [r7, DRIVES]; ldr states, [r7, JOINT]
    ldr rates, [r7, RATES]; ldr targets, [r7, TARGETS]; ldr divided, [r7, DIVIDED]
    ldr r6, [r7, STATES_END]; mov end, r6
    adds r7, FLOATS; vldm r7!, {s13-s30}
UNIT:
    # rate = min(max(z, 0) + log(1 + t) + lowest, highest) with t = exp(-|z|)
    vldm sums!, {z}
    vabs s0, z
    exponential s0
    .tmp t=s1, s=s1, square=s2, upper=s3, lower=s0, cube=s12
    vmul t, t, scale; vadd t, t, scale
    # log(1 + t) = 2 s + s^3 (d1 + d2 s^2 + s^4 (d3 + d4 s^2)) with s = t / (2 + t)
    vadd s3, t, two; vdiv s, t, s3
    vcmp z, 0
    vmul square, s, s
    vmrs
    vmul upper, square, d4; vmul lower, square, d2; vmul cube, square, s
    vadd upper, upper, d3; vmul square, square, square; vadd lower, lower, d1
    vmul upper, upper, square; vadd s, s, s; vadd lower, lower, upper
    vmul lower, lower, cube; vadd s, s, lower
    @ ble: less, equal or NaN, in every comparison.
    unless ble, <vadd s, s, z>
    vadd rate, s, lowest
    vcmp rate, highest; vmrs; unless ble, <vmov rate, highest>
    vstm rates!, {rate}

    # target = tanh(z) = -e / (2 + e) with e = exp(-2 |z|) - 1; over the rate with an additive
    # drive
    .tmp e=s1
    vldm drives!, {z}
    vabs s0, z; vadd s0, s0, s0
    exponential s0
    minus_one
    vadd s2, e, two; vcmp z, 0; vdiv target, e, s2
    vmrs; unless blt, <vneg target, target>
    cmp divided, 0; unless beq, <vdiv target, target, rate>
    vstm targets!, {target}

    # x -= (exp(-h rate) - 1) (target - x)
    vmul s0, h, rate
    vldr x, [states, 0]
    exponential s0
    minus_one
    vsub target, target, x
    vmul target, target, s1
    vsub x, x, target
    vstm states!, {x}
    cmp states, end; bne_w UNIT

    pop {r0, r1}
    vpop {s16-s31}
    leave

    product_fpu
END:
