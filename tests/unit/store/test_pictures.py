from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.errors import InputError
from gazestudy.store.pictures import SAME_CORRELATION, decode, load_picture, similarity


def save(path: Path, image: np.ndarray, *options: int) -> Path:
    path.write_bytes(cv2.imencode(path.suffix, image, list(options))[1].tobytes())
    return path


def poster(headline: str, *, hue: int = 90) -> np.ndarray:
    image = np.full((900, 600, 3), 235, np.uint8)
    cv2.rectangle(image, (40, 300), (560, 860), (hue, 120, 200), -1)
    cv2.putText(image, headline, (50, 180), cv2.FONT_HERSHEY_SIMPLEX, 2.4, (20, 20, 20), 6)
    cv2.circle(image, (300, 580), 160, (30, 200, 240), -1)
    return image


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param("a.jpg", lambda image: image, id="compressed"),
        pytest.param("a.png", lambda image: cv2.resize(image, None, fx=0.37, fy=0.37), id="smaller"),
        pytest.param("a.png", lambda image: cv2.convertScaleAbs(image, alpha=0.8, beta=10), id="paler"),
        pytest.param("a.png", lambda image: cv2.GaussianBlur(image, (0, 0), 1.5), id="blurred"),
    ],
)
def test_same_picture_is_noticed(tmp_path: Path, name: str, change: Callable[..., np.ndarray]) -> None:
    original = load_picture(save(tmp_path / "original.png", poster("SUMMER SALE")))
    other = load_picture(save(tmp_path / name, change(poster("SUMMER SALE"))))
    assert similarity(original.thumbnail, other.thumbnail) > SAME_CORRELATION


def test_same_layout_with_other_words_is_another_picture(tmp_path: Path) -> None:
    one = load_picture(save(tmp_path / "one.png", poster("SUMMER SALE")))
    other = load_picture(save(tmp_path / "other.png", poster("NEW COFFEE")))
    assert similarity(one.thumbnail, other.thumbnail) < SAME_CORRELATION


def test_similarity_is_the_correlation(tmp_path: Path, picture: Callable[..., Path]) -> None:
    one, other = load_picture(picture(1)), load_picture(picture(2))
    assert similarity(one.thumbnail, one.thumbnail) == pytest.approx(1.0)
    assert abs(similarity(one.thumbnail, other.thumbnail)) < 0.5


def test_thai_file_name_and_size(picture: Callable[..., Path]) -> None:
    found = load_picture(picture(1, "โฆษณา.png", (320, 200)))
    assert (found.width_px, found.height_px) == (320, 200)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"", "an empty file", id="empty"),
        pytest.param(b"t_ns,x,y\n1,2,3\n", "no picture that can be read", id="table"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "no picture that can be read", id="header only"),
        pytest.param(
            cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes(), "too small", id="tiny"
        ),
        pytest.param(
            cv2.imencode(".png", np.full((80, 80, 3), 9, np.uint8))[1].tobytes(), "one colour", id="blank"
        ),
    ],
)
def test_unusable_picture_is_one_clear_line(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=text) as caught:
        load_picture(path)
    assert "\n" not in str(caught.value)


def test_missing_picture_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there"):
        load_picture(tmp_path / "none.png")
    with pytest.raises(InputError, match="cannot be read"):
        load_picture(tmp_path)


def test_grey_picture_is_read_as_colour(tmp_path: Path) -> None:
    grey = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    image = decode(save(tmp_path / "grey.png", grey).read_bytes())
    assert image is not None
    assert np.array_equal(image, np.repeat(grey[:, :, None], 3, axis=2))
