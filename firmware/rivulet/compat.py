"""What MicroPython has and CPython lacks, so that one source runs on both.

On MicroPython this file only passes names through. `ptr8` is a type of the viper compiler, which
knows it by its name alone; the value here is what CPython uses in its place.
"""

import gc

try:
    from time import sleep_ms, ticks_diff, ticks_ms, ticks_us

    import micropython
    from micropython import const, kbd_intr

    heap_free = gc.mem_free
    heap_used = gc.mem_alloc
    ptr8 = memoryview
except ImportError:
    from time import perf_counter_ns, sleep

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

    def kbd_intr(character):
        """CPython takes Ctrl-C from the system, not from the port."""

    def sleep_ms(milliseconds):
        sleep(milliseconds / 1000)

    def ticks_us():
        return (perf_counter_ns() // 1000) & 0x3FFFFFFF

    def ticks_ms():
        return (perf_counter_ns() // 1000_000) & 0x3FFFFFFF

    def ticks_diff(later, earlier):
        return ((later - earlier + 0x20000000) & 0x3FFFFFFF) - 0x20000000
