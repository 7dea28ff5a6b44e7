"""Answers the host: describes the board, reports its status, takes models."""

import json
import struct

from rivulet import __version__, protocol
from rivulet.compat import const
from rivulet.errors import Refused, StoreError

_BODY = const(2)  # where the payload of a request begins


class Commands:
    """Dispatches requests that the link received; documents go out in pieces, one a turn.

    access: who may send which (access.Access), or None where anyone may send all; plant: what the
    rig of 'rivulet hil' has in the place of hardware, or None.
    candidate: the model that the last request asks for, or None. Whoever calls `poll` has to
    pass the function that swaps models to `conclude`.
    """

    def __init__(
        self, link, store, access, clock, control, telemetry, documents, collection, plant
    ):
        self._link = link
        self._store = store
        self._access = access
        self._clock = clock
        self._control = control
        self._telemetry = telemetry
        self._documents = documents
        self._collection = collection
        self._plant = plant
        self.candidate = None
        # A model on its way, a step in each turn, with events in between: a function that loads it
        # and its arguments, then its Candidate.
        self._coming = None
        # Takes labels for the model that runs (learning.Learning); None: it learns nothing.
        self.learning = None
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
            if self._coming is not None:
                busy = True
                if isinstance(self._coming, tuple):
                    # From here, not from `_perform`: loading calls deep, and interrupts need a
                    # part of a board's small stack as well.
                    self._reply_with(self._load)
                    self._send_reply()
                else:
                    self.candidate, self._coming = self._coming, None
            elif self._reply is not None:
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

    def conclude(self, swap):
        """Let `swap` put the candidate in the place of the model that runs, and answer.

        swap: a function of the candidate that returns the text of the reply or raises StoreError.
        """
        candidate, self.candidate = self.candidate, None
        received = 0 if candidate.why else self._store.received
        self._reply_with(lambda: (received, swap(candidate)))
        self._send_reply()
        self._link.flush()

    def _answer(self):
        deframer = self._link.deframer
        body = memoryview(deframer.body)[: deframer.length]
        self._request = (body[1], body[0])
        self._reply_with(lambda: self._admit_and_perform(body))

    def _reply_with(self, operation):
        """Queue the reply that an operation gives as (value, text); text None: it gives none."""
        sequence, kind = self._request
        try:
            value, text = operation()
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

    def _admit_and_perform(self, body):
        kind = body[0]
        if self._access is not None:
            leased = False
            if self._plant is not None:
                leased = self._plant.leased
                self._clock.update()
            pushing = self._store.receiving
            kind, body = self._access.admit(kind, body, self._clock, pushing, leased)
        # Bare or authorised: before anything acts.
        protocol.check_payload(kind, len(body) - _BODY)
        return self._perform(kind, body)

    def _perform(self, kind, body):
        """(value, text) of the reply; text None if a document or `conclude` gives the answer."""
        store = self._store
        if kind == protocol.HELLO:
            return protocol.PROTOCOL, __version__
        if kind == protocol.DESCRIBE or kind == protocol.STATUS:
            documents = self._documents
            facts = documents.describe() if kind == protocol.DESCRIBE else documents.status()
            self._document = json.dumps(facts).encode()
            self._sent = 0
            return 0, None
        if kind == protocol.CONFIGURE:
            self._telemetry.configure(*struct.unpack_from(protocol.CONFIGURE_BODY, body, _BODY))
            return 0, ""
        if kind == protocol.COLLECT:
            lease_ms = struct.unpack_from(protocol.COLLECT_BODY, body, _BODY)[0]
            return self._collection.renew(lease_ms), ""
        if kind == protocol.PLANT:
            if self._plant is None:
                raise Refused(protocol.REFUSED, "this board's rig is not that of rivulet hil")
            return self._plant.take(body)
        if kind == protocol.LABEL or kind == protocol.ADAPTED:
            return self._learn(kind, body)
        if kind == protocol.PUSH_BEGIN:
            size, digest = struct.unpack_from(protocol.PUSH_BEGIN_BODY, body, _BODY)
            return store.begin(size, digest), ""
        if kind == protocol.PUSH_DATA:
            offset = struct.unpack_from(protocol.PUSH_DATA_HEAD, body, _BODY)[0]
            store.write(offset, body[_BODY + 4 :])
            return store.received, ""
        if kind == protocol.PUSH_END:
            self._coming = (store.finish,)
            return 0, None
        if kind == protocol.CONFIRM:
            return 0, "confirmed" if store.confirm() else "nothing was on trial"
        if kind == protocol.ROLLBACK:
            self._coming = store.previous, "by hand"
            return 0, None
        if kind == protocol.RESET:
            self._control.reset()
            return 0, ""
        if kind == protocol.RELEASE:
            self.released = True
            return 0, ""
        # CHALLENGE
        return self._access.challenge(self._clock) if self._access is not None else (0, "")

    def _load(self):
        load, self._coming = self._coming, None
        self._coming = load[0](*load[1:])
        return 0, None

    def _learn(self, kind, body):
        if self.learning is None:
            raise Refused(
                protocol.REFUSED,
                "the model that runs learns nothing: convert it with --spare-classes",
            )
        if kind == protocol.LABEL:
            return self.learning.label(body[_BODY:])
        self._document = self.learning.image()
        self._sent = 0
        return 0, None

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
