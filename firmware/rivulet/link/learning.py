"""Labels for a model that can be adapted: from the host, or from a sensor that tells the truth.

A sensor with a channel `truth` labels each moment of its events by the number of a class, as a
button does; a number that is no class of the model labels nothing. For a model of values, a sensor
with the channels `truth_y0`, `truth_y1` ... brings the true values.

Imported only for models that can be adapted.
"""

import struct

from rivulet import protocol
from rivulet.errors import Refused

_TRUTH = "truth"
_TRUE = "truth_y%d"


def _refused(text):
    return Refused(protocol.REFUSED, text)


class Learning:
    """Takes labels for one model. job: a list, whose one element the loop lets work: this, or
    None while there is nothing to do."""

    def __init__(self, model, job, link, store, control, progress, watched):
        self._model = model
        self._learner = model.learner
        self.job = job
        self._link = link
        self._store = store
        self._control = control
        self._progress = progress
        # What a trial looks at: faults and ring.
        self._watched = watched

    def label(self, payload):
        """Learn what LABEL says. Returns (labels, text of the reply). Raises Refused."""
        how = payload[0]
        if how > protocol.LABEL_VALUES:
            raise _refused("a label is of a way that this firmware does not know")
        classes = self._model.settings["output"] == "class"
        if classes == (how == protocol.LABEL_VALUES):
            raise _refused("this model has %s" % ("classes" if classes else "values"))
        self._check()
        if not classes:
            count = self._model.output_count
            if len(payload) != 1 + 4 * count:
                raise _refused("the model has %d outputs" % count)
            self._take(struct.unpack_from("<%df" % count, payload, 1))
            return self._learner.labels + 1, "learning"
        name = str(payload[1:], "utf-8")
        number, is_new = self._number(name, how == protocol.LABEL_NEW)
        self._take_class(number)
        if is_new:
            self._name(number, name)
        return self._learner.labels + 1, "learning '%s'" % name

    def image(self):
        """What was learnt, as a file has it. Raises Refused."""
        if self._learner.busy:
            raise _refused("a label is still being learnt: again in a moment")
        from rivulet.store.learnt import pack

        return bytes(pack(self._model, self._control.digest))

    def turn(self):
        """Do one bounded piece of what learning a label takes."""
        learner = self._learner
        try:
            if not learner.turn():
                return
        except ValueError as error:
            self._drop(str(error))
            return
        except MemoryError:
            if not learner.settled:
                self._drop("too little memory")
            raise
        self.job[0] = None
        self._control.follow(learner.rows.commit)
        self._store.has_learnt(self._control.guard, *self._watched, self._link)
        self._progress.collect_soon()

    def wrap(self, entry, sensor):
        """The entry of a sensor (see SensorInputs), which labels if the sensor tells the truth."""
        places = self._places(sensor.channels)
        move = entry[3]
        if not places or entry[2] is None:
            return entry

        def labelled(dt_us, slots, values):
            move(dt_us, slots, values)
            self._told([values[i] for i in places])

        return entry[:3] + (labelled,) + entry[4:]

    def _places(self, channels):
        """Where the truth stands among a sensor's channels; () for another sensor."""
        names = [_TRUTH]
        if self._model.settings["output"] != "class":
            names = [_TRUE % i for i in range(self._model.output_count)]
        if not all(name in channels for name in names):
            return ()
        return [channels.index(name) for name in names]

    def _told(self, values):
        try:
            if self._model.settings["output"] != "class":
                self._check()
                self._take(values)
                return
            number = int(values[0])
            if 0 <= number < self._model.output_count:
                self._check()
                self._take_class(number)
        except Refused as refused:
            self._link.text("label: %s" % refused.args[1])

    def _check(self):
        why = self._store.why_not_learn()
        resting = self._control.action.resting
        if why:
            raise _refused(why)
        if not self._progress.started:
            raise _refused("no event has come yet: there is nothing to label")
        if resting and resting != "start":
            raise _refused("the outputs rest (%s): a label would teach nothing right" % resting)
        if self._learner.busy:
            raise _refused("the label before is still being learnt: send it again")

    def _take_class(self, number):
        count = self._model.output_count
        self._take([1.0 if i == number else -1.0 for i in range(count)])

    def _take(self, wanted):
        for value in wanted:
            if value - value != 0.0:
                raise _refused("a true value is no number")
        try:
            self._learner.take(wanted)
        except ValueError as error:
            raise _refused(str(error))
        self.job[0] = self

    def _number(self, name, may_be_new):
        """(number of the class, whether it takes a spare one). Raises Refused."""
        names = self._model.settings["classes"]
        free = self._learner.free
        known = names[: len(names) - free]
        if name in known:
            return known.index(name), False
        if not may_be_new:
            raise _refused("no class '%s', only %s; %d spare" % (name, ", ".join(known), free))
        if not free:
            raise _refused("no spare class is left for '%s'" % name)
        # Imported for it: see runtime.SELDOM.
        from rivulet.model import kinds

        try:
            kinds.names([name], "label")
        except ValueError as error:
            raise _refused(str(error))
        if name in names:
            raise _refused("'%s' is a spare class's own name" % name)
        return len(known), True

    def _name(self, number, name):
        self._model.settings["classes"][number] = name
        self._learner.free -= 1
        self._control.rename()

    def _drop(self, why):
        self._learner.drop()
        self.job[0] = None
        self._link.text("label: " + why)
