"""Models that a liquid network has to beat, one file each; all are judged on the same events.

A module has a class with `name`, `what` (in words), `fit(data, progress)` and `predict(pieces)`.
`predict` returns an answer for every answered event of the pieces, in their order: class numbers
(events,), or values (events, targets) in physical units.

    majority    the most frequent class, or the mean
    static      the inputs of the moment, without memory
    trees       statistics of the last events
    gru         a recurrent network, with and without the time between events
"""
