"""How the head turns in the world: from the gyroscope, from the scene image, or not known."""

from gazestudy.events.head_motion.choose import VERSION, has_gyroscope, head_motion
from gazestudy.events.head_motion.scene import SCENE_VERSION, scene_rotation
from gazestudy.events.head_motion.table import HEAD_MOTION, head_at

__all__ = [
    "HEAD_MOTION",
    "SCENE_VERSION",
    "VERSION",
    "has_gyroscope",
    "head_at",
    "head_motion",
    "scene_rotation",
]
