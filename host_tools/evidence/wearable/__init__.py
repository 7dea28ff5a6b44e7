"""The evidence from the wearable set: recordings that are irregular by nature.

data        the recordings, the folds
contenders  the networks, and what they get of an event; forest
run         training and scoring one contender on one split
figures     what a table of truth against answers says
page        the section of docs/evidence.md; it needs no PyTorch, nor do data and figures
"""

CONTIGUOUS, RANDOM = "contiguous trials", "random recordings"
SEXES, ACCELERATIONS = "F against M", "accelerations alone"
SPLITS = (CONTIGUOUS, ACCELERATIONS, RANDOM, SEXES)

FOREST = "forest"
