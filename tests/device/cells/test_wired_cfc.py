"""The wired CfC: masked layers in a chain, against a dense computation with zeros."""

from cfc_equations import closed_form, companion
from fixtures import Weights, load, model_bytes, product, raises, run, settings

from rivulet.cells import cell_class
from rivulet.errors import ModelError

_M = 2
_SIZES = (4, 3, 2)
# Of each layer: (source, target) of what reaches it from below.
_WIRES = (((0, 0), (1, 1), (0, 3)), ((0, 0), (2, 1), (3, 2), (1, 2)), ((1, 0), (2, 1)))
_N = sum(_SIZES)


class Reference:
    def __init__(self, mode="default", mixed=False):
        self.weights = made = Weights(7)
        self.mode, self.mixed, self.unit_s = mode, mixed, 2.0
        self.layers = []
        below = _M
        for i in range(len(_SIZES)):
            n, name = _SIZES[i], "layer%d." % i
            heads = 1 if mode == "pure" else 2
            wires = [(j, k + head * n) for head in range(heads) for j, k in _WIRES[i]]
            weight = made.add(name + "weight", len(wires))
            made.put(name + "source", (len(wires),), [j for j, _ in wires])
            made.put(name + "target", (len(wires),), [k for _, k in wires])
            recurrent = made.add(name + "recurrent", heads * n, n, scale=0.25)
            rows = []
            for k in range(heads * n):
                row = [0.0] * below
                for at in range(len(wires)):
                    if wires[at][1] == k:
                        row[wires[at][0]] = weight[at]
                rows.append(row + recurrent[k])
            decay = None
            if mode == "pure":
                decay = made.add(name + "w_tau", n, offset=1.0), made.add(name + "A", n, scale=0.5)
            else:
                rows += made.add(name + "time", 2 * n, below + n)
            self.layers.append((rows, made.add(name + "bias", len(rows)), decay))
            below = n
        if mixed:
            self.memory = (
                made.add("memory.input", 4 * _N, _M),
                made.add("memory.recurrent", 4 * _N, _N, scale=0.25),
                made.add("memory.bias", 4 * _N),
            )
        made.add("readout.weight", 2, (2 if mixed else 1) * _N + 1)
        self.settings = settings(
            cell="wired_cfc",
            convention="current",
            readout="state",
            channels=["a", "b"],
            normalisation={"offset": [0.0, 0.0], "scale": [1.0, 1.0]},
            mode=mode,
            layers=list(_SIZES),
            synapses=[(1 if mode == "pure" else 2) * len(wires) for wires in _WIRES],
            time_unit_s=self.unit_s,
            mixed_memory=mixed,
        )

    def model(self):
        return load(model_bytes(self.settings, self.weights.arrays))

    def step(self, state, u, seconds):
        rates = []
        if self.mixed:
            state, rates = companion(self.memory, state, u, seconds)
        old, new, alpha = state[:_N], [], []
        below = u
        for i in range(len(_SIZES)):
            n = _SIZES[i]
            rows, bias, decay = self.layers[i]
            z = [a + b for a, b in zip(product(rows, below + old[:n]), bias)]
            heads = [z[k : k + n] for k in range(0, len(z), n)]
            below, layer_rates = closed_form(
                self.mode, heads, decay, seconds / self.unit_s, self.unit_s
            )
            new += below
            alpha += layer_rates
            old = old[n:]
        return new + state[_N:], alpha + rates


def test_every_mode():
    for mode in ("default", "no_gate", "pure"):
        reference = Reference(mode)
        run(reference.model(), reference.step)


def test_mixed_memory():
    reference = Reference(mixed=True)
    run(reference.model(), reference.step)


def test_indices_outside_the_layer_are_refused():
    for name, index in (("layer0.source", _M), ("layer1.target", 6), ("layer2.source", 3)):
        reference = Reference()
        reference.weights.arrays[name][1][0] = index
        assert "'%s' has index" % name in raises(ModelError, reference.model)


def test_what_the_metadata_must_hold():
    check = cell_class("wired_cfc").check
    for key, value in (
        ("layers", []),
        ("layers", 9),
        ("layers", [4, 3]),
        ("synapses", [4, 0, 1]),
        ("synapses", None),
    ):
        changed = Reference().settings
        check(changed)
        changed[key] = value
        assert "its layers and the synapses" in raises(ValueError, check, changed), key
    reference = Reference()
    reference.settings["layers"] = [4, 3, 1]
    assert "8 units, the readout takes 9" in raises(ModelError, reference.model)
