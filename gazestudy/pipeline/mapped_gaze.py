"""Brings gaze that a vendor's program has mapped already onto a placement of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.attention import corner_residuals, match_times, placement_shares
from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.mapped_gaze import VendorMapping, VendorTables, read_mapped_gaze
from gazestudy.model import Finding, Placement
from gazestudy.model.imported import WHOLE, Corners, ImportedMapping
from gazestudy.model.provenance import Provenance
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store import Study

VERSION = 1

_ID_KEYS = ("recording_id", "recording_uuid")
_SAME_SHAPE = 1.05  # pictures whose proportions differ by more do not show the same
_COVERED = 0.95
_OFF_SHARE = 0.05
_LEAST_CHECKED = 20


@dataclass(frozen=True, slots=True)
class ImportedGaze:
    """What came in for one recording.

    Attributes
    ----------
    recording_id, placement_id : str
        Where it belongs now.
    vendor_id : str
        The recording as the vendor names it.
    samples : int
        Samples in the export.
    exact, nearest : int
        Samples of the recording that have the same time as one of them, or lie within half a step of one.
    on_placement : int
        Samples of the export that lie on the placement.
    findings : tuple of Finding
        What was checked and found.
    """

    recording_id: str
    placement_id: str
    vendor_id: str
    samples: int
    exact: int
    nearest: int
    on_placement: int
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {**asdict(self), "findings": [finding.to_dict() for finding in self.findings]}


def import_mapping(
    study: Study,
    path: Path,
    placement_id: str,
    *,
    recordings: Mapping[str, str] | None = None,
    corners: Sequence[tuple[float, float]] | None = None,
    progress: Progress = SILENT,
) -> tuple[list[ImportedGaze], list[str]]:
    """Import mapped gaze; `gazestudy run` then uses it in place of our own mapping.

    Parameters
    ----------
    study : Study
        Open for writing.
    path : Path
        The export: folder or zip.
    placement_id : str
        The placement that the vendor's picture or surface is.
    recordings : mapping of str to str, optional
        Recording of the study to the vendor's recording id or its beginning, "" for the only one; None:
        matched by the ids that the recordings brought with them.
    corners : sequence of (float, float), optional
        Corners of the placement in the vendor's picture, clockwise from the top left: px of a reference
        image, shares of a surface. None: the whole picture is the placement.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    imported : list of ImportedGaze
        One for each recording.
    left_out : list of str
        Recordings of the export that the study does not have.

    Raises
    ------
    InputError
        If the export cannot be used, has none of the recordings, has the times of other recordings, or
        shows something else than the placement.
    StudyError
        If there is no such placement or recording.

    Notes
    -----
    All recordings are checked before the first one is stored.
    """
    placement = study.placement(placement_id)
    export = read_mapped_gaze(path)
    shares = _corner_shares(export, corners)
    _check_shape(path, export, placement, shares)
    pairs = _pairs(study, path, export, recordings)
    ready = []
    progress.start(f"importing {path.name}", len(pairs))
    for recording_id, vendor_id in pairs.items():
        raise_if_cancelled(progress)
        ready.append(_prepare(study, path, export, placement, shares, recording_id, vendor_id))
        progress.advance()
    for done, mapping, fixations in ready:
        study.add_imported_mapping(done.recording_id, mapping, fixations=fixations)
    return [done for done, _, _ in ready], [name for name in export.recordings if name not in pairs.values()]


def _prepare(
    study: Study,
    path: Path,
    export: VendorMapping,
    placement: Placement,
    corners: Corners,
    recording_id: str,
    vendor_id: str,
) -> tuple[ImportedGaze, ImportedMapping, pd.DataFrame]:
    tables = export.recordings[vendor_id]
    offset_ns = study.clock(recording_id).offset_to_unix_ns
    if offset_ns is None:
        raise InputError(
            path,
            f"times of recording {recording_id!r} cannot be compared with those of the export",
            expected="a recording whose clock is known in UTC",
            advice="Import the recording from the files of the device or from Pupil Cloud",
        )
    gaze, frames = study.stream(recording_id, "gaze"), study.stream(recording_id, "frames")
    theirs = tables.gaze.assign(t_ns=tables.gaze["t_ns"] - offset_ns)
    positions = tables.positions.assign(t_ns=tables.positions["t_ns"] - offset_ns)
    fixations = tables.fixations.assign(
        start_ns=tables.fixations["start_ns"] - offset_ns, end_ns=tables.fixations["end_ns"] - offset_ns
    )
    exact, nearest = _matched(gaze, theirs)
    if not exact:
        raise InputError(
            path,
            f"no sample of recording {vendor_id} has the time of a sample of {recording_id!r}",
            advice="Check which recording it is, or import the 'Timeseries Data' of the same recording",
        )
    if len(frames) == 0:
        raise InputError(
            path,
            f"recording {recording_id!r} has no frame times, without which there is no time in view",
            advice="Import it again with its world_timestamps.csv or its scene video",
        )
    provenance = Provenance(
        f"imported_mapping.{export.method}",
        VERSION,
        {"corners": corners, "picture": placement.creatives[0].sha256, "size_px": export.size_px},
        {
            "vendor_recording_id": vendor_id,
            "files": [asdict(file) for file in export.files],
            "sections_ns": tables.sections[["start_ns", "end_ns"]].to_numpy().tolist(),
            "clock_offset_ns": offset_ns,
            **export.facts,
        },
    )
    mapping = ImportedMapping(placement.id, theirs, positions, corners, provenance.to_dict())
    shares = placement_shares(mapping)
    on = theirs["detected"].to_numpy(bool) & np.all((shares >= 0) & (shares < 1), axis=1)
    findings = [
        *export.findings,
        *_sections_finding(tables, gaze, offset_ns),
        *_origin_findings(path, mapping, gaze, frames, study, recording_id),
    ]
    if nearest:
        text = f"{nearest} samples have no row of exactly their time; the nearest within half a step is taken"
        findings.append(Finding("warning", "gaze", "nearest_times", text, nearest))
    done = ImportedGaze(
        recording_id, placement.id, vendor_id, len(theirs), exact, nearest, int(on.sum()), tuple(findings)
    )
    return done, mapping, fixations


def _matched(gaze: pd.DataFrame, theirs: pd.DataFrame) -> tuple[int, int]:
    ours_ns, theirs_ns = gaze["t_ns"].to_numpy(np.int64), theirs["t_ns"].to_numpy(np.int64)
    row = match_times(ours_ns, theirs_ns)
    found = np.flatnonzero(row >= 0)
    exact = int(np.count_nonzero(theirs_ns[row[found]] == ours_ns[found]))
    return exact, len(found) - exact


def _corner_shares(export: VendorMapping, corners: Sequence[tuple[float, float]] | None) -> Corners:
    if corners is None:
        return WHOLE
    given = np.array(corners, dtype=np.float64)
    if given.shape != (4, 2) or not np.isfinite(given).all():
        raise ParameterError("corners", corners, "four pairs of numbers, clockwise from the top left")
    if export.size_px is not None:
        given = (given + 0.5) / np.array(export.size_px)
    turns = np.roll(given, -1, axis=0) - given
    following = np.roll(turns, -1, axis=0)
    if not (turns[:, 0] * following[:, 1] - turns[:, 1] * following[:, 0] > 0).all():
        raise ParameterError("corners", corners, "corners of a convex shape, clockwise from the top left")
    return tuple((float(x), float(y)) for x, y in given)


def _check_shape(path: Path, export: VendorMapping, placement: Placement, corners: Corners) -> None:
    """Refuse a reference image that cannot be the picture of the placement."""
    if export.size_px is None or corners != WHOLE:
        return
    width_px, height_px = placement.size_px
    ratio = (export.size_px[0] / export.size_px[1]) / (width_px / height_px)
    if max(ratio, 1 / ratio) > _SAME_SHAPE:
        raise InputError(
            path,
            "the reference image has other proportions than the picture of the placement",
            expected=f"like {width_px} x {height_px} px of {placement.id!r}",
            found=f"{export.size_px[0]} x {export.size_px[1]} px",
            advice="If it shows more than the placement, say where the placement is in it (--corners)",
        )


def _pairs(
    study: Study, path: Path, export: VendorMapping, recordings: Mapping[str, str] | None
) -> dict[str, str]:
    """Return recordings of the study, each with the id it has in the export."""
    if recordings:
        return {name: _vendor_id(path, export, start) for name, start in recordings.items()}
    known: dict[str, str] = {}
    for recording in study.recordings():
        for vendor_id in _ids_in(study.meta(recording.id).get("extra", {})):
            known.setdefault(vendor_id, recording.id)
    pairs = {known[name.lower()]: name for name in export.recordings if name.lower() in known}
    if not pairs:
        raise InputError(
            path,
            "the study has none of the recordings of this export",
            found=", ".join(list(export.recordings)[:5]),
            advice="Import the recordings first, or say which one it is (--recording ID)",
        )
    return pairs


def _vendor_id(path: Path, export: VendorMapping, start: str) -> str:
    found = [name for name in export.recordings if name.lower().startswith(start.lower())]
    if len(found) != 1:
        raise InputError(
            path,
            f"{len(found)} recordings of the export begin with {start!r}" if start else "it has several",
            expected="one recording",
            found=", ".join(list(export.recordings)[:5]),
            advice="Give the beginning of one id (--recording ID=VENDOR_ID)",
        )
    return found[0]


def _ids_in(values: Any) -> list[str]:
    """Return the recording ids among the facts of a recording, at any depth."""
    if not isinstance(values, Mapping):
        return []
    found = [str(values[key]).lower() for key in _ID_KEYS if values.get(key)]
    return found + [one for item in values.values() for one in _ids_in(item)]


def _sections_finding(tables: VendorTables, gaze: pd.DataFrame, offset_ns: int) -> list[Finding]:
    """Say how much of a recording was mapped at all; elsewhere nothing can be on the placement."""
    if len(tables.sections) == 0 or len(gaze) == 0:
        return []
    t_ns = gaze["t_ns"].to_numpy(np.int64) + offset_ns
    inside = np.zeros(len(t_ns), dtype=bool)
    for start_ns, end_ns in tables.sections[["start_ns", "end_ns"]].to_numpy(np.int64):
        inside |= (t_ns >= start_ns) & (t_ns <= end_ns)
    share = float(inside.mean())
    text = f"{share:.0%} of the samples lie in the sections that were mapped; outside of them the placement"
    severity: Any = "info" if share >= _COVERED else "warning"
    return [Finding(severity, "mapping", "sections", f"{text} counts as not in view", int((~inside).sum()))]


def _origin_findings(
    path: Path,
    mapping: ImportedMapping,
    gaze: pd.DataFrame,
    frames: pd.DataFrame,
    study: Study,
    recording_id: str,
) -> list[Finding]:
    """Prove the documented origin: gaze in the scene, through the corners, must give the same position."""
    if len(mapping.positions) == 0:
        text = "the export gives no corners of the surface: its origin cannot be proved"
        return [Finding("info", "mapping", "origin_unproved", text)]
    both = corner_residuals(mapping, gaze, frames, study.camera(recording_id))
    if len(both) < _LEAST_CHECKED:
        text = f"only {len(both)} samples lie inside: the origin cannot be proved"
        return [Finding("info", "mapping", "origin_unproved", text, len(both))]
    vendor, corners = both[:, :2], both[:, 2:]
    off = np.median(np.abs(corners - vendor), axis=0)
    flipped = np.median(np.abs(corners - (1.0 - vendor)), axis=0)
    wrong = (off > _OFF_SHARE) & (flipped < off / 2)
    if wrong.any():
        axes = " and ".join(axis for axis, bad in zip("xy", wrong, strict=True) if bad)
        raise InputError(
            path,
            f"{axes} of recording {recording_id!r} count from the other side of the surface",
            expected="(0, 0) at the top left corner, as documented",
            found=f"positions off by {off.max():.2f} of its side, by {flipped[wrong].max():.2f} if turned",
            advice="Please report this export: the format seems to have changed",
        )
    text = f"positions agree with the corners of the surface within {off.max():.3f} of its side (median)"
    severity: Any = "info" if off.max() <= _OFF_SHARE else "warning"
    return [Finding(severity, "mapping", "origin_check", text, len(both))]
