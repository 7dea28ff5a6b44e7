"""The evidence from the wearable set: recordings that are irregular by nature."""
