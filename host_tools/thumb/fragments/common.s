@ A function's entry and exit, addresses, and an instruction on a condition.

@ MicroPython saves r4 to r7 and lr itself.
.macro enter
    mov r4, r8; mov r5, r9; mov r6, r10; mov r7, r11
    push {r4, r5, r6, r7}
.endm

@ Return 0. Subroutines follow, and after them the label END.
.macro leave
    pop {r4, r5, r6, r7}
    mov r8, r4; mov r9, r5; mov r10, r6; mov r11, r7
    movs r0, 0; b END
.endm

@ Skip one instruction on a condition: unless ble, <mov x, limit>
.macro unless branch, instruction
    branch SKIP
    instruction
SKIP:
.endm

@ target = the address whose byte offset is in `entry`.
.macro address target, words, entry
    ldr target, [words, entry]; adds target, target, words
.endm

@ target = 4 * HIDDEN: the bytes of one word for each unit.
.macro hidden_bytes target, words
    ldr target, [words, HIDDEN]; lsls target, target, 2
.endm
