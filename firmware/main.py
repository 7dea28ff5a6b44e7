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

    try:
        link = Link(sys.stdin.buffer, sys.stdout.buffer)
        Loop(board, link, Store(access=access), access).run()
    except KeyboardInterrupt:
        if keyed:
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
