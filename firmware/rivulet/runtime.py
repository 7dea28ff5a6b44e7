"""The parts of a running board, and the model that runs in them."""

import gc
from array import array

from rivulet import protocol
from rivulet.compat import GARBAGE, collect_every, const, forget, heap_free
from rivulet.control.action import Action
from rivulet.control.actuators import RETRY_MS, Actuators
from rivulet.control.outputs import Control
from rivulet.errors import StoreError
from rivulet.faults import Faults
from rivulet.latency import LatencyHistogram
from rivulet.link.collection import Collection
from rivulet.link.commands import Commands
from rivulet.link.ctrl_c import CtrlC
from rivulet.link.documents import Documents
from rivulet.link.telemetry import Telemetry
from rivulet.sensing.clock import Clock
from rivulet.sensing.health import Health
from rivulet.sensing.inputs import SensorInputs
from rivulet.sensing.recent_inputs import RecentInputs
from rivulet.sensing.ring import EventRing
from rivulet.store.slots import why_not

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
    "rivulet.model.adaptation",
    "rivulet.model.bounds",
    "rivulet.model.fed",
    "rivulet.model.header",
    "rivulet.model.kinds",
    "rivulet.model.policies",
    "rivulet.model.self_test",
    "rivulet.model.warm_start",
    "rivulet.sensing.connect",
    "rivulet.sensing.start",
    "rivulet.store.learnt",
    "rivulet.store.swap",
)


class Runtime:
    """Makes the parts, hands each the others that it needs, and puts models in their midst.

    board: a board module (see boards/), what its chip does; rig: a module, what is wired to it:
    `make_sensors()` and `make_actuators()` return lists of Sensor and Actuator, and `plant`, which
    only the rig of 'rivulet hil' has, is what stands in for hardware and clock; link: the wire;
    store: where models are kept; access: who may command the board (access.Access), or None where
    anyone may; snapshot: what the state is kept in over a restart (snapshot.SnapshotFile), or
    None; actuators: the rig's Actuators, if the caller has to use them too.
    """

    # Why the board runs another firmware than it should.
    firmware_trouble = ""

    def __init__(self, board, rig, link, store, access, snapshot, actuators):
        self.board = board
        self.ring = EventRing()
        self.clock = Clock(board.ticks_us, board.ticks_ms)
        self.faults = Faults(link.text)
        if actuators is None:
            actuators = Actuators(rig.make_actuators(), board.ticks_ms, Action())
        self.control = Control(actuators, self.faults, link)
        self.control.act("start")
        self.guard = self.control.guard
        self.latency = LatencyHistogram("event_cost")
        self.lateness = LatencyHistogram("decision_late")
        self.ctrl_c = CtrlC(link, access is None or not access.keyed)
        self.snapshot = snapshot
        self._link = link
        self._store = store
        # A board without its sensors still answers, takes models and says what is wrong.
        self.sensors = rig.make_sensors()
        self.health = Health(self.sensors, self.clock, self.guard, self.ring)
        self._actuators = actuators
        # Those that did not start: their numbers, and why in a line.
        from rivulet.sensing.start import start_all

        self._unstarted = start_all(board, self.ring, self.health, self.faults)
        self._tried_ms = board.ticks_ms()
        self._model_error = ""
        self.inputs = SensorInputs(self.sensors, self.health.by_source)
        self.progress.begin(self.clock.now, False)
        self.telemetry = Telemetry(
            link, self.control, self.health, self.ring, self.progress, self.latency
        )
        parts = (self.clock, self.control, self.health, self.latency, self.lateness)
        parts += (self.telemetry, self.ctrl_c, self.faults, link, store, access, snapshot)
        documents = Documents(
            board.NAME,
            self.sensors,
            self.control,
            self.health,
            [part.facts for part in parts if part is not None] + [self._facts],
        )
        plant = getattr(rig, "plant", None)
        # Challenges age by a clock that no message keeps.
        clock = self.clock if plant is None else plant.connect(link)
        self._collection = Collection(link, self.sensors, self.ring, self.guard)
        self._collecting = self._collection.collecting
        # What learns a label in the loop's turns (link.learning.Learning), or None.
        self._learning = [None]
        self._commands = Commands(
            link,
            store,
            access,
            clock,
            self.control,
            self.telemetry,
            documents,
            self._collection,
            plant,
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

    def _start(self):
        """Start the store's active model, if it has one that runs."""
        self._connect(None, self.inputs.connect(None, True), None)
        try:
            model = self._store.load_active()
            if model is not None:
                self._make_room(model)
                self._install(model, self.inputs.connect(model, True), self._feed(model))
                self._restore()
        except Exception as error:
            if self._store.on_trial:
                raise  # to the model before
            # The board stays reachable, so that a good model can be pushed.
            self._model_error = "stored model: %s" % why_not(error)
            self._connect(None, self.inputs.connect(None, True), None)
        self._watch()
        self.control.act("no model" if self.model is None else "start")

    def _restore(self):
        """Give the model the state it had before the board started, brought to now."""
        if self.snapshot is not None:
            restored = self.snapshot.restore(self.model, self.model_hash)
            self.clock.update()
            self.progress.begin(self.clock.now, restored)
            self._link.text("model started " + self.snapshot.started)

    def swap(self, candidate, trusted=True):
        """Run a store.slots.Candidate from the next event on; returns what became of the state.

        trusted: whether it may go on from the state and the outputs of the model that runs.
        Raises StoreError; then the old model runs on. Once flash names the new one there is no
        way back: what goes wrong after that, for want of memory, makes the board start again.
        """
        from rivulet.store.swap import hand_over

        model = candidate.model
        before = collect_every(GARBAGE)
        try:
            self._make_room(model)
            inputs = self.inputs.connect(model, not self.progress.events)
            fed = self._feed(model)
            # Two models are in memory now, and what loading the new one has left.
            gc.collect()
            self.note_heap()
            outcome, crossfade = hand_over(
                self.model, model, self.recent, self.progress, self.clock, trusted
            )
            self._activate(candidate, inputs, fed, crossfade)
        except StoreError:
            raise
        except Exception as error:
            # A file that passed every check must not end the program either.
            if self.again:
                raise StoreError("%s: the board starts with this one" % _both(error))
            candidate.drop()
            raise StoreError(candidate.label + why_not(error))
        finally:
            collect_every(before)
        self.progress.collect_soon()
        self._link.text("model %s is active" % self.model_hash[:12])
        if candidate.why:
            self._link.text("%s: %s" % (candidate.said, candidate.why))
        else:
            self.swaps += 1
            self._model_error = ""
        if self._store.safe_mode:
            # It has what it may have lacked: out of safe mode, once the answer is on its way.
            self._start_again()
        return outcome

    def _activate(self, candidate, inputs, fed, crossfade):
        """Make the candidate the active model on flash, then here."""
        # A Ctrl-C in between must not leave two models mixed.
        self.ctrl_c.block()
        try:
            candidate.activate()
            try:
                self._install(candidate.model, inputs, fed)
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
        """Make room for the model's telemetry records and for what takes its events."""
        self._link.resize(protocol.longest_record(model, len(self.sensors)))
        if model.integer:
            # Imported for it: the board of a float model keeps the memory.
            import rivulet.event_path  # noqa: F401

    def _feed(self, model):
        """Return what feeds the model's own channels, or None. Raises ModelError."""
        from rivulet.model import fed

        channels = fed.names(model.settings)
        if not channels:
            return None
        # Imported by models that need it.
        from rivulet.control.fed import FedInputs

        return FedInputs(
            model,
            [(name,) + fed.parts(name) for name in channels],
            self.sensors,
            self.health.by_source,
            self._actuators,
        )

    def _install(self, model, inputs, fed):
        self._connect(model, inputs, fed)
        self.recent = RecentInputs(model)
        # What events cost, and how late decisions are, is told of the model that runs.
        self.latency.clear()
        self.lateness.clear()

    def _connect(self, model, inputs, fed):
        """Connect the sensors to this model and it to the actuators; None: there is no model.

        fed: what feeds its own channels and moves it, or None: then events of sensors move it.
        """
        self._inputs = self.inputs.use(inputs, model)
        self._fed = fed
        # The time of the newest event. Where events do not move the model, the state has its own.
        self._newest = self._progress if fed is None else array("i", self.clock.now)
        self._path = self._ordinary(model)
        self.health.install(model, () if fed is None else fed.channels)
        self._learn(model)
        self.control.install(model)
        self.progress.decide_every(self.control.cadence_us)

    def _ordinary(self, model):
        """Return the path of this model's ordinary events, or None if it takes floats."""
        if model is None or not model.integer or not self.sensors:
            return None
        from rivulet.event_path import EventPath

        return EventPath(
            self.ring,
            self.clock,
            self._progress,
            self._newest,
            self._inputs,
            model,
            self.latency,
            self._reading_failed,
        )

    def _learn(self, model):
        """Let this model learn from labels from now on, if it can be adapted."""
        self._learning[0] = self._commands.learning = self._store.adapted = None
        self._store.unkept = False
        if model is None or model.learner is None:
            return
        # Imported for it: other models leave the memory to the board.
        from rivulet.link.learning import Learning

        watched = self.faults, self.ring
        self._commands.learning = learning = Learning(
            model, self._learning, self._link, self._store, self.control, self.progress, watched
        )
        self._store.adapted = model
        for source in range(len(self.sensors)):
            self._inputs[source] = learning.wrap(self._inputs[source], self.sensors[source])

    def _retry(self):
        """Try to start a sensor that failed, if that is due, and connect it."""
        now = self.board.ticks_ms()
        if (now - self._tried_ms) & _WRAP < RETRY_MS // len(self._unstarted):
            return
        self._tried_ms = now
        from rivulet.sensing.start import start_again

        start_again(
            self._unstarted, self.board, self.ring, self.health, self.faults, self._connect_sensor
        )

    def _connect_sensor(self, source, name):
        model = self.model
        entry = self.inputs.of_sensor(source, model, not self.progress.events)
        if self._commands.learning is not None:
            entry = self._commands.learning.wrap(entry, self.sensors[source])
        self._inputs[source] = entry
        self.health.by_source[source].install(entry[1], entry[2] is None, model)
        self._link.text(name + " answers")

    def note_heap(self):
        """Record the lowest free heap seen right after a collection."""
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
