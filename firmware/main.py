"""Board and model -> loop; nothing else."""

import micropython

# The first thing of all: what stops a keyed board from here on is an authorised RELEASE alone.
micropython.kbd_intr(-1)

import os  # noqa: E402
import sys  # noqa: E402


def there(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


keyed = there("access/key")


def main():
    if not keyed:
        micropython.kbd_intr(3)
    access = None
    if there("access"):
        from rivulet.access import Access

        access = Access()
    import board

    from rivulet.link import Link
    from rivulet.loop import Loop
    from rivulet.store import Store

    store = Store(trial_s=getattr(board, "TRIAL_S", 60), access=access)
    store.boot()
    try:
        Loop(board, Link(sys.stdin.buffer, sys.stdout.buffer), store, access).run()
        store.rest()
    except KeyboardInterrupt:
        store.rest()
        if keyed:
            raise
    except Exception as error:
        store.crashed("%s: %s" % (type(error).__name__, error))
        raise
    finally:
        board.actuate(-1, ())  # at rest, however the loop ended
    print("Rivulet stopped; Ctrl-D starts it again")


try:
    main()
except BaseException as error:
    if not keyed:
        raise
    import machine

    sys.print_exception(error)
    # A crash opens the REPL, which gives everything to whoever holds the cable.
    machine.reset()
