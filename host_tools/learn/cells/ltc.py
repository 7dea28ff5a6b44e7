"""The LTC of a project: fully connected, time counted in usual intervals of the data."""

from host_tools.learn.cells import Wanted
from host_tools.train.cells.ltc import Ltc
from host_tools.train.network import Network, Readout


def make(wanted: Wanted) -> Network:
    sizes = wanted.channels, wanted.outputs, wanted.units
    network = Ltc(wanted.seeds, *sizes, readout=Readout("state"))
    network.time_unit_s = wanted.scales.unit_s
    return network
