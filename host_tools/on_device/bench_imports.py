"""How long the firmware's modules take to load: the first part of `rivulet bench --start`."""

import json
import os
import sys
from time import ticks_diff, ticks_us

begun = ticks_us()
try:
    __import__("app")
except ImportError as error:
    # This computer has no board and no rig.
    print(json.dumps({"what": "modules", "missing": str(error)}))
else:
    taken = ticks_diff(ticks_us(), begun)
    count = len([name for name in sys.modules if name.split(".")[0] in ("rivulet", "drivers")])
    print(json.dumps({"what": "%d modules from flash" % count, "ms": taken / 1000}))
    path = sys.path[0] + "/rivulet/link/port"
    begun = ticks_us()
    try:
        os.stat(path)
    except OSError:
        pass
    taken = ticks_diff(ticks_us(), begun)
    print(json.dumps({"what": "of which each of 4 look-ups of a module", "ms": taken / 1000}))
