"""The step in C beside the assembler; a part of `rivulet bench`, in the session of bench.py.

Needs `EVENTS` and `COMPILED` in its globals, ((code, entry), ...): the first with the weights as
the kernels lay them out, whose results are compared. Prints the row of the fastest.
"""

import uctypes


@micropython.asm_thumb  # noqa: F821
def call(r0):
    # r0: words, weights, interval, input map, and where the function is
    mov(r4, r0)
    ldr(r0, [r4, 0])
    ldr(r1, [r4, 4])
    ldr(r2, [r4, 8])
    ldr(r3, [r4, 12])
    ldr(r4, [r4, 16])
    data(2, 0x47A0)  # blx r4
    mov(r0, 0)


class InC:
    """As Integers, in a function that a compiler made."""

    def __init__(self, code, entry, model):
        self._kept = bytearray(code), model
        words, weights, input_map = (uctypes.addressof(buffer) for buffer in model)
        at = uctypes.addressof(self._kept[0]) + entry + 1
        self.arguments = array("I", (words, weights, 10000, input_map, at))

    def event(self):
        call(self.arguments)


def same(code, entry):
    """Whether it gives the assembler's bits."""
    one, other = integer_model(UNITS, INPUTS), integer_model(UNITS, INPUTS)
    subject = InC(code, entry, other)
    for dt_us in (0, 300, 70000, 9000000):
        decay_cell.step(*one[:2], dt_us, one[2])
        subject.arguments[2] = dt_us
        subject.event()
    # The assembler keeps its arguments in the header.
    return list(layout.memory(one[0])) == list(layout.memory(other[0]))


gc.collect()
if not same(*COMPILED[0]):
    raise ValueError("the reference in C and the assembler disagree")
print(
    json.dumps(
        min(
            (
                measure(
                    "the same integers in C, gcc -O2",
                    InC(*each, integer_model(UNITS, INPUTS)),
                    EVENTS,
                )
                for each in COMPILED
            ),
            key=lambda row: row["median_us"],
        )
    )
)
