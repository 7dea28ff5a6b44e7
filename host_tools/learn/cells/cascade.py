"""The cascade of a project."""

from host_tools.learn.cells import Wanted
from host_tools.train.cells.cascade import Cascade, Form
from host_tools.train.network import Network, Readout

LAYERED = True


def make(wanted: Wanted) -> Network:
    scales = wanted.scales
    form = Form(
        rates=wanted.network.rates,
        convention="current",
        # The answer at an event must have seen that event.
        readout_inputs=True,
        alpha_min=scales.slowest_rate,
        alpha_max=scales.fastest_rate,
        start_tau_s=(scales.shortest_s, scales.longest_s),
    )
    sizes = wanted.channels, wanted.outputs, wanted.network.units
    return Cascade(wanted.seeds, *sizes, form, Readout("state"))
