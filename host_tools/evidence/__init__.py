"""Compare the cells on recordings and write docs/evidence.md."""
