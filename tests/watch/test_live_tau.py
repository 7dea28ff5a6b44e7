"""A running board's time constants beside the distribution that its model file keeps."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from host_tools.link.wire import Board
from host_tools.simulate.virtual import VirtualBoard
from tests.conftest import make_model

Run = Callable[..., subprocess.CompletedProcess[str]]


def _with_tau(path: Path, seen: dict[str, list[float]] | None) -> bytes:
    texts = {share: " ".join(f"{tau:.3g}" for tau in row) for share, row in (seen or {}).items()}
    return make_model(path, provenance={"tau_s": texts} if seen else {}).read_bytes()


def test_status_and_monitor_tell_of_strange_time_constants(
    board: VirtualBoard, tmp_path: Path, rivulet: Run
) -> None:
    board.power_on()
    path = tmp_path / "model.safetensors"

    def said() -> tuple[str, list[int] | None, str]:
        status = rivulet("status", "--port", board.port)
        facts = json.loads(rivulet("status", "--port", board.port, "--json").stdout)
        watched = rivulet("monitor", "--port", board.port, "--seconds", 1)
        assert status.returncode == watched.returncode == 0
        return status.stdout, facts["tau_outside"], watched.stdout

    with Board(str(board.port)) as wire:
        wire.push(_with_tau(path, None))
        # Nothing has happened on this board: tau stays what it is.
        record = wire.sample(("alpha",))
    assert record is not None
    now = [float(tau) for tau in record.tau]
    text, outside, line = said()
    assert outside is None and "time constants" not in text and "unlike" not in line
    assert "actuators led 0" in line  # from the status: telemetry does not carry them

    seen = {"0.05": now, "0.5": now, "0.95": now}
    with Board(str(board.port)) as wire:
        wire.push(_with_tau(path, seen))
    text, outside, line = said()
    assert outside == [] and "every τ is within a factor of 2" in text and "unlike" not in line

    shifted = [tau * {1: 3.0, 4: 0.3}.get(i, 1.0) for i, tau in enumerate(now)]
    with Board(str(board.port)) as wire:
        wire.push(_with_tau(path, dict.fromkeys(seen, shifted)))
    text, outside, line = said()
    assert outside == [1, 4]
    assert "2 of 6 neurons is over 2 times outside the 90 % that training saw: 1, 4" in text
    assert "tau unlike training: 1,4" in line
