"""Shows a running board to a person: status, live view, recording."""
