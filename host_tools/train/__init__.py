"""Training with PyTorch: modules whose equations are the device's, and what recipes share.

    collect     training data, checked; series as events; augment what the field does to them
    network     parameters and readout, of several seeds at once; cells/ one file a cell
    steps       the device's integrators; adjoint the same flow with constant memory
    losses, regularise, quantise
    fit         the training loop: seeds, early stopping, checkpoints that resume exactly
    judge, tau, results, curve
    recipe      what a models/<name>/train.py is given; reference what those of labelled sets share
    speed       against ncps' own loop
    evidence    by contenders on datasets, against peers/; beside gives a readout the inputs

Every tensor of parameters, states and events has a leading axis: one entry a model. A small step
costs mostly the calls, so five seeds take little more than twice the time of one (`speed` measures
it); nothing is shared between them.
"""

# Events that an event of the transformer attends to, itself among them.
CONTEXT = 32
# The contender whose number of parameters is the limit of the others.
RULER = "GRU fed dt"
