"""Placements that are not flat: pictures on a pillar and round a corner, against truth drawn ray by ray."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gazestudy.attention import find_exposures
from gazestudy.errors import ParameterError
from gazestudy.mapping import PlanarParameters, Reference, map_frames, map_gaze, visible_outline
from gazestudy.mapping.key_frames import track_key_frames
from gazestudy.mapping.markers import MarkerParameters, _boards, map_markers
from gazestudy.mapping.precedence import combine_mappings
from gazestudy.mapping.references import cut_apart, prepare
from gazestudy.model import Camera, Creative, Facet, Placement
from gazestudy.model.facets import FACET, WHOLE, check_facets, strips
from gazestudy.model.manual import KeyFrame, Marker, MarkerLayout, corners_of
from tests.unit.mapping.bent_scene import Corner, Eye, Pillar, draw, seen

CAMERA = Camera(800, 450, 640.0, 640.0, 399.5, 224.5)
QUICK = PlanarParameters(keyframe_interval=3)
STEP_NS = 33_333_333
EYES = [Eye(-0.3 + 0.05 * i, 0.4 + 0.03 * i, 5 - 0.9 * i) for i in range(9)]
PILLAR, CORNER = Pillar(), Corner()
PILLAR_PX, CORNER_PX = (1500, 760), (1500, 700)
PILLAR_MM, CORNER_MM = (1000 * np.pi, 1600.0), (3000.0, 1400.0)
WALLS = (Facet(0, 0, 900, 700), Facet(900, 0, 1500, 700))


def placement(size_px: tuple[int, int], size_mm: tuple[float, float], facets: tuple[Facet, ...]) -> Placement:
    creative = Creative("wrap-1", "wrap", "", "", "", *size_px)
    return Placement("wrap", "Wrap", (creative,), "static", *size_mm, facets=facets)


def picture(make_artwork, size_px: tuple[int, int]) -> np.ndarray:
    return np.hstack([make_artwork(40 + k, (size_px[0] // 4, size_px[1])) for k in range(4)])


def recording(thing: Pillar | Corner, image: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
    return [(i, i * STEP_NS, draw(CAMERA, eye, thing, image, i)) for i, eye in enumerate(EYES)]


def frames_table() -> pd.DataFrame:
    n = len(EYES)
    columns = {"t_ns": np.arange(n) * STEP_NS, "kind": "real", "part": np.zeros(n, dtype=np.int64)}
    return pd.DataFrame(columns)


def looks(thing: Pillar | Corner, size_px: tuple[int, int]) -> tuple[pd.DataFrame, np.ndarray]:
    """Gaze spread over what is in view, at the times of the frames, and where on the picture it is."""
    rng = np.random.default_rng(1)
    rows, truth = [], []
    for number, eye in enumerate(EYES):
        shares = rng.uniform(0.01, 0.99, (300, 2))
        px, good = seen(CAMERA, eye, thing, shares)
        rows += [(number * STEP_NS, x, y, True) for x, y in px[good].tolist()]
        truth.append(shares[good] * size_px - 0.5)
    return pd.DataFrame(rows, columns=["t_ns", "x_px", "y_px", "valid"]), np.concatenate(truth)


def error_percent(mapped: pd.DataFrame, truth: np.ndarray, size_px: tuple[int, int]) -> np.ndarray:
    found = mapped[["x_ref_px", "y_ref_px"]].to_numpy()
    return 100 * np.linalg.norm(found - truth[mapped["sample"]], axis=1) / size_px[0]


@pytest.fixture(scope="module")
def art():
    from tests.unit.mapping.conftest import artwork

    return artwork


@pytest.fixture(scope="module")
def pillar(art):
    image = picture(art, PILLAR_PX)
    return image, recording(PILLAR, image)


@pytest.fixture(scope="module")
def corner(art):
    image = picture(art, CORNER_PX)
    return image, recording(CORNER, image)


@pytest.fixture(scope="module")
def on_pillar(pillar):
    image, frames = pillar
    home = placement(PILLAR_PX, PILLAR_MM, strips(PILLAR_PX, 12))
    references = cut_apart([Reference("wrap", "wrap-1", image, size_mm=PILLAR_MM)], home.facets)
    return home, map_frames(frames, references, CAMERA, parameters=QUICK)


@pytest.fixture(scope="module")
def on_corner(corner):
    image, frames = corner
    home = placement(CORNER_PX, CORNER_MM, WALLS)
    references = cut_apart([Reference("wrap", "wrap-1", image, size_mm=CORNER_MM)], home.facets)
    return home, map_frames(frames, references, CAMERA, parameters=QUICK)


def test_gaze_on_a_pillar_is_put_onto_the_flat_picture(on_pillar):
    home, table = on_pillar
    gaze, truth = looks(PILLAR, PILLAR_PX)
    mapped, _ = map_gaze(gaze, frames_table(), table, [home], CAMERA)
    error = error_percent(mapped, truth, PILLAR_PX)
    assert len(mapped) > 0.93 * len(gaze)
    assert mapped["sample"].is_unique
    assert np.median(error) < 0.12
    assert np.quantile(error, 0.95) < 0.6
    assert error.max() < 2.0


def test_without_facets_a_pillar_is_not_mapped(pillar):
    image, frames = pillar
    references = [Reference("wrap", "wrap-1", image, size_mm=PILLAR_MM)]
    table = map_frames(frames[:4], references, CAMERA, parameters=QUICK)
    assert not (table["state"] == "mapped").any()


def test_gaze_round_a_corner(on_corner):
    home, table = on_corner
    gaze, truth = looks(CORNER, CORNER_PX)
    mapped, _ = map_gaze(gaze, frames_table(), table, [home], CAMERA)
    error = error_percent(mapped, truth, CORNER_PX)
    assert set(table.loc[table["state"] == "mapped", FACET]) == {0, 1}
    assert len(mapped) > 0.99 * len(gaze)
    assert np.quantile(error, 0.95) < 0.1


def test_exposure_counts_each_part_once(on_pillar, on_corner):
    home, table = on_corner
    exposures = find_exposures(table, frames_table(), [home], camera=CAMERA)
    assert len(exposures) == 1
    ends, _ = CORNER.at(np.array([[1e-6, 0.5], [1 - 1e-6, 0.5]]))
    angles = []
    for eye in EYES:
        left, right = (ends - eye.place) / np.linalg.norm(ends - eye.place, axis=1)[:, None]
        angles.append(np.degrees(np.arccos(left @ right)))
    assert exposures["width_deg_max"].iloc[0] == pytest.approx(max(angles), abs=0.3)
    assert 0.5 < exposures["visible_share_mean"].iloc[0] <= 1.0
    home, table = on_pillar
    exposures = find_exposures(table, frames_table(), [home], camera=CAMERA)
    located = table[table["state"] == "mapped"].groupby("frame")[FACET].nunique().max() / 12
    assert exposures["visible_share_mean"].iloc[0] <= located
    near = min(np.hypot(eye.x_m - PILLAR.x_m, eye.z_m - PILLAR.z_m) for eye in EYES) - PILLAR.radius_m
    assert exposures["distance_mm_min"].iloc[0] == pytest.approx(1000 * near, rel=0.03)


def test_outlines_of_facets_meet_at_the_fold(on_corner):
    home, table = on_corner
    rows = table[(table["state"] == "mapped") & (table["frame"] == 4)].set_index(FACET)
    fold, _ = seen(CAMERA, EYES[4], CORNER, np.array([[0.6 - 1e-9, 0.5]]))
    reach = {}
    for number in (0, 1):
        matrix = rows.loc[number, [f"h{i}{j}" for i in range(3) for j in range(3)]].to_numpy(float)
        outline = visible_outline(
            matrix.reshape(3, 3), CORNER_PX, (800, 450), CAMERA, facet=home.facet(number)
        )
        reach[number] = outline[:, 0].min(), outline[:, 0].max()
    assert reach[0][1] == pytest.approx(fold[0, 0], abs=1.0)
    assert reach[1][0] == pytest.approx(fold[0, 0], abs=1.0)


def rows_by_facet(homographies: dict[int, np.ndarray]) -> pd.DataFrame:
    """A mapping of one frame with a row for each facet."""
    rows = []
    for number, h in homographies.items():
        entries = {f"h{i}{j}": h[i, j] for i in range(3) for j in range(3)}
        rows.append(
            {
                "frame": 0,
                "t_ns": 0,
                "placement_id": "wrap",
                "creative_id": "wrap-1",
                "copy": 0,
                "state": "mapped",
            }
            | entries
            | {"inliers": 20, "confidence": 1.0, "visible_share": 1.0, "width_px": 100.0, "error_px": 0.1}
            | {FACET: number}
        )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("x_px", "expected"), [(50.0, 50.0), (99.4, 99.4), (101.5, 98.5), (150.0, 147.0), (205.0, None)]
)
def test_a_crack_between_facets_swallows_no_gaze(x_px, expected):
    shifted = np.array([[1.0, 0, 3.0], [0, 1, 0], [0, 0, 1]])  # leaves a crack of 3 px
    home = placement((200, 100), (2000.0, 1000.0), strips((200, 100), 2))
    gaze = pd.DataFrame({"t_ns": [0], "x_px": [x_px], "y_px": [50.0], "valid": [True]})
    frames = pd.DataFrame({"t_ns": [0], "kind": ["real"]})
    table = rows_by_facet({0: np.eye(3), 1: shifted})
    mapped, _ = map_gaze(gaze, frames, table, [home], None)
    if expected is None:
        assert len(mapped) == 0
    else:
        assert mapped["x_ref_px"].tolist() == pytest.approx([expected], abs=3.1)
        assert len(mapped) == 1


def test_key_frames_on_one_facet_stand_beside_the_other(corner, on_corner):
    image, frames = corner
    home, table = on_corner
    shares = np.array([[0.0, 0.0], [0.6, 0.0], [0.6, 1.0], [0.0, 1.0]])
    keys = []
    for number in (1, 7):
        inner = np.clip(shares, 1e-6, [0.6 - 1e-9, 1 - 1e-6])
        px, _ = seen(CAMERA, EYES[number], CORNER, inner)
        keys.append(KeyFrame("r", number * STEP_NS, "wrap", corners_of(px), at_shares=corners_of(shares)))
    references = cut_apart([Reference("wrap", "wrap-1", image, size_mm=CORNER_MM)], home.facets)
    by_hand = track_key_frames(frames, references, CAMERA, keys)
    assert set(by_hand[FACET]) == {0}
    both = combine_mappings({"key_frames": by_hand, "automatic": table}, [home])
    one = both[(both["frame"] == 4) & (both["state"] == "mapped")].set_index(FACET)
    assert one["source"].to_dict() == {0: "key_frames", 1: "automatic"}
    whole = [KeyFrame("r", STEP_NS, "wrap", keys[0].corners_px)]
    with pytest.raises(ParameterError, match="four points of one facet"):
        track_key_frames(frames, references, CAMERA, whole)


def test_markers_belong_to_the_facet_they_hang_on():
    home = placement(CORNER_PX, CORNER_MM, WALLS)
    markers = tuple(Marker.upright(k, x=100.0 + 700 * k, y=100.0, side=150.0) for k in range(4))
    layout = MarkerLayout("wrap", "aruco_4x4_50", markers, "mm")
    boards = _boards(layout, [home], CAMERA, MarkerParameters())
    assert [sorted(board.points) for board in boards] == [[0, 1, 2], [3]]
    assert map_markers([], [layout], [home], CAMERA).empty


def test_cut_pictures_lie_where_they_belong(art):
    image = art(3, (300, 200))
    facets = (Facet(0, 0, 100, 200), Facet(100, 0, 300, 120))
    larger = np.ascontiguousarray(np.kron(image, np.ones((2, 2), np.uint8)))
    cut = cut_apart(
        [Reference("a", "a-1", image, size_mm=(3000, 2000)), Reference("a", "a-2", larger)], facets
    )
    assert [one.facet for one in cut] == [0, 1, 0, 1]
    assert np.array_equal(cut[1].image, image[:120, 100:300])
    assert np.array_equal(cut[3].image, larger[:240, 200:600])
    assert cut[1].size_mm == pytest.approx((2000, 1200))
    for work in prepare(cut):
        assert work.outline_px == pytest.approx(facets[work.reference.facet].corners_px)


@pytest.mark.parametrize(
    "facets",
    [
        (Facet(0, 0, 100, 100), Facet(90, 0, 200, 100)),
        (Facet(0, 0, 100, 101),),
        (Facet(-1, 0, 100, 100),),
    ],
)
def test_facets_that_overlap_or_reach_beyond_are_refused(facets):
    with pytest.raises(ParameterError):
        check_facets(facets, (200, 100))


def test_a_motif_that_repeats_round_a_pillar_is_refused(art):
    tile = art(3, (100, 100))
    wrap = Reference("a", "a-1", np.ascontiguousarray(np.hstack([tile] * 3)))
    with pytest.raises(ParameterError, match="with copies"):
        prepare(cut_apart([wrap], strips((300, 100), 3)))
    blank = Reference("a", "a-1", np.full((100, 300), 200, np.uint8))
    assert len(prepare(cut_apart([blank], strips((300, 100), 3)))) == 3


def test_a_flat_placement_has_one_facet(art):
    home = Placement("a", "A", (Creative("a-1", "a", "", "", "", 300, 200),))
    assert home.facet(WHOLE) == Facet(0, 0, 300, 200)
    assert prepare([Reference("a", "a-1", art(3, (300, 200)))])[0].reference.facet == WHOLE
