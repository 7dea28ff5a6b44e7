"""One file a cell, each with its parameters' initial values and its right-hand side."""
