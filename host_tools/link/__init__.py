"""The host's end of the wire, and serial ports."""
