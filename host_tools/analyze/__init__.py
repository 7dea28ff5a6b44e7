"""`rivulet analyze`: is a model stable, what moves in it, and what is dead?"""

from host_tools.analyze.analysis import Analysis, analyze

__all__ = ["Analysis", "analyze"]
