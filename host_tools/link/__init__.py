"""The client of the wire over any byte stream, the ports, and the raw REPL."""
