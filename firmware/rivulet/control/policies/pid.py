"""A PID controller on an output."""

from rivulet.control.policies.controller import Controller
from rivulet.control.policies.values import Value

_GAINS = ("kp", "ki", "kd")


class Pid(Controller):
    """u = kp e + integral of ki e + kd de/dt, with e = setpoint - input.

    entry: as model/policies.py checks it. The integral is a backward Euler sum, kept in units of
    u, so that gains may change; where limits or slew hold u back, it goes no further than u does.
    The derivative is of the input alone, so that a step of the setpoint makes no kick, through a
    first-order filter of derivative_tau_s.
    """

    def __init__(self, entry, classes):
        super().__init__(entry, classes)
        self._input = Value(entry["input"], classes)
        self._setpoint = Value(entry.get("setpoint", 0), classes)
        self._gains = [entry.get(key, 0) for key in _GAINS]
        schedule = entry.get("schedule", {})
        self._rows = [schedule.get(key) for key in _GAINS]
        self._tau_s = entry.get("derivative_tau_s", 0)
        self.rest()

    def rest(self):
        super().rest()
        self._integral = 0.0
        self._slope = 0.0
        self._before = None

    def compute(self, values, seconds):
        """Return u for the outputs, `seconds` after the last time."""
        kp, ki, kd = self._gains_for(values)
        measured = self._input.read(values)
        error = self._setpoint.read(values) - measured
        before = self._before
        # The first time nothing is known of the time before.
        if before is None:
            seconds = 0.0
        elif seconds > 0.0:
            fall = before - measured
            self._slope = (self._tau_s * self._slope + fall) / (self._tau_s + seconds)
        self._before = measured
        direct = kp * error + kd * self._slope
        integral = self._integral
        step = ki * error * seconds
        wanted = direct + integral + step
        value = self._limited(wanted, seconds)
        if (wanted - value) * step > 0.0:
            # Held back: the integral goes as far as that takes, and no further.
            share = (value - direct - integral) / step
            step *= min(max(share, 0.0), 1.0)
        self._integral = integral + step
        return self._finish(value)

    def _gains_for(self, values):
        if self._by is None:
            return self._gains
        self._look_up(values)
        return [
            gain if row is None else self._between(row)
            for gain, row in zip(self._gains, self._rows)
        ]
