"""Hardware in the loop: a real or simulated board controls a plant that the host simulates."""
