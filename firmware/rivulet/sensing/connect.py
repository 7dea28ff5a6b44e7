"""Makes a sensor's driver, starts it, and gives the sensor the driver's ways of reading.

Imported when a sensor is started, and dropped again: see runtime.SELDOM.
"""


def connect(sensor, handler):
    """Start a sensor, as Sensor.start says."""
    if sensor.driver is None:
        sensor.driver = sensor.make()
        # What made it is no longer needed, nor is the rig.
        sensor.make = None
    driver = sensor.driver
    driver.start(handler)
    sensor.interval_us = getattr(driver, "interval_us", 0)
    sensor.stuck_after_ms = getattr(driver, "stuck_after_ms", 0)
    if sensor.conversion is not None:
        from rivulet.sensing.converted import Converted

        driver = Converted(driver, *sensor.conversion)
    # The driver's own where nothing is converted: that costs nothing at an event.
    sensor.read = driver.read
    sensor.read_raw = getattr(driver, "read_raw", None)
    if sensor.read_raw is not None:
        sensor.scales = driver.scales
