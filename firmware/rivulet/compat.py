"""What MicroPython has and CPython lacks, so that one source runs on both.

On MicroPython this file only passes names through. `ptr8`, `ptr16` and `ptr32` are types of the
viper compiler, which knows them by name alone; the values here are what CPython uses instead.
"""

import gc
import sys

try:
    from sys import print_exception
    from time import sleep_ms, ticks_diff, ticks_ms, ticks_us

    import micropython
    from micropython import const, kbd_intr

    collect = gc.collect

    def collect_every(size):
        """Collect after every `size` bytes, -1: when memory is full. Returns what was before."""
        before = gc.threshold()
        gc.threshold(size)
        return before

    heap_free = gc.mem_free
    heap_used = gc.mem_alloc
    ptr8 = ptr16 = ptr32 = memoryview
except ImportError:
    from time import perf_counter_ns, sleep

    def const(value):
        return value

    class micropython:
        """Stands in for the module: the decorators leave the function as plain Python."""

        @staticmethod
        def viper(function):
            return function

        native = viper

    def collect():
        """CPython collects garbage at its own pace."""

    def collect_every(size):
        """CPython does so at its own pace."""
        return -1

    def heap_free():
        return 0

    heap_used = heap_free

    def ptr8(buffer):
        return buffer

    def ptr16(buffer):
        return memoryview(buffer).cast("B").cast("H")

    def ptr32(buffer):
        return memoryview(buffer).cast("B").cast("i")

    def kbd_intr(character):
        """CPython takes Ctrl-C from the system, not from the port."""

    def print_exception(error, file):
        from traceback import print_exception

        print_exception(type(error), error, error.__traceback__, file=file)

    def sleep_ms(milliseconds):
        sleep(milliseconds / 1000)

    def ticks_us():
        return (perf_counter_ns() // 1000) & 0x3FFFFFFF

    def ticks_ms():
        return (perf_counter_ns() // 1000_000) & 0x3FFFFFFF

    def ticks_diff(later, earlier):
        return ((later - earlier + 0x20000000) & 0x3FFFFFFF) - 0x20000000


try:
    from uctypes import addressof
except ImportError:

    def addressof(buffer):
        """No code of such an interpreter reads memory by its address."""
        return 0


# How many bytes may be taken between two collections while a model changes: see model/running.py.
# Smaller ones hold it up for longer. At all other times turns in which nothing happens collect.
GARBAGE = const(16384)


def forget(names):
    """Let the memory of these modules go until they are imported again.

    None may hold machine code, which MicroPython never frees. CPython keeps them: it has room.
    """
    if sys.implementation.name == "cpython":
        return
    for name in names:
        if name in sys.modules:
            parent, _, child = name.rpartition(".")
            # An imported module is an attribute of its package as well.
            if parent in sys.modules and hasattr(sys.modules[parent], child):
                delattr(sys.modules[parent], child)
            del sys.modules[name]
