"""Weights to start from: a complementary filter written in the decay cell's own equations.

For a direction v fixed in the world, seen from the body: dv/dt = -w x v + k (measured - v). Six
slow units hold `SMALL` times v, for up and for the magnetic field. Two kinds of pairs of fast
units multiply: tanh(b + p + q) - tanh(b + p - q) is

    2 q (t1 + t2 p)        at tanh(b) = 1 / sqrt 3, up to third order: a rate p times a direction q
    2 q / cosh(p)^2        at b = 0: an error q that counts less the older (p) its measurement is

What is linear in the first is taken off again. The units that are left start at random.
"""

import math

import torch

from host_tools.train.network import Network

UNITS = 6 + 24 + 12  # at least
SMALL = 0.15  # of a unit vector: where tanh is nearly straight
RATE, FAST = 4.0, 90.0  # 1/s: of slow units and of products
TRUST = (1.0, 2.5)  # 1/s: how fast a fresh accelerometer and magnetometer are believed
AGEING = (20.0, 12.0)  # 1/s: how fast that ends
_B = math.atanh(1 / math.sqrt(3))
_T1, _T2 = 2 / 3, -4 / (3 * math.sqrt(3))  # of tanh at _B: first and second derivative
_TURN, _ALONG = 0.25, 1.0  # p in a rate of 1 rad/s, q in a slow unit's state
_WRONG = 0.3  # q in an error of 1
_CROSS = ((1, 2, 1.0), (2, 1, -1.0))  # (w x v)[i] = w[i+1] v[i+2] - w[i+2] v[i+1]


def as_filter(network: Network, scale: list[float], full: tuple[float, float], dip: float) -> None:
    """Set every model of a decay cell whose inputs are those of `physics.Recording.held`.

    scale: of the channels; full: what accelerometer and magnetometer measure of a unit vector.
    """
    p = network.parameters
    with torch.no_grad():
        for gate in ("alpha", "drive"):
            p[f"{gate}.recurrent"][:, :UNITS] = 0.0
            p[f"{gate}.input"][:, :UNITS] = 0.0
        p["drive.bias"][:, :UNITS] = 0.0
        rates = torch.tensor([RATE] * 6 + [FAST] * (UNITS - 6))
        p["alpha.bias"][:, :UNITS] = rates + torch.log(-torch.expm1(-rates))
        w, u, b = p["drive.recurrent"], p["drive.input"], p["drive.bias"]
        pair = 6
        # What stands upright, as the body mostly does, needs no product.
        upright = torch.zeros(2, 3)
        upright[:, 2] = torch.tensor([1.0, -math.sin(dip)])
        for vector in range(2):
            for i in range(3):
                slow = 3 * vector + i
                w[:, slow, slow] = 1.0
                for turn, along, sign in _CROSS:
                    about, other = (i + turn) % 3, 3 * vector + (i + along) % 3
                    gain = -sign / RATE / (2 * _ALONG * _T2 * _TURN)
                    rest = SMALL * float(upright[vector, (i + along) % 3])
                    u[:, slow, 3 + about] -= sign * rest / RATE / scale[3 + about]
                    b[:, slow] += gain * 2 * _ALONG * _T1 * rest
                    for place, side in ((pair, 1.0), (pair + 1, -1.0)):
                        b[:, place] = _B - side * _ALONG * rest
                        u[:, place, 3 + about] = _TURN / scale[3 + about]
                        w[:, place, other] = side * _ALONG
                        w[:, slow, place] = side * gain
                    w[:, slow, other] -= gain * 2 * _ALONG * _T1
                    pair += 2
                channel = (0, 6)[vector] + i
                gain = TRUST[vector] / RATE * SMALL / (2 * _WRONG)
                for place, side in ((pair, 1.0), (pair + 1, -1.0)):
                    u[:, place, 9 + vector] = AGEING[vector] / scale[9 + vector]
                    u[:, place, channel] = side * _WRONG / (full[vector] * scale[channel])
                    w[:, place, slow] = -side * _WRONG / SMALL
                    w[:, slow, place] = side * gain
                pair += 2
        # Up is what is held; north is the field without its vertical part.
        readout = p["readout.weight"]
        readout.zero_()
        for i in range(3):
            readout[:, i, i] = 1 / SMALL
            readout[:, 3 + i, 3 + i] = 1 / SMALL / math.cos(dip)
            readout[:, 3 + i, i] = math.tan(dip) / SMALL
