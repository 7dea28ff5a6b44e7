"""The process of an emulated Pico; see machine.py."""

from host_tools.emulated.machine import main

main()
