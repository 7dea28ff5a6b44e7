"""The evidence of the controllers, in a small form: trained, judged, resumed."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from host_tools.controllers import tasks  # noqa: E402
from host_tools.controllers.evidence import HORIZONS_MS, Setup, judged  # noqa: E402
from host_tools.controllers.imitate import Recipe  # noqa: E402
from host_tools.errors import RivuletError  # noqa: E402

SMALL = Setup(2, 2, 1, Recipe((1.0,), episodes=2, iterations=(2,), batch=2))


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    task = tasks.find("cartpole")
    first = judged(tmp_path, task, "cascade", SMALL)
    ahead = {f"cascade, {horizon_ms} ms ahead" for horizon_ms in HORIZONS_MS}
    assert set(first) == {"cascade", "cascade, int8"} | ahead
    assert first["cascade"]["parameters"] <= 2000
    assert len(first["cascade, int8"]["returns"]["70 % lost"]) == 2
    # Without the results the stored weights give the same ones again.
    for path in tmp_path.glob("*.json"):
        path.unlink()
    weights = (tmp_path / "cartpole-cascade.npz").stat().st_mtime_ns
    assert judged(tmp_path, task, "cascade", SMALL) == first
    assert (tmp_path / "cartpole-cascade.npz").stat().st_mtime_ns == weights
    other = Setup(2, 3, 1, SMALL.recipe)
    with pytest.raises(RivuletError, match="of another setup"):
        judged(tmp_path, task, "cascade", other)
