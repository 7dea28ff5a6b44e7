"""The LTC cell: leaky capacitors joined by synapses with sigmoid conductances.

    synapse j -> i      g = w sigmoid(sigma (v_j - mu)), drawing v_i to the potential erev
    cm dv_i/dt          = gleak (vleak - v_i) + sum_j g_ij (erev_ij - v_i)

v_j is a neuron's potential or a mapped input u scale + offset. Only existing synapses are stored
and computed. An interval takes `unfolds` equal semi-implicit steps of length h:

    v = (cm/h v + gleak vleak + sum g erev) / (cm/h + gleak + sum g + epsilon)

The rate 1/tau of a neuron is its effective rate (gleak + sum g) / cm at the start of the last
step. Parameters are in the trainer's unit of time.

Source: ncps' torch LTCCell; Hasani et al., "Liquid Time-constant Networks", AAAI 2021.
"""

from rivulet.arrays import floats, np
from rivulet.arrays.sparse import check_indices, gatherer
from rivulet.cells.lstm import LOWEST_RATE, Companion

MAX_UNFOLDS = 64


class _Synapses:
    """Synapses `first` to `end`: sums over their targets, from their sources in `joint`."""

    def __init__(self, first, end, arrays, joint, targets):
        self._count = end - first
        if not self._count:
            return  # ulab gives no buffer of an empty array
        self._source, self._target, self._mu, self._steepness, self._w, self._pull = (
            array[first:end] for array in arrays
        )
        self._targets = targets
        self._values = np.zeros(len(self._w))
        self._gather = gatherer(joint, self._source, self._values)
        self._one = np.array([1.0])
        self._share = np.zeros(len(self._w))
        self._share_floats = floats(self._share)
        self._w_floats, self._pull_floats = floats(self._w), floats(self._pull)

    def add(self, current, conductance):
        """Add sum g erev to `current` and sum g to `conductance`, at each target."""
        if not self._count:
            return
        self._gather()
        values = self._values
        values -= self._mu
        values *= self._steepness
        np.exp(values, out=values)
        values += self._one
        n = self._targets
        # Copied and divided in place: a quotient would allocate an array at each of many steps.
        self._share_floats[:] = self._pull_floats
        share = self._share
        share /= values
        current += np.bincount(self._target, weights=share, minlength=n)
        self._share_floats[:] = self._w_floats
        share = self._share
        share /= values
        conductance += np.bincount(self._target, weights=share, minlength=n)


class Cell:
    """An LTC cell of n units, m inputs and s synapses.

    Memory besides the weights: 2 s + 13 n + 3 m floats, with mixed memory 4 n more.
    """

    @staticmethod
    def check(settings):
        if not 1 <= settings.get("unfolds", 0) <= MAX_UNFOLDS:
            raise ValueError("an ltc cell needs 1 to %d unfolds" % MAX_UNFOLDS)
        if not settings.get("time_unit_s", 0.0) > 0.0:
            raise ValueError("an ltc cell needs a time_unit_s above 0 s")
        if not settings.get("epsilon", 0.0) > 0.0:
            raise ValueError("an ltc cell needs an epsilon above 0")
        counts = settings.get("synapses")
        if (
            not isinstance(counts, list)
            or len(counts) != 2
            or min(counts) < 0
            or not sum(counts) > 0
        ):
            raise ValueError("an ltc cell needs its numbers of synapses: [sensory, recurrent]")
        if "mixed_memory" not in settings:
            raise ValueError("an ltc cell needs 'mixed_memory'")

    @staticmethod
    def shapes(settings, hidden, inputs):
        n = hidden // 2 if settings["mixed_memory"] else hidden
        synapses = (sum(settings["synapses"]),)
        shapes = {"gleak": (n,), "vleak": (n,), "cm": (n,)}
        for name in ("w", "mu", "sigma", "erev", "source", "target"):
            shapes["synapse." + name] = synapses
        shapes["input.scale"] = shapes["input.offset"] = (inputs,)
        if settings["mixed_memory"]:
            shapes.update(Companion.shapes(n, inputs))
        return shapes

    def __init__(self, settings, tensors):
        n, m = len(tensors["gleak"]), len(tensors["input.scale"])
        mixed = settings["mixed_memory"]
        # Sources are numbered over [mapped inputs; potentials].
        joint = np.zeros(m + 2 * n if mixed else m + n)
        joint_floats = floats(joint)
        self._mapped = joint[:m]
        self.state, self.state_floats = joint[m:], joint_floats[m:]
        self._v = joint[m : m + n]
        self._inputs = np.zeros(m)
        self.input_floats = floats(self._inputs)
        self._scale, self._offset = tensors["input.scale"], tensors["input.offset"]
        self.alpha = np.zeros(len(self.state))
        self.alpha_floats = floats(self.alpha)
        self._alpha_v = self.alpha_floats[:n]
        self._companion = None
        if mixed:
            self.alpha += LOWEST_RATE
            self._companion = Companion(tensors, self.state, self._inputs, self.alpha[n:])
        self._wire(settings, tensors, joint, n)
        self._unit_s = settings["time_unit_s"]
        self._unfolds = settings["unfolds"]
        self._cm = tensors["cm"]
        self._rate = np.zeros(n)
        self._rate += 1.0 / self._unit_s
        self._rate /= self._cm
        self._leak = tensors["gleak"] * 1.0
        self._leak += settings["epsilon"]
        self._rest = tensors["gleak"] * tensors["vleak"]
        # Sums of the held inputs' synapses and the leak, constant during an interval.
        self._held_current, self._held_conductance = np.zeros(n), np.zeros(n)
        self._current, self._conductance = np.zeros(n), np.zeros(n)
        self._product = np.zeros(n)
        self._v_floats = self.state_floats[:n]
        self._copies = [
            (floats(one), floats(other))
            for one, other in (
                (self._current, self._held_current),
                (self._conductance, self._held_conductance),
            )
        ]
        self._product_floats = floats(self._product)
        self.evaluate()

    def _wire(self, settings, tensors, joint, n):
        part = {key: tensors["synapse." + key] for key in ("w", "mu", "sigma", "erev")}
        source, target = tensors["synapse.source"], tensors["synapse.target"]
        sensory = settings["synapses"][0]
        check_indices(source, len(joint), "synapse.source")
        check_indices(target, n, "synapse.target")
        # sigmoid(x) = 1 / (1 + exp(-x)), which keeps the digits of small conductances.
        arrays = (
            source,
            target,
            part["mu"],
            part["sigma"] * -1.0,
            part["w"],
            part["w"] * part["erev"],
        )
        self._sensory = _Synapses(0, sensory, arrays, joint, n)
        self._recurrent = _Synapses(sensory, len(source), arrays, joint, n)

    def _hold(self):
        """Sum the synapses of the held inputs and the leak, once for each interval."""
        mapped = self._inputs * self._scale
        mapped += self._offset
        self._mapped[:] = mapped
        self._held_current[:] = self._rest
        self._held_conductance[:] = self._leak
        self._sensory.add(self._held_current, self._held_conductance)

    def _evaluate(self):
        for copy, held in self._copies:
            copy[:] = held
        self._recurrent.add(self._current, self._conductance)

    def _report(self):
        self._alpha_v[:] = floats(self._conductance * self._rate)

    def evaluate(self):
        self._hold()
        self._evaluate()
        self._report()

    def advance(self, seconds):
        if self._companion:
            self._companion.advance(seconds)
        self._hold()
        capacity = self._cm * (self._unfolds * self._unit_s / seconds)
        v, current, conductance = self._v, self._current, self._conductance
        for unfold in range(self._unfolds):
            self._evaluate()
            if unfold == self._unfolds - 1:
                self._report()
            # v + (current - v conductance) / (capacity + conductance): a form that keeps the
            # digits of a small step.
            self._product_floats[:] = self._v_floats
            product = self._product
            product *= conductance
            current -= product
            conductance += capacity
            change = current
            change /= conductance
            v += change
