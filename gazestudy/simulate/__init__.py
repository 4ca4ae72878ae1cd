"""A station with known truth: scene video, gaze, crowd, written by code from a seed.

`build_station` makes the place and its advertisements, `simulate_walk` sends somebody with glasses through
it. Pictures are BGR, as cv2 has them.
"""

from gazestudy.simulate.cameras import invisible_camera, neon_camera, plain_camera
from gazestudy.simulate.imu import GYROSCOPE, ROUGH_GYROSCOPE, Gyroscope
from gazestudy.simulate.looking import REGULAR, VISITOR, Habits
from gazestudy.simulate.station import Face, Station, build_station
from gazestudy.simulate.truth import Truth
from gazestudy.simulate.walk import Walk, simulate_walk

__all__ = [
    "GYROSCOPE",
    "REGULAR",
    "ROUGH_GYROSCOPE",
    "VISITOR",
    "Face",
    "Gyroscope",
    "Habits",
    "Station",
    "Truth",
    "Walk",
    "build_station",
    "invisible_camera",
    "neon_camera",
    "plain_camera",
    "simulate_walk",
]
