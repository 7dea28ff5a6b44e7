"""A restart without a transient: what is saved, when it is used, how time is made up for."""

import os

from fake_board import Bench
from fixtures import Scratch, built, close, load, model_bytes, raises, settings
from integer_files import made as integer_made

from rivulet.errors import ModelError
from rivulet.store import snapshot as module
from rivulet.store.snapshot import SnapshotFile

_HASH = "ab" * 32
_OTHER = "cd" * 32
_ALL = (0, 1, 2)
_SOON = (0.5, 1.0, -1.0)


class Days:
    """time.time and gmtime; unset it stands near the year 2000."""

    def __init__(self, seconds):
        self.seconds = seconds

    def time(self):
        return self.seconds

    def gmtime(self, seconds):
        return (2026 if seconds > 10**9 else 2021, 1, 1)


class At:
    """Puts a clock of the day and ms ticks into the module for the time of a `with`."""

    def __init__(self, seconds, ms=1000):
        self._new = Days(seconds), lambda: ms

    def __enter__(self):
        self._real = module.time, module.ticks_ms
        module.time, module.ticks_ms = self._new

    def __exit__(self, *_):
        module.time, module.ticks_ms = self._real


def moved(model):
    for dt_us in (0, 300000, 200000, 450000):
        model.event(dt_us, _ALL, _SOON)
    return model


def kept(folder, model, orderly=True, seconds=2000000000, digest=_HASH, ms=1000):
    with At(seconds, ms):
        SnapshotFile(folder).save(model, digest, 4, orderly)


def restored(folder, model, seconds=2000000000, cause="watchdog", digest=_HASH, ms=1000):
    snapshot = SnapshotFile(folder, cause)
    with At(seconds, ms):
        snapshot.restore(model, digest)
    return snapshot


def everything(model):
    return [list(part) for part in model.snapshot()[:3]] + [[model.snapshot()[3]]]


def same(one, other, tolerance=2e-6):
    return all(close(a, b, tolerance) for a, b in zip(everything(one), everything(other)))


def test_the_time_that_went_by_counts():
    for make in (built, integer_made):
        for off_s in (0, 3, 500):
            with Scratch() as folder:
                kept(folder, moved(make()))
                fresh, twin = make(), moved(make())
                snapshot = restored(folder, fresh, 2000000000 + off_s)
                twin.event(1000000 * off_s, (), ())
                assert same(fresh, twin)
                assert snapshot.started == "warm, %d s after the last snapshot" % off_s


def test_a_float_models_snapshot_serves_the_same_model_alone():
    with Scratch() as folder:
        kept(folder, moved(built()))
        fresh = built()
        snapshot = restored(folder, fresh, digest=_OTHER)
        assert snapshot.started == "cold: the snapshot is another model's"
        assert same(fresh, built())


def test_too_old_is_cold_or_the_usual_state():
    with Scratch() as folder:
        kept(folder, moved(built()))
        fresh = built()
        assert restored(folder, fresh, 2000000601).started == "cold: too long ago"
        assert same(fresh, built())
        prior = [0.25, -0.5, 0.125, 0.0]
        for make in (built, integer_made):
            usual = make(warm_start={"prior": prior})
            snapshot = restored(folder, usual, 2000000601)
            assert snapshot.started == "from the usual state: too long ago"
            state, inputs, mean, missing = usual.snapshot()
            assert close(state, prior, 1e-6) and close(mean, prior, 1e-6) and missing == 1.0
            assert close(inputs, make().snapshot()[1])
        longer = built(warm_start={"longest_s": 86400})
        assert restored(folder, longer, 2000000601).started.startswith("warm, 601 s")
        never = built(warm_start={"longest_s": 0})
        assert restored(folder, never, 2000000001).started == "cold: too long ago"


def test_a_usual_state_beyond_an_integer_models_scale_is_its_end():
    far = 3e38
    with Scratch() as folder:
        made = integer_made(warm_start={"prior": [far, -far, 0.0, 0.0]})
        assert restored(folder, made).started.startswith("from the usual state")
        assert list(made.raw(1)) == [(1 << 30) - 1, -(1 << 30), 0, 0]


def test_without_a_clock_of_the_day():
    unset = 1000
    for orderly, cause, started in (
        (True, "software", "warm, 2 s after the last snapshot"),
        (True, "", "warm, 40 s after the last snapshot"),
        (False, "", "warm, 40 s after the last snapshot"),
        (False, "software", "cold: nobody knows how long ago"),
        (True, "watchdog", "cold: nobody knows how long ago"),
        (True, "power-on or brown-out", "cold: nobody knows how long ago"),
        (True, None, "cold: nobody knows how long ago"),
    ):
        with Scratch() as folder:
            kept(folder, moved(built()), orderly, unset, ms=0x3FFFFFFF - 9999)
            snapshot = restored(folder, built(), unset + 7, cause, ms=30000)
            assert snapshot.started == started, (orderly, cause)
    # Set on one side alone it says nothing; set back it says nothing either.
    with Scratch() as folder:
        kept(folder, moved(built()), seconds=unset)
        assert restored(folder, built()).started == "cold: nobody knows how long ago"
        kept(folder, moved(built()))
        assert restored(folder, built(), 1999999990).started == "cold: nobody knows how long ago"


def test_a_soft_reset_does_not_date_a_snapshot_from_before_the_power_was_off():
    """It would go by ms ticks that began anew meanwhile."""
    unset = 1000
    for cause in ("power-on or brown-out", "watchdog", "software"):
        with Scratch() as folder:
            kept(folder, moved(built()), True, unset, ms=100000)
            restored(folder, built(), unset, cause, ms=50)
            # The program ended with an error, and nothing was saved since.
            snapshot = restored(folder, built(), unset, "", ms=300000)
            assert snapshot.started == "cold: no snapshot", cause


def test_a_snapshot_cut_or_torn_at_any_byte_is_not_used():
    with Scratch() as folder:
        assert restored(folder, built()).started == "cold: no snapshot"
        kept(folder, moved(built()))
        with open(folder + "/warm", "rb") as file:
            whole = file.read()
        for cut in range(0, len(whole)):
            for data in (whole[:cut], whole[:cut] + bytes((whole[cut] ^ 1,)) + whole[cut + 1 :]):
                with open(folder + "/warm", "wb") as file:
                    file.write(data)
                fresh = built()
                assert restored(folder, fresh).started == "cold: the snapshot is damaged", cut
        assert same(fresh, built())


def test_power_that_fails_while_saving_leaves_the_last_snapshot():
    with Scratch() as folder:
        kept(folder, moved(built()))
        with open(folder + "/warm.new", "wb") as file:
            file.write(b"RvW1 and no mo")
        assert restored(folder, built()).started.startswith("warm")


def test_a_filesystem_that_refuses_is_said_and_no_more():
    with Scratch() as folder:
        os.mkdir(folder + "/warm.new")
        snapshot = SnapshotFile(folder)
        snapshot.save(moved(built()), _HASH, 4)
        assert snapshot.saves == 0 and snapshot.trouble.startswith("no snapshot: ")
        os.rmdir(folder + "/warm.new")
        snapshot.save(moved(built()), _HASH, 4)
        assert snapshot.saves == 1 and snapshot.trouble == ""


def test_a_state_that_is_no_number_is_not_kept():
    with Scratch() as folder:
        model = moved(built())
        model.cell.state_floats[1] = float("nan")
        kept(folder, model)
        assert os.listdir(folder) == []


def test_at_most_96_snapshots_a_day_and_none_without_events():
    with Scratch() as folder:
        model = moved(built())
        ms = [0]
        real, module.ticks_ms = module.ticks_ms, lambda: ms[0] & 0x3FFFFFFF
        try:
            snapshot = SnapshotFile(folder)
            for second in range(2 * 86400):
                ms[0] = 1000 * second
                # Events on the first day alone.
                if snapshot.due(min(second, 86400)):
                    snapshot.save(model, _HASH, min(second, 86400))
        finally:
            module.ticks_ms = real
        assert 90 <= snapshot.saves <= 97


def test_what_the_file_may_not_say():
    for entry, message in (
        ([], "must be an object"),
        ({"prior": [1, 2]}, "must be a list of 4"),
        ({"prior": [1, 2, 3, "x"]}, "must be a number from"),
        ({"prior": [1, 2, 3, True]}, "must be a number from"),
        ({"longest_s": -1}, "0 to 86400"),
        ({"longest_s": True}, "0 to 86400"),
        ({"every_s": 3}, "no 'every_s'"),
    ):
        assert message in raises(ModelError, load, model_bytes(settings(warm_start=entry)))
    assert "must be a list of 4" in raises(
        ModelError, lambda: integer_made(warm_start={"prior": [1.0]})
    )


def test_a_loop_without_memory_for_a_snapshot_is_released_all_the_same():
    class Full(SnapshotFile):
        def save(self, *_):
            raise MemoryError

    with Scratch() as folder:
        made = Bench(folder, model_bytes(), snapshot=Full(folder))
        made.loop._commands.released = True
        made.loop.run()
        assert made.loop.memory_errors == 1


def test_a_loop_goes_on_where_it_was_left():
    """Two loops over the same events, one of which is restarted: their states are the same."""

    def run(made, first, last):
        for i in range(first, last):
            made.board.now += 40000
            made.sensors[0].values = [0.1 * (i % 7), 0.5, -0.25 * (i % 3)]
            made.board.event(0)
            made.turns()

    def released(made):
        made.loop._commands.released = True
        made.loop.run()

    def state(made):
        return list(made.loop.model.cell.state_floats)

    with Scratch() as one, Scratch() as two:
        always = Bench(one, model_bytes())
        run(always, 0, 60)
        data = model_bytes()
        with At(2000000000):
            broken = Bench(two, data, snapshot=SnapshotFile(two, "software"))
            assert broken.loop.snapshot.started == "cold: no snapshot"
            run(broken, 0, 40)
            before = list(broken.loop.model.outputs())
            released(broken)
        with At(2000000000):
            again = Bench(two, None, snapshot=SnapshotFile(two, "software"))
        assert close(list(again.loop.model.outputs()), before, 2e-6)
        run(again, 40, 60)
        assert again.loop.progress.late == 0 and close(state(again), state(always), 2e-6)
        cold = Bench(two)
        run(cold, 40, 60)
        assert not close(state(cold), state(always), 1e-3)
