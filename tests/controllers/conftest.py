"""One thread for all tests here: the matrices are small, and threads would wait for each other."""

import importlib.util
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    if importlib.util.find_spec("torch") is None:
        yield
        return
    from host_tools.train.network import one_thread

    with one_thread():
        yield
