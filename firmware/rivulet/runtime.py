"""The parts of a running board, and the model that runs in them."""

import gc

from rivulet import protocol
from rivulet.compat import const, forget, heap_free
from rivulet.control.action import Action
from rivulet.control.actuators import Actuators
from rivulet.control.outputs import Control
from rivulet.errors import ModelError, StoreError
from rivulet.faults import Faults
from rivulet.latency import Costs
from rivulet.link.collection import Collection
from rivulet.link.commands import Commands
from rivulet.link.ctrl_c import CtrlC
from rivulet.link.documents import Documents
from rivulet.link.telemetry import Telemetry
from rivulet.sensing.clock import Clock
from rivulet.sensing.health import Health
from rivulet.sensing.inputs import Inlets
from rivulet.sensing.recent_inputs import RecentInputs
from rivulet.sensing.ring import EventRing
from rivulet.store.slots import why_not

# A sensor that did not start is tried again every so often.
_AGAIN_MS = const(5000)
_WRAP = const(0x3FFFFFFF)
# Modules that only a start or a change of model needs. They are imported then and dropped with the
# next collection: an .mpy lives on the heap. The code of a running model is not among them, or the
# next model would bring a second copy of it. `rivulet.model` itself is: it names all of them.
SELDOM = (
    "rivulet.blame",
    "rivulet.control.crossfade",
    "rivulet.integers.tensors",
    "rivulet.link.collector",
    "rivulet.model",
    "rivulet.model.bounds",
    "rivulet.model.header",
    "rivulet.model.kinds",
    "rivulet.model.self_test",
    "rivulet.model.warm_start",
    "rivulet.sensing.start",
    "rivulet.store.swap",
)


class Runtime:
    """Makes the parts, hands each the others that it needs, and puts models in their midst.

    board: a board module (see boards/), what its chip does; rig: a module, what is wired to it:
    `make_sensors()` and `make_actuators()` return lists of Sensor and Actuator; link: the wire;
    store: where models are kept; access: who may command the board (access.Access), or None where
    anyone may; warm: the snapshot that survives a restart (snapshot.Warm), or None; actuators: the
    rig's Actuators, if the caller has to use them too.
    """

    # Why the board runs another firmware than it should.
    firmware_trouble = ""

    def __init__(self, board, rig, link, store, access, warm, actuators):
        self.board = board
        self.ring = EventRing()
        self.clock = Clock(board.ticks_us, board.ticks_ms)
        self.faults = Faults(link.text)
        if actuators is None:
            actuators = Actuators(rig.make_actuators(), board.ticks_ms, Action())
        self.control = Control(actuators, self.faults, link)
        self.control.act("start")
        self.guard = self.control.guard
        self.costs = Costs()
        self.ctrl_c = CtrlC(link, access is None or not access.keyed)
        self.warm = warm
        self._link = link
        self._store = store
        # A board without its sensors still answers, takes models and says what is wrong.
        self.sensors = rig.make_sensors()
        self.health = Health(self.sensors, self.clock, self.guard, self.ring)
        # Those that did not start: their numbers, and why in a line.
        self._unstarted = []
        for source in range(len(self.sensors)):
            self._start_sensor(source)
        self._tried_ms = board.ticks_ms()
        self._model_error = ""
        self.inlets = Inlets(self.sensors, self.health.watches)
        self.progress.begin(self.clock.now, False)
        self.telemetry = Telemetry(
            link, self.control, self.health, self.ring, self.progress, self.costs
        )
        parts = (self.clock, self.control, self.health, self.costs, self.telemetry, self.ctrl_c)
        parts += (self.faults, link, store, access, warm)
        documents = Documents(
            board.NAME,
            self.sensors,
            self.control,
            self.health,
            [part.facts for part in parts if part is not None] + [self._facts],
        )
        self._collection = Collection(link, self.sensors, self.ring, self.guard)
        self._collecting = self._collection.collecting
        self._commands = Commands(
            link,
            store,
            access,
            self.clock,
            self.control,
            self.telemetry,
            documents,
            self._collection,
        )
        self.recent = None
        self.swaps = 0
        self.gc_worst_us = 0
        self.memory_errors = 0
        # Whether the board has to start again once the loop has ended.
        self.again = False
        self._start()
        # What the start left is no garbage of events.
        forget(SELDOM)
        gc.collect()
        self.heap_low = heap_free()

    @property
    def model(self):
        """The model that runs, or None."""
        return self.control.model

    @property
    def model_hash(self):
        """The SHA-256 of its file in hex, "" without a model."""
        return self.control.digest

    @property
    def boot_error(self):
        """What is wrong since the start: with sensors, with the stored model."""
        lines = [line for _, line in self._unstarted]
        if self._model_error:
            lines.append(self._model_error)
        return "; ".join(lines)

    def _start_sensor(self, source):
        """Whether a sensor answers."""
        from rivulet.sensing.start import start

        line = start(
            self.sensors[source],
            source,
            self.board,
            self.ring,
            self.health.watches[source],
            self.faults,
        )
        if line:
            self._unstarted.append((source, line))
        return not line

    def _start(self):
        """Start the store's active model, if it has one that runs."""
        self._connect(None, self.inlets.connect(None, True))
        try:
            model = self._store.load_active()
            if model is not None:
                self._make_room(model)
                self._install(model, self.inlets.connect(model, True))
                self._restore()
        except Exception as error:
            if self._store.on_trial:
                raise  # to the model before
            # The board stays reachable, so that a good model can be pushed.
            self._model_error = "stored model: %s" % why_not(error)
            self._connect(None, self.inlets.connect(None, True))
        self._watch()
        self.control.act("no model" if self.model is None else "start")

    def _restore(self):
        """Give the model the state it had before the board started, brought to now."""
        if self.warm is not None:
            restored = self.warm.restore(self.model, self.model_hash)
            self.clock.update()
            self.progress.begin(self.clock.now, restored)
            self._link.text("model started " + self.warm.started)

    def swap(self, candidate, trusted=True):
        """Run a store.slots.Candidate from the next event on; returns what became of the state.

        trusted: whether it may go on from the state and the outputs of the model that runs.
        Raises StoreError; then the old model runs on. Once flash names the new one there is no
        way back: what goes wrong after that, for want of memory, makes the board start again.
        """
        from rivulet.store.swap import hand_over

        model = candidate.model
        try:
            self._make_room(model)
            inlets = self.inlets.connect(model, not self.progress.events)
            self.note_heap()  # two models are in memory now
            outcome, crossfade = hand_over(
                self.model, model, self.recent, self.progress, self.clock, trusted
            )
            self._activate(candidate, inlets, crossfade)
        except StoreError:
            raise
        except Exception as error:
            # A file that passed every check must not end the program either.
            if self.again:
                raise StoreError("%s: the board starts with this one" % _both(error))
            candidate.drop()
            raise StoreError(candidate.label + why_not(error))
        self.progress.collect_soon()
        self._link.text("model %s is active" % self.model_hash[:12])
        if candidate.why:
            self._link.text("the model before is back: " + candidate.why)
        else:
            self.swaps += 1
            self._model_error = ""
        if self._store.safe_mode:
            # It has what it may have lacked: out of safe mode, once the answer is on its way.
            self._start_again()
        return outcome

    def _activate(self, candidate, inlets, crossfade):
        """Make the candidate the active model on flash, then here."""
        # A Ctrl-C in between must not leave two models mixed.
        self.ctrl_c.block()
        try:
            candidate.activate()
            try:
                self._install(candidate.model, inlets)
                self.control.crossfade = crossfade
                # What was wrong before is not this model's.
                self.faults.fresh = ""
                self._watch()
            except Exception:
                # Flash names the new model; what runs is a part of each.
                self._start_again()
                raise
        finally:
            self.ctrl_c.unblock()

    def _start_again(self):
        self.again = self._commands.released = True

    def _watch(self):
        """From now on see whether this model, or this start, stands."""
        self._store.watch(self.guard, self.faults, self.ring, self._link, self.model_hash)

    def _make_room(self, model):
        """Make room for the model's telemetry records."""
        self._link.resize(protocol.longest_record(model, len(self.sensors)))

    def _install(self, model, inlets):
        self._connect(model, inlets)
        self.recent = RecentInputs(model)
        # What events cost is told of the model that runs.
        self.costs.clear()

    def _connect(self, model, inlets):
        """Connect the sensors to this model and it to the actuators; None: there is no model."""
        self._inlets = self.inlets.use(inlets, model)
        self.health.install(model)
        self.control.install(model)
        self.progress.decide_every(self.control.cadence_us)

    def _retry(self):
        """Try to start a sensor that failed, if that is due, and connect it."""
        now = self.board.ticks_ms()
        if (now - self._tried_ms) & _WRAP < _AGAIN_MS // len(self._unstarted):
            return
        self._tried_ms = now
        source = self._unstarted.pop(0)[0]
        if not self._start_sensor(source):
            return
        name = "sensor " + self.sensors[source].name
        try:
            model = self.model
            inlet = self.inlets.inlet(source, model, not self.progress.events)
            self._inlets[source] = inlet
            self.health.watches[source].install(inlet[1], inlet[2] is None, model)
            self._link.text(name + " answers")
        except (ModelError, MemoryError) as error:
            self._unstarted.append((source, "%s: %s" % (name, why_not(error))))

    def note_heap(self):
        """Record the lowest free heap seen: right after a collection, or with two models."""
        free = heap_free()
        if free < self.heap_low:
            self.heap_low = free

    def _facts(self):
        """What a status document says of what no part knows alone."""
        progress = self.progress
        return {
            "events": progress.events,
            "late": progress.late,
            "turns": progress.turns,
            "swaps": self.swaps,
            "boot_error": self.boot_error,
            "firmware_trouble": self.firmware_trouble,
            "memory_errors": self.memory_errors,
            "gc_worst_us": self.gc_worst_us,
            "heap_low": self.heap_low,
        }


def _both(error):
    if isinstance(error, MemoryError):
        return "too little memory for both"
    return why_not(error)
