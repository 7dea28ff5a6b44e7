"""Writes the firmware's modules in Thumb assembler: `python -m host_tools.thumb`.

MicroPython's assembler has no macros, and an assembled function cannot call another. So code that
several functions share is a macro in `fragments/*.s`, and a recipe in `recipes/*.s` is one
function, which becomes one module. Both are in ARM's unified syntax, with these directives:

    lsls z, z, 26; lsrs z, z, 26     instructions; the ones with an s set the flags
    LOOP:                            a label; a macro's own are numbered when it is used again
    .macro NAME a, b ... .endm       a macro; <asrs q, q> is one argument
    .reg sums=r0, end=r8 (remark)    name registers, and write that into the module as a comment
    .tmp z=r4                        name registers
    .stack WORDS, OUT                name the words at sp, the lowest first
    .function NAME a, b              the recipe's function; its arguments are r0, r1, ...
    # comment                        is copied into the module; @ comment is not

Names such as X_AT are byte offsets in a model's words. `words.py` takes them from the firmware's
plain kernels. To add a cell, write a recipe and name its module in `modules.py`.
"""
