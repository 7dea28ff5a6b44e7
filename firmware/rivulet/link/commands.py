"""Answers the host: describes the board, reports its status, takes models."""

import json
import struct
import sys

from rivulet import __version__, protocol
from rivulet.arrays import BACKEND, FLOAT_BYTES
from rivulet.compat import const, heap_free, heap_used
from rivulet.errors import Refused, StoreError

_BODY = const(2)  # where the payload of a request begins


class Commands:
    """Dispatches requests that the link received; documents go out in pieces, one a turn.

    access: who may send which (access.Access), or None where anyone may send all.
    """

    def __init__(self, loop, link, store, access=None):
        self._loop = loop
        self._link = link
        self._store = store
        self._access = access
        self._document = b""
        self._sent = 0
        self._request = (0, 0)
        # A reply that found no room waits here; meanwhile no further request is taken.
        self._reply = None
        self.released = False

    def poll(self):
        """Take at most one request and send what is due; True if there was anything to do.

        Where the heap has not even room for a refusal there is no answer, and the host asks again.
        """
        try:
            # Looked at here, not there: this is done in every turn, and a call costs as much.
            if self._reply is not None:
                busy = self._send_reply()
            else:
                busy = bool(self._document) and self._send_document()
            if not busy and self._link.receive():
                busy = True
                self._answer()
                self._send_reply()
        except MemoryError:
            busy = True
            self._reply = None
            self._document = b""
            self._sent = 0
        self._link.flush()
        return busy

    def _answer(self):
        deframer = self._link.deframer
        body = memoryview(deframer.body)[: deframer.length]
        kind, sequence = body[0], body[1]
        self._request = (sequence, kind)
        command = kind
        try:
            if self._access is not None:
                pushing = self._store.receiving
                command, body = self._access.admit(kind, body, self._loop.clock, pushing)
            # Bare or authorised: before anything acts.
            protocol.check_payload(command, len(body) - _BODY)
            value, text = self._perform(command, body)
        except Refused as refused:
            status, text = refused.args
            self._reply = (sequence, kind, status, 0, text)
        except StoreError as error:
            self._reply = (sequence, kind, protocol.REFUSED, self._store.received, str(error))
        except MemoryError:
            self._document = b""
            self._reply = (sequence, kind, protocol.REFUSED, 0, "not enough memory")
        except ValueError as error:
            self._reply = (sequence, kind, protocol.REFUSED, 0, "bad request: %s" % error)
        else:
            if text is not None:
                self._reply = (sequence, kind, protocol.OK, value, text)

    def _perform(self, kind, body):
        """(value, text) of the reply; text None if a document is the answer."""
        loop, store = self._loop, self._store
        if kind == protocol.HELLO:
            return protocol.PROTOCOL, __version__
        if kind == protocol.DESCRIBE or kind == protocol.STATUS:
            facts = self._describe() if kind == protocol.DESCRIBE else self._status()
            self._document = json.dumps(facts).encode()
            self._sent = 0
            return 0, None
        if kind == protocol.CONFIGURE:
            loop.telemetry.configure(*struct.unpack_from(protocol.CONFIGURE_BODY, body, _BODY))
            return 0, ""
        if kind == protocol.PUSH_BEGIN:
            size, digest = struct.unpack_from(protocol.PUSH_BEGIN_BODY, body, _BODY)
            return store.begin(size, digest), ""
        if kind == protocol.PUSH_DATA:
            offset = struct.unpack_from(protocol.PUSH_DATA_HEAD, body, _BODY)[0]
            store.write(offset, body[_BODY + 4 :])
            return store.received, ""
        if kind == protocol.PUSH_END:
            outcome = loop.model_swap.swap()
            return store.received, outcome
        if kind == protocol.CONFIRM:
            return 0, "confirmed" if loop.model_swap.confirm() else "nothing was on trial"
        if kind == protocol.ROLLBACK:
            return 0, loop.model_swap.back("by hand")
        if kind == protocol.RESET:
            loop.reset()
            return 0, ""
        if kind == protocol.RELEASE:
            self.released = True
            return 0, ""
        # CHALLENGE
        return self._access.challenge(loop.clock) if self._access is not None else (0, "")

    def _send_reply(self):
        if self._reply is None:
            return False
        sequence, kind, status, value, text = self._reply
        text = text.encode()[: protocol.DOCUMENT_CHUNK]
        head = struct.calcsize(protocol.REPLY_HEAD)
        if self._link.room(head + len(text), 0):
            payload = self._link.payload
            struct.pack_into(protocol.REPLY_HEAD, payload, 2, sequence, kind, status, value)
            payload[2 + head : 2 + head + len(text)] = text
            self._link.send(protocol.REPLY, head + len(text), 0)
            self._reply = None
        return True

    def _send_document(self):
        total = len(self._document)
        if self._sent == total:
            return False
        piece = self._document[self._sent : self._sent + protocol.DOCUMENT_CHUNK]
        head = struct.calcsize(protocol.DOCUMENT_HEAD)
        if self._link.room(head + len(piece), 0):
            payload = self._link.payload
            struct.pack_into(protocol.DOCUMENT_HEAD, payload, 2, *self._request, total, self._sent)
            payload[2 + head : 2 + head + len(piece)] = piece
            self._link.send(protocol.DOCUMENT, head + len(piece), 0)
            self._sent += len(piece)
            if self._sent == total:
                self._document = b""
                self._sent = 0
        return True

    def _describe(self):
        loop = self._loop
        facts = {
            "protocol": protocol.PROTOCOL,
            "firmware": __version__,
            "board": loop.board.NAME,
            "machine": getattr(sys.implementation, "_machine", sys.platform),
            "micropython": ".".join(str(n) for n in sys.implementation.version[:3]),
            "backend": BACKEND,
            "float_bytes": FLOAT_BYTES,
            "blocks": protocol.BLOCKS,
            "sensors": [
                {"name": sensor.name, "channels": sensor.channels, "units": sensor.units}
                for sensor in loop.sensors
            ],
            "model": None,
        }
        model = loop.model
        if model is not None:
            settings = model.settings
            provenance = settings["provenance"]
            facts["model"] = {
                "hash": loop.model_hash,
                "cell": settings["cell"],
                "integrator": settings.get("integrator"),
                "convention": settings["convention"],
                "hidden": model.hidden,
                "channels": model.channels,
                "units": settings["units"],
                "outputs": model.output_count,
                "classes": settings["classes"],
                "unfed": loop.unfed,
                # What training saw of each neuron's tau: for the host to compare with tau now.
                "tau_s": provenance.get("tau_s") if isinstance(provenance, dict) else None,
            }
            if model.integer:
                facts["model"]["fraction_bits"] = model.fraction_bits
                facts["model"]["normalisation"] = settings["normalisation"]
        return facts

    def _status(self):
        loop = self._loop
        costs = loop.costs
        facts = {
            "board": loop.board.NAME,
            "firmware": __version__,
            "backend": BACKEND,
            "kernel": loop.model.kernel if loop.model else None,
            "model_hash": loop.model_hash,
            "cell": loop.model.settings["cell"] if loop.model else None,
            "hidden": loop.model.hidden if loop.model else 0,
            "channels": len(loop.model.channels) if loop.model else 0,
            "outputs": loop.model.output_count if loop.model else 0,
            "decision": loop.decision,
            "uptime_epoch": loop.clock.epoch,
            "uptime_ticks": loop.clock.ticks,
            "events": loop.events,
            "late": loop.late,
            "coalesced": list(loop.ring.coalesced)[: len(loop.sensors)],
            "dropped": list(loop.ring.dropped)[: len(loop.sensors)],
            "bus_errors": list(loop.guard.bus_errors)[: len(loop.sensors)],
            "bad_values": list(loop.guard.bad_values)[: len(loop.sensors)],
            "actuator_errors": loop.actuator_errors,
            "state_resets": loop.guard.resets,
            "guard_trips": loop.guard.trips,
            "guard": loop.guard.reason,
            "outputs_stale": loop.health.stale is not None,
            "sensors": loop.health.facts(),
            "swaps": loop.swaps,
            "started": loop.warm.started if loop.warm else "cold",
            "snapshots": loop.warm.saves if loop.warm else 0,
            "snapshot_trouble": loop.warm.trouble if loop.warm else "",
            "boot_error": loop.boot_error,
            "interrupts_ignored": loop.breaks.ignored,
            "memory_errors": loop.memory_errors,
            "turns": loop.turns,
            "event_cost_us": [[i, n] for i, n in enumerate(costs.counts) if n],
            "event_cost_worst_us": costs.worst,
            "gc_worst_us": loop.gc_worst_us,
            "telemetry_sent": loop.telemetry.sent,
            "telemetry_dropped": loop.telemetry.dropped,
            "frames_corrupt": self._link.deframer.corrupt,
            "frames_oversized": self._link.deframer.oversized,
            "heap_free": heap_free(),
            "heap_low": loop.heap_low,
            "heap_used": heap_used(),
            "access": "open",
            "probes": loop.model.probes if loop.model else 0,
            "firmware_trouble": loop.firmware_trouble,
            "trial_left_s": loop.trial.left_s if loop.trial else 0,
        }
        if self._access is not None:
            facts.update(self._access.status())
        facts.update(self._store.facts())
        return facts
