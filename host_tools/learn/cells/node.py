"""The neural ODE of a project: one hidden layer as wide as the state."""

from host_tools.learn.cells import Wanted
from host_tools.train.cells.node import NeuralOde
from host_tools.train.network import Network, Readout


def make(wanted: Wanted) -> Network:
    return NeuralOde(
        wanted.seeds,
        wanted.channels,
        wanted.outputs,
        wanted.units,
        layers=(wanted.units,),
        step_s=wanted.scales.unit_s,
        convention="current",
        readout=Readout("state"),
    )
