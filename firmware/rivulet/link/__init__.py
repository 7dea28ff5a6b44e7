"""The wire: port, commands, telemetry, and who may command."""
