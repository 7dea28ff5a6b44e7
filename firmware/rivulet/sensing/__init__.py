"""The ring, the clock, how readings reach a model, and sensor health."""
