"""Find or obtain a MicroPython interpreter."""
