"""The int8 path: model files, the definition of each cell, and faster kernels of the same bits."""
