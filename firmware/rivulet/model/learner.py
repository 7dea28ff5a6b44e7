"""What a readout learns from labels: recursive least squares, a bounded piece of work at a time.

    phi  = [(z - centre) * scale, 1]           z: what the readout reads
    g    = P phi;  s = forgetting / weight + phi g
    W   += g (y - W phi)' / s                  y: +-1 for classes, true values for outputs
    P    = min(1 / forgetting, room) (P - g g' / s)      room: its trace never exceeds the file's

P comes with the model file: the inverse of what its training data say of all phi (host_tools/
build_model/adaptable.py). It is packed: row i of the lower triangle follows row i - 1. Nothing is
forgotten but by a label. Source: e.g. Haykin, Adaptive Filter Theory, the RLS algorithm.

Imported only by models that can be adapted.
"""

from rivulet.arrays import floats, np

# Between two labels some feature has to move by so much, in standard deviations.
_LEAST_CHANGE = 0.01


class Learner:
    """Learns one label after another. rows: the model's OpenReadout (see open_readout.py).

    prior: P (d (d + 1) / 2,); centre, scale: (d - 1,). labels: how many were learnt.
    """

    def __init__(self, settings, rows, prior, centre, scale):
        entry = settings["adaptation"]
        self._weight, self._forgetting = entry["weight"], entry["forgetting"]
        self.rows = rows
        self.width = d = rows.width
        self.packed = prior
        self.packed_floats = floats(prior)
        self._centre, self._scale = floats(centre), floats(scale)
        self._z, self._phi, self._g, self._h = [np.zeros(d) for _ in range(4)]
        self._z_floats, self._phi_floats = floats(self._z), floats(self._phi)
        self._g_floats, self._h_floats = floats(self._g), floats(self._h)
        self._z_floats[d - 1] = 1.0
        self._wanted = ()
        self._s = 0.0
        self._growth = 1.0
        self._cap = self._trace()
        # The next piece of work; -1: there is none.
        self._at = -1
        self.labels = 0
        # Spare classes that no label has taken yet, the last ones.
        self.free = entry["spare"]

    @property
    def busy(self):
        return self._at >= 0

    def take(self, wanted):
        """Take what the outputs (k,) should be now. Raises ValueError where that teaches nothing.

        `turn` then does the work.
        """
        d, z, phi = self.width, self._z_floats, self._phi_floats
        self.rows.features(z)
        moved = 0.0
        for i in range(d - 1):
            value = (z[i] - self._centre[i]) * self._scale[i]
            if value - value != 0.0:
                raise ValueError("a feature is no number: nothing is learnt from it")
            moved = max(moved, abs(value - phi[i]))
            phi[i] = value
        # Without a label before, the last phi is all zeros.
        first = phi[d - 1] == 0.0
        phi[d - 1] = 1.0
        if not first and moved < _LEAST_CHANGE:
            raise ValueError("nothing has changed since the last label: it teaches nothing new")
        for i in range(d):
            self._g_floats[i] = 0.0
        self._wanted = wanted
        self._at = 0

    def drop(self):
        """Give the label up that is being learnt."""
        self._at = -1
        self.rows.reload()

    def turn(self):
        """Do the next piece of work: at most one row. True when the label has been learnt.

        Then `rows.commit()` lets the outputs follow. Raises ValueError if the label's numbers
        cannot be computed with: `drop` it.
        """
        at, d = self._at, self.width
        if at < d:
            self._multiply(at)
        elif at == d:
            self._solve()
        elif at <= d + self.rows.count:
            self._correct(at - d - 1)
        else:
            self._narrow(at - d - self.rows.count - 1)
            if at == 2 * d + self.rows.count:
                self._at = -1
                self.labels += 1
                return True
        self._at = at + 1
        return False

    @property
    def settled(self):
        """Whether the rows stand and P follows: from there on a piece of work is done again if
        memory lacked for it, and never half."""
        return self._at > self.width + self.rows.count

    def _row(self, i):
        begin = i * (i + 1) // 2
        return self.packed[begin : begin + i + 1]

    def _multiply(self, i):
        # g += row i of P times phi, and by symmetry column i above the diagonal.
        phi = self._phi_floats
        row = self._row(i)
        self._g_floats[i] += float(np.sum(row * self._phi[: i + 1]))
        if i:
            above = self._g[:i]
            above += row[:i] * phi[i]

    def _solve(self):
        d, g, phi, h = self.width, self._g_floats, self._phi_floats, self._h_floats
        s = self._forgetting / self._weight
        squares = 0.0
        for i in range(d):
            s += g[i] * phi[i]
            squares += g[i] * g[i]
        if not 0.0 < s < 1e30:  # nor NaN
            raise ValueError("the label's features are out of range: nothing is learnt from it")
        self._s = s
        left = self._trace() - squares / s
        self._growth = max(1.0, min(1.0 / self._forgetting, self._cap / max(left, 1e-30)))
        bias = g[d - 1] / s
        for i in range(d - 1):
            h[i] = g[i] * self._scale[i] / s
            bias -= h[i] * self._centre[i]
        h[d - 1] = bias

    def _correct(self, number):
        row = self.rows.row(number)
        error = self._wanted[number] - float(np.sum(row * self._z))
        row += self._h * error
        self.rows.stage(number)

    def _narrow(self, i):
        row = self._row(i)
        # What may find no memory comes first.
        change = self._g[: i + 1] * (self._growth * self._g_floats[i] / self._s)
        if self._growth > 1.0:
            change += row * (1.0 - self._growth)
        row -= change

    def _trace(self):
        total = 0.0
        at = 0
        for i in range(self.width):
            total += self.packed_floats[at]
            at += i + 2
        return total
