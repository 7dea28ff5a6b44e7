"""Starts a board's sensors, each by itself: one that fails does not lose the others."""


def start(board, ring):
    """(drivers, troubles): the drivers of board.make_sensors(), numbered as their sources are, and
    for each of them why it did not start, in words, or "".

    A driver's `start(handler)` lets an interrupt call the handler once a sample, which stores the
    time in the ring; it raises OSError if its sensor does not answer.
    """
    try:
        drivers = board.make_sensors()
    except OSError as error:
        return (), ["the sensors cannot be set up: %s" % error]
    troubles = []
    for source in range(len(drivers)):
        trouble = ""
        try:
            drivers[source].start(_handler(ring.push, board.ticks_us, source))
        except OSError as error:
            trouble = "sensor %s does not answer: %s" % (drivers[source].name, error)
        troubles.append(trouble)
    return drivers, troubles


def _handler(push, ticks_us, source):
    # Closed over, because the interrupt has no time to look names up.
    def data_ready(_):
        push(ticks_us(), source)

    return data_ready
