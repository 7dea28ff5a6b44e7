"""Runs tests/device on the Python that executes this file: MicroPython, a board's too, or CPython.

    micropython tests/device_runner.py [test_module ...] [-test_name ...]

A test is a function test_* without arguments; it fails by raising. One that cannot run here
raises an exception called SkipTest (unittest's own on CPython). -NAME leaves tests of that name
out. The exit code is 1 after failures.
"""

import os
import sys


def run(names, without=()):
    """Run the tests of the modules `names` but those in `without`; return how many failed."""
    passed = failed = skipped = 0
    for name in names:
        for label, test in _tests(name):
            if label.split(".")[-1] in without:
                continue
            try:
                test()
            except Exception as error:
                if type(error).__name__ == "SkipTest":
                    print("skip", label, error)
                    skipped += 1
                else:
                    print("FAIL", label)
                    _print_trace(error)
                    failed += 1
            else:
                print("ok", label)
                passed += 1
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return failed


def _tests(name):
    """The tests of a module as (label, function); one that raises where the import fails."""
    try:
        module = __import__(name)
    except Exception as error:
        failure = error

        def importing():
            raise failure

        return [(name, importing)]
    tests = [
        (name + "." + attribute, getattr(module, attribute))
        for attribute in sorted(dir(module))
        if attribute.startswith("test_") and callable(getattr(module, attribute))
    ]

    def having_tests():
        assert tests, "the module has no tests"

    return tests or [(name, having_tests)]


def _print_trace(error):
    if hasattr(sys, "print_exception"):
        sys.print_exception(error)
    else:
        sys.excepthook(type(error), error, error.__traceback__)


def _main(names):
    tests = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
    # The firmware stands before the tests, whose folders bear the names of its rooms.
    sys.path.insert(0, tests + "/device")
    sys.path.insert(0, tests + "/../firmware")
    found = []
    for folder in [tests + "/device"] + [
        tests + "/device/" + name for name in os.listdir(tests + "/device") if "." not in name
    ]:
        files = [file[:-3] for file in os.listdir(folder) if file.startswith("test_")]
        if files:
            sys.path.append(folder)
        found += files
    # From source, an import within imports takes stack: the deepest ones begin here.
    __import__("rivulet.arrays")
    without = [name[1:] for name in names if name[0] == "-"]
    names = [name for name in names if name[0] != "-"]
    return run(names or sorted(found), without)


if __name__ == "__main__":
    sys.exit(1 if _main(sys.argv[1:]) else 0)
