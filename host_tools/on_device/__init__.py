"""Programs of the host tools that run on MicroPython, on a board or on this machine."""
