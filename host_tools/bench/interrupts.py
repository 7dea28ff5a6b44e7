"""How late an interrupt's stamp is: edges at known simulated times, and the stamps they got."""

from typing import Any

import numpy as np

from host_tools.simulate.stimulus import Stimulus, at_times
from rivulet.sensing.clock import PERIOD

# 1,500 a second, which is what the loop has to sustain.
_EDGES = 900
_MEAN_US = 667
_JITTER_US = 150
# From the sensor's start to the first edge: the rest of the loop is made meanwhile.
_QUIET_US = 500_000


def stimulus() -> Stimulus:
    gaps = np.random.default_rng(1).integers(_MEAN_US - _JITTER_US, _MEAN_US + _JITTER_US, _EDGES)
    return at_times(_QUIET_US + np.cumsum(gaps))


def latencies(found: dict[str, Any], due_us: np.ndarray) -> dict[str, Any]:
    """What the report says of the edges that were due at these microseconds of the board's timer.

    found: what on_device/bench_edges.py printed.
    """
    stamps = np.array(found["stamps"])
    facts = {key: found[key] for key in ("dropped", "heap_bytes")}
    facts |= {"edges": len(due_us), "rate": round(1_000_000 / float(np.diff(due_us).mean()))}
    if not len(stamps):
        return facts | {"missing": "not measured: no edge was stamped"}
    # Each stamp belongs to the last edge before it: events that were dropped have none.
    late = ((stamps[:, None] - due_us[None, :]) % PERIOD).min(axis=1)
    median, p99, worst = np.percentile(late, [50, 99, 100], method="higher").tolist()
    return facts | {"median_us": median, "p99_us": p99, "worst_us": worst}
