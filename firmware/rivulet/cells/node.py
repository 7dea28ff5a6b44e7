"""The neural ODE cell: a small dense network is dx/dt, integrated by RK4.

    dx/dt = W_k act(... act(W_0 [x; u] + b_0) ...) + b_k

An interval takes at most 64 equal RK4 steps of at most `step_s`. A longer gap moves the state as
far as 64 steps reach, so a turn of the loop stays bounded.

The equation has no time constant. The rate 1/tau is reported as |dx/dt| / (1 + |x|) at the start
of the last step: at this speed, the neuron would move by its own size in 1/alpha.

Source: Chen et al., "Neural Ordinary Differential Equations", NeurIPS 2018; Rubanova et al.,
"Latent ODEs for Irregularly-Sampled Time Series", NeurIPS 2019.
"""

from rivulet.arrays import floats, np
from rivulet.cells import integrators
from rivulet.cells.cfc import ACTIVATIONS, check_activation, dense, dense_shapes
from rivulet.cells.lstm import LOWEST_RATE


class Cell:
    """A neural ODE of n units, m inputs and inner layers of b units in all.

    Memory besides the weights: 8 n + m + 2 b floats.
    """

    @staticmethod
    def check(settings):
        sizes = settings.get("layers")
        if not isinstance(sizes, list) or not all(size > 0 for size in sizes):
            raise ValueError("a node cell needs its inner layers: a list of sizes")
        check_activation(settings)
        if not settings.get("step_s", 0.0) > 0.0:
            raise ValueError("a node cell needs a step_s above 0 s")

    @staticmethod
    def shapes(settings, hidden, inputs):
        return dense_shapes("layer", settings["layers"] + [hidden], hidden + inputs)[0]

    def __init__(self, settings, tensors):
        count = len(settings["layers"])
        n, m = len(tensors["layer%d.bias" % count]), len(settings["channels"])
        self._joint = np.zeros(n + m)
        joint_floats = floats(self._joint)
        self.state, self.state_floats = self._joint[:n], joint_floats[:n]
        self.input_floats = joint_floats[n:]
        self._layers = dense("layer", count + 1, tensors, self._joint)
        self._speed, self._size = np.zeros(n), np.zeros(n)
        self._speed_floats, self._size_floats = floats(self._speed), floats(self._size)
        self._one, self._lowest = np.array([1.0]), np.array([LOWEST_RATE])
        self._activate = ACTIVATIONS[settings["activation"]]
        self._longest_s = integrators.MAX_SUBSTEPS * settings["step_s"]
        # RK4 takes steps of at most 1/alpha_max.
        self.alpha_max = 1.0 / settings["step_s"]
        self.alpha = np.zeros(n)
        self.alpha_floats = floats(self.alpha)
        self.stages = integrators.Stages(n)
        self.evaluate()

    def slope(self):
        """Return dx/dt for the present state and input, valid until the next call."""
        last = self._layers[-1][2]
        for run, out_floats, out, bias in self._layers:
            out_floats[:] = run()
            out += bias
            if out is not last:
                self._activate(out)
        return last

    def evaluate(self):
        self._speed_floats[:] = floats(self.slope())
        self._size_floats[:] = self.state_floats
        speed, size = self._speed, self._size
        speed *= speed
        size *= size
        np.sqrt(speed, out=speed)
        np.sqrt(size, out=size)
        size += self._one
        speed /= size
        speed += self._lowest
        self.alpha_floats[:] = floats(speed)

    def advance(self, seconds):
        self.evaluate()
        integrators.rk4(self, min(seconds, self._longest_s))
