"""What MicroPython has and CPython lacks, so that one source runs on both.

On MicroPython this file only passes names through. `ptr8` is a type of the viper compiler, which
knows it by its name alone; the value here is what CPython uses in its place.
"""

import gc

try:
    from time import ticks_diff, ticks_us

    import micropython
    from micropython import const

    heap_free = gc.mem_free
    heap_used = gc.mem_alloc
    ptr8 = memoryview
except ImportError:
    from time import perf_counter_ns

    def const(value):
        return value

    class micropython:
        """Stands in for the module: the decorators leave the function as plain Python."""

        @staticmethod
        def viper(function):
            return function

    def heap_free():
        return 0

    heap_used = heap_free

    def ptr8(buffer):
        return buffer

    def ticks_us():
        return (perf_counter_ns() // 1000) & 0x3FFFFFFF

    def ticks_diff(later, earlier):
        return ((later - earlier + 0x20000000) & 0x3FFFFFFF) - 0x20000000
