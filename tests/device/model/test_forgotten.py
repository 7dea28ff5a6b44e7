"""What a change of model needs is dropped afterwards; what a running model needs stays, once."""

import sys
from io import BytesIO

from fixtures import SkipTest, model_bytes
from integer_files import file_of

from rivulet.compat import forget
from rivulet.runtime import SELDOM


def kind_of(data):
    from rivulet.model import load

    return type(load(BytesIO(data), len(data)))


def test_the_next_model_brings_no_second_copy_of_the_running_ones_code():
    if sys.implementation.name == "cpython":
        raise SkipTest("CPython keeps its modules")
    for data in (model_bytes(), file_of()):
        before = kind_of(data)
        forget(SELDOM)
        assert not [name for name in SELDOM if name in sys.modules]
        # Of the package only the code of running models: what reads and checks a file is gone.
        left = [name for name in sys.modules if name.startswith("rivulet.model.")]
        assert sorted(left) == ["rivulet.model.readout", "rivulet.model.running"]
        assert kind_of(data) is before
