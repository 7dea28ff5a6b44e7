"""`rivulet analyze`: is a model stable, what moves in it, and what is dead?"""

from host_tools.analyze.analysis import Analysis
from host_tools.analyze.run import analyze

__all__ = ["Analysis", "analyze"]
