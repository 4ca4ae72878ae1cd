"""What is to be seen of one recording: its pictures with gaze, gaze events and placements, by frame.

Everything is kept in arrays, so that an hour of it takes tens of megabytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.geometry.cameras import distort_px, undistort_px
from gazestudy.geometry.homographies import apply_homography, corners_px
from gazestudy.importers.video import SceneVideo
from gazestudy.model import Camera
from gazestudy.model.facet_rows import facet_numbers
from gazestudy.model.facets import FACET
from gazestudy.pipeline.correcting import study_gaze
from gazestudy.pipeline.mapping_sources import KEY_FRAMES
from gazestudy.store import Study

Floats = NDArray[np.float64]

_TRAIL_NS = 150_000_000
_SAME_PX = 0.5
_H = [f"h{row}{column}" for row in range(3) for column in range(3)]
_OF_MAPPING = ("frame", "placement_id", "copy", "state", FACET, *_H)


@dataclass(frozen=True, slots=True, eq=False)
class InView:
    """A placement in a picture.

    Attributes
    ----------
    polygon_px : ndarray of float64, shape (n, 2)
        Its outline in the scene image.
    label : str
        What people call it; empty for further facets of one that has its label.
    looked_at : bool
        Gaze is on it.
    """

    polygon_px: Floats
    label: str
    looked_at: bool = False


class RecordingScene:
    """The scene of a recording, looked up by the row of its frames table.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.
    video : SceneVideo
        Its pictures.
    frames : DataFrame, optional
        When they were on show, contract `FRAMES`; None: as recorded.

    Attributes
    ----------
    notes : list of str
        What is not there, and why.
    frames : DataFrame
        Contract `FRAMES`.
    t_ns : ndarray of int64, shape (n_frames,)
        When each frame came on show.
    gaze_t_ns, gaze_px, gaze_reason : ndarray
        Gaze as it is used: times; x and y, NaN where not valid, shape (n_samples, 2); code of the reason,
        an index into `reasons`.
    reasons : tuple of str
        Words of the codes.
    events : DataFrame or None
        Gaze events, None if not detected yet.
    """

    def __init__(
        self, study: Study, recording_id: str, video: SceneVideo, *, frames: pd.DataFrame | None = None
    ) -> None:
        self.notes: list[str] = []
        self.recording_id = recording_id
        self.video = video
        self.frames = study.stream(recording_id, "frames") if frames is None else frames
        self.t_ns = self.frames["t_ns"].to_numpy(np.int64)
        self.camera = study.camera(recording_id)
        self._placements = {one.id: one for one in study.placements()}
        gaze = study_gaze(study, recording_id)
        self.gaze_t_ns = gaze["t_ns"].to_numpy(np.int64)
        self.gaze_px = gaze[["x_px", "y_px"]].to_numpy(np.float64, copy=True)
        self.gaze_px[~gaze["valid"].to_numpy(bool)] = np.nan
        reason = gaze["reason"].astype("category").cat
        self.gaze_reason = reason.codes.to_numpy(np.int8)
        self.reasons = tuple(str(word) for word in reason.categories)
        self._last = np.searchsorted(self.gaze_t_ns, np.append(self.t_ns[1:], self.t_ns[-1:] + 1)) - 1
        self.events = self._table(study, recording_id, "events", "events")
        self._place_ids, self._place_of = self._on_placement(
            self._table(study, recording_id, "attention", "mapped_gaze", ("sample", "placement_id"))
        )
        automatic = self._table(study, recording_id, "mapping", "mapping", _OF_MAPPING)
        self._set_mapping(automatic, _tracked(study, recording_id))

    @classmethod
    def of(cls, study: Study, recording_id: str) -> Self:
        """Return the scene of a recording.

        Parameters
        ----------
        study : Study
            The study.
        recording_id : str
            Which recording.

        Raises
        ------
        StudyError
            If there is no such recording.
        InputError
            If it has no scene video.
        """
        videos = study.media(recording_id)
        if not videos:
            raise InputError(
                study.path,
                f"recording {recording_id!r} has no scene video",
                advice="Import it together with its video",
            )
        return cls(study, recording_id, SceneVideo(videos))

    def _table(
        self, study: Study, recording_id: str, step: str, name: str, columns: Sequence[str] | None = None
    ) -> pd.DataFrame | None:
        derived = study.current(recording_id, step)
        if derived is None:
            self.notes.append(f"no {step} yet: gazestudy run")
            return None
        return derived.table(name, columns=columns)

    def _on_placement(self, mapped: pd.DataFrame | None) -> tuple[tuple[str, ...], NDArray[np.int16]]:
        found = np.full(len(self.gaze_t_ns), -1, np.int16)
        if mapped is None:
            return (), found
        places = mapped["placement_id"].astype("category").cat
        found[mapped["sample"].to_numpy(np.int64)] = places.codes.to_numpy(np.int16)
        return tuple(str(place) for place in places.categories), found

    def _set_mapping(self, automatic: pd.DataFrame | None, tracked: pd.DataFrame | None) -> None:
        """Take where placements are; what was tracked between key frames takes the place of the automatic."""
        tables = [one[one["state"] == "mapped"] for one in (tracked, automatic) if one is not None]
        if not tables:
            self._mapped_frame, self._mapped_h = np.zeros(0, np.int64), np.zeros((0, 9))
            self._mapped_place: list[str] = []
            self._mapped_copy = self._mapped_facet = np.zeros(0, np.int64)
            return
        if len(tables) == 2:
            by_hand, other = (
                pd.MultiIndex.from_arrays([one["frame"], one["placement_id"].astype(str)]) for one in tables
            )
            tables[1] = tables[1][~other.isin(by_hand)]
        wanted = set(_OF_MAPPING)
        tables = [one[[name for name in one if name in wanted]] for one in tables if len(one)] or tables[:1]
        rows = pd.concat(tables).sort_values("frame", kind="stable")
        self._mapped_frame = rows["frame"].to_numpy(np.int64)
        self._mapped_h = rows[_H].to_numpy(np.float64)
        self._mapped_place = rows["placement_id"].astype(str).tolist()
        self._mapped_copy = rows["copy"].to_numpy(np.int64)
        self._mapped_facet = facet_numbers(rows)

    def row_at(self, t_ns: int) -> int:
        """Return the row of the frame on show at a time; the first one before that."""
        return max(0, int(np.searchsorted(self.t_ns, t_ns, side="right")) - 1)

    def end_ns(self, row: int) -> int:
        """Return when a picture was on show last: until the next one came; of the last one, its own time."""
        return int(self.t_ns[min(row + 1, len(self.t_ns) - 1)]) - (row + 1 < len(self.t_ns))

    def gaze(self, row: int) -> Floats | None:
        """Return gaze while a picture was on show: its last valid sample then, px, shape (2,)."""
        first = np.searchsorted(self.gaze_t_ns, self.t_ns[row])
        seen = self.gaze_px[first : self._last[row] + 1]
        seen = seen[np.isfinite(seen).all(axis=1)]
        return seen[-1] if len(seen) else None

    def trail(self, row: int) -> Floats:
        """Return gaze up to the end of a picture, px, shape (n, 2), NaN where not valid."""
        first = np.searchsorted(self.gaze_t_ns, self.t_ns[row] - _TRAIL_NS)
        return self.gaze_px[first : self._last[row] + 1]

    def event_at(self, row: int) -> int:
        """Return the row of the gaze event at the end of a picture, -1 for none."""
        last = self._last[row]
        if self.events is None or last < 0:
            return -1
        t_ns = self.gaze_t_ns[last]
        at = int(np.searchsorted(self.events["onset_ns"].to_numpy(), t_ns, side="right")) - 1
        if at < 0 or self.events["offset_ns"].iloc[at] < t_ns:
            return -1
        return at

    def event(self, row: int) -> str:
        """Return the gaze event at the end of a picture, in words."""
        at = self.event_at(row)
        if at < 0 or self.events is None:
            return ""
        event = self.events.iloc[at]
        return f"{event['kind']} {event['duration_ms']:.0f} ms"

    def reason(self, row: int) -> str:
        """Return why the sample at the end of a picture is not valid; ok if it is."""
        return self.reasons[self.gaze_reason[self._last[row]]] if self._last[row] >= 0 else "no_data"

    def looked_at(self, row: int) -> str:
        """Return the placement that gaze is on at the end of a picture, or nothing."""
        last = int(self._last[row])
        return self._place_ids[self._place_of[last]] if last >= 0 and self._place_of[last] >= 0 else ""

    def outlines(self, row: int) -> Sequence[InView]:
        """Return the placements in view."""
        from gazestudy.mapping import visible_outline

        first, stop = np.searchsorted(self._mapped_frame, [row, row + 1])
        size = (self.video.width_px, self.video.height_px)
        looked_at = self.looked_at(row)
        found: list[InView] = []
        named: set[str] = set()
        for at in range(first, stop):
            place = self._placements.get(self._mapped_place[at])
            if place is None:
                continue
            facet = place.facet(int(self._mapped_facet[at]))
            polygon = visible_outline(
                self._mapped_h[at].reshape(3, 3), place.size_px, size, self.camera, facet=facet
            )
            label = "" if place.facets and place.id in named else self.name_of(place.id)
            named.add(place.id)
            found.append(InView(polygon, label, place.id == looked_at))
        return found

    def corners(self, row: int, placement_id: str) -> tuple[Floats, int] | None:
        """Return the corners of a placement as it was located in a picture, and which of its copies it is.

        Parameters
        ----------
        row : int
            Row of the frames table.
        placement_id : str
            Which placement; of several copies the one nearest to gaze.

        Returns
        -------
        (ndarray of float64, shape (4, 2), int) or None
            Scene px, clockwise from the corner that is top left on the picture; they may lie outside of the
            image. None where it was not located, is not flat, or a corner is beyond what the lens maps.
        """
        place = self._placements.get(placement_id)
        if place is None or place.facets:
            return None
        first, stop = np.searchsorted(self._mapped_frame, [row, row + 1])
        gaze = self.gaze(row)
        found: list[tuple[float, Floats, int]] = []
        for at in range(first, stop):
            if self._mapped_place[at] != placement_id:
                continue
            corners = _in_scene(self._mapped_h[at].reshape(3, 3), place.size_px, self.camera)
            if corners is not None:
                away = 0.0 if gaze is None else float(np.hypot(*(corners.mean(axis=0) - gaze)))
                found.append((away, corners, max(0, int(self._mapped_copy[at]))))
        if not found:
            return None
        _, corners, copy = min(found, key=lambda one: one[0])
        return corners, copy

    def name_of(self, placement_id: str) -> str:
        """Return what people call a placement."""
        place = self._placements.get(placement_id)
        return placement_id if place is None else place.name or placement_id


def _tracked(study: Study, recording_id: str) -> pd.DataFrame | None:
    """Return what was tracked between key frames; None where there are none, or none were run yet."""
    if not study.key_frames(recording_id):
        return None
    derived = study.current(recording_id, KEY_FRAMES)
    return None if derived is None else derived.table("mapping")


def _in_scene(homography: Floats, size_px: tuple[int, int], camera: Camera | None) -> Floats | None:
    """Return the corners of a picture in the distorted scene image; None where the lens maps one nowhere."""
    flat = apply_homography(homography, corners_px(*size_px))
    if camera is None:
        return flat if np.isfinite(flat).all() else None
    corners = distort_px(flat, camera)
    back = undistort_px(corners, camera)
    if not np.isfinite(back).all() or np.abs(back - flat).max() > _SAME_PX:
        return None
    return corners
