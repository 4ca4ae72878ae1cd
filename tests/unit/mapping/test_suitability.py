"""Which pictures can be mapped, and which are taken for one another."""

import numpy as np

from gazestudy._cv2 import cv2
from gazestudy.mapping import Reference
from gazestudy.mapping.suitability import suitability


def artwork(seed, blobs=260):
    rng = np.random.default_rng(seed)
    image = np.full((600, 400, 3), 230, np.uint8)
    for _ in range(blobs):
        x, y = int(rng.integers(0, 400)), int(rng.integers(0, 600))
        colour = [int(value) for value in rng.integers(0, 255, 3)]
        size = (int(rng.integers(4, 40)), int(rng.integers(4, 40)))
        cv2.ellipse(image, (x, y), size, float(rng.uniform(0, 180)), 0, 360, colour, -1)
    return image


def named(**pictures):
    return suitability([Reference(name, name, image) for name, image in pictures.items()]).set_index(
        "placement_id"
    )


def test_strangers_are_no_look_alikes():
    table = named(one=artwork(1), two=artwork(2), three=artwork(3))
    assert (table["look_alikes"] == "").all()
    assert (table["mappable"] == "well").all()
    assert (table["advice"] == "").all()


def test_a_variant_a_part_and_a_mirror_image_are():
    whole = artwork(1)
    variant = whole.copy()
    variant[:240] = artwork(9)[:240]
    table = named(whole=whole, variant=variant, mirror=np.ascontiguousarray(whole[:, ::-1]), other=artwork(2))
    assert "variant" in table.loc["whole", "look_alikes"]
    assert "mirror (" in table.loc["whole", "look_alikes"] and "mirrored" in table.loc["whole", "look_alikes"]
    assert "mirrored" not in table.loc["variant", "look_alikes"].split(";")[0]
    assert table.loc["other", "look_alikes"] == ""
    assert "ambiguous" in table.loc["whole", "advice"]


def test_a_shared_logo_is_no_shared_motif():
    one, two = artwork(1), artwork(2)
    two[500:580, 280:380] = one[500:580, 280:380]
    assert (named(one=one, two=two)["look_alikes"] == "").all()


def test_pictures_of_one_screen_may_look_alike():
    pictures = [Reference("screen", "a", artwork(1)), Reference("screen", "b", artwork(1))]
    assert (suitability(pictures)["look_alikes"] == "").all()


def test_blank_and_small_pictures_get_advice():
    blank = np.full((600, 400), 200, np.uint8)
    blank[300:310] = 90
    table = named(blank=blank, small=cv2.resize(artwork(4), (160, 240), interpolation=cv2.INTER_AREA))
    assert table.loc["blank", "mappable"] == "hardly" and "markers" in table.loc["blank", "advice"]
    assert "larger" in table.loc["small", "advice"]
