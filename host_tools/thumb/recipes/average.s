@ The leaky mean of layered cells: layers.average in Thumb assembler.
@
@ decay_thumb.py has notes on instructions.

.function average words
    enter
    push {words}
    .stack WORDS
    .tmp words=r6, rate=r0
    mov words, r0
    address rate, words, ALPHA_AT; hidden_bytes r4, words; adds rate, rate, r4
    adds r4, rate, 4; mov lr, r4
    gains_of words, <address r1, words, GAIN_AT>
    ldr words, [sp, WORDS]
    address r1, words, GAIN_AT
    mean_gain words, r1
    power r4, 17; mov r8, r4
    average words, r1, r8
    pop {r0}
    leave
END:
