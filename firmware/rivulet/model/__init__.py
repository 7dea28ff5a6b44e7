"""A model file becomes a running model."""

from rivulet.model.running import *  # noqa: F403
