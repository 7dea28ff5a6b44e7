"""Integer model files, and a fake board that runs one."""

import json
from array import array

from fake_board import Bench, Sensor
from fixtures import load, packed
from kernel_cases import Integers, decay_table, integer_settings

from rivulet.integers import layout

_BYTES = {
    "F32": ("f", 4),
    "I8": ("b", 1),
    "U8": ("B", 1),
    "I16": ("h", 2),
    "U16": ("H", 2),
    "I32": ("i", 4),
}


def tensors(n=4, m=3, k=2, additive=False, seed=1):
    """{name: (dtype, shape, values)}"""
    numbers = Integers(seed)

    def several(count, limit):
        return [numbers.signed(limit) for _ in range(count)]

    nodes = range(layout.NODES)
    made = {
        "gates.bias": ("I32", (2 * n,), several(2 * n, 1 << 20)),
        "gates.multiplier": ("I32", (2 * n,), [20000 | 5 << 16] * (2 * n)),
        "readout.bias": ("I32", (k,), several(k, 1 << 18)),
        "readout.multiplier": ("I32", (k,), [20000 | 2 << 16] * k),
        "table.alpha": ("I32", (layout.NODES,), [1 << 19 | 3000 * i for i in nodes]),
        "table.drive": ("I16", (layout.NODES,), [127 * (i - 256) for i in nodes]),
        "table.decay": ("U16", (layout.DECAY_NODES,), decay_table()),
        "gates.weight": ("I8", (2 * n, n + m), several(2 * n * (n + m), 128)),
        "readout.weight": ("I8", (k, n), several(k * n, 128)),
    }
    if additive:
        made["table.reciprocal"] = ("I16", (layout.NODES,), [32767 - 50 * i for i in nodes])
    return made


def file_of(arrays=None, metadata=None):
    metadata = metadata or integer_settings()
    header = {
        "__metadata__": {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in metadata.items()
        }
    }
    data = b""
    arrays = arrays or tensors()
    # Wide ones first, as the library writes them: so each is aligned.
    for name in sorted(arrays, key=lambda name: (-_BYTES[arrays[name][0]][1], name)):
        dtype, shape, values = arrays[name]
        piece = bytes(array(_BYTES[dtype][0], values))
        header[name] = {
            "dtype": dtype,
            "shape": list(shape),
            "data_offsets": [len(data), len(data) + len(piece)],
        }
        data += piece
    return packed(header, data)


def made(arrays=None, **changes):
    return load(file_of(arrays, integer_settings(**changes)))


class RawSensor(Sensor):
    scales = (1 / 256, 1 / 256, 1 / 256)

    def read_raw(self, out):
        if self.broken:
            raise OSError(5)
        for i in range(3):
            out[i] = self.values[i]


def raw_bench(folder):
    made_bench = Bench(folder, file_of(), [RawSensor("s", ("a", "b", "c"))])
    made_bench.sensors[0].values = [100, -200, 300]
    return made_bench
