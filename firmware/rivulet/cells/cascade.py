"""The cascade: layers of leaky integrators driven by what comes in, not by their own state.

    every layer   x+ = x + (1 - exp(-alpha dt)) (q - x)
    layer 1       alpha = min(alpha_min + softplus(A1 u + a1), alpha_max)     1/s
                  q = tanh(Q1 u + b1)
    layer k       v = [x+ of layer k - 1; u], q = tanh(Qk v + bk)
                  alpha in the same form, of u alone ("rates": "u") or of v ("rates": "v")

Each layer solves dx/dt = alpha (q - x) with alpha and q frozen. Layer 1 depends on u alone, so it
is exact over any interval. The layers above are of first order in dt, because the layer below
moves meanwhile. alpha > 0 makes every layer forget its past whatever the weights are, and |q| < 1
keeps the state within +-1.

What depends on u alone is kept until u changes. The readout reads the last layer, or with
"readout_inputs" the last layer and u. Source: Rivulet's own cell.
"""

from rivulet.arrays import floats, np, product

RATES = ("u", "v")


class _Layer:
    """The units `first` to `end` of a cell. weights: (rows, below) for the layer below, or None.

    With rates from v, the rows are those of alpha, then those of q.
    """

    def __init__(self, cell, weights, first, end, own_rates):
        self._first, self._count = 2 * first, end - first
        self._state = cell.state[first:end]
        self._alpha = cell.alpha[first:end]
        self._target = cell.target[first:end]
        self._gain = cell.gain[first:end]
        self._kept_alpha, self._kept_target = np.zeros(end - first), np.zeros(end - first)
        self._alpha_floats, self._gain_floats = floats(self._alpha), floats(self._gain)
        self._target_floats = floats(self._target)
        self._kept_alpha_floats = floats(self._kept_alpha)
        self._kept_target_floats = floats(self._kept_target)
        self._bound = cell.bound
        self._own_rates = own_rates
        self._run = None
        if weights is not None:
            self._run = product(weights, cell.state[first - weights.shape[1] : first])

    def keep(self, sums):
        """Keep what the inputs' sums (2 units,) of all layers decide."""
        at, n = self._first, self._count
        self._kept_alpha_floats[:] = sums[at : at + n]
        self._kept_target_floats[:] = sums[at + n : at + 2 * n]
        if not self._own_rates:
            self._bound(self._kept_alpha, self._kept_alpha_floats)
        if not self._run:
            np.tanh(self._kept_target, out=self._kept_target)

    def evaluate(self):
        """Write alpha and q for the present state of the layer below."""
        if not self._run:
            self._alpha_floats[:] = self._kept_alpha_floats
            self._target_floats[:] = self._kept_target_floats
            return
        sums = self._run()
        target = self._target
        if self._own_rates:
            alpha, n = self._alpha, self._count
            self._alpha_floats[:] = sums[:n]
            alpha += self._kept_alpha
            self._bound(alpha, self._alpha_floats)
            sums = sums[n:]
        else:
            self._alpha_floats[:] = self._kept_alpha_floats
        self._target_floats[:] = sums
        target += self._kept_target
        np.tanh(target, out=target)

    def advance(self, minus_seconds):
        self.evaluate()
        self._gain_floats[:] = self._alpha_floats
        gain, change, state = self._gain, self._target, self._state
        gain *= minus_seconds
        np.expm1(gain, out=gain)
        change -= state
        change *= gain
        state -= change


class Cell:
    """A cascade of n units in all and m inputs. Memory besides the weights: 6 n + m + 4 floats."""

    @staticmethod
    def check(settings):
        sizes = settings.get("layers")
        if not isinstance(sizes, list) or not sizes or not all(size > 0 for size in sizes):
            raise ValueError("a cascade cell needs its layers: a list of sizes")
        if settings.get("rates") not in RATES:
            raise ValueError("unknown rates '%s' for a cascade cell" % settings.get("rates"))
        if "readout_inputs" not in settings:
            raise ValueError("a cascade cell needs 'readout_inputs'")
        lowest, highest = settings.get("alpha_min", 0.0), settings.get("alpha_max", 0.0)
        if not 0.0 < lowest < highest:
            raise ValueError("alpha bounds must satisfy 0 < alpha_min < alpha_max")

    @staticmethod
    def units(settings):
        return sum(settings["layers"])

    @staticmethod
    def shapes(settings, features, inputs):
        sizes = settings["layers"]
        read = sizes[-1] + (inputs if settings["readout_inputs"] else 0)
        if features != read:
            raise ValueError(
                "the readout takes %d values, not the %d there are" % (features, read)
            )
        shapes = {"inward.weight": (2 * sum(sizes), inputs + 1)}
        heads = 2 if settings["rates"] == "v" else 1
        for i in range(1, len(sizes)):
            shapes["layer%d.weight" % (i + 1)] = (heads * sizes[i], sizes[i - 1])
        return shapes

    def __init__(self, settings, tensors):
        sizes, m = settings["layers"], len(settings["channels"])
        n = sum(sizes)
        inputs = np.zeros(m + 1)
        inputs_floats = floats(inputs)
        inputs_floats[m] = 1.0
        self.input_floats = inputs_floats[:m]
        self.reads_inputs = settings["readout_inputs"]
        self._product = product(tensors["inward.weight"], inputs)
        self._held = b""
        self.state, self.alpha = np.zeros(n), np.zeros(n)
        self.target, self.gain = np.zeros(n), np.zeros(n)
        self.state_floats, self.alpha_floats = floats(self.state), floats(self.alpha)
        self._one, self._lowest = np.array([1.0]), np.array([settings["alpha_min"]])
        self._highest, self._alpha_max = np.array([settings["alpha_max"]]), settings["alpha_max"]
        self._seconds = np.zeros(1)
        self._seconds_floats = floats(self._seconds)
        self._layers = []
        first = 0
        for i in range(len(sizes)):
            weights = tensors["layer%d.weight" % (i + 1)] if i else None
            end = first + sizes[i]
            own_rates = i > 0 and settings["rates"] == "v"
            self._layers.append(_Layer(self, weights, first, end, own_rates))
            first = end
        self.evaluate()

    def bound(self, alpha, alpha_floats):
        """Turn sums into rates, in place."""
        np.exp(alpha, out=alpha)
        alpha += self._one
        np.log(alpha, out=alpha)
        alpha += self._lowest
        # `minimum` allocates an array and is rarely needed, so the largest rate is checked first.
        if np.max(alpha) > self._alpha_max:
            alpha_floats[:] = floats(np.minimum(alpha, self._highest))

    def _inward(self):
        # As bytes: ulab does not compare arrays without allocating, nor memoryviews of floats.
        now = bytes(self.input_floats)
        if now == self._held:
            return
        self._held = now
        sums = self._product()
        for layer in self._layers:
            layer.keep(sums)

    def evaluate(self):
        self._inward()
        for layer in self._layers:
            layer.evaluate()

    def slope(self):
        """Return dx/dt for the present state and input, valid until the next call."""
        self.evaluate()
        slope = self.target
        slope -= self.state
        slope *= self.alpha
        return slope

    def advance(self, seconds):
        self._inward()
        self._seconds_floats[0] = -seconds
        for layer in self._layers:
            layer.advance(self._seconds)
