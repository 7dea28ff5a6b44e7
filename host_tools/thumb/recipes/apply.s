@ An input map's values of layered cells: arithmetic.apply in Thumb assembler.
@
@ decay_thumb.py has notes on instructions.

.function apply words, input_map
    enter
    str input_map, [words, INPUT_MAP]
    bl APPLY
    leave

    apply
END:
