"""Installs firmware and keys on a board, and signs models for it."""
