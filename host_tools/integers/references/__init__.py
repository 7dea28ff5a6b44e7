"""The integer step in numpy of cells other than decay's, one file each."""
