"""What a model file may say of its adaptation, and what is refused."""

import learning_models
from fixtures import load, model_bytes, raises, settings, tensors

from rivulet.errors import ModelError
from rivulet.model import check


def _made(arrays=None, **changes):
    named = tensors(learning_models.UNITS, outputs=4)
    named.update(learning_models.adapting(learning_models.UNITS + 1))
    named.update(arrays or {})
    said = {"classes": learning_models.CLASSES, "format": "rivulet-2"}
    said["adaptation"] = learning_models.ADAPTATION
    said.update(changes)
    return model_bytes(settings(**said), {k: v for k, v in named.items() if v is not None})


def test_a_good_one():
    made = load(_made())
    assert made.learner.width == learning_models.UNITS + 1 and made.learner.free == 2
    assert load(model_bytes()).learner is None


def test_what_is_refused():
    prior = learning_models.adapting(5)["adapt.prior"]
    entry = learning_models.ADAPTATION
    for changes, said in (
        ({"format": "rivulet-1"}, "rivulet-1"),
        ({"adaptation": dict(entry, spare=4)}, "4 spare classes among 4 outputs"),
        ({"adaptation": dict(entry, spare=-1)}, "spare of the adaptation"),
        ({"adaptation": dict(entry, weight=0)}, "weight of the adaptation"),
        ({"adaptation": dict(entry, forgetting=1.5)}, "forgetting of the adaptation"),
        ({"adaptation": dict(entry, more=1)}, "no 'more'"),
        ({"adaptation": 3}, "must be an object"),
        ({"output": "value", "classes": []}, "spare classes among"),
        ({"arrays": {"adapt.prior": None}}, "'adapt.prior' is missing"),
        ({"arrays": {"adapt.scale": ((3,), [1.0] * 3)}}, "'adapt.scale' is"),
        ({"arrays": {"adapt.prior": ((14,), prior[1][:14])}}, "'adapt.prior' is"),
        ({"arrays": {"adapt.centre": ((4,), [float("nan")] * 4)}}, "NaN"),
    ):
        assert said in raises(ModelError, load, _made(**changes)), changes
    plain = settings()
    plain["classes"] = ["a", "b"]
    arrays = tensors(learning_models.UNITS)
    arrays.update(learning_models.adapting(learning_models.UNITS + 1))
    assert "does not belong" in raises(ModelError, load, model_bytes(plain, arrays))


def test_the_largest():
    said = settings(
        classes=learning_models.CLASSES,
        format="rivulet-2",
        adaptation=learning_models.ADAPTATION,
    )
    for units in (64, 65):
        width = units + 1
        # Shapes alone: a small interpreter has no room for the tensors.
        shapes = {
            "gates.weight": ((2 * units, width + 3), 0, 0),
            "readout.weight": ((4, width), 0, 0),
            "adapt.prior": ((width * (width + 1) // 2,), 0, 0),
            "adapt.centre": ((units,), 0, 0),
            "adapt.scale": ((units,), 0, 0),
        }
        if units == 64:
            check(said, shapes)
        else:
            assert "at most 64" in raises(ModelError, check, said, shapes)
