"""The LSTM that ncps calls mixed memory: it updates the state before the cell does.

    z = W u + R x + b, in four parts a, i, f, o
    c+ = c sigmoid(f + 1) + tanh(a) sigmoid(i)
    x' = tanh(c+) sigmoid(o)

It takes one step for each event, whatever the interval; only the cell after it uses the interval.
A cell with mixed memory has two state values for each unit: [x; c]. The rate 1/tau of a memory c
is reported as the rate at which its forget gate, if constant, would empty it:
-ln sigmoid(f + 1) / dt.

Source: ncps' torch LSTMCell; Lechner and Hasani, "Learning Long-Term Dependencies in
Irregularly-Sampled Time Series", 2020.
"""

from rivulet.arrays import floats, np, product

# Rates are kept above this, 1/s, so that a time constant is always a number.
LOWEST_RATE = 1e-9
# Arrays, because ulab allocates more to convert a number than for the result.
_HALF, _ONE, _MINUS_ONE = np.array([0.5]), np.array([1.0]), np.array([-1.0])


def sigmoid(x):
    """Compute sigmoid(x) by tanh, which cannot overflow. Returns the array with the result."""
    x *= _HALF
    np.tanh(x, out=x)
    x += _ONE
    x *= _HALF
    return x


class Companion:
    """The mixed memory of a cell.

    tensors: memory.input (4n, m), memory.recurrent (4n, n), memory.bias (4n,).
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
        self._bias = tensors["memory.bias"]
        forget = self._bias[2 * n : 3 * n]
        forget += 1.0
        self._x, self._c = state[:n], state[n:]
        self._x_floats, self._c_floats = floats(self._x), floats(self._c)
        self._driven = product(tensors["memory.input"], inputs)
        self._fed = product(tensors["memory.recurrent"], self._x)
        z, part = np.zeros(4 * n), np.zeros(4 * n)
        self._z, self._z_floats, self._part, self._part_floats = z, floats(z), part, floats(part)
        self._parts = z[:n], z[n : 2 * n], z[2 * n : 3 * n], z[3 * n :]
        self._rates, self._rates_floats = rates, floats(rates)
        self._lowest = np.array([LOWEST_RATE])
        self._per_second = np.zeros(1)
        self._per_second_floats = floats(self._per_second)

    def advance(self, seconds):
        self._z_floats[:] = self._driven()
        self._part_floats[:] = self._fed()
        z = self._z
        z += self._part
        z += self._bias
        activation, enter, forget, leave = self._parts
        self._rates_floats[:] = floats(forget)
        rates = self._rates
        rates *= _MINUS_ONE
        np.exp(rates, out=rates)
        rates += _ONE
        np.log(rates, out=rates)
        self._per_second_floats[0] = 1.0 / seconds
        rates *= self._per_second
        rates += self._lowest
        self._rates_floats[:] = floats(rates)
        np.tanh(activation, out=activation)
        activation *= sigmoid(enter)
        kept = self._c
        kept *= sigmoid(forget)
        kept += activation
        self._c_floats[:] = floats(kept)
        np.tanh(kept, out=activation)
        activation *= sigmoid(leave)
        self._x_floats[:] = floats(activation)
