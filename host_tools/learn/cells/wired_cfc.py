"""The wired CfC of a project: an AutoNCP, time in usual intervals of the data."""

from host_tools.errors import RivuletError
from host_tools.learn.cells import Wanted
from host_tools.train.cells.wired_cfc import WiredCfc
from host_tools.train.network import Network, Readout

# Of the wiring: every model of a run has the same.
_SEED = 1


def make(wanted: Wanted) -> Network:
    if wanted.units < 6:
        raise RivuletError(f"a wired_cfc needs 6 units at least, not {wanted.units}")

    def wiring() -> object:
        from ncps.wirings import AutoNCP

        # A quarter of the neurons are motor neurons, which the readout sees.
        return AutoNCP(wanted.units, wanted.units // 4, seed=_SEED)

    sizes = wanted.channels, wanted.outputs
    network = WiredCfc(wanted.seeds, *sizes, wiring, readout=Readout("state"))
    network.time_unit_s = wanted.scales.unit_s
    return network
