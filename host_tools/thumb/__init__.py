"""Writes the firmware's kernels in Thumb assembler: `python -m host_tools.thumb`.

MicroPython's assembler has no macros, and an assembled function cannot call into another. What
several functions share is a macro here, in `fragments/*.s`; a recipe in `recipes/*.s` is one
function, which becomes one module. Both are in ARM's unified syntax:

    lsls z, z, 26; lsrs z, z, 26     instructions; those with an s set the flags
    LOOP:                            a label, in a macro one of its own wherever it is used
    .macro NAME a, b ... .endm       a macro; <x, y> makes one argument of several words
    .reg sums=r0, end=r8 (remark)    names registers, and says so in the written module
    .tmp z=r4                        names registers
    .stack WORDS, OUT                names the words at sp, from the lowest
    .function NAME a, b              a recipe's function; its arguments are r0, r1, ...
    # comment                        copied into the module, @ comment: not copied

X_AT and the like are byte offsets in a model's words. `words.py` takes them from the firmware's
plain kernels. To add a cell, write a recipe and name its module in `modules.py`.
"""
