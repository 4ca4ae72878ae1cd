"""How the head turns in the world: from the gyroscope, from the scene image, or not known."""

from gazestudy.events.head_motion.table import HEAD_MOTION, head_at

__all__ = ["HEAD_MOTION", "head_at"]
