@ The fixed-point arithmetic of integers/arithmetic.py. No product leaves 32 bits.

@ target = 2^exponent
.macro power target, exponent
    movs target, 1; lsls target, target, exponent
.endm

@ out = acc M 2^-(16 + b), of multiplier = M | b << 16
.macro mul_shift out, acc, multiplier, shift, low
    lsrs shift, multiplier, 16; uxth multiplier, multiplier
    uxth low, acc; asrs out, acc, 16
    muls out, multiplier; muls low, multiplier
    lsrs low, low, 16; adds out, out, low
    asrs out, shift
.endm

@ Split value >= 0 into its lower 15 bits, low, and the others, so that both can be multiplied.
.macro split value, low
    lsls low, value, 17; lsrs low, low, 17
    lsrs value, value, 15
.endm

@ value = (value factor) >> 15, both unsigned, factor below 2^16
.macro scale value, factor, low
    split value, low
    muls value, factor; muls low, factor
    lsrs low, low, 15; adds value, value, low
.endm

@ x += gain (target - x), x and gain in Q30, target in Q15. Changes the other three.
.macro move x, target, gain, low
    asrs low, x, 15; subs target, target, low
    split gain, low
    muls gain, target; muls low, target
    asrs low, low, 15
    adds x, x, gain; adds x, x, low
.endm

@ value = value clamped to +-32767
.macro clamp_q15 value, limit
    power limit, 15; subs limit, 1
    cmp value, limit; unless ble, <mov value, limit>
    negs limit, limit
    cmp value, limit; unless bge, <mov value, limit>
.endm

@ quotient = 2^bits + (remainder << bits) / divisor, for remainder < divisor. The quotient starts
@ as 1; when this bit reaches position `bits`, the loop ends. The carry of cmp is the next bit.
.macro divide remainder, divisor, quotient, bits, top
DIVIDE:
    lsls remainder, remainder, 1
    cmp remainder, divisor; unless bcc, <subs remainder, remainder, divisor>
    adcs quotient, quotient
    lsrs top, quotient, bits; beq DIVIDE
.endm
