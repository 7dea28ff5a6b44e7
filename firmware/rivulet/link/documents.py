"""The two documents a board answers with: what it is, and how it is."""

import sys

from rivulet import __version__, protocol
from rivulet.arrays import BACKEND, FLOAT_BYTES
from rivulet.compat import heap_free, heap_used


class Documents:
    """Makes the documents as dicts.

    facts: functions that each return a part of the status.
    """

    def __init__(self, board_name, sensors, control, health, facts):
        self._board_name = board_name
        self._sensors = sensors
        self._control = control
        self._health = health
        self._facts = facts

    def describe(self):
        """Names, units and shapes: what the host needs to read telemetry."""
        facts = {
            "protocol": protocol.PROTOCOL,
            "firmware": __version__,
            "board": self._board_name,
            "machine": getattr(sys.implementation, "_machine", sys.platform),
            "micropython": ".".join(str(n) for n in sys.implementation.version[:3]),
            "backend": BACKEND,
            "float_bytes": FLOAT_BYTES,
            "blocks": protocol.BLOCKS,
            "sensors": [
                {
                    "name": sensor.name,
                    "channels": sensor.channels,
                    "units": sensor.units,
                    # Units a count, where the driver reads integers.
                    "scales": None if sensor.scales is None else list(sensor.scales),
                }
                for sensor in self._sensors
            ],
            "model": None,
        }
        model = self._control.model
        if model is not None:
            settings = model.settings
            provenance = settings["provenance"]
            facts["model"] = {
                "hash": model.digest,
                "cell": settings["cell"],
                "integrator": settings.get("integrator"),
                "convention": settings["convention"],
                "hidden": model.hidden,
                "channels": model.channels,
                "units": settings["units"],
                "outputs": model.output_count,
                "classes": settings["classes"],
                "states": self._control.states,
                "unfed": self._health.unfed,
                # What training saw of each neuron's tau: for the host to compare with tau now.
                "tau_s": provenance.get("tau_s") if isinstance(provenance, dict) else None,
            }
            if model.learner is not None:
                # Classes that a label may still name, the last ones.
                facts["model"]["spare"] = model.learner.free
            if model.integer:
                facts["model"]["fraction_bits"] = model.fraction_bits
                facts["model"]["normalisation"] = settings["normalisation"]
        return facts

    def status(self):
        """Hash, counters, heap and troubles."""
        model = self._control.model
        facts = {
            "board": self._board_name,
            "firmware": __version__,
            "backend": BACKEND,
            "kernel": model.kernel if model else None,
            "model_hash": self._control.digest,
            "cell": model.settings["cell"] if model else None,
            "hidden": model.hidden if model else 0,
            "channels": len(model.channels) if model else 0,
            "outputs": model.output_count if model else 0,
            "probes": model.probes if model else 0,
            "heap_free": heap_free(),
            "heap_used": heap_used(),
            # Of a board without snapshots, and without a key.
            "started": "cold",
            "snapshots": 0,
            "snapshot_trouble": "",
            "access": "open",
        }
        for part in self._facts:
            facts.update(part())
        return facts
