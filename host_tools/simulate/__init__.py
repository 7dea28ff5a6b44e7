"""Boards made of software, and what their sensors play."""
