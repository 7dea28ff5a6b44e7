"""The LSTM companion that ncps calls mixed memory: it moves the state before the cell does.

    z = W u + R x + b, in four parts a, i, f, o
    c+ = c sigmoid(f + 1) + tanh(a) sigmoid(i)
    x' = tanh(c+) sigmoid(o)

It takes one step an event, however long the interval; only the cell behind it knows about time.
A cell with mixed memory has twice its units as state: [x; c]. What stands for 1/tau of a memory c
is the rate at which its forget gate would empty it if it stayed as it is: -ln sigmoid(f + 1) / dt.

Source: ncps' torch LSTMCell; Lechner and Hasani, "Learning Long-Term Dependencies in
Irregularly-Sampled Time Series", 2020.
"""

from rivulet.kernels import np

# Rates are kept above this, 1/s, so that a time constant is always a number.
LOWEST_RATE = 1e-9


def sigmoid(x):
    """In place, by tanh, which cannot overflow; returns the array that holds the result."""
    x *= 0.5
    np.tanh(x, out=x)
    x += 1.0
    x *= 0.5
    return x


class Companion:
    """tensors: memory.input (4n, m), memory.recurrent (4n, n), memory.bias (4n,).

    state: (2n,), [x; c]; inputs: (m,); rates: the view of alpha that belongs to c.
    """

    @staticmethod
    def shapes(units, inputs):
        return {
            "memory.input": (4 * units, inputs),
            "memory.recurrent": (4 * units, units),
            "memory.bias": (4 * units,),
        }

    def __init__(self, tensors, state, inputs, rates):
        n = len(state) // 2
        self._input = tensors["memory.input"]
        self._recurrent = tensors["memory.recurrent"]
        self._bias = tensors["memory.bias"]
        forget = self._bias[2 * n : 3 * n]
        forget += 1.0
        self._x, self._c = state[:n], state[n:]
        self._inputs = inputs
        self._rates = rates
        self._n = n

    def advance(self, seconds):
        """One step for an interval of `seconds` > 0."""
        n = self._n
        z = np.dot(self._input, self._inputs)
        z += np.dot(self._recurrent, self._x)
        z += self._bias
        forget = z[2 * n : 3 * n]
        rates = forget * -1.0
        np.exp(rates, out=rates)
        rates += 1.0
        np.log(rates, out=rates)
        rates *= 1.0 / seconds
        rates += LOWEST_RATE
        self._rates[:] = rates
        activation = z[:n]
        np.tanh(activation, out=activation)
        activation *= sigmoid(z[n : 2 * n])
        activation += self._c * sigmoid(forget)
        self._c[:] = activation
        np.tanh(activation, out=activation)
        activation *= sigmoid(z[3 * n :])
        self._x[:] = activation
