"""Rivulet's host side: convert, flash, push, watch and replay liquid models."""

__version__ = "0.1.0"
