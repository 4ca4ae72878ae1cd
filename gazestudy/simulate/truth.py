"""What really happened on a walk, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.geometry.cameras import distort_px, px_to_direction, undistort_px
from gazestudy.model import categorical, frame_on_show, sample_durations_ns
from gazestudy.model.tables import EVENT_KINDS, GAZE_EVENTS
from gazestudy.simulate.cameras import lens_of
from gazestudy.simulate.looking import KINDS
from gazestudy.simulate.render import NEAR_M
from gazestudy.simulate.sight import FaceHits, hidden, hit_faces
from gazestudy.simulate.surfaces import SQUARE, Floats

if TYPE_CHECKING:
    from gazestudy.simulate.station import Face, Station
    from gazestudy.simulate.walk import Walk

_GRID = 10  # visible share is counted on 10 x 10 points of the face
_CHUNK_FRAMES = 120


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The truth of one walk.

    Only advertisements of the study appear; gaze on a distractor is gaze on nothing.

    Attributes
    ----------
    mapping : DataFrame
        One row per frame and face with any part in the image: frame, t_ns, placement_id, creative_id, copy,
        h00 to h22 (reference px to undistorted scene px at mid-exposure), in_image_share, visible_share (in
        the image and not hidden; counted on 10 x 10 points of the face), width_px (mean of upper and lower
        edge in undistorted px, NaN when a corner is behind the camera), distance_mm (eye to middle of the
        face), angle_deg (between line of sight and the face's normal).
    gaze : DataFrame
        One row per recorded gaze sample: sample, t_ns, kind (true event class), event_id. placement_id, copy,
        creative_id, x_ref_px, y_ref_px: where the *recorded* gaze point (with its offset and noise) lies,
        with the pose at the very time of the sample. frame, x_frame_ref_px, y_frame_ref_px: the same recorded
        pixel mapped with the pose of the frame on show. eye_placement_id, eye_copy, eye_creative_id,
        eye_x_ref_px, eye_y_ref_px: where the person really looked. behind_placement_id: the placement that
        the recorded gaze point would lie on if nobody stood before it. Empty ids and NaN where there is none.
        Samples without a pixel in the image have none.
    events : DataFrame
        True gaze events, with all columns of the contract `GAZE_EVENTS` (centroids are of valid recorded
        samples) and: placement_id, copy, creative_id (what at least half of the valid recorded samples lie
        on), x_ref_px, y_ref_px (median of those), on_share, eye_placement_id (what was meant),
        behind_placement_id (what at least half of them would lie on, but for people before it).
    dwell : DataFrame
        One row per placement. dwell_ms: sum of the durations of the fixations and pursuits of `events` that
        lie on it; fixation_count: their number; gaze_ms: time of valid recorded samples on it where it is
        visible; eye_dwell_ms: the same sum as dwell_ms by what was meant; in_view_ms: time of frames in which
        at least half of it was visible; noticed: it was fixated.
    """

    mapping: pd.DataFrame
    gaze: pd.DataFrame
    events: pd.DataFrame
    dwell: pd.DataFrame


def make_truth(walk: Walk) -> Truth:
    """Compute the truth tables of a walk.

    Parameters
    ----------
    walk : Walk
        The walk.

    Returns
    -------
    Truth
        Its tables.
    """
    mapping = _mapping(walk)
    gaze = _gaze(walk)
    events, gaze = _events(walk, gaze)
    GAZE_EVENTS.check(events, "truth")
    return Truth(mapping, gaze, events, _dwell(walk, mapping, gaze, events))


def reference_homographies(
    station: Station, face: Face, eyes_m: Floats, rotations: Floats, matrix: Floats
) -> Floats:
    """Return the homographies from reference px of a face to undistorted scene px.

    Parameters
    ----------
    station : Station
        The station.
    face : Face
        Which face.
    eyes_m : ndarray of float, shape (n, 3)
        Positions of the camera, m.
    rotations : ndarray of float, shape (n, 3, 3)
        World to camera.
    matrix : ndarray of float, shape (3, 3)
        Camera matrix.

    Returns
    -------
    ndarray of float64, shape (n, 3, 3)
        The homographies, h22 = 1.
    """
    surface = station.surfaces[face.surface]
    width, height = face.size_px
    shares = np.array([[1 / width, 0, 0.5 / width], [0, 1 / height, 0.5 / height], [0, 0, 1]])
    plane = np.empty((len(eyes_m), 3, 3))
    plane[..., 0], plane[..., 1], plane[..., 2] = surface.along_m, surface.down_m, surface.origin_m - eyes_m
    result = matrix @ rotations @ plane @ shares
    return np.asarray(result / result[:, 2:, 2:])


def _mapping(walk: Walk) -> pd.DataFrame:
    frames = walk.frame_table
    real = np.flatnonzero(frames["kind"].to_numpy() == "real")
    t_ns = frames["t_ns"].to_numpy()
    parts = [
        _mapping_rows(walk, real[start : start + _CHUNK_FRAMES], t_ns)
        for start in range(0, len(real), _CHUNK_FRAMES)
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["frame", "placement_id", "copy"], kind="stable", ignore_index=True)


def _mapping_rows(walk: Walk, rows: NDArray[np.int64], all_t_ns: NDArray[np.int64]) -> pd.DataFrame:
    t_s = walk.station_s(all_t_ns[rows])
    eyes, rotations = walk.head.pose_at(t_s)
    ticks = (np.arange(_GRID) + 0.5) / _GRID
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    found = []
    for face in walk.station.faces:
        if not face.in_study:
            continue
        surface = walk.station.surfaces[face.surface]
        points = surface.point_m(grid)
        facing = (eyes - surface.origin_m) @ surface.normal > 0
        in_image = np.zeros((len(rows), len(grid)), dtype=bool)
        in_image[facing] = _in_image(walk, eyes[facing], rotations[facing], points)
        near = np.flatnonzero(in_image.any(axis=1))
        if len(near) == 0:
            continue
        which, point = np.nonzero(in_image[near])
        free = ~hidden(walk.station, eyes[near][which], points[point], t_s[near][which])
        visible = np.bincount(which, weights=free, minlength=len(near)) / len(grid)
        found.append(
            _mapping_of_face(
                walk, face, rows[near], all_t_ns[rows[near]], in_image[near].mean(axis=1), visible
            )
        )
    return pd.concat(found, ignore_index=True) if found else _no_mapping()


def _in_image(walk: Walk, eyes: Floats, rotations: Floats, points: Floats) -> NDArray[np.bool_]:
    """Tell which points, shape (m, 3), each camera has in its image, shape (n, m)."""
    camera, lens = walk.camera, lens_of(walk.camera)
    rays = np.einsum("nij,nmj->nmi", rotations, points[None] - eyes[:, None])
    ahead = rays[..., 2] > NEAR_M
    depth = np.where(ahead, rays[..., 2], 1.0)
    flat = np.stack(
        [
            rays[..., 0] / depth * camera.fx_px + camera.cx_px,
            rays[..., 1] / depth * camera.fy_px + camera.cy_px,
        ],
        axis=-1,
    )
    # far outside the image the lens model folds back, so only what the lens can see is asked for
    low = np.array([camera.cx_px - lens.matrix[0, 2], camera.cy_px - lens.matrix[1, 2]])
    inside = ahead & (flat > low).all(axis=-1) & (flat < low + np.array(lens.canvas_px)).all(axis=-1)
    bent = distort_px(flat[inside], camera)
    limit = np.array([camera.width_px, camera.height_px]) - 0.5
    inside[inside] = ((bent >= -0.5) & (bent < limit)).all(axis=1)
    return np.asarray(inside, dtype=np.bool_)


def _no_mapping() -> pd.DataFrame:
    columns = {
        "frame": "int64",
        "t_ns": "int64",
        "placement_id": "str",
        "creative_id": "str",
        "copy": "int64",
    }
    columns |= {f"h{row}{column}": "float64" for row in range(3) for column in range(3)}
    columns |= dict.fromkeys(
        ("in_image_share", "visible_share", "width_px", "distance_mm", "angle_deg"), "float64"
    )
    return pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype in columns.items()})


def _mapping_of_face(
    walk: Walk,
    face: Face,
    rows: NDArray[np.int64],
    t_ns: NDArray[np.int64],
    in_image: Floats,
    visible: Floats,
) -> pd.DataFrame:
    surface = walk.station.surfaces[face.surface]
    t_s = walk.station_s(t_ns)
    eyes, rotations = walk.head.pose_at(t_s)
    matrices = reference_homographies(walk.station, face, eyes, rotations, walk.camera.matrix)
    ways = eyes - surface.point_m(np.array([[0.5, 0.5]]))[0]
    distance = np.linalg.norm(ways, axis=1)
    creatives = [face.creative_ids[surface.on_show(float(time))] for time in t_s]
    table = {
        "frame": rows,
        "t_ns": t_ns,
        "placement_id": pd.Series([face.placement_id] * len(rows), dtype="str"),
        "creative_id": pd.Series(creatives, dtype="str"),
        "copy": np.full(len(rows), face.copy, dtype=np.int64),
    }
    table |= {f"h{row}{column}": matrices[:, row, column] for row in range(3) for column in range(3)}
    table |= {
        "in_image_share": in_image,
        "visible_share": visible,
        "width_px": _widths_px(walk, face, eyes, rotations),
        "distance_mm": 1000 * distance,
        "angle_deg": np.degrees(np.arccos(np.clip(ways @ surface.normal / distance, -1, 1))),
    }
    return pd.DataFrame(table)


def _widths_px(walk: Walk, face: Face, eyes: Floats, rotations: Floats) -> Floats:
    corners = walk.station.surfaces[face.surface].point_m(SQUARE)
    rays = np.einsum("nij,nmj->nmi", rotations, corners[None] - eyes[:, None])
    behind = (rays[..., 2] <= NEAR_M).any(axis=1)
    depth = np.maximum(rays[..., 2:], NEAR_M)
    flat = rays[..., :2] / depth * (walk.camera.fx_px, walk.camera.fy_px)
    upper = np.linalg.norm(flat[:, 1] - flat[:, 0], axis=1)
    lower = np.linalg.norm(flat[:, 2] - flat[:, 3], axis=1)
    return np.where(behind, np.nan, (upper + lower) / 2)


def _gaze(walk: Walk) -> pd.DataFrame:
    gaze = walk.gaze
    t_ns = gaze["t_ns"].to_numpy()
    t_s = walk.station_s(t_ns)
    eyes, rotations = walk.head.pose_at(t_s)
    pixels = gaze[["x_px", "y_px"]].to_numpy()
    seen = np.flatnonzero(np.isfinite(pixels).all(axis=1) & (gaze["reason"].to_numpy() != "out_of_image"))
    rays = px_to_direction(pixels[seen], walk.camera)
    directions = np.einsum("nji,nj->ni", rotations[seen], rays)
    recorded = _spread(hit_faces(walk.station, eyes[seen], directions, t_s[seen]), seen, len(t_ns))
    through = hit_faces(walk.station, eyes[seen], directions, t_s[seen], people=False)
    behind = _spread(through, seen, len(t_ns))
    behind.face[recorded.face >= 0] = -1
    meant = hit_faces(walk.station, eyes, walk.sight.directions, t_s)
    table: dict[str, object] = {
        "sample": np.arange(len(t_ns), dtype=np.int64),
        "t_ns": t_ns,
        "kind": categorical([KINDS[kind] for kind in walk.sight.kind], EVENT_KINDS),
    }
    table |= _columns(walk.station, recorded, t_s, "")
    frame = frame_on_show(walk.frame_table["t_ns"].to_numpy(), t_ns)
    table["frame"] = frame
    x, y = _by_frame(walk, recorded, pixels, frame)
    table |= {"x_frame_ref_px": x, "y_frame_ref_px": y}
    table |= _columns(walk.station, meant, t_s, "eye_")
    ids = np.array([*(face.placement_id if face.in_study else "" for face in walk.station.faces), ""])
    table["behind_placement_id"] = pd.Series(ids[behind.face], dtype="str")
    return pd.DataFrame(table)


def _spread(hits: FaceHits, rows: NDArray[np.int64], count: int) -> FaceHits:
    face, shares = np.full(count, -1, dtype=np.int64), np.full((count, 2), np.nan)
    face[rows], shares[rows] = hits.face, hits.shares
    return FaceHits(face, shares)


def _columns(station: Station, hits: FaceHits, t_s: Floats, prefix: str) -> dict[str, object]:
    """Return ids and reference px of what was met; distractors count as nothing."""
    count = len(t_s)
    ids, creatives = np.full(count, "", dtype=object), np.full(count, "", dtype=object)
    copy, pixels = np.full(count, -1, dtype=np.int64), np.full((count, 2), np.nan)
    for number, face in enumerate(station.faces):
        rows = np.flatnonzero(hits.face == number)
        if not face.in_study or len(rows) == 0:
            continue
        surface = station.surfaces[face.surface]
        ids[rows], copy[rows] = face.placement_id, face.copy
        creatives[rows] = [face.creative_ids[surface.on_show(float(time))] for time in t_s[rows]]
        pixels[rows] = hits.shares[rows] * face.size_px - 0.5
    return {
        f"{prefix}placement_id": pd.Series(ids, dtype="str"),
        f"{prefix}copy": copy,
        f"{prefix}creative_id": pd.Series(creatives, dtype="str"),
        f"{prefix}x_ref_px": pixels[:, 0],
        f"{prefix}y_ref_px": pixels[:, 1],
    }


def _by_frame(walk: Walk, hits: FaceHits, pixels: Floats, frame: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Map recorded pixels with the homography of the frame on show, on the face that they really lie on."""
    result = np.full((len(pixels), 2), np.nan)
    real = walk.frame_table["kind"].to_numpy() == "real"
    frame_s = walk.station_s(walk.frame_table["t_ns"].to_numpy())
    usable = (hits.face >= 0) & (frame >= 0) & real[np.maximum(frame, 0)]
    for number, face in enumerate(walk.station.faces):
        rows = np.flatnonzero(usable & (hits.face == number))
        if not face.in_study or len(rows) == 0:
            continue
        eyes, rotations = walk.head.pose_at(frame_s[frame[rows]])
        matrices = reference_homographies(walk.station, face, eyes, rotations, walk.camera.matrix)
        flat = np.column_stack([undistort_px(pixels[rows], walk.camera), np.ones(len(rows))])
        points = np.linalg.solve(matrices, flat[..., None])[..., 0]
        result[rows] = points[:, :2] / points[:, 2:]
    return result[:, 0], result[:, 1]


def _events(walk: Walk, gaze: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cut the samples into runs of one kind and one look, and say what each run lies on."""
    kind, look = walk.sight.kind, walk.sight.look
    cuts = np.flatnonzero((np.diff(kind) != 0) | (np.diff(look) != 0)) + 1
    first = np.concatenate([[0], cuts])
    last = np.append(cuts, len(kind)) - 1
    t_ns = gaze["t_ns"].to_numpy()
    lasting = sample_durations_ns(t_ns)
    offset = t_ns[last] + lasting[last]
    number = np.repeat(np.arange(len(first)), last - first + 1)
    table = pd.DataFrame(
        {
            "event_id": np.arange(len(first), dtype=np.int64),
            "kind": categorical([KINDS[value] for value in kind[first]], EVENT_KINDS),
            "onset_ns": t_ns[first],
            "offset_ns": offset,
            "duration_ms": (offset - t_ns[first]) / 1e6,
            "first_sample": first.astype(np.int64),
            "last_sample": last.astype(np.int64),
        }
    )
    valid = walk.gaze["valid"].to_numpy()
    table = pd.concat([table, _centroids(walk.gaze, number, len(first))], axis=1)
    owners = [_owner(gaze.iloc[a : b + 1], valid[a : b + 1]) for a, b in zip(first, last, strict=True)]
    for column, name in enumerate(
        ("placement_id", "copy", "creative_id", "x_ref_px", "y_ref_px", "on_share")
    ):
        values = [owner[column] for owner in owners]
        table[name] = pd.Series(values, dtype="str") if name.endswith("_id") else np.array(values)
    behind = gaze["behind_placement_id"].to_numpy()
    table["behind_placement_id"] = pd.Series(
        [_most(behind[a : b + 1][valid[a : b + 1]]) for a, b in zip(first, last, strict=True)], dtype="str"
    )
    meant = [
        walk.station.faces[walk.looks[value].face] if walk.looks[value].face >= 0 else None
        for value in look[first]
    ]
    table["eye_placement_id"] = pd.Series(
        [face.placement_id if face is not None and face.in_study else "" for face in meant], dtype="str"
    )
    return table, gaze.assign(event_id=number.astype(np.int64))


def _centroids(gaze: pd.DataFrame, number: NDArray[np.int64], count: int) -> pd.DataFrame:
    """Return number, centroid and dispersion of the valid samples of each event."""
    names = {"x_px": "x_px", "y_px": "y_px", "azimuth_deg": "x_deg", "elevation_deg": "y_deg"}
    valid = gaze["valid"].to_numpy()
    samples = gaze.loc[valid, list(names)].rename(columns=names)
    groups = samples.groupby(number[valid])
    table = groups.mean().reindex(range(count))
    # samples of an event are close together: differences of angles, narrowed by the elevation's cosine
    off = samples - table.loc[number[valid]].to_numpy()
    square = (off["x_deg"] * np.cos(np.radians(samples["y_deg"]))) ** 2 + off["y_deg"] ** 2
    table["dispersion_deg"] = np.sqrt(square.groupby(number[valid]).mean().reindex(range(count)))
    table.insert(0, "n_samples", groups.size().reindex(range(count), fill_value=0).astype(np.int64))
    table["part"] = np.zeros(count, dtype=np.int64)
    return table


def _owner(samples: pd.DataFrame, valid: NDArray[np.bool_]) -> tuple[str, int, str, float, float, float]:
    """Return placement, copy, creative, median position and share of what half of the samples hit."""
    nothing = ("", -1, "", float("nan"), float("nan"), 0.0)
    good = samples[valid]
    on = good[good["placement_id"] != ""]
    if len(on) == 0:
        return nothing
    counts = on.groupby(["placement_id", "copy"]).size()
    placement, copy = counts.index[int(counts.to_numpy().argmax())]
    share = float(counts.max()) / len(good)
    if share < 0.5:
        return nothing
    on = on[(on["placement_id"] == placement) & (on["copy"] == copy)]
    return (
        str(placement),
        int(copy),
        str(on["creative_id"].iloc[0]),
        float(on["x_ref_px"].median()),
        float(on["y_ref_px"].median()),
        share,
    )


def _most(ids: NDArray[np.object_]) -> str:
    """Return the name that at least half of the rows have, or nothing."""
    names, counts = np.unique(ids.astype(str), return_counts=True)
    enough = (counts * 2 >= len(ids)) & (names != "")
    return str(names[enough][0]) if enough.any() else ""


def _dwell(walk: Walk, mapping: pd.DataFrame, gaze: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    held = events[events["kind"].isin(["fixation", "pursuit"])]
    lasting = sample_durations_ns(gaze["t_ns"].to_numpy()) / 1e6
    valid = walk.gaze["valid"].to_numpy()
    frame_ms = sample_durations_ns(walk.frame_table["t_ns"].to_numpy()) / 1e6
    clear = mapping[mapping["visible_share"] >= 0.5].drop_duplicates(["frame", "placement_id"])
    ids = gaze["placement_id"].to_numpy()
    rows = []
    for placement in walk.station.placements:
        on = held[held["placement_id"] == placement.id]
        meant = held[held["eye_placement_id"] == placement.id]
        in_view = clear.loc[clear["placement_id"] == placement.id, "frame"].to_numpy()
        rows.append(
            {
                "placement_id": placement.id,
                "dwell_ms": float(on["duration_ms"].sum()),
                "fixation_count": len(on),
                "gaze_ms": float(lasting[valid & (ids == placement.id)].sum()),
                "eye_dwell_ms": float(meant["duration_ms"].sum()),
                "in_view_ms": float(frame_ms[in_view].sum()),
                "noticed": len(on) > 0,
            }
        )
    return pd.DataFrame(rows)
