"""ESP32-S3."""

from esp32_chip import (  # noqa: F401  (parts of this module)
    idle,
    reset_cause,
    start_watchdog,
    stop_watchdog,
    ticks_ms,
    ticks_us,
)

NAME = "esp32_generic_s3"
