"""Train the `gesture` model: rivulet train models/gesture, or run this file.

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

# The evidence's settings, in which a sample takes 100 ms, at the 40 ms that one takes here.
FORM = Form(alpha_min=0.125, alpha_max=75.0, start_tau_s=(0.02, 2.0))


def make(seeds: list[int], channels: int, classes: int) -> Network:
    return DecayCell(seeds, channels, classes, 40, FORM, Readout("state"))


REFERENCE = Reference(
    dataset="gesture",
    make=make,
    plan=TrainingPlan(iterations=800, learning_rate=0.01),
    channels=("accel_z",),
    units=("g",),
    classes=tuple(f"person {number}" for number in range(1, 11)),
    cadence_us=200_000,
    source="PickupGestureWiimoteZ (UCR time series archive), from the aeon 1.6.0 wheel",
    licence="none stated for the data; the wheel is BSD-3-Clause",
)


def train(options: Options) -> None:
    train_reference(REFERENCE, options)


if __name__ == "__main__":
    main(__file__)
