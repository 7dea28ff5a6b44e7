"""Controllers that keep working under bad timing: trained by imitation, and judged beside others.

A controller is asked at every tick of its cadence. It sees the observation that came last, its own
last action, the age of the observation, and whether it came since the last tick: what the firmware
feeds a model whose channels name these. The tasks are vectorised plants, the same equations as in
`plants`.
"""
