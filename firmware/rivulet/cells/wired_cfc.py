"""CfC layers in a chain with sparse wiring: inputs -> layer 0 -> layer 1 -> ...; NCP has three.

Each layer is a CfC cell without a backbone (cells/cfc.py has its equations) over [y; x]: x is its
own state, y the new state of the layer before it, or the inputs. The wiring restricts which
elements of y its ff1 and ff2 read, and only those synapses are stored and computed. ff1 and ff2
read all of x, the time gates all of [y; x], as in ncps. The rates are those of a CfC cell.

Source: ncps' torch WiredCfCCell.
"""

from rivulet.arrays import floats, np, product
from rivulet.arrays.sparse import check_indices, gatherer
from rivulet.cells.cfc import Form, Joint, check, heads
from rivulet.cells.lstm import Companion


class _Layer:
    """One layer. Reads [y; x] from `joint`, from index `first` on, and writes x in place."""

    def __init__(self, settings, tensors, name, joint, first, inputs, units, rates):
        mode = settings["mode"]
        state = joint[first + inputs : first + inputs + units]
        self._y = joint[first : first + inputs]
        self._x = state
        self._both = joint[first : first + inputs + units]
        decay = (tensors[name + "w_tau"], tensors[name + "A"]) if mode == "pure" else None
        self.form = Form(mode, settings["time_unit_s"], decay, state, rates)
        self._bias = tensors[name + "bias"]
        self._recurrent = tensors[name + "recurrent"]
        rows = self._recurrent.shape[0]
        self._sums = self.form.z[:rows]
        self._driven = floats(self._sums)
        self._fed = product(self._recurrent, self._x)
        self._timed = None
        if mode != "pure":
            self._timed = floats(self.form.z[rows:])
            self._gate = product(tensors[name + "time"], self._both)
        self._weight = tensors[name + "weight"]
        self._source = tensors[name + "source"]
        self._target = tensors[name + "target"]
        check_indices(self._source, inputs, name + "source")
        check_indices(self._target, rows, name + "target")
        self._values = np.zeros(len(self._weight))
        self._gather = gatherer(self._y, self._source, self._values)
        self._rows = rows

    def forward(self):
        """Compute z of the closed form for the present [y; x]."""
        self._gather()
        values = self._values
        values *= self._weight
        self._driven[:] = self._fed()
        sums = self._sums
        sums += np.bincount(self._target, weights=values, minlength=self._rows)
        if self._timed is not None:
            self._timed[:] = self._gate()
        z = self.form.z
        z += self._bias


class Cell(Joint):
    """A wired CfC of n units and m inputs.

    Memory besides the weights: m + 7 n floats, and one for each synapse.
    """

    @staticmethod
    def check(settings):
        check(settings, "wired_cfc")
        layers, synapses = settings.get("layers"), settings.get("synapses")
        if (
            not isinstance(layers, list)
            or not isinstance(synapses, list)
            or not 0 < len(layers) == len(synapses)
            or not all(size > 0 for size in layers + synapses)
        ):
            raise ValueError("a wired_cfc cell needs its layers and the synapses into each")

    @staticmethod
    def shapes(settings, hidden, inputs):
        mode, mixed = settings["mode"], settings["mixed_memory"]
        total = sum(settings["layers"])
        if hidden != (2 * total if mixed else total):
            raise ValueError("the layers have %d units, the readout takes %d" % (total, hidden))
        shapes = {}
        width = inputs
        for i in range(len(settings["layers"])):
            n, synapses = settings["layers"][i], settings["synapses"][i]
            name = "layer%d." % i
            rows = n if mode == "pure" else 2 * n
            for part in ("weight", "source", "target"):
                shapes[name + part] = (synapses,)
            shapes[name + "recurrent"] = (rows, n)
            shapes[name + "bias"] = (heads(mode) * n,)
            if mode == "pure":
                shapes[name + "w_tau"] = shapes[name + "A"] = (n,)
            else:
                shapes[name + "time"] = (2 * n, width + n)
            width = n
        if mixed:
            shapes.update(Companion.shapes(total, inputs))
        return shapes

    def __init__(self, settings, tensors):
        m, sizes = len(settings["channels"]), settings["layers"]
        super().__init__(tensors, m, sum(sizes), settings["mixed_memory"])
        self._layers = []
        first, inputs, unit = 0, m, 0
        for i in range(len(sizes)):
            rates = self.alpha[unit : unit + sizes[i]]
            name = "layer%d." % i
            # The state that a layer writes is the next one's input.
            self._layers.append(
                _Layer(settings, tensors, name, self._joint, first, inputs, sizes[i], rates)
            )
            first += inputs
            inputs = sizes[i]
            unit += sizes[i]
        self.evaluate()

    def evaluate(self):
        for layer in self._layers:
            layer.forward()
            layer.form.rate()

    def advance(self, seconds):
        if self._companion:
            self._companion.advance(seconds)
        for layer in self._layers:
            layer.forward()
            layer.form.advance(seconds)
