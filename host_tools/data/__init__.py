"""Recordings: reading, checking and the figures taken from them."""
