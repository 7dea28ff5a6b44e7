"""Charts of the report, as SVG."""

import numpy as np

from host_tools import svg
from host_tools.analyze.findings import Findings
from host_tools.analyze.verdict import seconds

# Real and imaginary parts below this part of the largest are drawn as zero.
_NEAR = 1e-3
_MOST_DOTS = 3000
_BAR_PIXELS = 9


def poles(found: Findings) -> str:
    """Draw the poles at rest and along the path, both axes in decades around zero."""
    every = -(-len(found.path) * found.dynamics.hidden // _MOST_DOTS)
    along = np.concatenate([point.poles.values for point in found.path[::every]])
    rest = [pole for point in found.rest.points for pole in point.near.poles.values]
    everything = np.concatenate([along, np.array(rest, complex)])
    near = max(_NEAR * float(np.abs(everything).max()), 1e-9)
    low = float(everything.real.min())
    high = max(float(everything.real.max()), near)
    tall = max(float(np.abs(everything.imag).max()), near)
    chart = svg.Chart(
        svg.signed("real part, 1/s: left of 0 decays", 1.2 * min(low, -near), 1.2 * high, near),
        svg.signed("imaginary part, rad/s", -1.2 * tall, 1.2 * tall, near),
    )
    chart.line([0.0, 0.0], [-1.2 * tall, 1.2 * tall], "limit")
    chart.dots(along.real, along.imag, "along", 1.6)
    chart.dots([pole.real for pole in rest], [pole.imag for pole in rest], "rest", 3.5)
    return chart.render("poles of the linearised dynamics")


def abscissa(found: Findings) -> str:
    """Draw the largest real part along the path, with a line at zero."""
    values = [point.poles.abscissa for point in found.path]
    end = float(found.path_t_s[-1])
    low, high = min([*values, 0.0]), max([*values, 0.0])
    room = 0.05 * (high - low) or 0.1
    chart = svg.Chart(
        svg.linear("time, s", 0.0, end),
        svg.linear("largest real part, 1/s", low - room, high + room),
        height=220,
    )
    chart.line([0.0, end], [0.0, 0.0], "limit")
    chart.line(found.path_t_s, values, "series0")
    return chart.render("largest real part of the poles over time")


def time_constants(found: Findings) -> str:
    """Draw each neuron's tau, 5 to 95 % as a bar and the median as a dot, slowest on top."""
    order = sorted(found.neurons, key=lambda neuron: neuron.tau_s[2])
    low = min(neuron.tau_s[1] for neuron in order)
    high = max(neuron.tau_s[3] for neuron in order)
    count = len(order)
    thick = min(_BAR_PIXELS, max(2.0, 700.0 / count))
    every = max(1, count // 40)
    names = [(float(i), str(order[i].number)) for i in range(0, count, every)]
    chart = svg.Chart(
        svg.logarithmic("time constant", low / 1.15, high * 1.15, seconds),
        svg.Axis("neuron", -0.7, count - 0.3, names, float),
        height=int(60 + count * (thick + 2)),
    )
    for i, neuron in enumerate(order):
        title = (
            f"neuron {neuron.number}: {seconds(neuron.tau_s[1])} to {seconds(neuron.tau_s[3])}, "
            f"median {seconds(neuron.tau_s[2])}"
        )
        chart.bar(neuron.tau_s[1], neuron.tau_s[3], i, thick, "bar", title)
    chart.dots([n.tau_s[2] for n in order], range(count), "rest", min(3.0, thick / 2))
    return chart.render("time constants of the neurons")


def steps(found: Findings) -> str:
    """Draw the largest |mu| of every integrator over the step length, with a line at 1."""
    curves = [(limit.integrator, limit.curve) for limit in found.limits]
    low, high = float(curves[0][1][0, 0]), float(curves[0][1][0, -1])
    chart = svg.Chart(
        svg.logarithmic("step", low, high, seconds),
        svg.linear("largest |mu| of a step", 0.0, 1.5),
    )
    chart.line([low, high], [1.0, 1.0], "limit")
    for number, (_, curve) in enumerate(curves):
        # A curve ends where it leaves the chart: no line along the edge.
        shown = curve[1] <= 1.5
        last = len(shown) if shown.all() else int(np.argmin(shown)) + 1
        chart.line(curve[0, :last], curve[1, :last], f"series{number}")
    return chart.render("how steps of each length treat a disturbance at rest")


def legend(names: list[str]) -> str:
    """Return an HTML legend; names in order of the series."""
    items = (
        f'<span><i class="key{number}"></i>{name}</span>' for number, name in enumerate(names)
    )
    return f'<p class="legend">{"".join(items)}</p>'
