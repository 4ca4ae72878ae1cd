"""Self-checks on phone recordings of Pupil: what the files say twice has to agree."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.geometry.cameras import px_to_direction
from gazestudy.importers.sources import Source
from gazestudy.model import Camera, Finding

Floats = NDArray[np.float64]

AGREES_PX = 0.001
FIXATION_AGREES_PX = 5.0
CHECKED_SAMPLES = 20_000  # of an hour; a shorter recording is checked as a whole
MAX_CHECKED_BYTES = 256 * 2**20
_SEEN = 10_000.0  # px; further out a point says nothing about the projection


def monocular(
    gaze_px: Floats, plane: Floats, part: NDArray[np.int64], *, offset_px: Floats, camera: Camera, name: str
) -> Finding | None:
    """Compare the gaze of one eye with the gaze of the recording, on up to 40,000 samples.

    Parameters
    ----------
    gaze_px : ndarray of float, shape (n, 2)
        Gaze of the recording in the scene image, as computed while recording.
    plane : ndarray of float, shape (n, 2)
        Gaze of one eye at the same samples, x/z and y/z in the camera frame, without the wearer's offset.
    part : ndarray of int64, shape (n,)
        Part of the recording.
    offset_px : ndarray of float, shape (2,)
        Offset of the wearer, part of `gaze_px`.
    camera : Camera
        Scene camera.
    name : str
        Name of the stream.

    Returns
    -------
    Finding or None
        "check_monocular"; None without two samples to compare.

    Notes
    -----
    The recorded gaze is that of the eye after a low pass: y[i] = y[i-1] + a[i] (x[i] - y[i-1]), with the same
    weight a[i] from 0 to 1 for both axes. So y[i] lies on the line from y[i-1] to x[i] in the plane z = 1,
    whatever the weights are, and its distance from this line is the error. A wrong offset, axis or lens model
    puts it off by pixels.
    """
    near = np.asarray(np.all((np.abs(gaze_px) < _SEEN) & (np.abs(plane) < _SEEN), axis=1))
    after = np.flatnonzero((np.diff(part) == 0) & near[1:] & near[:-1]) + 1
    after = after[:: max(1, len(after) // CHECKED_SAMPLES)]
    rays = px_to_direction(np.concatenate([gaze_px[after - 1], gaze_px[after]]) - offset_px, camera)
    before, now = np.split(rays[:, :2] / rays[:, 2:], 2)
    seen = np.isfinite(before + now).all(axis=1)
    towards, moved = (plane[after] - before)[seen], (now - before)[seen]
    length = np.hypot(towards[:, 0], towards[:, 1])
    if len(length) == 0:
        return None
    aside = np.abs(towards[:, 0] * moved[:, 1] - towards[:, 1] * moved[:, 0])
    still = length < 1e-9  # both stand still, as while the glasses are not worn
    focal = (camera.fx_px + camera.fy_px) / 2
    distance = np.hypot(moved[:, 0], moved[:, 1])
    off = focal * np.where(still, distance, aside / np.where(still, 1.0, length))
    weight = (towards * moved).sum(axis=1)[~still] / length[~still] ** 2
    agrees = bool(np.median(off) <= AGREES_PX)
    text = (
        f"{name} plus gaze offset gives the recorded gaze (its low pass, weight of the new sample"
        f" {np.median(weight) if len(weight) else 1.0:.2f}): off by {np.median(off):.6f} px (median),"
        f" {off.max():.6f} px (most), {len(off)} samples"
    )
    count = int(np.count_nonzero(off > AGREES_PX))
    return Finding("info" if agrees else "warning", name, "check_monocular", text, count)


def fixation_centres(
    t_ns: NDArray[np.int64], gaze_px: Floats, fixations: pd.DataFrame, *, shifted: bool
) -> Finding | None:
    """Compare the centres of the vendor's fixations with the mean of the samples in them.

    Parameters
    ----------
    t_ns : ndarray of int64, shape (n,)
        Ascending times of the gaze samples, ns.
    gaze_px : ndarray of float, shape (n, 2)
        Gaze.
    fixations : DataFrame
        `start_ns`, `end_ns`, `x_px`, `y_px`.
    shifted : bool
        Whether the wearer's offset was added to the centres.

    Returns
    -------
    Finding or None
        "check_fixations"; None without fixations.
    """
    known = np.asarray(np.all(np.abs(gaze_px) < _SEEN, axis=1))
    sums = np.vstack([np.zeros((1, 2)), np.cumsum(np.where(known[:, None], gaze_px, 0.0), axis=0)])
    counts = np.append(0, np.cumsum(known))
    first = np.searchsorted(t_ns, fixations["start_ns"].to_numpy(), side="left")
    last = np.maximum(np.searchsorted(t_ns, fixations["end_ns"].to_numpy(), side="left"), first)
    n = counts[last] - counts[first]
    filled = n > 0
    if not filled.any():
        return None
    means = (sums[last] - sums[first])[filled] / n[filled, None]
    apart = fixations[["x_px", "y_px"]].to_numpy()[filled] - means
    off = np.hypot(apart[:, 0], apart[:, 1])
    off = off[np.isfinite(off)]
    if len(off) == 0:
        return None
    agrees = bool(np.median(off) <= FIXATION_AGREES_PX)
    done = ", to which this version of the app did not add the gaze offset (added here)" if shifted else ""
    text = (
        f"fixation centres{done} differ from the mean of their samples by {np.median(off):.2f} px (median),"
        f" {off.max():.2f} px (most); {len(off)} of {len(fixations)} have samples"
    )
    return Finding("info" if agrees else "warning", "fixations", "check_fixations", text, len(off))


def manifest(source: Source, listed: list[Any]) -> tuple[pd.DataFrame, list[Finding]]:
    """Compare the files with the list that the phone wrote: size and CRC-32 of each.

    Parameters
    ----------
    source : Source
        The recording folder.
    listed : list
        Content of manifest.json.

    Returns
    -------
    table : DataFrame
        `name`, `size_bytes` and `crc32` as listed, `found_bytes` (-1 if missing), `state`: same, size_same
        (a video above 256 MB, whose content was not read), missing, differs.
    findings : list of Finding
        "check_manifest".
    """
    rows, unreadable = [], 0
    for one in listed:
        try:
            name, size, crc = str(one["name"]), int(one["size"]), int(str(one["crc"]), 16)
        except (KeyError, TypeError, ValueError, OverflowError):
            unreadable += 1
            continue
        if not 0 <= size < 2**63:
            unreadable += 1
            continue
        found, state = _state(source, name, size, crc)
        rows.append((name, size, f"{crc:08x}", found, state))
    names = ["name", "size_bytes", "crc32", "found_bytes", "state"]
    table = pd.DataFrame(rows, columns=names).astype(
        {"name": "str", "size_bytes": "int64", "crc32": "str", "found_bytes": "int64", "state": "str"}
    )
    return table, _manifest_findings(table, unreadable)


def _state(source: Source, name: str, size: int, crc: int) -> tuple[int, str]:
    if name not in source.names():
        return -1, "missing"
    found = source.size_bytes(name)
    if found != size:
        return found, "differs"
    if found > MAX_CHECKED_BYTES:
        return found, "size_same"
    own = 0
    try:
        for piece in source.pieces(name):
            own = zlib.crc32(piece, own)
    except InputError:
        return found, "differs"
    return found, "same" if own == crc else "differs"


def _manifest_findings(table: pd.DataFrame, unreadable: int) -> list[Finding]:
    states = {state: table.loc[table["state"] == state, "name"].tolist() for state in table["state"].unique()}
    same = len(states.get("same", [])) + len(states.get("size_same", []))
    text = f"{same} of the {len(table)} files that manifest.json lists are here as the phone wrote them"
    missing, differs = states.get("missing", []), states.get("differs", [])
    if missing:
        text += f"; missing: {', '.join(missing)}"
    if differs:
        text += f"; changed since (size or CRC-32): {', '.join(differs)}"
    bad = differs + [name for name in missing if name.endswith((".raw", ".time", ".bin", ".txt"))]
    bad = [name for name in bad if "_log_" not in name]
    found = [Finding("warning" if bad else "info", "manifest", "check_manifest", text, len(bad))]
    if unreadable:
        text = f"{unreadable} entries of manifest.json cannot be read"
        found.append(Finding("warning", "manifest", "manifest_damaged", text, unreadable))
    return found
