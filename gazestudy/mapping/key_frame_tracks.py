"""What a key frame knows of its placement, and following that through neighbouring frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.geometry.homographies import (
    apply_homography,
    corners_px,
    expected_errors_px,
    invert_homography,
    quad_problem,
)
from gazestudy.mapping.alignment import Alignment, carried, inside
from gazestudy.mapping.appearance import GRID, Appearance, appearance, pack
from gazestudy.mapping.blur import Shutter
from gazestudy.mapping.key_frame_fits import (
    MOST_OFF_SHARE,
    Fit,
    agree,
    aligned,
    cut_out,
    followed,
    part_around,
    points_of_interest,
    scaled,
    seen_box,
    share_in_view,
)
from gazestudy.mapping.references import Artwork, Reference, prepare
from gazestudy.mapping.rigid import rigid_errors_px, rigid_fit
from gazestudy.mapping.view import View, WorkingView
from gazestudy.model.manual import KeyFrame

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

_MARGIN_SHARE = 0.35  # of the placement's side: how much of what surrounds it belongs to the patch
_RIM_SHARE = 0.06  # its frame, which lies in its plane for sure
_NOISE_PX, _SHARED_NOISE = 0.15, 3.0  # as for automatic mapping: windows share their noise
_ENOUGH_POINTS, _WELL_FIXED = 16, 0.03
_LOOKS_RIGHT, _MIN_CELLS = 0.6, 8
_STILL_RIGHT = 0.5
_SEEN_SHARE = 0.3  # of a picture that must be recognised before the rest of it is called hidden
_MIN_SIDE_PX = 8.0
_SMALLEST_PIECE_PX = 24
_NEAR_VIEWS = 2.0  # a corner so many widths of the view from its middle tells nothing
_GROWN, _FEW_LEFT = 1.6, 0.5  # a patch is renewed when it is seen so much larger, or so little of it is left
_WORST_CLICK, _USUAL_CLICK = 5.0, 3.0  # standard deviations


Print = tuple[str, int, int]
"""What hangs somewhere as one flat piece: placement, facet and copy."""


@dataclass(frozen=True, slots=True)
class TrackLimits:
    """What following needs to know (see `KeyFrameParameters`)."""

    click_error_px: float
    min_confidence: float
    max_corner_error_share: float
    coast_frames: int


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """A key frame made ready: where the placement lies, and the patch of the scene that shows it.

    Attributes
    ----------
    key_frame : KeyFrame
        What was clicked.
    artwork, facet : int
        Which artwork, and which facet of the placement it shows.
    homography : ndarray of float64, shape (3, 3)
        Art px to working px.
    refined : bool
        It was fitted to the picture; else it is as clicked.
    error_px, corner_error_share : float
        Expected error at the centre, art px, and of the worst corner as a share of the width.
    box : (ndarray of float64, ndarray of float64)
        Top left and bottom right corner of the placement with its rim, art px.
    near, wide : Artwork
        The patch, with the points on the placement and its rim, and with all points.
    to_art : ndarray of float64, shape (3, 3)
        Px of the patch to art px.
    scale : float
        Working px per art px where the placement is in view.
    """

    key_frame: KeyFrame
    artwork: int
    facet: int
    homography: Floats
    refined: bool
    error_px: float
    corner_error_share: float
    box: tuple[Floats, Floats]
    near: Artwork
    wide: Artwork
    to_art: Floats
    scale: float

    @property
    def track(self) -> Print:
        """The print it belongs to."""
        return self.key_frame.placement_id, self.facet, self.key_frame.copy


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A placement in a frame, by one key frame.

    Attributes
    ----------
    anchor : Anchor
        Where it comes from.
    frame, t_ns : int
        Which frame.
    homography : ndarray of float64, shape (3, 3)
        Art px to working px; a guess where it is not `located`.
    located, refined : bool
        It was found; and fitted to the picture.
    inliers : int
        Points that agree.
    error_px, corner_error_share : float
        As for `Anchor`.
    confidence, visible_share : float
        Share of cells that look right; share in the image and not hidden.
    hidden : str
        Which parts are hidden, as `appearance.pack` writes it.
    shift_px : ndarray of float64, shape (2,)
        How far it moved from the neighbouring frame, working px.
    misses : int
        Frames in a row in which it was not located.
    recognised : bool
        On the way from the key frame it was fitted to the picture once.
    unlike : int
        Frames in a row in which the picture should have been seen, but was not.
    """

    anchor: Anchor
    frame: int
    t_ns: int
    homography: Floats
    located: bool
    refined: bool
    inliers: int
    error_px: float
    corner_error_share: float
    confidence: float
    visible_share: float
    hidden: str
    shift_px: Floats
    misses: int = 0
    recognised: bool = False
    unlike: int = 0


class Tracker:
    """Makes anchors of key frames and carries them from frame to frame.

    Parameters
    ----------
    view : WorkingView
        The working view.
    artworks : sequence of Artwork
        The artworks.
    limits : TrackLimits
        What a frame must reach.
    """

    def __init__(self, view: WorkingView, artworks: Sequence[Artwork], limits: TrackLimits) -> None:
        self._view, self._artworks, self._limits = view, artworks, limits
        self._mask, self._matrix = view.mask, view.camera_matrix
        self._shutter = Shutter()

    def anchor(
        self, key_frame: KeyFrame, artwork: int, frame: int, t_ns: int, view: View
    ) -> tuple[Anchor, Seen]:
        """Fit a key frame to the picture where that can be done, and cut out its patch of the scene.

        Raises
        ------
        ParameterError
            If the lens cannot show a point, or nothing of the placement would be in the image.
        """
        art = self._artworks[artwork]
        where = f"{key_frame.placement_id} at {key_frame.t_ns} ns"
        clicked = self._view.points(np.array(key_frame.corners_px, dtype=np.float64))
        if not np.isfinite(clicked).all():
            raise ParameterError("corners_px", f"{where}: beyond the lens", "points that the lens can show")
        if float(np.ptp(clicked, axis=0).max()) < _MIN_SIDE_PX:
            raise ParameterError("corners_px", f"{where}: too small", "points that are farther apart")
        at_px = np.array(key_frame.at_shares) * art.whole_px - 0.5
        points = apply_homography(invert_homography(art.to_reference), at_px)
        sigma_px = self._limits.click_error_px / float(self._view.to_undistorted[0, 0])
        start = self._as_clicked(art, points, clicked, sigma_px)
        if start is None:
            what = "points of a placement that is seen from before, in the image"
            raise ParameterError("corners_px", f"{where}: not in the image", what)
        homography, error_px, share = start
        fit = self._to_picture(art, homography, view, points, clicked, sigma_px)
        if fit is not None:
            homography, error_px, share = fit.homography, fit.error_px, fit.corner_error_share
        patch = self._patch(art, homography, view)
        if patch is None:
            what = "points of a placement that is seen from before, in the image"
            raise ParameterError("corners_px", f"{where}: not in the image", what)
        near, wide, to_art, box, scale = patch
        refined = fit is not None
        facet = art.reference.facet
        made = Anchor(
            key_frame, artwork, facet, homography, refined, error_px, share, box, near, wide, to_art, scale
        )
        if fit is None:
            look = appearance(part_around(view, near, homography @ to_art), near, homography @ to_art)
            fit = Fit(homography, 4, error_px, share, look, False)
        return made, self._seen(made, frame, t_ns, fit, np.zeros(2))

    def step(self, seen: Seen, before: View, frame: int, t_ns: int, after: View) -> Seen | None:
        """Carry a placement into a neighbouring frame; None where it is lost for good."""
        guess, shift_px = self._carried(seen, before, after)
        anchor, art = seen.anchor, self._artworks[seen.anchor.artwork]
        box = seen_box(guess, art.size_px, 0.0, self._mask)
        if box is None or float((box[2] * art.size_px).min()) < _MIN_SIDE_PX / 2:
            return None
        fit = self._fitted(anchor, guess, after, shift_px)
        if fit is not None:
            found = self._seen(anchor, frame, t_ns, fit, shift_px)
            again, recognised = self._again(anchor, found, after), seen.recognised or found.refined
            unlike = seen.unlike + 1 if self._should_be_seen(art, found, recognised, after) else 0
            return replace(found, anchor=again, recognised=recognised, unlike=unlike)
        if seen.misses >= self._limits.coast_frames:
            return None
        return replace(
            seen,
            frame=frame,
            t_ns=t_ns,
            homography=guess,
            located=False,
            shift_px=shift_px,
            misses=seen.misses + 1,
            unlike=seen.unlike + 1 if seen.recognised else 0,
        )

    def _as_clicked(
        self, art: Artwork, points: Floats, clicked: Floats, sigma_px: float
    ) -> tuple[Floats, float, float] | None:
        """Return the homography of the clicks, of a rectangle in space if they allow it, and its errors."""
        middle = np.eye(3)
        middle[:2, 2] = -points.mean(axis=0)  # among points in view; the top left corner may be behind
        found: Any = cv2.findHomography(points + middle[:2, 2], clicked, 0)[0]
        if found is None:
            return None
        free: Floats = np.asarray(found @ middle, dtype=np.float64)
        seen = self._in_sight(art, free) if np.isfinite(apply_homography(free, points)).all() else None
        if seen is None:
            return None
        piece, to_art = self._piece(art, free)
        back: Floats = np.asarray(np.linalg.inv(to_art), dtype=np.float64)
        own, at = apply_homography(back, points), apply_homography(back, seen)
        fit = Alignment(free @ to_art, own, clicked, 3.0 * sigma_px)
        rigid = None if self._matrix is None else rigid_fit(piece, fit, self._matrix)
        if rigid is None or self._matrix is None:
            homography, source = free, expected_errors_px(fit.homography, own, at, sigma_px=sigma_px)[1]
        else:
            homography = rigid.homography @ back
            source = rigid_errors_px(piece, rigid, own, at, self._matrix, sigma_px=sigma_px)
        return scaled(homography), float(source[4]), float(source[:4].max() / art.size_px[0])

    def _piece(self, art: Artwork, homography: Floats) -> tuple[Artwork, Floats]:
        """Return the part of an artwork in view, and its px to art px, if a corner is far off or behind."""
        if self._is_near(apply_homography(homography, corners_px(*art.size_px))):
            return art, np.eye(3)
        box = seen_box(homography, art.size_px, 0.0, self._mask)
        if box is None:
            return art, np.eye(3)
        low = np.maximum(np.floor(box[0] + 0.5), 0).astype(int)
        high = np.minimum(np.ceil(box[1] + 0.5), art.size_px).astype(int)
        if (high - low < _SMALLEST_PIECE_PX).any():
            return art, np.eye(3)  # a strip at the edge of the view tells nothing: the fit will fail
        return cut_out(art, low, high)

    def _to_picture(
        self,
        art: Artwork,
        homography: Floats,
        view: View,
        points: Floats,
        clicked: Floats,
        sigma_px: float,
    ) -> Fit | None:
        """Fit clicked corners to the picture, None where it cannot be recognised there."""
        found: Fit | None = None
        piece, to_art = self._piece(art, homography)
        for levels in (2, 1, 1):
            fit = aligned(view, piece, homography @ to_art, levels=levels)
            if fit is None:
                return None
            found = self._judged(art, piece, to_art, fit, view, None)
            if found is None:
                return None
            homography = found.homography
        assert found is not None
        moved = float(np.linalg.norm(apply_homography(homography, points) - clicked, axis=1).max())
        limit = _WORST_CLICK * sigma_px + MOST_OFF_SHARE * float(np.ptp(clicked, axis=0).mean())
        looks_right = found.look.confidence >= _LOOKS_RIGHT and moved <= limit
        # somebody who stands in front hides much of it: what stays where it was clicked is taken
        vouched_for = found.look.confidence >= _SEEN_SHARE and moved <= _USUAL_CLICK * sigma_px
        if found.look.cells < _MIN_CELLS or not (looks_right or vouched_for):
            return None
        return replace(found, refined=True)

    def _patch(
        self, art: Artwork, homography: Floats, view: View
    ) -> tuple[Artwork, Artwork, Floats, tuple[Floats, Floats], float] | None:
        """Cut the placement and its surroundings out of a view, flat, at about the size it is seen.

        Only what is in view: a placement that one passes by at arm's length fills the view many times over.
        """
        width, height = art.size_px
        side = float(np.sqrt(width * height))
        box = seen_box(homography, (width, height), _MARGIN_SHARE * side, self._mask)
        if box is None:
            return None
        low, high, scale = box
        full = high - low
        size = np.round(full * scale * min(1.0, 720.0 / float((full * scale).max()))).astype(int)
        columns, rows = (max(24, int(value)) for value in size)
        step = full / (columns, rows)  # edges meet edges: art px count from the centre of the first one
        to_art = np.array(
            [[step[0], 0, low[0] + (step[0] - 1) / 2], [0, step[1], low[1] + (step[1] - 1) / 2], [0, 0, 1.0]]
        )
        to_view = homography @ to_art
        whole_view = view.cut(np.zeros(2, dtype=np.int64), np.array(view.size_px))
        image = cv2.warpPerspective(
            whole_view,
            to_view,
            (columns, rows),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        shown = cv2.warpPerspective(
            self._mask, to_view, (columns, rows), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        )
        shown = cv2.erode(shown, np.ones((9, 9), np.uint8), borderValue=0)
        plane = art.reference.size_mm or art.shown_px
        size_mm = float(full[0] / width * plane[0]), float(full[1] / height * plane[1])
        reference = Reference("patch", "patch", np.asarray(image, dtype=np.uint8), size_mm=size_mm)
        whole = prepare([reference])[0]
        points = whole.points[inside(whole.points.astype(np.float64), np.asarray(shown, dtype=np.uint8))]
        at = apply_homography(to_art, points)
        free = ~self._behind_people(art, homography, view, at)
        if np.count_nonzero(free) >= _ENOUGH_POINTS:
            points, at = points[free], at[free]
        wide = replace(whole, points=points)
        rim = _RIM_SHARE * side
        own = np.array([-rim, -rim]), np.array([width + rim, height + rim])
        close = np.all((at > own[0]) & (at < own[1]), axis=1)
        return replace(wide, points=points[close]), wide, to_art, own, float(scale.mean())

    def _should_be_seen(self, art: Artwork, seen: Seen, recognised: bool, view: View) -> bool:
        """Say whether a picture that was recognised before is missing: hidden, or elsewhere."""
        if seen.refined or not recognised:
            return False
        fit = self._look(art, seen.homography, view)
        return fit is not None and fit.look.cells >= _MIN_CELLS and fit.look.confidence < _STILL_RIGHT

    def _look(self, art: Artwork, homography: Floats, view: View) -> Fit | None:
        """Compare the picture with a frame as it is; None where nothing of it can be compared."""
        piece, to_art = self._piece(art, homography)
        start = homography @ to_art
        if not np.isfinite(apply_homography(start, corners_px(*piece.size_px))).all():
            return None
        look = appearance(part_around(view, piece, start), piece, start)
        return Fit(homography, 0, 0.0, 0.0, look, True, (to_art, piece.size_px))

    def _behind_people(self, art: Artwork, homography: Floats, view: View, at: Floats) -> NDArray[np.bool_]:
        """Say which points, art px, lie where the picture is hidden: they belong to whoever stands there."""
        fit = self._look(art, homography, view)
        if fit is None or fit.look.cells < _MIN_CELLS or fit.look.confidence < _SEEN_SHARE:
            return np.zeros(len(at), dtype=bool)  # the picture cannot be compared
        hidden = fit.hidden(art.size_px)
        column, row = (np.floor((at[:, k] + 0.5) * GRID / art.size_px[k]).astype(int) for k in (0, 1))
        own = (column >= 0) & (column < GRID) & (row >= 0) & (row < GRID)
        own[own] &= hidden[row[own], column[own]]
        return own

    def _again(self, anchor: Anchor, seen: Seen, view: View) -> Anchor:
        """Return a new patch, of this frame, where the old one shows too little or too coarsely."""
        art = self._artworks[anchor.artwork]
        box = seen_box(seen.homography, art.size_px, 0.0, self._mask)
        if box is None:
            return anchor
        points = apply_homography(seen.homography @ anchor.to_art, anchor.wide.points)
        grown = float(box[2].mean()) / anchor.scale
        if grown < _GROWN and np.count_nonzero(inside(points, self._mask)) >= _FEW_LEFT * len(points):
            return anchor
        patch = self._patch(art, seen.homography, view)
        if patch is None or len(patch[1].points) < _ENOUGH_POINTS:
            return anchor
        near, wide, to_art, own, scale = patch
        return replace(
            anchor,
            error_px=seen.error_px,
            corner_error_share=seen.corner_error_share,
            box=own,
            near=near,
            wide=wide,
            to_art=to_art,
            scale=scale,
        )

    def _carried(self, seen: Seen, before: View, after: View) -> tuple[Floats, Floats]:
        """Guess where a placement lies in a neighbouring frame, from how it and its surroundings move."""
        anchor = seen.anchor
        for patch, enough in ((anchor.near, _ENOUGH_POINTS), (anchor.wide, 1)):
            points = apply_homography(seen.homography @ anchor.to_art, patch.points)
            points = points[inside(points, self._mask)]
            moved, good = followed(points, seen.shift_px, before, after)
            if np.count_nonzero(good) >= enough:
                shift_px = np.asarray(np.median(moved[good] - points[good], axis=0), dtype=np.float64)
                # a corner of the placement may lie behind the camera: the sign stays
                side = np.sign(seen.homography[2, 2])
                return side * carried(seen.homography, points[good], moved[good]), shift_px
        move = np.eye(3)
        move[:2, 2] = seen.shift_px
        return scaled(move @ seen.homography), seen.shift_px

    def _fitted(self, anchor: Anchor, guess: Floats, view: View, shift_px: Floats) -> Fit | None:
        """Fit a frame to the patch, then to the picture; None where neither is recognised."""
        art = self._artworks[anchor.artwork]

        def fit_to(patch: Artwork) -> Fit | None:
            start = guess @ anchor.to_art

            def fit(path_px: Floats) -> tuple[tuple[Alignment, Floats] | None, int]:
                found = aligned(view, patch, start, path_px=path_px)
                return (None, 0) if found is None else ((found, path_px), len(found.points))

            usable = int(inside(apply_homography(start, patch.points), self._mask).sum())
            best = self._shutter.best(shift_px, fit, usable // 2)
            if best is None:
                return None
            return self._judged(art, patch, anchor.to_art, best[0], view, best[1])

        fit = fit_to(anchor.near)
        if fit is None or fit.inliers < _ENOUGH_POINTS or fit.corner_error_share > _WELL_FIXED:
            other = fit_to(anchor.wide)
            if other is not None and (fit is None or other.corner_error_share < fit.corner_error_share):
                fit = other
        if fit is not None and not self._looks_the_same(anchor, fit.look):
            fit = None
        exact = self._to_picture_again(art, guess if fit is None else fit.homography, view, shift_px)
        sure = exact is not None and (
            exact.look.confidence >= _LOOKS_RIGHT and exact.corner_error_share <= _WELL_FIXED
        )
        likely = exact is not None and exact.look.confidence >= _STILL_RIGHT
        if exact is not None and (
            sure or (fit is None and likely) or (fit is not None and agree(art, exact, fit))
        ):
            return exact
        if fit is None:
            return None
        share = float(np.hypot(fit.corner_error_share, anchor.corner_error_share))
        if not share <= self._limits.max_corner_error_share:
            return None
        return replace(fit, corner_error_share=share, error_px=float(np.hypot(fit.error_px, anchor.error_px)))

    def _looks_the_same(self, anchor: Anchor, look: Appearance) -> bool:
        """Say whether the placement looks as on the key frame; the wall may move otherwise than it."""
        rows, columns = look.judged.shape
        size = np.array(anchor.wide.size_px, dtype=np.float64)
        low, high = (
            apply_homography(np.asarray(np.linalg.inv(anchor.to_art), np.float64), corner[None])[0] / size
            for corner in anchor.box
        )
        x, y = (np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows
        own = np.ix_((y > low[1]) & (y < high[1]), (x > low[0]) & (x < high[0]))
        judged, alike = int(look.judged[own].sum()), int(look.alike[own].sum())
        if judged < _MIN_CELLS // 2:
            judged, alike = look.cells, int(look.alike.sum())
        return judged >= _MIN_CELLS // 2 and alike >= self._limits.min_confidence * judged

    def _to_picture_again(self, art: Artwork, homography: Floats, view: View, shift_px: Floats) -> Fit | None:
        piece, to_art = self._piece(art, homography)
        start = homography @ to_art

        def fit(path_px: Floats) -> tuple[tuple[Alignment, Floats] | None, int]:
            found = aligned(view, piece, start, path_px=path_px)
            return (None, 0) if found is None else ((found, path_px), len(found.points))

        usable = int(inside(apply_homography(start, piece.points), self._mask).sum())
        best = self._shutter.best(shift_px, fit, usable // 2)
        found = None if best is None else self._judged(art, piece, to_art, best[0], view, best[1])
        if found is None or found.look.confidence < _SEEN_SHARE or found.look.cells < _MIN_CELLS:
            return None
        if not found.corner_error_share <= self._limits.max_corner_error_share:
            return None
        return replace(found, refined=True)

    def _judged(
        self,
        art: Artwork,
        patch: Artwork,
        to_art: Floats,
        fit: Alignment,
        view: View,
        path_px: Floats | None,
    ) -> Fit | None:
        """Take the pose instead of the free fit where the lens is known; say how sure it is."""
        sigma = _SHARED_NOISE * float(np.hypot(fit.residual_px, _NOISE_PX))
        from_art: Floats = np.asarray(np.linalg.inv(to_art), dtype=np.float64)
        seen = self._in_sight(art, fit.homography @ from_art)
        if seen is None:
            return None
        at = apply_homography(from_art, seen)
        rigid = None if self._matrix is None else rigid_fit(patch, fit, self._matrix)
        if rigid is None or self._matrix is None:
            homography = fit.homography
            _, source = expected_errors_px(homography, fit.points, at, sigma_px=sigma)
        else:
            homography = rigid.homography
            source = rigid_errors_px(patch, rigid, fit.points, at, self._matrix, sigma_px=sigma)
        moved = scaled(homography @ from_art)
        quad = apply_homography(moved, seen[:4])
        if quad_problem(quad, min_side_px=_MIN_SIDE_PX / 2) is not None:
            return None
        per_px = float(np.sqrt(abs(np.linalg.det(to_art[:2, :2]))))
        share = float(source[:4].max()) * per_px / art.size_px[0]
        around = apply_homography(homography, corners_px(*patch.size_px))
        if not (np.isfinite(share) and np.isfinite(around).all()):
            return None
        look = appearance(part_around(view, patch, homography), patch, homography, path_px)
        own_box = None if patch is art else (to_art, patch.size_px)
        return Fit(moved, len(fit.points), float(source[4]) * per_px, share, look, False, own_box)

    def _is_near(self, points: Floats) -> bool:
        """Say whether all points lie in the image or not far beyond."""
        beyond = np.abs(points - np.array(self._mask.shape[::-1]) / 2).max()
        return bool(beyond < _NEAR_VIEWS * max(self._mask.shape))  # NaN, behind the camera, is not

    def _in_sight(self, art: Artwork, homography: Floats) -> Floats | None:
        """Return corners and centre of the placement, or of its part in view where corners are not."""
        points = points_of_interest(art)
        if self._is_near(apply_homography(homography, points)):
            return points
        box = seen_box(homography, art.size_px, 0.0, self._mask)
        if box is None:
            return None
        low, high = box[:2]
        corners = np.array([low, [high[0], low[1]], high, [low[0], high[1]]])
        return np.vstack([corners, [(low + high) / 2]])

    def _seen(self, anchor: Anchor, frame: int, t_ns: int, fit: Fit, shift_px: Floats) -> Seen:
        art = self._artworks[anchor.artwork]
        share = fit.visible_share(art.size_px) if fit.refined else None
        return Seen(
            anchor,
            frame,
            t_ns,
            fit.homography,
            True,
            fit.refined,
            fit.inliers,
            fit.error_px,
            fit.corner_error_share,
            fit.look.confidence,
            share_in_view(art, fit.homography, self._mask) if share is None else share,
            pack(fit.hidden(art.size_px, lenient=True)),
            shift_px,
            recognised=fit.refined,
        )
