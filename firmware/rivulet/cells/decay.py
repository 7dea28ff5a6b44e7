"""The decay cell: every neuron relaxes with a rate that depends on the state and the input.

    v      = [x; u; 1]
    alpha  = min(alpha_min + softplus(A v), alpha_max)         1/s
    g      = tanh(G v)
    dx/dt  = -alpha x + alpha g   ("relaxing" drive: x is drawn to g)
    dx/dt  = -alpha x + g         ("additive" drive: x is drawn to g / alpha)

A and G are the upper and lower half of one matrix, biases in its last column: one product per
evaluation. Source: Rivulet's own cell, after Hasani et al., "Liquid Time-constant Networks",
AAAI 2021, whose time constants depend on the input in the same way.
"""

from rivulet.arrays import FLOAT_KERNEL, floats, np, product
from rivulet.cells import integrators

DRIVES = ("relaxing", "additive")


class Cell(integrators.Relaxing):
    """A decay cell of n units and m inputs. Memory besides the weights: 5 n + m + 4 floats.

    settings: the model file's metadata; tensors: arrays by name.
    """

    @staticmethod
    def shapes(settings, hidden, inputs):
        return {"gates.weight": (2 * hidden, hidden + inputs + 1)}

    @staticmethod
    def check(settings):
        for key, known in (("integrator", integrators.BY_NAME), ("drive", DRIVES)):
            if settings.get(key) not in known:
                raise ValueError("unknown %s '%s' for a decay cell" % (key, settings.get(key)))
        lowest, highest = settings.get("alpha_min", 0.0), settings.get("alpha_max", 0.0)
        if not 0.0 < lowest < highest:
            raise ValueError("alpha bounds must satisfy 0 < alpha_min < alpha_max")

    def __init__(self, settings, tensors):
        gates = tensors["gates.weight"]
        n = gates.shape[0] // 2
        m = gates.shape[1] - n - 1
        self._hidden = n
        self._joint = np.zeros(n + m + 1)
        self._joint_floats = floats(self._joint)
        self._joint_floats[n + m] = 1.0
        self._product = product(gates, self._joint)
        super().__init__(self._joint[:n], settings["alpha_max"])
        self.state_floats = self._joint_floats[:n]
        self.input_floats = self._joint_floats[n : n + m]
        self._lowest = np.array([settings["alpha_min"]])
        self._highest = np.array([self.alpha_max])
        self._additive = settings["drive"] == "additive"
        self._integrate = integrators.BY_NAME[settings["integrator"]]
        if FLOAT_KERNEL == "fpu" and self._integrate is integrators.exponential:
            from rivulet.cells import float_step

            self._integrate = float_step.integrator(
                self, floats(gates), self._joint_floats, settings
            )
        self.evaluate()

    def evaluate(self):
        n = self._hidden
        # Through memoryviews: slicing a ulab array costs 128 bytes of heap, this 24.
        gates = self._product()
        self.alpha_floats[:] = gates[:n]
        self.target_floats[:] = gates[n:]
        alpha = self.alpha
        np.exp(alpha, out=alpha)
        alpha += self.one
        np.log(alpha, out=alpha)
        alpha += self._lowest
        # `minimum` allocates an array and is rarely needed, so the largest rate is checked first.
        if np.max(alpha) > self.alpha_max:
            self.alpha_floats[:] = floats(np.minimum(alpha, self._highest))
        np.tanh(self.target, out=self.target)
        if self._additive:
            target = self.target
            target /= alpha
            self.target_floats[:] = floats(target)

    def advance(self, seconds):
        self._integrate(self, seconds)
