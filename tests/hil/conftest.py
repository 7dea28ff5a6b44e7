"""The device code of a plant's wire is imported as a board imports it, `drivers.plant`."""

import sys

from host_tools.paths import ON_DEVICE

# Behind the firmware's own drivers.
sys.path.append(str(ON_DEVICE))
