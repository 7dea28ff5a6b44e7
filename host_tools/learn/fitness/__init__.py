"""`rivulet fit`: does a liquid network fit this data?

timing      how irregular the events are
scales      over which times the signals change, beside the range of tau
order       whether the order of the events and their times tell something
verdict     the answer, from the numbers
run         all of it in order
"""

from host_tools.learn.fitness.run import fitness

__all__ = ["fitness"]
