"""The loop: drain -> advance -> read out -> act -> report.

Every turn does a bounded amount of work: a few events, one decision, one telemetry record, one
request, a few small writes. Another model takes over at the end of a turn, never within one.
"""

import gc
from array import array

from rivulet.compat import const, forget, ticks_diff, ticks_us
from rivulet.control.policy import Cadence
from rivulet.errors import StoreError
from rivulet.runtime import SELDOM, Runtime
from rivulet.sensing.clock import elapsed_us
from rivulet.sensing.triggers import failed as interrupt_failed

_EVENTS_PER_TURN = const(4)
# While events keep the loop busy, the host is listened to in every fourth turn: a mask.
_DEAF_TURNS = const(3)
# What `ring.found` holds.
_FOUND_TICKS = const(0)
_FOUND_SOURCE = const(1)
# What `Progress.words` holds. A moment (see sensing/clock.py) has the same first two.
_EPOCH = const(0)  # the state's time: that of the newest event it has taken
_TICKS = const(1)
_EVENTS = const(2)  # events taken
_TURNS = const(3)  # turns begun
_TURNED = const(4)  # when the last turn was, us
_STARTED = const(5)  # whether the state has a time at all, from an event or a snapshot
_CADENCE_US = const(6)  # for so long after a decision surely no other one is due
_MADE = const(7)  # events and requests that made garbage since the last collection
_LATE = const(8)  # events older than the state
_WORDS = const(9)
# Counts and times are kept modulo this: larger ones would be heap objects, at every event.
_WRAP = const(0x3FFFFFFF)
# Idle turns collect garbage once so many events or requests have made some. Never for nothing: a
# collection takes 25 ms on a Pico, in which integers could take forty events.
_MADE_PER_COLLECTION = const(16)
_LONGEST_US = const(0x20000000)


class Progress:
    """How far the state has come, and what the loop counts, as integers in one array.

    A store into an attribute costs 27 us on a Pico (see sensing/clock.py): the loop writes into
    `words`, at the places named above, and everyone else uses the properties and methods.
    """

    def __init__(self):
        self.words = array("i", bytes(4 * _WORDS))
        self.words[_TURNED] = ticks_us() & _WRAP

    @property
    def epoch(self):
        return self.words[_EPOCH]

    @property
    def ticks(self):
        return self.words[_TICKS]

    @property
    def events(self):
        return self.words[_EVENTS]

    @property
    def turns(self):
        return self.words[_TURNS]

    @property
    def started(self):
        """Whether the state has a time of its own: from an event, or from a snapshot."""
        return bool(self.words[_STARTED])

    @property
    def late(self):
        """How many events were older than the state."""
        return self.words[_LATE]

    def begin(self, moment, started):
        """Set the state's time to a moment; started: whether the state has come from before."""
        self.words[_EPOCH], self.words[_TICKS] = moment
        self.words[_STARTED] = started

    def decide_every(self, cadence_us):
        # At most half a period: `_decide` looks at the rest.
        self.words[_CADENCE_US] = min(int(cadence_us), _LONGEST_US)

    def collect_soon(self):
        """Let the next idle turn collect garbage."""
        self.words[_MADE] = _MADE_PER_COLLECTION


class Loop(Runtime):
    """Turns: moves the running model by events, decides, reports, and answers the host.

    The parameters are those of Runtime.
    """

    def __init__(self, board, rig, link, store, access=None, snapshot=None, actuators=None):
        self.progress = Progress()
        self._progress = self.progress.words
        super().__init__(board, rig, link, store, access, snapshot, actuators)
        self._cadence = cadence = Cadence(self.clock.now)
        self._due = cadence.due
        self._take_due, self._near_us = cadence.take, cadence.near_us

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
            if self.ctrl_c.meant():
                self._keep(True)
                raise KeyboardInterrupt
        self._keep(True)
        self._link.drain()

    def _turn_until_released(self, feed):
        ctrl_c = self.ctrl_c
        while not self._commands.released:
            self.turn()
            if feed is not None:
                feed()
            if ctrl_c.deaf:
                ctrl_c.listen_again()

    def turn(self):
        # Few variables: a larger frame would be on the heap, where a Pico takes 40 to 100 us to
        # find room for it.
        self.clock.update()
        progress = self._progress
        progress[_TURNS] = (progress[_TURNS] + 1) & _WRAP
        if self._path is None or self._collecting[0] is not None:
            busy = self.ring.take()
            if busy:
                self._take_events(1)
        else:
            busy = self._path.take()
            if busy < 0:
                self._take_events(-busy)
        # What makes the loop go back to the model before, or None.
        change = None
        if (self.clock.now[_TICKS] - self._due[_TICKS]) & _WRAP >= progress[_CADENCE_US]:
            change = self._decide()
        # The wire keeps the processor's time, which a simulated board's sensors need not.
        elapsed_us = progress[_TURNED]
        progress[_TURNED] = ticks_us() & _WRAP
        elapsed_us = (progress[_TURNED] - elapsed_us) & _WRAP
        listen = not busy or not progress[_TURNS] & _DEAF_TURNS
        if self.telemetry.due(elapsed_us):
            self.telemetry.report()
            listen = True  # and send
        if self._collecting[0] is not None:
            self._collection.turn(elapsed_us)
            listen = True
        if self._learning[0] is not None:
            self._learning[0].turn()
        if change is not None:
            self._go_back(*change)
        elif listen and self._commands.poll():
            progress[_MADE] += 1
            if self._commands.candidate is not None:
                self._commands.conclude(self.swap)
        elif not busy:
            if progress[_MADE] >= _MADE_PER_COLLECTION:
                self._collect_garbage()
            if self.snapshot is not None and self.snapshot.due(progress[_EVENTS]):
                self._keep(False)
            if self._unstarted:
                self._retry()
            self.board.idle()

    def _take_events(self, number):
        """Take the event that the ring has found, and the next few if they wait already.

        For each: read its sensor, move the model to the event's own time, apply the input, and
        take it down for a host that collects. number: of the first one, from the turn's beginning.
        """
        # All in one call, because a frame of this size is on the heap. Every attribute costs 3 us:
        # each is looked up once.
        collector = self._collecting[0]
        ring = self.ring
        found = ring.found
        inputs = self._inputs
        guard = self.guard
        clock = self.clock
        progress = self._progress
        newest = self._newest
        latency = self.latency
        for later in range(_EVENTS_PER_TURN + 1 - number):
            if later and not ring.take():
                break
            started = ticks_us()
            source = found[_FOUND_SOURCE]
            read, values, array, move, slots, seen = inputs[source]
            try:
                read(values)
            except Exception as error:
                self._reading_failed(source, error)
                continue
            if collector is not None:
                # Before what is no number is replaced.
                collector.take(source, values, array is None)
            # Integers are always numbers.
            if array is not None and not guard.values(
                source, array, values, self.inputs.held[source]
            ):
                seen = clock.stamp  # that of the last good reading stays
            dt_us = clock.advance(found[_FOUND_TICKS], newest, seen)
            if collector is not None:
                collector.stamp(clock.stamp)
            progress[_EVENTS] = (progress[_EVENTS] + 1) & _WRAP
            if not progress[_STARTED]:
                # The state's time begins here, even if the sensor spoke while the board started.
                progress[_STARTED] = 1
                newest[_EPOCH], newest[_TICKS] = clock.stamp
                dt_us = 0
            elif dt_us < 0:
                dt_us = self._far_interval(newest)
            if newest is not progress:
                dt_us = 0  # a tick moves the model: the event fills its inputs
            if array is None:
                move(dt_us, slots)
            else:
                progress[_MADE] = (progress[_MADE] + 1) & _WRAP
                if move is not None:
                    move(dt_us, slots, values)
                    self._check_state()
            latency.add(ticks_diff(ticks_us(), started))

    def _reading_failed(self, source, error):
        """Note what a driver has raised. The next event's interval covers the one that failed,
        under the input held so far."""
        if isinstance(error, OSError):
            self.guard.bus_errors[source] += 1
        elif isinstance(error, MemoryError):
            raise error
        else:
            self.health.fail(source, error, self.faults)

    def _check_state(self):
        model = self.control.model
        if not model.integer and self.guard.state(model):
            self._link.text("state was not finite and has been reset")

    def _far_interval(self, newest):
        """Microseconds from the newest event to one that is earlier, or a period later."""
        stamp = self.clock.stamp
        epoch = stamp[_EPOCH]
        ticks = stamp[_TICKS]
        dt_us = elapsed_us(newest[_EPOCH], newest[_TICKS], epoch, ticks)
        if dt_us < 0:
            self._progress[_LATE] = (self._progress[_LATE] + 1) & _WRAP
            return 0
        newest[_EPOCH] = epoch
        newest[_TICKS] = ticks
        return dt_us

    def _tick(self, dt_us):
        """Move a model that is fed at each tick to now, `dt_us` after its state's time."""
        progress = self._progress
        now = self.clock.now
        # The state's time begins with the first event; till then each tick is a beginning.
        if progress[_STARTED]:
            self._fed.tick(dt_us, now)
            if not self.control.model.integer:
                progress[_MADE] = (progress[_MADE] + 1) & _WRAP
                self._check_state()
        progress[_EPOCH] = now[_EPOCH]
        progress[_TICKS] = now[_TICKS]

    def _decide(self):
        """Decide if that is due. What `_go_back` needs if the model fails its trial, else None."""
        late_us = self._take_due(self.clock.now, self.control.cadence_us)
        if late_us < 0:
            return None
        self.telemetry.give_way()
        if self._is_steady(self.clock.now, self._progress) and self._decide_steadily(late_us):
            return None
        return self._decide_in_full(late_us)

    # These two look before they act. In small frames: see control/outputs.py.

    def _is_steady(self, now, progress):
        """Whether nothing is special about a decision now."""
        if not self.control.steady[0] or self._fed is not None or self._store.trial is not None:
            return False
        if interrupt_failed[0] is not None or not progress[_STARTED] or self._near_us[0] < 0:
            return False
        health = self.health
        health.look()
        if health.stale is not None or health.at_fault:
            return False
        return now[_EPOCH] == progress[_EPOCH]

    def _decide_steadily(self, late_us):
        """Decide as `_decide_in_full` does, if the outputs are finite; whether they are."""
        control = self.control
        if not control.settle(self.clock.now[_TICKS] - self._progress[_TICKS]):
            return False
        self.lateness.add(late_us if late_us < _LONGEST_US else _LONGEST_US)
        waited_us = self._near_us[0]
        self.recent.note(waited_us)
        failures = control.move(waited_us)
        if failures:
            control.fail(failures)
        return True

    def _decide_in_full(self, late_us):
        """Decide, `late_us` after it was due. Returns what `_decide` does."""
        now = self.clock.now
        control = self.control
        waited_us = self._cadence.waited_us
        why = "no model"
        if control.model is not None:
            progress = self._progress
            ahead_us = 0
            if progress[_STARTED]:
                ahead_us = now[_TICKS] - progress[_TICKS]
                if ahead_us < 0 or now[_EPOCH] != progress[_EPOCH]:
                    ahead_us = elapsed_us(
                        progress[_EPOCH], progress[_TICKS], now[_EPOCH], now[_TICKS]
                    )
            if self._fed is not None:
                self._tick(ahead_us)
                ahead_us = 0
            if control.fresh:
                control.fresh = False  # what was late till now was the start, or the swap
            else:
                self.lateness.add(late_us if late_us < _LONGEST_US else _LONGEST_US)
            self.health.look()
            why = control.judge(ahead_us, self.health.stale)
            self.recent.note(waited_us)
            if self.health.at_fault:
                why = "fault"
        if interrupt_failed[0] is not None:
            error, interrupt_failed[0] = interrupt_failed[0], None
            self.faults.note("an interrupt", error)
            if control.model is not None:
                why = "fault"
        trial = self._store.trial
        if trial is not None:
            failed = trial.failed()
            if failed:
                return failed, why
        control.act(why, waited_us)
        return None

    def _go_back(self, failed, why):
        """Leave the model on trial for the one before it, because it `failed`.

        Without a way back its last decision, judged as `why` says, is acted on after all.
        """
        try:
            self.swap(self._store.previous(failed), False)
        except StoreError as error:
            self._link.text("%s, and no way back: %s" % (failed, error))
            self._store.trial.pass_over()
            self.control.act(why)

    def _collect_garbage(self):
        # First, so that one that fails for want of memory is not tried again at every turn.
        self._progress[_MADE] = 0
        started = ticks_us()
        forget(SELDOM)
        gc.collect()
        pause = ticks_diff(ticks_us(), started)
        if pause > self.gc_worst_us:
            self.gc_worst_us = pause
        self.note_heap()

    def _keep(self, orderly):
        """Save a snapshot."""
        if self.snapshot is not None and self.model is not None:
            try:
                self.snapshot.save(self.model, self.model_hash, self.progress.events, orderly)
            except MemoryError:
                self.memory_errors += 1  # who releases the board gets it without a snapshot
