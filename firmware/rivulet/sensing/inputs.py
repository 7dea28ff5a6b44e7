"""How sensors' readings come into a model."""

from rivulet.arrays import floats, np


class SensorInputs:
    """Connects the sensors of a board to a model's inputs.

    health: the SensorHealth of each; held: by sensor, the last good reading in floats.
    """

    def __init__(self, sensors, health):
        self._sensors = sensors
        self._health = health
        self._arrays = [np.zeros(len(sensor.channels)) for sensor in sensors]
        self.held = [floats(np.zeros(len(sensor.channels))) for sensor in sensors]

    def connect(self, model, fresh):
        """Each sensor to its channels: a sensor with integers to an integer model as they are.

        model: or None; fresh: whether nothing was read yet. One entry a sensor: how it is read,
        into what, the array of floats that has to be looked at (None for integers), how the model
        is moved (None without one), its slots, and where the time of a good reading is noted.
        """
        return [self.of_sensor(i, model, fresh) for i in range(len(self._sensors))]

    def of_sensor(self, i, model, fresh):
        """The entry of one sensor."""
        sensor, array = self._sensors[i], self._arrays[i]
        if model is not None and fresh:
            self._suppose(model, sensor.channels, self.held[i])
        seen = self._health[i].seen
        if model is None:
            return sensor.read, floats(array), array, None, None, seen
        if model.integer and sensor.read_raw is not None:
            slots = model.raw_slots(sensor.channels, sensor.scales)
            return sensor.read_raw, slots.raw, None, model.move, slots.words, seen
        slots = model.slots(sensor.channels)
        return sensor.read, floats(array), array, model.event, slots, seen

    def _suppose(self, model, channels, held):
        """What a bad first value is replaced by: the channel's mean in training."""
        offsets = model.settings["normalisation"]["offset"]
        for i, channel in enumerate(channels):
            if channel in model.channels:
                held[i] = offsets[model.channels.index(channel)]

    def use(self, inputs, model):
        """Judge from now on what is read through `inputs` for `model`; returns them."""
        for entry, health in zip(inputs, self._health):
            health.install(entry[1], entry[2] is None, model)
        return inputs
