"""The loop: drain -> advance -> read out -> act -> report.

Every turn does a bounded amount of work: a few events, one decision, one telemetry record, one
request, a few small writes.
"""

import gc
from array import array

from rivulet import protocol
from rivulet.compat import const, heap_free, ticks_diff, ticks_us
from rivulet.control.action import Action
from rivulet.control.outputs import Control
from rivulet.errors import ModelError
from rivulet.latency import Costs
from rivulet.link.commands import Commands
from rivulet.link.ctrl_c import CtrlC
from rivulet.link.telemetry import Telemetry
from rivulet.sensing import start
from rivulet.sensing.clock import Clock, elapsed_us
from rivulet.sensing.health import Health
from rivulet.sensing.inputs import Inlets
from rivulet.sensing.recent_inputs import RecentInputs
from rivulet.sensing.ring import EventRing
from rivulet.store.slots import why_not

_EVENTS_PER_TURN = const(4)
# While events keep the loop busy, the host is listened to in every fourth turn: a mask.
_DEAF_TURNS = const(3)
# Places in a moment, in what the ring found, and in `_progress`.
_EPOCH = const(0)
_TICKS = const(1)
_FOUND_TICKS = const(0)
_FOUND_SOURCE = const(1)
_EVENTS = const(2)
_TURNS = const(3)
_TURNED = const(4)
_STARTED = const(5)
_CADENCE_US = const(6)
_MADE = const(7)
# Counts and times are kept modulo this: larger ones would be heap objects, at every event.
_WRAP = const(0x3FFFFFFF)
_LONGEST_US = const(0x20000000)
# Idle turns collect garbage once so many events or requests have made some. Never for nothing: a
# collection takes 25 ms on a Pico, in which integers could take forty events.
_MADE_PER_COLLECTION = const(16)


class Loop:
    """board: a board module (see boards/); link: the wire; store: where models are kept;
    access: who may command it (access.Access), or None where anyone may; warm: the snapshot that
    survives a restart (warm.Warm), or None; action: what the actuators get, if the caller has to
    see it too.
    """

    def __init__(self, board, link, store, access=None, warm=None, action=None):
        self.board = board
        self.ring = EventRing()
        self.clock = Clock(board.ticks_us, board.ticks_ms)
        self.control = Control(board, link, action or Action())
        self.guard = self.control.guard
        self.telemetry = Telemetry()
        self.costs = Costs()
        self._link = link
        self._store = store
        self._commands = Commands(self, link, store, access)
        self.breaks = CtrlC(link, access is None or not access.keyed)
        # A board without its sensors still answers, takes models and says what is wrong.
        self.sensors, troubles = start.start(board, self.ring)
        self.sensor_error = self.boot_error = _joined(troubles)
        self.health = Health(self.sensors, troubles, self.clock, self.guard)
        self.inlets = Inlets(self.sensors, self.health.watches)
        # The state's own time, that of the newest event it has taken, and how many it has taken;
        # how many turns there were, and when the last was; whether the state has a time at all,
        # from an event or a snapshot; how long after a decision there is surely no other one;
        # how much made garbage. In an array for the reason that clock.Clock has.
        now = self.clock.now
        self._progress = array("i", (now[_EPOCH], now[_TICKS], 0, 0, ticks_us() & _WRAP, 0, 0, 0))
        self._decided = array("i", now)
        self.late = self.swaps = 0
        self.gc_worst_us = 0
        self.memory_errors = 0
        self.warm = warm
        self.recent = None
        # While a model has to show itself.
        self.trial = None
        # Whether the board is to start again once the loop has ended, and why it runs another
        # firmware than it should.
        self.again = False
        self.firmware_trouble = ""
        self._connect(None, "", self.inlets.connect(None, True))
        try:
            model, digest = store.load_active()
            if model is not None:
                self._link.resize(protocol.longest_record(model, len(self.sensors)))
                self._install(model, digest, self.inlets.connect(model, True))
                self._restore()
        except (ModelError, MemoryError) as error:
            if store.on_trial:
                raise  # to the model before
            # The board stays reachable, so that a good model can be pushed.
            troubles.append("stored model: %s" % why_not(error))
            self.boot_error = _joined(troubles)
            self._connect(None, "", self.inlets.connect(None, True))
        self._watch()
        self.control.act("no model" if self.model is None else "start")
        # What the start left is no garbage of events.
        gc.collect()
        self.heap_low = heap_free()

    @property
    def epoch(self):
        return self._progress[_EPOCH]

    @property
    def ticks(self):
        return self._progress[_TICKS]

    @property
    def events(self):
        return self._progress[_EVENTS]

    @property
    def started(self):
        """Whether the state has a time of its own: from an event, or from a snapshot."""
        return bool(self._progress[_STARTED])

    @property
    def turns(self):
        return self._progress[_TURNS]

    @property
    def decision(self):
        """The class decided last, or -1."""
        return self.control.action.decision

    @property
    def actuator_errors(self):
        """How often the board's actuators have failed."""
        return self.control.errors

    @property
    def unfed(self):
        """The channels of the model that no sensor feeds."""
        return self.health.unfed

    def run(self, feed=None):
        """Turn until the host asks for the REPL or somebody presses Ctrl-C.

        feed: the watchdog's, called when a turn has been completed; None without one.
        """
        while not self._commands.released:
            try:
                self._turn_until_released(feed)
                break
            except MemoryError:
                # What the turn was about to do is lost; a machine without its loop is worse.
                gc.collect()
                self.memory_errors += 1
                continue
            except KeyboardInterrupt:
                pass
            if self.breaks.meant():
                self._keep(True)
                raise KeyboardInterrupt
        self._keep(True)
        self._link.drain()

    def _turn_until_released(self, feed):
        breaks = self.breaks
        while not self._commands.released:
            self.turn()
            if feed is not None:
                feed()
            if breaks.deaf:
                breaks.listen_again()

    def turn(self):
        clock = self.clock
        clock.update()
        progress = self._progress
        progress[_TURNS] = (progress[_TURNS] + 1) & _WRAP
        busy = self.ring.take()
        if busy:
            self._take_events()
        waited_us = (clock.now[_TICKS] - self._decided[_TICKS]) & _WRAP
        if waited_us >= progress[_CADENCE_US]:
            self._decide()
        # The wire keeps the processor's time, which a simulated board's sensors need not.
        now = ticks_us() & _WRAP
        listen = not busy or not progress[_TURNS] & _DEAF_TURNS
        if self.telemetry.due((now - progress[_TURNED]) & _WRAP):
            self.telemetry.report(self._link, self)
            listen = True  # and send
        progress[_TURNED] = now
        if listen and self._commands.poll():
            busy = True
            progress[_MADE] += 1
        if not busy:
            if progress[_MADE] >= _MADE_PER_COLLECTION:
                self._collect()
            if self.warm is not None and self.warm.due(progress[_EVENTS]):
                self._keep(False)
            self.board.idle()

    def _take_events(self):
        """Take the event that the ring has found, and the next few if they wait already.

        For each: read its sensor, move the model to the event's own time, apply the input.
        """
        # All in one call: a frame of this size is on the heap, and on a Pico MicroPython takes 40
        # to 100 us to find room for one. Every attribute costs 3 us: each is looked up once.
        ring = self.ring
        found = ring.found
        inlets = self._inlets
        guard = self.guard
        clock = self.clock
        progress = self._progress
        costs = self.costs
        for number in range(_EVENTS_PER_TURN):
            if number and not ring.take():
                break
            started = ticks_us()
            source = found[_FOUND_SOURCE]
            read, values, array, move, slots, seen = inlets[source]
            try:
                read(values)
            except OSError:
                # The next event's interval covers this one's, under the input held so far.
                guard.bus_errors[source] += 1
                continue
            # Integers are always numbers.
            if array is not None and not guard.values(
                source, array, values, self.inlets.held[source]
            ):
                seen = clock.stamp  # that of the last good reading stays
            dt_us = clock.advance(found[_FOUND_TICKS], progress, seen)
            progress[_EVENTS] = (progress[_EVENTS] + 1) & _WRAP
            if not progress[_STARTED]:
                # The state's time begins here, even if the sensor spoke while the board started.
                progress[_STARTED] = 1
                progress[_EPOCH], progress[_TICKS] = clock.stamp
                dt_us = 0
            elif dt_us < 0:
                dt_us = self._far_interval()
            if array is None:
                move(dt_us, slots)
            else:
                progress[_MADE] = (progress[_MADE] + 1) & _WRAP
                if move is not None:
                    move(dt_us, slots, values)
                    self._check_state()
            costs.add(ticks_diff(ticks_us(), started))

    def _check_state(self):
        model = self.model
        if not model.integer and self.guard.state(model):
            self._link.text("state was not finite and has been reset")

    def _far_interval(self):
        """Microseconds from the state's time to an event that is earlier, or a period later."""
        stamp = self.clock.stamp
        epoch = stamp[_EPOCH]
        ticks = stamp[_TICKS]
        progress = self._progress
        dt_us = elapsed_us(progress[_EPOCH], progress[_TICKS], epoch, ticks)
        if dt_us < 0:
            self.late += 1
            return 0
        progress[_EPOCH] = epoch
        progress[_TICKS] = ticks
        return dt_us

    def _decide(self):
        now = self.clock.now
        epoch = now[_EPOCH]
        ticks = now[_TICKS]
        decided = self._decided
        waited_us = elapsed_us(decided[_EPOCH], decided[_TICKS], epoch, ticks)
        control = self.control
        if waited_us < control.cadence_us:
            return
        decided[_EPOCH] = epoch
        decided[_TICKS] = ticks
        model = self.model
        why = "no model"
        if model is not None:
            progress = self._progress
            ahead_us = 0
            if progress[_STARTED]:
                ahead_us = elapsed_us(progress[_EPOCH], progress[_TICKS], epoch, ticks)
            self.health.look()
            why = control.judge(model, ahead_us, self.health.stale)
        if self.trial is not None and not self.trial.passes():
            return
        control.act(why)
        if model is not None:
            self.recent.note(waited_us)

    def note_heap(self):
        """Keep the least that was free: what is left when nothing more can be collected."""
        free = heap_free()
        if free < self.heap_low:
            self.heap_low = free

    def _collect(self):
        started = ticks_us()
        gc.collect()
        pause = ticks_diff(ticks_us(), started)
        if pause > self.gc_worst_us:
            self.gc_worst_us = pause
        self.note_heap()
        self._progress[_MADE] = 0

    def _restore(self):
        """The state that the model had before the board started, brought to now."""
        if self.warm is not None:
            progress = self._progress
            progress[_STARTED] = self.warm.restore(self.model, self.model_hash)
            self.clock.update()
            progress[_EPOCH], progress[_TICKS] = self.clock.now
            self._link.text("model started " + self.warm.started)

    def _keep(self, orderly):
        if self.warm is not None and self.model is not None:
            try:
                self.warm.save(self.model, self.model_hash, self.events, orderly)
            except MemoryError:
                self.memory_errors += 1  # who releases the board gets it without a snapshot

    @property
    def model_swap(self):
        """What puts another model in the place of this one; imported when it is needed."""
        from rivulet.store.swap import ModelSwap

        return ModelSwap(self, self._link, self._store)

    def replace(self, model, digest, inlets, crossfade, commit):
        """Run `model` from the next event on, once `commit()` has made that so on flash.

        inlets: as Inlets.connect makes them; crossfade: from the outputs of the old one, or None.
        What `commit` raises comes through, and the old model keeps running. What goes wrong after
        it, for want of memory, comes through too, and the board starts again with the new one.
        """
        # A Ctrl-C in between must not leave two models mixed.
        self.breaks.hold()
        try:
            commit()
            try:
                self._install(model, digest, inlets)
                self.control.crossfade = crossfade
                self._watch()
            except Exception:
                # Flash names the new model; what runs is a part of each.
                self.again = self._commands.released = True
                raise
        finally:
            self.breaks.let()
        self._link.text("model %s is active" % digest[:12])
        if self._store.safe_mode:
            # It has what it may have lacked: out of safe mode, once the answer is on its way.
            self.again = self._commands.released = True

    def _watch(self):
        """From now on it is seen whether this model, or this start, stands."""
        self.trial = None
        if self._store.unsettled:
            from rivulet.store.trial import Trial

            self.trial = Trial(self, self._link, self._store)

    def reset(self):
        """The model's state to zero; time goes on."""
        if self.model is not None:
            self.model.reset()

    def _install(self, model, digest, inlets):
        self._connect(model, digest, inlets)
        self.recent = RecentInputs(model)
        # What events cost is told of the model that runs.
        self.costs = Costs()

    def _connect(self, model, digest, inlets):
        """The sensors to this model and it to the actuators; None: there is no model."""
        self._inlets = self.inlets.use(inlets, model)
        self.health.install(model)
        self.model = model
        self.model_hash = digest
        self.control.install(model)
        # At most half a period: `_decide` looks at the rest.
        self._progress[_CADENCE_US] = min(int(self.control.cadence_us), _LONGEST_US)


def _joined(troubles):
    return "; ".join([trouble for trouble in troubles if trouble])
