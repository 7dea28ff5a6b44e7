"""The continuous-time recurrent network: every neuron has its own constant time constant.

    g      = tanh(G [x; u; 1])
    dx/dt  = (g - x) / tau      ("relaxing" drive)
    dx/dt  = -x / tau + g       ("additive" drive: x is drawn to tau g)

1/tau is trained and does not change afterwards.

Source: Funahashi and Nakamura, "Approximation of dynamical systems by continuous time recurrent
neural networks", Neural Networks 1993.
"""

from rivulet.arrays import floats, np, product
from rivulet.cells import integrators
from rivulet.cells.decay import DRIVES


class Cell(integrators.Relaxing):
    """A CTRNN of n units and m inputs. Memory besides the weights: 4 n + m + 4 floats."""

    @staticmethod
    def check(settings):
        for key, known in (("integrator", integrators.BY_NAME), ("drive", DRIVES)):
            if settings.get(key) not in known:
                raise ValueError("unknown %s '%s' for a ctrnn cell" % (key, settings.get(key)))

    @staticmethod
    def shapes(settings, hidden, inputs):
        return {"rate": (hidden,), "drive.weight": (hidden, hidden + inputs + 1)}

    def __init__(self, settings, tensors):
        self._rate, self._drive = tensors["rate"], tensors["drive.weight"]
        n = len(self._rate)
        if not all(value > 0.0 for value in self._rate):
            raise ValueError("tensor 'rate' must be above 0")
        joint = np.zeros(self._drive.shape[1])
        joint_floats = floats(joint)
        joint_floats[len(joint) - 1] = 1.0
        super().__init__(joint[:n], float(np.max(self._rate)))
        self._product = product(self._drive, joint)
        self._rate_floats = floats(self._rate)
        self.state_floats = joint_floats[:n]
        self.input_floats = joint_floats[n : len(joint) - 1]
        self._additive = settings["drive"] == "additive"
        self._integrate = integrators.BY_NAME[settings["integrator"]]
        self.evaluate()

    def evaluate(self):
        self.alpha_floats[:] = self._rate_floats
        self.target_floats[:] = self._product()
        target = self.target
        np.tanh(target, out=target)
        if self._additive:
            target /= self._rate
            self.target_floats[:] = floats(target)

    def advance(self, seconds):
        self._integrate(self, seconds)
