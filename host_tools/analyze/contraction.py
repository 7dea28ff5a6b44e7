"""Contraction: whether two runs under the same inputs converge, and at what rate.

If mu(J(x, u)) <= -c < 0 for all states of a convex set that the dynamics do not leave and for all
inputs, then any two solutions in it approach each other at least as fast as exp(-c t), in the
norm that mu belongs to, and under a held input there is exactly one equilibrium, which attracts
everything. f need only be smooth in pieces: the clip of alpha is allowed. mu is the logarithmic
norm (matrix measure).

Sources: Lohmiller and Slotine, "On contraction analysis for non-linear systems", Automatica 1998;
Sontag, "Contractive systems with inputs", 2010. For the mean along one path Coppel's inequality,
|e(t)| <= |e(0)| exp(integral of mu): Vidyasagar, "Nonlinear Systems Analysis", 2nd ed., 2.5.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from host_tools.analyze.dynamics import Dynamics, Floats
from host_tools.analyze.gates import Gates

# Weights of a norm are kept within this ratio, and connections that are zero count as this part
# of a unit: Perron's vector of a matrix that falls apart may hold zeros.
_WIDEST = 1e4
_TRACE = 1e-9
_REFINEMENTS = 8
# What the layers below may add to a cascade's rate, as a share of it.
_LAYER_SHARE = 0.01
# Condition of eigenvectors from which on they are no basis.
_DEFECTIVE = 1e8
# A disturbance small enough to be linear; one that vanished in a single step counts as this.
_DISTURBANCE = 1e-6
_LEAST = 1e-16


@dataclass(frozen=True)
class Bound:
    """The conservative bound: `rate` <= -c for every state of the box and every input at all.

    rate: 1/s, below 0 is contraction. weights: (n,), d of the norm max_i |x_i| / d_i.
    reach: (n,), the box |x_i| <= reach_i. worst: the neuron that sets the rate. recurrent: its
    sum of |drive weights| d_j / d_i, which must be below 1 whatever the rates are.
    """

    rate: float
    weights: Floats
    reach: Floats
    worst: int
    recurrent: float


@dataclass(frozen=True)
class Sampled:
    """mu of J at the sampled points, 1/s, in the norm that makes it smallest.

    Not a proof: between the points nothing is known. worst, mean: over the points.
    """

    norm: str
    worst: float
    mean: float
    values: Floats  # (points,)


def measure_max(matrix: Floats, weights: Floats) -> float:
    """mu of (n, n) for the norm max_i |x_i| / d_i: max_i (J_ii + sum_j |J_ij| d_j / d_i)."""
    scaled = matrix * weights / weights[:, None]
    rows = np.abs(scaled).sum(axis=1) - np.abs(np.diag(scaled)) + np.diag(scaled)
    return float(rows.max())


def measure_euclid(matrix: Floats, basis: np.ndarray) -> float:
    """mu of (n, n) for the norm |V^-1 x|_2: the largest eigenvalue of the symmetric part."""
    scaled = np.linalg.solve(basis, matrix @ basis)
    return float(np.linalg.eigvalsh(0.5 * (scaled + scaled.conj().T)).max())


def bound(gates: Gates) -> Bound:
    """Return the bound that follows from alpha's bounds, the weights, |tanh| < 1, tanh' <= 1.

    Row i of J in the weighted maximum norm, with a = alpha_i in [low_i, high_i], gamma_i =
    max(G_ii, 0) + sum_j |G_ij| d_j/d_i, kappa_i = sum_j |A_ij| d_j/d_i and |d alpha / d(A v)| =
    1 - exp(-(a - low_i)), is at most

        -a (1 - gamma_i) + 2 kappa_i (1 - exp(-(a - low_i)))       relaxing, |x_i| <= 1
        -a + gamma_i + kappa_i (1 - exp(-(a - low_i))) / low_i     additive, |x_i| <= 1/low_i

    whose maximum over a is in closed form. The weights d are Perron's vector of that majorant,
    refined; d = 1 stands if it is better. Those of a cascade are `_layered`.
    """
    if gates.layers:
        return _rows(gates, _layered(gates))
    best = _rows(gates, np.ones(len(gates.low)))
    weights = np.ones(len(gates.low))
    for _ in range(_REFINEMENTS):
        weights = _perron(_majorant(gates, weights))
        found = _rows(gates, weights)
        if found.rate < best.rate:
            best = found
    return best


def _layered(gates: Gates) -> Floats:
    """Return weights (n,) in whose norm a cascade contracts whatever its matrices are.

    1 - exp(-(a - low)) is at most a, so row i is at most -a (1 - gamma_i - 2 kappa_i). Only the
    layer below enters gamma and kappa: a weight large enough makes their sum any share.
    """
    weights = np.ones(len(gates.low))
    first = 0
    for below, size in itertools.pairwise(gates.layers):
        own = slice(first + below, first + below + size)
        seen = np.abs(gates.drive[own]) + 2.0 * np.abs(gates.rate[own])
        needed = (seen @ weights).max() / _LAYER_SHARE
        weights[own] = max(needed, weights[first])
        first += below
    return weights


def _parts(gates: Gates, weights: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """(slope, constant, kappa, a) of -a slope + constant + kappa (1 - exp(-(a - low))), with the
    a in [low, high] at which it is largest; (n,) each."""
    ratio = weights / weights[:, None]
    drive = np.abs(gates.drive) * ratio
    np.fill_diagonal(drive, np.maximum(np.diag(gates.drive), 0.0))
    gamma, kappa = drive.sum(axis=1), (np.abs(gates.rate) * ratio).sum(axis=1)
    if gates.additive:
        slope, constant, kappa = np.ones_like(gamma), gamma, kappa / gates.low
    else:
        slope, constant, kappa = 1.0 - gamma, np.zeros_like(gamma), 2.0 * kappa
    # Concave in a: largest where its derivative -slope + kappa exp(-(a - low)) is zero.
    rising = slope <= 0.0
    safe = np.where(rising, 1.0, slope)
    inner = gates.low + np.log(np.maximum(kappa / safe, 1.0))
    return slope, constant, kappa, np.where(rising, gates.high, np.minimum(inner, gates.high))


def _rows(gates: Gates, weights: Floats) -> Bound:
    slope, constant, kappa, a = _parts(gates, weights)
    rows = -a * slope + constant + kappa * -np.expm1(gates.low - a)
    worst = int(rows.argmax())
    gamma = float(constant[worst] if gates.additive else 1.0 - slope[worst])
    return Bound(float(rows[worst]), weights, gates.reach, worst, gamma)


def _majorant(gates: Gates, weights: Floats) -> Floats:
    """At least |J_ij| and, on the diagonal, J_ii, at the rates that are worst for `weights`."""
    a = _parts(gates, weights)[3]
    steep = -np.expm1(gates.low - a)[:, None] * np.abs(gates.rate)
    drive = np.abs(gates.drive)
    np.fill_diagonal(drive, np.maximum(np.diag(gates.drive), 0.0))
    if gates.additive:
        found = drive + steep / gates.low[:, None]
    else:
        found = a[:, None] * drive + 2.0 * steep
    majorant: Floats = found - np.diag(a)
    return majorant


def _perron(majorant: Floats) -> Floats:
    """The positive vector d with majorant d = eta d: in its norm mu is eta, the least possible."""
    connected = majorant + _TRACE * np.abs(majorant).max()
    values, vectors = np.linalg.eig(connected)
    vector = np.abs(vectors[:, int(values.real.argmax())].real)
    weights: Floats = np.maximum(vector / vector.max(), 1.0 / _WIDEST)
    return weights


def sampled(matrices: list[Floats]) -> Sampled:
    """Return mu of the Jacobians at the sampled points, in the best of three norms."""
    mean = np.mean(matrices, axis=0)
    n = len(mean)
    candidates = {
        "the Euclidean norm": [measure_euclid(matrix, np.eye(n)) for matrix in matrices],
    }
    magnitudes = np.mean([np.abs(matrix) for matrix in matrices], axis=0)
    np.fill_diagonal(magnitudes, np.diag(mean))
    weights = _perron(magnitudes)
    candidates["the weighted maximum norm"] = [measure_max(matrix, weights) for matrix in matrices]
    basis = _lyapunov_basis(mean)
    if basis is not None:
        candidates["the norm of the mean Jacobian's Lyapunov function"] = [
            measure_euclid(matrix, basis) for matrix in matrices
        ]
    name = min(candidates, key=lambda name: (max(candidates[name]), name))
    values = np.array(candidates[name])
    return Sampled(name, float(values.max()), float(values.mean()), values)


def _lyapunov_basis(matrix: Floats) -> np.ndarray | None:
    """V (n, n) with |V^-1 x|^2 = x' P x and J' P + P J = -I; None if J (n, n) is not stable.

    Solved in the eigenvectors of J; those of a nearly defective matrix are no basis for it.
    """
    values, vectors = np.linalg.eig(matrix)
    if values.real.max() >= 0.0 or np.linalg.cond(vectors) > _DEFECTIVE:
        return None
    inner = -(vectors.conj().T @ vectors) / (values.conj()[:, None] + values)
    back = np.linalg.inv(vectors)
    solution = (back.conj().T @ inner @ back).real
    try:
        lower = np.linalg.cholesky(0.5 * (solution + solution.T))
    except np.linalg.LinAlgError:
        return None
    return np.linalg.inv(lower.T)


@dataclass(frozen=True)
class Forgetting:
    """Run the device code over the same events from different states and compare them.

    seconds: from opposite corners of the states until the largest difference stayed below `share`
    of the first; None if it did not. left: the share at the end. exponent: the growth rate of a
    vanishing disturbance, 1/s, on average over the events (the largest conditional Lyapunov
    exponent; Benettin et al., Meccanica 1980; Pecora and Carroll, Physical Review Letters 1990).
    total_s: how long the events last.
    """

    share: float
    seconds: float | None
    left: float
    exponent: float
    total_s: float


def forgetting(
    dynamics: Dynamics, corner: Floats, gaps_s: Floats, inputs: Floats, share: float = 0.01
) -> Forgetting:
    """From +corner and -corner (n,) over `gaps_s` (N,), each gap under its inputs (N, m)."""
    above, below = corner.copy(), -corner
    first = float(np.abs(above - below).max())
    fresh = np.full(len(corner), _DISTURBANCE / np.sqrt(len(corner)))
    aside = fresh
    elapsed, growth = 0.0, 0.0
    since: float | None = None
    left = 1.0
    for gap, u in zip(gaps_s, inputs, strict=True):
        if gap <= 0.0:
            continue
        moved = dynamics.step(above + aside, u, gap)
        above, below = dynamics.step(above, u, gap), dynamics.step(below, u, gap)
        if not np.isfinite([moved, above, below]).all():
            return Forgetting(share, None, float("inf"), float("inf"), elapsed)
        aside = moved - above
        size = float(np.linalg.norm(aside))
        growth += float(np.log(max(size, _LEAST) / _DISTURBANCE))
        aside = aside * (_DISTURBANCE / size) if size > _LEAST else fresh
        elapsed += float(gap)
        left = float(np.abs(above - below).max()) / first
        if left > share:
            since = None
        elif since is None:
            since = elapsed
    exponent = growth / elapsed if elapsed else 0.0
    return Forgetting(share, since, left, exponent, elapsed)
