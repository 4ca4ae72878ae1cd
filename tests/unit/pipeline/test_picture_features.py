from pathlib import Path

import numpy as np
import pytest

from gazestudy.pipeline.picture_features import PictureFeatures
from gazestudy.store.atomic import sweep

POINTS, DESCRIPTORS = (
    np.arange(6, dtype=np.float32).reshape(3, 2),
    np.arange(384).reshape(3, 128).astype(np.uint8),
)


def test_features_are_found_again(tmp_path):
    known = PictureFeatures(tmp_path / "not there yet")
    assert "a" not in known and len(known) == 0
    known["a"] = POINTS, DESCRIPTORS
    points, descriptors = PictureFeatures(tmp_path / "not there yet")["a"]
    assert (points == POINTS).all() and points.dtype == np.float32
    assert (descriptors == DESCRIPTORS).all() and descriptors.dtype == np.uint8
    assert list(known) == ["a"]
    del known["a"]
    assert "a" not in known
    with pytest.raises(KeyError):
        del known["a"]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 cut off", b"no zip at all"])
def test_a_damaged_file_counts_as_not_there(tmp_path, damage):
    known = PictureFeatures(tmp_path)
    known["a"] = POINTS, DESCRIPTORS
    file = next(tmp_path.glob("*.npz"))
    whole = file.read_bytes()
    for content in (damage, whole[: len(whole) // 2], whole[:-30]):
        file.write_bytes(content)
        assert known.get("a") is None
    known["a"] = POINTS, DESCRIPTORS
    assert known.get("a") is not None


def test_features_of_another_shape_count_as_not_there(tmp_path):
    known = PictureFeatures(tmp_path)
    known["a"] = POINTS, DESCRIPTORS[:2]
    assert known.get("a") is None


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    known = PictureFeatures(tmp_path / "file")
    known["a"] = POINTS, DESCRIPTORS
    assert known.get("a") is None


def test_the_oldest_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr("gazestudy.pipeline.picture_features._MOST_FILES", 3)
    known = PictureFeatures(tmp_path)
    for name in "abcde":
        known[name] = POINTS, DESCRIPTORS
    assert len(known) == 3


def test_what_a_killed_program_left_of_a_file_is_swept_away(tmp_path, monkeypatch):
    known = PictureFeatures(tmp_path / "cache")
    monkeypatch.setattr(Path, "unlink", lambda *_args, **_options: None)  # nobody tidies up after a kill
    monkeypatch.setattr("gazestudy.store.atomic.rename", lambda *_: None)
    known["a"] = POINTS, DESCRIPTORS
    monkeypatch.undo()
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert sweep(tmp_path, set()) == 1
    assert not list((tmp_path / "cache").iterdir())
