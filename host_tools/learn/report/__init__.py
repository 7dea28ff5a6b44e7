"""build/report.html: what was trained, how good it is, and what it costs, with pictures.

page        the page around the sections
accuracy    confusion or error, accuracy against losses beside the baselines
dynamics    time constants beside the data's time scales, stability in words
charts      the pictures, as SVG
"""

from host_tools.learn.report.page import REPORT, Shown, write_report

__all__ = ["REPORT", "Shown", "write_report"]
