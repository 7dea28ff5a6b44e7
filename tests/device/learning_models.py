"""Model files that learn from labels, of floats and of integers."""

from fixtures import model_bytes, settings, tensors

ADAPTATION = {"spare": 2, "weight": 2.0, "forgetting": 1.0}
CLASSES = ["still", "walking", "spare 1", "spare 2"]
UNITS = 4


def prior(width):
    """P of a diagonal that falls, packed, with a little beside it."""
    packed = []
    for i in range(width):
        packed += [0.01 * ((i + j) % 3) for j in range(i)] + [1.0 / (1 + i)]
    return packed


def adapting(width):
    features = width - 1
    return {
        "adapt.prior": ((width * (width + 1) // 2,), prior(width)),
        "adapt.centre": ((features,), [0.125 * i for i in range(features)]),
        "adapt.scale": ((features,), [2.0 + i for i in range(features)]),
    }


def float_bytes(seed=1, **changes):
    """A model file; changes of its settings."""
    changes.setdefault("classes", CLASSES)
    changes.setdefault("adaptation", ADAPTATION)
    outputs = len(changes["classes"]) or 2
    arrays = tensors(UNITS, outputs=outputs, seed=seed)
    arrays.update(adapting(UNITS + 1))
    return model_bytes(settings(format="rivulet-2", **changes), arrays)


def value_bytes():
    entry = dict(ADAPTATION)
    entry["spare"] = 0
    return float_bytes(output="value", classes=[], adaptation=entry)


def integer_bytes():
    # Imported here, or imports would nest too deep for a small stack.
    from integer_files import file_of
    from integer_files import tensors as integer_tensors
    from kernel_cases import integer_settings

    arrays = integer_tensors(k=len(CLASSES))
    for name, (shape, values) in adapting(UNITS + 1).items():
        arrays[name] = "F32", shape, values
    return file_of(
        arrays,
        integer_settings(
            format="rivulet-2",
            output="class",
            classes=CLASSES,
            adaptation=ADAPTATION,
            output_bits=10,
        ),
    )


def moved(made, numbers, events=5):
    """Move a model by a few events."""
    channels = tuple(range(len(made.channels)))
    for _ in range(events):
        made.event(100000, channels, [2 * numbers.unit() for _ in channels])


def taught(made, wanted):
    """Learn one label now; how many turns it took."""
    made.learner.take(wanted)
    turns = 1
    while not made.learner.turn():
        turns += 1
    made.learner.rows.commit()
    return turns
