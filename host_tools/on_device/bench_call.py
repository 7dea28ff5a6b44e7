"""Times the call of a kernel that returns at once; a part of `rivulet bench` on a board.

Needs `EVENTS` in its globals and comes behind bench_models.py. Prints one JSON line. Every figure
of an assembler kernel on a board contains this: the method around it, the call, and the clock.
"""

import json


@micropython.asm_thumb  # noqa: F821
def nothing(r0, r1, r2, r3):
    mov(r0, 0)


print(
    json.dumps(
        measure(
            "a kernel that returns at once",
            Integers(nothing, (array("i", (0,)), b"", array("i", (0,)))),
            EVENTS,
        )
    )
)
