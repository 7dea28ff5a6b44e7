"""Interrupts by name of the port: hard, soft, virtual timers and numbered ones."""

import fake_machine as machine

from rivulet.sensing import timers, triggers


def _on(port, count=4):
    machine.port(port, count)
    timers._numbered = port == "esp32"
    timers._taken[:] = [False] * 4
    triggers.failed[0] = None


def test_edges_call_hard_where_the_port_can():
    seen = bytearray(1)

    def count(pin):
        seen[0] += 1

    for port, hard in (("rp2", True), ("esp32", False)):
        _on(port)
        seen[0] = 0
        pin = machine.Pin(7, machine.Pin.IN)
        triggers.on_edge(pin, count)
        assert machine.Pin.interrupts[7][1:] == (machine.Pin.IRQ_RISING, hard), port
        machine.drive(7, 1)
        machine.drive(7, 0)
        assert seen[0] == 1
        triggers.on_edge(pin, count, rising=False, falling=True)
        machine.drive(7, 1)
        machine.drive(7, 0)
        assert seen[0] == 2
        triggers.on_edge(pin, count, rising=True, falling=True)
        machine.drive(7, 1)
        machine.drive(7, 0)
        assert seen[0] == 4
        triggers.off(pin)
        machine.drive(7, 1)
        assert seen[0] == 4 and triggers.failed[0] is None


def test_a_timer_is_hard_where_the_port_can():
    for port, hard in (("rp2", True), ("rp2 before 1.27", False), ("esp32", False)):
        _on(port)
        timer = triggers.every(20, _nothing)
        assert machine.Timer.running[0].hard is hard and machine.Timer.running[0].freq == 20
        timer.deinit()
        assert not machine.Timer.running


def test_numbered_timers_are_shared_out_and_given_back():
    _on("esp32")
    made = [triggers.every(1, _nothing) for _ in range(4)]
    assert sorted(timer.id for timer in machine.Timer.running) == [0, 1, 2, 3]
    try:
        triggers.every(1, _nothing)
    except OSError:
        pass
    else:
        raise AssertionError("a fifth timer")
    made[1].deinit()
    triggers.every(1, _nothing)
    assert len(machine.Timer.running) == 4
    # A chip with two of them.
    _on("esp32", 2)
    triggers.every(1, _nothing)
    triggers.every(1, _nothing)
    assert sorted(timer.id for timer in machine.Timer.running) == [0, 1]


def test_what_a_driver_raises_in_an_interrupt_is_kept():
    _on("rp2")

    def broken(pin):
        pin.no_such_method()

    triggers.on_edge(machine.Pin(3, machine.Pin.IN), broken)
    machine.drive(3, 1)
    assert isinstance(triggers.failed[0], AttributeError)
    triggers.failed[0] = None
    triggers.every(5, broken)
    machine.tick()
    assert isinstance(triggers.failed[0], AttributeError)


def test_the_loops_own_handler_is_called_without_a_detour():
    _on("rp2")
    stamps = bytearray(2)

    def push(ticks, source):
        stamps[source] = ticks

    handler = triggers.stamp(push, _seven, 1)
    triggers.on_edge(machine.Pin(3, machine.Pin.IN), handler)
    assert machine.Pin.interrupts[3][0] is handler
    machine.drive(3, 1)
    assert stamps[1] == 7


def _seven():
    return 7


def _nothing(_):
    pass
