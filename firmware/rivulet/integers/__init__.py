"""The whole int8 path: files, plain definition, and the kernels that give the same bits faster."""
