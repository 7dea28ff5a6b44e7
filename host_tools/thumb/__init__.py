"""Generates the firmware's modules in Thumb assembler: `python -m host_tools.thumb`.

MicroPython's assembler has no macros, and an assembled function cannot call another. So shared
code is written as macros in `fragments/*.s`. Each recipe in `recipes/*.s` is one function and
becomes one module: NAME_dsp.s becomes NAME_dsp.py, NAME_fpu.s NAME_fpu.py, any other
NAME_thumb.py. Both are in ARM's
unified syntax, with these directives:

    lsls z, z, 26; lsrs z, z, 26     instructions; those with an s set the flags
    LOOP:                            a label; labels of a macro are numbered from its second use
    .macro NAME a, b ... .endm       a macro; <asrs q, q> is one argument
    .reg sums=r0, end=r8 (remark)    name registers, and copy the line as a comment
    .tmp z=r4                        name registers
    .stack WORDS, OUT                name the words at sp, lowest address first
    .function NAME a, b              the recipe's function; its arguments are r0, r1, ...
    # comment                        copied into the module; @ comment is not

Names such as X_AT are byte offsets in a model's words; `words.py` takes them from the firmware. To
add a cell, write a recipe and name its module in `modules.py`.
"""
