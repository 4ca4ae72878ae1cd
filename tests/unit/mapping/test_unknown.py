"""Screens that show what nobody gave: the face is located, and no picture is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gazestudy.geometry.homographies import apply_homography, corners_px
from gazestudy.mapping import PlanarParameters, Reference, map_frames, map_gaze
from gazestudy.mapping.references import prepare
from gazestudy.mapping.sightings import Track
from gazestudy.mapping.unknown import blank_faces, rests_well, settled, with_sure_pictures
from gazestudy.model import Creative, Placement
from gazestudy.model.tables import categorical

SIZE = 300, 420
SIZE_MM = 1200.0, 1680.0
QUICK = PlanarParameters(keyframe_interval=2)
H = [f"h{i}{j}" for i in range(3) for j in range(3)]
STEP_NS = 33_333_333


def beside(h: np.ndarray, metres: float = 1.7) -> np.ndarray:
    return h @ np.array([[1, 0, metres / 1.2 * SIZE[0]], [0, 1, 0], [0, 0, 1.0]])


def variant(picture: np.ndarray) -> np.ndarray:
    """The next picture of the campaign: the same but for a broad headline."""
    other = picture.copy()
    other[150:270] = picture[150:270, ::-1]
    return other


@pytest.fixture
def walk(scene, make_artwork):
    poster, known, unknown = make_artwork(21), make_artwork(22), make_artwork(23)
    poses = [scene.pose(-1.0 + 0.01 * i, 3.0 - 0.02 * i, 12, 1.2, SIZE) for i in range(20)]
    return poster, known, unknown, poses


def located(scene, poster, poses, shown) -> pd.DataFrame:
    frames = [
        (i, i * STEP_NS, scene.draw([(picture, beside(h)), (poster, h)], seed=i))
        for i, (h, picture) in enumerate(zip(poses, shown, strict=True))
    ]
    references = [
        Reference("poster", "poster-1", poster, size_mm=SIZE_MM),
        Reference("screen", "screen-1", shown[0], size_mm=SIZE_MM, changes=True),
    ]
    table = map_frames(frames, references, scene.camera, parameters=QUICK)
    return table[(table["placement_id"] == "screen") & (table["state"] == "mapped")].set_index("frame")


def worst_share(rows: pd.DataFrame, poses: list[np.ndarray]) -> float:
    corners = corners_px(*SIZE)
    worst = 0.0
    for frame, row in rows.iterrows():
        truth = apply_homography(beside(poses[frame]), corners)
        found = apply_homography(row[H].to_numpy(float).reshape(3, 3), corners)
        worst = max(
            worst, float(np.linalg.norm(found - truth, axis=1).max() / np.linalg.norm(truth[1] - truth[0]))
        )
    return worst


def test_a_screen_is_followed_while_it_shows_what_nobody_gave(scene, walk):
    poster, known, unknown, poses = walk
    rows = located(scene, poster, poses, [known] * 8 + [unknown] * 8 + [known] * 4)
    assert (rows.loc[0:7, "creative_id"] == "screen-1").all()
    assert (rows.loc[8:15, "creative_id"] == "").all()
    assert (rows.loc[17:19, "creative_id"] == "screen-1").all()
    assert len(rows.loc[8:15]) == 8
    assert rows.index.is_unique
    assert worst_share(rows, poses) < 0.02


def test_gaze_on_unknown_content_is_on_the_placement(scene, walk):
    poster, known, unknown, poses = walk
    rows = located(scene, poster, poses, [known] * 10 + [unknown] * 10).reset_index()
    at = scene.place(beside(poses[14]), np.array([[120.0, 200.0]]))[0]
    gaze = pd.DataFrame({"t_ns": [14 * STEP_NS], "x_px": [at[0]], "y_px": [at[1]], "valid": [True]})
    frames = pd.DataFrame({"t_ns": np.arange(20) * STEP_NS, "kind": "real"})
    home = Placement("screen", "Screen", (Creative("screen-1", "screen", "", "", "", *SIZE),), "digital")
    mapped, _ = map_gaze(gaze, frames, rows, [home], scene.camera)
    assert mapped["creative_id"].tolist() == [""]
    assert mapped[["x_ref_px", "y_ref_px"]].to_numpy()[0] == pytest.approx([120, 200], abs=4)


def test_the_next_picture_of_the_campaign_is_not_taken_for_the_one_before(scene, walk):
    poster, known, _, poses = walk
    rows = located(scene, poster, poses, [known] * 8 + [variant(known)] * 12)
    assert not (rows.loc[8:, "creative_id"] == "screen-1").any()
    assert len(rows.loc[8:]) >= 10
    assert worst_share(rows, poses) < 0.03


def test_a_screen_never_seen_with_its_picture_is_not_placed(scene, walk):
    poster, known, unknown, poses = walk
    frames = [
        (i, i * STEP_NS, scene.draw([(unknown, beside(h)), (poster, h)], seed=i)) for i, h in enumerate(poses)
    ]
    references = [
        Reference("poster", "poster-1", poster, size_mm=SIZE_MM),
        Reference("screen", "screen-1", known, size_mm=SIZE_MM, changes=True),
    ]
    table = map_frames(frames[:8], references, scene.camera, parameters=QUICK)
    assert set(table.loc[table["state"] == "mapped", "placement_id"]) == {"poster"}


def test_only_faces_that_change_may_be_without_a_picture(make_artwork):
    pictures = [make_artwork(k) for k in range(4)]
    artworks = prepare(
        [
            Reference("poster", "p", pictures[0]),
            Reference("screen", "s1", pictures[1], size_mm=SIZE_MM),
            Reference("screen", "s2", pictures[2]),
            Reference("twice", "t", pictures[3], copies=2, changes=True),
        ]
    )
    blanks = blank_faces(artworks)
    assert [(b.reference.placement_id, b.reference.creative_id) for b in blanks] == [("screen", "")]
    assert blanks[0].reference.size_mm == SIZE_MM


def rows_of(*rows: tuple[int, str, str, float, str]) -> pd.DataFrame:
    columns = ["frame", "creative_id", "state", "confidence", "beside"]
    table = pd.DataFrame(rows, columns=columns).assign(placement_id="screen")
    table["state"] = categorical(table["state"], ("mapped", "wrong_appearance"))
    return table.assign(t_ns=table["frame"] * STEP_NS)


def test_a_recognised_picture_keeps_others_out_and_unknown_content_keeps_refusals_out():
    table = rows_of(
        (0, "s1", "mapped", 1.0, ""),
        (0, "", "mapped", 1.0, "poster"),
        (1, "s1", "wrong_appearance", 1.0, ""),
        (1, "", "mapped", 1.0, "poster"),
        (2, "s1", "wrong_appearance", 1.0, ""),
        (2, "", "wrong_appearance", 1.0, "poster"),
        (3, "", "mapped", 1.0, ""),
        (3, "", "mapped", 1.0, "poster"),
    )
    kept = settled(table)
    assert kept[["frame", "creative_id", "beside"]].to_numpy().tolist() == [
        [0, "s1", ""],
        [1, "", "poster"],
        [2, "s1", ""],
        [3, "", ""],
    ]


def test_what_comes_while_a_picture_fades_away_has_no_name():
    looks = [0.5, 0.9, 1.0, 1.0, 0.6, 1.0, 1.0, 0.7, 0.5]
    table = rows_of(*((k, "s1", "mapped", look, "") for k, look in enumerate(looks)))
    named = with_sure_pictures(table, {"screen"})["creative_id"].tolist()
    assert named == ["", *["s1"] * 6, "", ""]
    assert with_sure_pictures(table, set())["creative_id"].tolist() == ["s1"] * 9


def test_a_face_rests_on_what_was_believed():
    picture, neighbour, face = Track(0), Track(1), Track(2)
    face.shown_by[picture], face.placed_by[neighbour] = 5, 9
    assert rests_well(face, {picture, neighbour})
    assert not rests_well(face, {neighbour})
    assert not rests_well(face, {picture})
