"""The firmware and keys onto a board."""
