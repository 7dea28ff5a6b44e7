"""The process of an emulated Pico; see machine.py."""

from host_tools.simulate.emulated.machine import main

main()
