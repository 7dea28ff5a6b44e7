"""The CfC of a project: a backbone as wide as the state, time in usual intervals of the data."""

from host_tools.learn.cells import Wanted
from host_tools.train.cells.cfc import Cfc
from host_tools.train.network import Network, Readout


def make(wanted: Wanted) -> Network:
    sizes = wanted.channels, wanted.outputs, wanted.units
    network = Cfc(wanted.seeds, *sizes, backbone=(wanted.units, 1), readout=Readout("state"))
    network.time_unit_s = wanted.scales.unit_s
    return network
