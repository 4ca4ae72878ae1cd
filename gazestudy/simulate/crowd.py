"""People in the station: flat figures that turn towards the camera, walk up and down and hide things."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazestudy._cv2 import cv2
from gazestudy.simulate.artwork import random_colour, value_noise
from gazestudy.simulate.surfaces import Floats, Image, Surface, Texture

_LANES_M = (-1.45, -1.25, -0.15, 0.1, 1.3, 1.5)
_FROM_M, _TO_M = -3.0, 61.0
_STEP_HZ = 1.9
TOO_CLOSE_M = 0.5
PEOPLE_FROM = 100  # groups from here on are people
PERSON_WIDTH_M = 0.72


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody who walks to and fro on a line, or stands.

    Attributes
    ----------
    x_m, z_m : float
        Where the person is at time 0, m.
    speed_m_s : float
        Along z; negative towards the entrance, 0 for somebody who waits.
    height_m : float
        Body height.
    front, back : Texture
        Seen from before and from behind.
    phase : float
        Phase of the step, 0 to 1.
    """

    x_m: float
    z_m: float
    speed_m_s: float
    height_m: float
    front: Texture
    back: Texture
    phase: float

    def position_m(self, t_s: Floats) -> Floats:
        """Return where the feet are at each time, shape (n, 3).

        Who reaches one end of the station comes in again at the other.
        """
        times = np.asarray(t_s, dtype=np.float64)
        z = (self.z_m - _FROM_M + self.speed_m_s * times) % (_TO_M - _FROM_M) + _FROM_M
        sway = 0.04 * np.sin(2 * np.pi * (0.5 * _STEP_HZ * times + self.phase)) * (self.speed_m_s != 0)
        return np.column_stack([self.x_m + sway, np.zeros_like(z), z])

    def surface(self, t_s: float, camera_m: Floats, number: int) -> Surface | None:
        """Return the figure as the camera sees it, or None when it would stand in the camera."""
        feet = self.position_m(np.array([t_s]))[0]
        towards = camera_m - feet
        towards[1] = 0.0
        distance = float(np.hypot(towards[0], towards[2]))
        if distance < TOO_CLOSE_M:
            return None
        along = np.array([towards[2], 0.0, -towards[0]]) / distance * -PERSON_WIDTH_M
        tall, lift = self.height_m, float(self.lift_m(np.array([t_s]))[0])
        faces_camera = self.speed_m_s * towards[2] > 0 if self.speed_m_s else self.phase > 0.5
        return Surface(
            origin_m=feet - 0.5 * along - np.array([0.0, tall + lift, 0.0]),
            along_m=along,
            down_m=np.array([0.0, tall, 0.0]),
            textures=(self.front if faces_camera else self.back,),
            cell=0 if feet[2] < 30.0 else 1,
            group=PEOPLE_FROM + number,
            layer=8,
            outline=figure(stride=self.stride(t_s)),
            opaque=True,
        )

    def lift_m(self, t_s: Floats) -> Floats:
        """Return how high the body bobs at each time, m."""
        bob = 0.02 * np.sin(2 * np.pi * (_STEP_HZ * t_s + 2 * self.phase))
        return np.asarray(bob if self.speed_m_s else np.zeros_like(bob))

    def stride(self, t_s: float) -> float:
        """Return how far the legs are apart, -1 to 1 (0 for somebody who stands)."""
        if self.speed_m_s == 0:
            return 0.0
        return float(np.sin(2 * np.pi * (0.5 * _STEP_HZ * t_s + self.phase)))


def figure(*, stride: float) -> Floats:
    """Return the outline of a person in shares of width and height, shape (n, 2)."""
    turns = np.linspace(0.75, 2.25, 15) * np.pi  # from the left of the neck over the top
    head = np.column_stack([0.5 + 0.125 * np.cos(turns), 0.068 + 0.066 * np.sin(turns)])
    swing = 0.09 * stride
    right = [
        (0.56, 0.155),
        (0.78, 0.19),
        (0.85, 0.3),
        (0.84 + 0.5 * swing, 0.5),
        (0.76, 0.5),
        (0.73, 0.36),
        (0.73, 0.55),
        (0.68 + swing, 0.97),
        (0.74 + swing, 1.0),
        (0.55 + swing, 1.0),
        (0.52, 0.6),
    ]
    left = [
        (0.48, 0.6),
        (0.45 - swing, 1.0),
        (0.26 - swing, 1.0),
        (0.32 - swing, 0.97),
        (0.27, 0.55),
        (0.27, 0.36),
        (0.24, 0.5),
        (0.16 - 0.5 * swing, 0.5),
        (0.15, 0.3),
        (0.22, 0.19),
        (0.44, 0.155),
    ]
    return np.vstack([head, np.array(right), np.array(left)])


def make_crowd(rng: np.random.Generator, count: int) -> tuple[Person, ...]:
    """Return `count` people; a sixth of them stand in the hall.

    Parameters
    ----------
    rng : Generator
        Decides clothes, speed and place.
    count : int
        How many.

    Returns
    -------
    tuple of Person
        The crowd.
    """
    looks = [_clothes(rng) for _ in range(8)]
    people = []
    for number in range(count):
        front, back = looks[number % len(looks)]
        stands = number % 6 == 5
        people.append(
            Person(
                x_m=rng.uniform(-4.3, -3.0)
                if stands
                else float(rng.choice(_LANES_M)) + rng.uniform(-0.1, 0.1),
                z_m=rng.uniform(32, 58) if stands else rng.uniform(_FROM_M, _TO_M),
                speed_m_s=0.0 if stands else rng.uniform(0.9, 1.6) * (1 if number % 2 else -1),
                height_m=rng.uniform(1.55, 1.88),
                front=front,
                back=back,
                phase=rng.random(),
            )
        )
    return tuple(people)


def _clothes(rng: np.random.Generator) -> tuple[Texture, Texture]:
    """Paint one person from before and from behind."""
    width, height = 200, 500
    cloth = value_noise(height, width, rng, cells=30, octaves=4)
    coat = np.array(random_colour(rng, saturation=rng.uniform(0.1, 0.7), value=rng.uniform(0.25, 0.8)))
    trousers = np.array(random_colour(rng, saturation=0.3, value=rng.uniform(0.15, 0.45)))
    skin = np.array((120, 150, 200)) * rng.uniform(0.55, 1.1)
    hair = np.array(random_colour(rng, saturation=0.5, value=rng.uniform(0.08, 0.5), hue=0.08))
    share = np.linspace(0, 1, height)[:, None, None]
    picture = np.where(share < 0.54, coat, trousers) * (0.75 + 0.5 * cloth)[..., None]
    picture = np.where(share > 0.965, 30.0, picture)
    picture *= 0.75 + 0.25 * np.sin(np.linspace(0.15, 0.85, width) * np.pi)[None, :, None]
    if rng.random() < 0.4:  # stripes
        picture[round(0.2 * height) : round(0.52 * height) : 24] *= 0.5
    back = picture.copy()
    back[: round(0.15 * height)] = hair * (0.8 + 0.4 * cloth[: round(0.15 * height), :, None])
    if rng.random() < 0.6:  # rucksack
        bag = np.array(random_colour(rng, saturation=0.6, value=0.5))
        back[round(0.2 * height) : round(0.42 * height), 55:145] = bag
        back[round(0.33 * height) : round(0.335 * height), 55:145] = 20
    picture[: round(0.155 * height)] = skin
    picture[: round(0.045 * height)] = hair
    face: Image = np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)
    for side in (-1, 1):
        cv2.circle(face, (100 + side * 10, 32), 2, (30, 30, 30), -1, cv2.LINE_AA)
    cv2.line(face, (93, 50), (107, 50), (60, 60, 140), 2, cv2.LINE_AA)
    return Texture(face), Texture(np.asarray(np.clip(back, 0, 255), dtype=np.uint8))
