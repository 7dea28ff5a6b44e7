"""From a cell's state to its outputs: y = W f + b, f the state or its leaky mean.

A readout of fewer columns reads the end of f. With inputs beside the state, f ends with them.
"""

from math import exp

from rivulet.arrays import FLOAT_KERNEL, blender, floats, np, product

# What is missing of the mean is forgotten below this.
_NEGLIGIBLE = 1e-6


class Readout:
    """weights: (outputs, columns + 1), the bias in the last column.

    beside: the floats of the inputs that are read beside the state; they may be none.

    mean_tau_s 0: f is the state. Otherwise f is the mean of the state over time, weighted by the
    true intervals and forgetting with this time constant (s):
    w = 1 - exp(-dt/tau), f += (w/c) (x - f), where c = 1 - exp(-(all time so far)/tau) grows from
    0 to 1 and makes f an honest mean from the first interval on.
    """

    def __init__(self, weights, mean_tau_s, cell, beside=()):
        n, m = len(cell.state_floats), len(beside)
        count = n + m + 1
        self.weights = weights
        self._tau_s = mean_tau_s
        self._state = cell.state
        self._state_floats = cell.state_floats
        feature = np.zeros(count)
        feature_floats = floats(feature)
        feature_floats[n + m] = 1.0
        self._feature = feature[count - weights.shape[1] :]
        self._mean = feature[:n]
        self.feature_floats = feature_floats[:n]
        self._beside, self._beside_floats = beside, feature_floats[n : n + m]
        self._kept = np.zeros(1)
        self._kept_floats = floats(self._kept)
        self._blend = blender(self.feature_floats, self._state_floats, self._kept_floats)
        # The kernel is for four rows and more.
        fast = FLOAT_KERNEL == "fpu" and weights.shape[0] > 3
        self._product = product(weights, self._feature) if fast else None
        # 1 - c: as a product it keeps its digits in float32, where a sum would stop short of 1.
        self.missing = 1.0

    def reset(self):
        """Forget the mean; the next interval starts a new one."""
        self.missing = 1.0
        for i in range(len(self.feature_floats)):
            self.feature_floats[i] = 0.0

    def advance(self, seconds):
        """Take in the state that the cell reached after an interval of `seconds` > 0."""
        if not self._tau_s:
            self.feature_floats[:] = self._state_floats
            return
        kept = exp(-seconds / self._tau_s)
        missing = self.missing
        if missing:
            missing *= kept
            self.missing = missing if missing > _NEGLIGIBLE else 0.0
            # No time yet that float32 could tell from none: nothing to weigh the state against.
            kept = 1.0 - (1.0 - kept) / (1.0 - missing) if missing < 1.0 else 0.0
        self._kept_floats[0] = kept
        if self._blend:
            self._blend()
            return
        # f = x + (1 - w/c) (f - x); copied back for backends whose *= makes a new array.
        mean = self._mean
        mean -= self._state
        mean *= self._kept
        mean += self._state
        self.feature_floats[:] = floats(mean)

    def outputs(self):
        """A new array (outputs,)."""
        if self._beside:
            self._beside_floats[:] = self._beside
        if self._product:
            outputs = np.zeros(self.weights.shape[0])
            floats(outputs)[:] = self._product()
            return outputs
        return np.dot(self.weights, self._feature)

    def features(self):
        """What the outputs are read from now: a memoryview of floats, 1.0 at its end."""
        if self._beside:
            self._beside_floats[:] = self._beside
        return floats(self._feature)
