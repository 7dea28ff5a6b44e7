"""Whether a host collects events. What that takes is imported and allocated for it alone."""

from rivulet.compat import forget

_COLLECTOR = "rivulet.link.collector"


class Collection:
    """Answers COLLECT. The loop hands each event to `collecting[0]`, a Collector or None.

    A list, because the loop looks at it in every turn, and a second attribute costs 3 us.
    """

    def __init__(self, link, sensors, ring, guard):
        self.collecting = [None]
        self._link = link
        self._sensors = sensors
        self._ring = ring
        self._guard = guard
        self._count = 0

    def renew(self, lease_ms):
        """Collect for so long from now on, 0: no more. Returns the events since it began."""
        collector = self.collecting[0]
        if collector is None and lease_ms:
            from rivulet.link.collector import Collector

            widths = [len(sensor.channels) for sensor in self._sensors]
            collector = Collector(self._link, widths, self._ring, self._guard)
            self.collecting[0] = collector
        if collector is not None:
            collector.renew(lease_ms)
            # Asked to end it twice, as where the reply was lost, the board says the same.
            self._count = collector.count
        return self._count

    def turn(self, elapsed_us):
        """Send what is due; when the lease has ended let the collector go."""
        if not self.collecting[0].turn(elapsed_us):
            self.collecting[0] = None
            # Now, since a push that comes next needs the room.
            forget((_COLLECTOR,))
