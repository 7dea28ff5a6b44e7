"""Train the `vowels` model: rivulet train models/vowels, or run this file.

Writes weights.npz (the shipped seed), metrics.json and curve.png. Every number is the same on
every run on one machine.
"""

from host_tools.train.cells.decay import DecayCell
from host_tools.train.cells.relaxing import Form
from host_tools.train.fit import TrainingPlan
from host_tools.train.network import Network, Readout
from host_tools.train.recipe import Options, main
from host_tools.train.reference import Reference
from host_tools.train.reference import train as train_reference

# A frame comes every 6.4 ms and a recording is over within 0.2 s.
FORM = Form(alpha_min=2.0, alpha_max=100.0, start_tau_s=(0.01, 0.3))


def make(seeds: list[int], channels: int, classes: int) -> Network:
    return DecayCell(seeds, channels, classes, 24, FORM, Readout("state"))


REFERENCE = Reference(
    dataset="vowels",
    make=make,
    plan=TrainingPlan(iterations=800, learning_rate=0.01),
    channels=tuple(f"cepstrum_{number}" for number in range(1, 13)),
    units=("1",) * 12,
    classes=tuple(f"speaker {number}" for number in range(1, 10)),
    cadence_us=50_000,
    source="JapaneseVowels (UCI and UEA archives), from the aeon 1.6.0 wheel",
    licence="none stated in the files; the wheel is BSD-3-Clause",
)


def train(options: Options) -> None:
    train_reference(REFERENCE, options)


if __name__ == "__main__":
    main(__file__)
