"""The integer step in numpy of the cells other than decay, one file each."""
