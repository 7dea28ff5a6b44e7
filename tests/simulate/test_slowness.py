"""The emulated Pico's time-outs follow how slow the emulator is now."""

import importlib.util
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from host_tools.simulate.emulated import EmulatedPico
from host_tools.simulate.emulated.machine import SLOWNESS, Slowness


def test_only_busy_steps_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    slowness = Slowness()
    for _ in range(10):
        slowness.add(0.0001, 0.001)  # the board slept
        slowness.add(0.075, 0.001)
    assert capsys.readouterr().out == f"{SLOWNESS} 75.0\n"


def test_time_outs_are_stretched_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: SimpleNamespace())
    image = tmp_path / "image.uf2"
    image.write_bytes(b"UF2\n")
    pico = EmulatedPico(tmp_path, image)
    usual = pico.timeout_scale
    pico._listen(SimpleNamespace(stdout=BytesIO(f"{SLOWNESS} 75.0\n".encode())))  # type: ignore[arg-type]
    assert pico.timeout_scale == pytest.approx(usual * 75 / 20)
    pico._listen(SimpleNamespace(stdout=BytesIO(f"{SLOWNESS} 2.0\n".encode())))  # type: ignore[arg-type]
    assert pico.timeout_scale == usual
