"""The CfC cell: the state after an interval in closed form, from a dense backbone.

    z = backbone([u; x]), any number of dense layers; none: z = [u; x]
    default   x+ = g1 (1 - s) + g2 s      g1 = tanh(ff1 z), g2 = tanh(ff2 z), s = sigmoid(a dt + b)
    no_gate   x+ = g1 + g2 s              a = time_a z, b = time_b z
    pure      x+ = A - A f exp(-dt (|w_tau| + |f|)), f = ff1 z

The rate 1/tau is reported as |w_tau| + |f| in pure mode. In the other modes it is |a|, the rate at
which the gate s moves from g1 to g2: its argument changes by one in 1/|a|. Both are in 1/s and of
the last evaluation. dt is in the trainer's unit of time.

Source: ncps' torch CfCCell; Hasani et al., "Closed-form continuous-time neural networks", Nature
Machine Intelligence 2022.
"""

from math import sqrt

from rivulet.arrays import floats, np, product
from rivulet.cells.lstm import LOWEST_RATE, Companion, sigmoid

try:
    from math import erf
except ImportError:
    erf = None

MODES = ("default", "no_gate", "pure")
_MINUS_ONE = np.array([-1.0])


def _relu(z):
    z[:] = np.maximum(z, 0.0)


def _tanh(z):
    np.tanh(z, out=z)


def _lecun_tanh(z):
    inner = z * 0.666
    np.tanh(inner, out=inner)
    inner *= 1.7159
    z[:] = inner


def _silu(z):
    gate = sigmoid(z * 1.0)
    gate *= z
    z[:] = gate


def _gelu(z):
    values = floats(z)
    for i in range(len(values)):
        value = values[i]
        values[i] = 0.5 * value * (1.0 + erf(value * sqrt(0.5)))


ACTIVATIONS = {
    "relu": _relu,
    "tanh": _tanh,
    "lecun_tanh": _lecun_tanh,
    "silu": _silu,
    "gelu": _gelu,
}


def check_activation(settings):
    """Check the activation of dense layers. Raises ValueError."""
    if settings.get("activation") not in ACTIVATIONS:
        raise ValueError("unknown activation '%s'" % settings.get("activation"))
    if settings["activation"] == "gelu" and erf is None:
        raise ValueError("this firmware's math has no erf, which gelu needs")


def dense_shapes(name, sizes, width):
    """Return ({name: shape} of dense layers over `width` inputs, the width of the last)."""
    shapes = {}
    for i, size in enumerate(sizes):
        shapes["%s%d.weight" % (name, i)] = (size, width)
        shapes["%s%d.bias" % (name, i)] = (size,)
        width = size
    return shapes, width


def dense(name, count, tensors, source):
    """Return (product, floats of its result, result, bias) of each of `count` dense layers."""
    layers = []
    for i in range(count):
        bias = tensors["%s%d.bias" % (name, i)]
        out = np.zeros(len(bias))
        run = product(tensors["%s%d.weight" % (name, i)], source)
        layers.append((run, floats(out), out, bias))
        source = out
    return layers


def heads(mode):
    """Return the rows per unit of the last layer: ff1; with gates also ff2, time_a and time_b."""
    return 1 if mode == "pure" else 4


def check(settings, kind):
    """Check the settings that all CfC cells need. Raises ValueError."""
    if settings.get("mode") not in MODES:
        raise ValueError("unknown mode '%s' for a %s cell" % (settings.get("mode"), kind))
    if not settings.get("time_unit_s", 0.0) > 0.0:
        raise ValueError("a %s cell needs a time_unit_s above 0 s" % kind)
    if "mixed_memory" not in settings:
        raise ValueError("a %s cell needs 'mixed_memory'" % kind)


class Form:
    """The closed form for n units: computes state and rates from `z`, shape (heads * n,).

    decay: (|w_tau|, A) in pure mode, otherwise None. state, rates: views that it writes.
    """

    def __init__(self, mode, unit_s, decay, state, rates):
        n = len(state)
        self.z = np.zeros(heads(mode) * n)
        self._f = self.z[:n]
        self._mode = mode
        self._unit_s = unit_s
        self._per_unit = np.array([1.0 / unit_s])
        self._lowest = np.array([LOWEST_RATE])
        self._elapsed = np.zeros(1)
        self._elapsed_floats = floats(self._elapsed)
        self._decay = decay
        self._state, self._state_floats = state, floats(state)
        self._rates, self._rates_floats = rates, floats(rates)
        self._raw_floats = floats(self._f)
        # Holds first the size of the raw rate, then the gate computed from it.
        self._share = np.zeros(n)
        self._share_floats = floats(self._share)
        if mode != "pure":
            self._gates = self.z[: 2 * n]
            self._g2 = self.z[n : 2 * n]
            self._raw_floats = floats(self.z[2 * n : 3 * n])
            self._b = self.z[3 * n :]

    def rate(self):
        """Write the rates from `z`. Returns them in the trainer's unit."""
        self._share_floats[:] = self._raw_floats
        size = self._share
        size *= size
        np.sqrt(size, out=size)
        if self._decay:
            size += self._decay[0]
        self._rates_floats[:] = floats(size)
        rates = self._rates
        rates *= self._per_unit
        rates += self._lowest
        self._rates_floats[:] = floats(rates)
        return size

    def advance(self, seconds):
        """Write the state after an interval of `seconds`; overwrites `z`."""
        rate = self.rate()
        self._elapsed_floats[0] = seconds / self._unit_s
        if self._decay:
            a = self._decay[1]
            rate *= self._elapsed
            rate *= _MINUS_ONE
            np.exp(rate, out=rate)
            rate *= self._f
            rate *= a
            self._state_floats[:] = floats(a)
            state = self._state
            state -= rate
            return
        self._share_floats[:] = self._raw_floats
        share = self._share
        share *= self._elapsed
        share += self._b
        share = sigmoid(share)
        np.tanh(self._gates, out=self._gates)
        g2 = self._g2
        if self._mode == "default":
            g2 -= self._f
        share *= g2
        share += self._f
        self._state_floats[:] = floats(share)


class Joint:
    """[u; x], or with mixed memory [u; x; c], of m inputs and n units, and the rates.

    Each layer reads adjacent parts, and writes x in place.
    """

    def __init__(self, tensors, m, n, mixed):
        self._joint = joint = np.zeros(m + 2 * n if mixed else m + n)
        joint_floats = floats(joint)
        self.input_floats = joint_floats[:m]
        self.state, self.state_floats = joint[m:], joint_floats[m:]
        self.alpha = np.zeros(len(self.state))
        self.alpha_floats = floats(self.alpha)
        self._companion = None
        if mixed:
            self.alpha += LOWEST_RATE
            self._companion = Companion(tensors, self.state, joint[:m], self.alpha[n:])


class Cell(Joint):
    """A CfC cell of n units, m inputs and backbone layers of b units in all.

    Memory besides the weights: m + 7 n + b floats, with mixed memory 2 n more.
    """

    @staticmethod
    def check(settings):
        check(settings, "cfc")
        sizes = settings.get("backbone")
        if not isinstance(sizes, list) or not all(size > 0 for size in sizes):
            raise ValueError("a cfc cell needs its backbone: a list of layer sizes")
        check_activation(settings)

    @staticmethod
    def shapes(settings, hidden, inputs):
        n = hidden // 2 if settings["mixed_memory"] else hidden
        mode = settings["mode"]
        shapes, width = dense_shapes("backbone", settings["backbone"], inputs + n)
        shapes["heads.weight"] = (heads(mode) * n, width)
        shapes["heads.bias"] = (heads(mode) * n,)
        if mode == "pure":
            shapes["w_tau"] = shapes["A"] = (n,)
        if settings["mixed_memory"]:
            shapes.update(Companion.shapes(n, inputs))
        return shapes

    def __init__(self, settings, tensors):
        mode = settings["mode"]
        m, n = len(settings["channels"]), len(tensors["heads.bias"]) // heads(mode)
        super().__init__(tensors, m, n, settings["mixed_memory"])
        joint = self._joint
        self._layers = dense("backbone", len(settings["backbone"]), tensors, joint[: m + n])
        source = self._layers[-1][2] if self._layers else joint[: m + n]
        self._activate = ACTIVATIONS[settings["activation"]]
        decay = (tensors["w_tau"], tensors["A"]) if mode == "pure" else None
        self._form = Form(mode, settings["time_unit_s"], decay, joint[m : m + n], self.alpha[:n])
        self._head, self._head_bias = (
            product(tensors["heads.weight"], source),
            tensors["heads.bias"],
        )
        self._z, self._z_floats = self._form.z, floats(self._form.z)
        self.evaluate()

    def _forward(self):
        for run, out_floats, out, bias in self._layers:
            out_floats[:] = run()
            out += bias
            self._activate(out)
        self._z_floats[:] = self._head()
        z = self._z
        z += self._head_bias

    def evaluate(self):
        self._forward()
        self._form.rate()

    def advance(self, seconds):
        if self._companion:
            self._companion.advance(seconds)
        self._forward()
        self._form.advance(seconds)
