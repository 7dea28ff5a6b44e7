"""Quantise a model, and the numpy reference of the integer arithmetic."""
