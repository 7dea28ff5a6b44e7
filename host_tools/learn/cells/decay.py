"""The decay cell of a project."""

from host_tools.learn.cells import Wanted
from host_tools.train.cells.decay import DecayCell
from host_tools.train.cells.relaxing import Form
from host_tools.train.network import Network, Readout


def make(wanted: Wanted) -> Network:
    scales = wanted.scales
    form = Form(
        convention="current",
        alpha_min=scales.slowest_rate,
        alpha_max=scales.fastest_rate,
        start_tau_s=(scales.shortest_s, scales.longest_s),
    )
    sizes = wanted.channels, wanted.outputs, wanted.units
    return DecayCell(wanted.seeds, *sizes, form, Readout("state"))
