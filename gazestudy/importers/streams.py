"""Putting streams together in the same way for every format: order, reasons, gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.model import Finding, Stream, categorical
from gazestudy.model.tables import FRAME_KINDS, REASONS
from gazestudy.model.wording import counted

GAP_NS = 75_000_000
GAP_INTERVALS = 3.0

Bools = NDArray[np.bool_]


def gaps(t_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the length of each gap of a stream, ns.

    Parameters
    ----------
    t_ns : ndarray of int64, shape (n,)
        Ascending times, ns.

    Returns
    -------
    ndarray of int64, shape (n_gaps,)
        Steps longer than 75 ms and than three usual (median) steps.

    Examples
    --------
    >>> gaps(np.array([0, 5, 10, 15, 500, 505]) * 1_000_000).tolist()
    [485000000]
    """
    steps = np.diff(t_ns)
    if len(steps) == 0:
        return steps
    return steps[steps > max(GAP_NS, GAP_INTERVALS * float(np.median(steps)))]


def gap_findings(
    t_ns: NDArray[np.int64], stream: str, part: NDArray[np.int64] | None = None
) -> list[Finding]:
    """Return findings on the gaps and parts of a stream, or nothing."""
    ends = np.flatnonzero(np.diff(part)) + 1 if part is not None else np.zeros(0, np.int64)
    found = np.concatenate([gaps(piece) for piece in np.split(t_ns, ends)])
    findings = []
    if len(ends):
        between = (t_ns[ends] - t_ns[ends - 1]).sum() / 1e9
        text = f"{len(ends) + 1} parts, with {between:.2f} s between them"
        findings.append(Finding("info", stream, "parts", text, len(ends) + 1))
    if len(found):
        text = (
            f"{counted(len(found), 'gap')} without data, {found.sum() / 1e9:.2f} s together, the longest"
            f" {found.max() / 1e9:.2f} s"
        )
        findings.append(Finding("info", stream, "gaps", text, len(found)))
    return findings


def in_time_order(table: pd.DataFrame, stream: str) -> tuple[pd.DataFrame, list[Finding]]:
    """Return a table in the order of `t_ns` and what had to be done for it.

    Rows with equal times keep their order.
    """
    t_ns = table["t_ns"].to_numpy()
    # Not by differences: those of damaged times do not fit into 64 bits.
    backwards = int(np.count_nonzero(t_ns[1:] < t_ns[:-1]))
    repeated = int(np.count_nonzero(t_ns[1:] == t_ns[:-1]))
    findings = []
    if backwards:
        text = f"time goes backwards {backwards} times; the rows were sorted"
        findings.append(Finding("warning", stream, "not_monotonic", text, backwards))
        table = table.iloc[np.argsort(t_ns, kind="stable")].reset_index(drop=True)
        t_ns = table["t_ns"].to_numpy()
        repeated = int(np.count_nonzero(t_ns[1:] == t_ns[:-1]))
    if repeated:
        text = f"{repeated} rows have the time of the row before them"
        findings.append(Finding("info", stream, "repeated_times", text, repeated))
    return table, findings


def outside_image(
    x_px: NDArray[np.float64], y_px: NDArray[np.float64], size_px: tuple[int, int] | None
) -> Bools:
    """Return which points lie outside of an image of (width, height); none where the size is not known."""
    if size_px is None:
        return np.zeros(len(x_px), dtype=np.bool_)
    width, height = size_px
    inside = (x_px >= -0.5) & (x_px <= width - 0.5) & (y_px >= -0.5) & (y_px <= height - 0.5)
    return np.asarray(np.isfinite(x_px) & np.isfinite(y_px) & ~inside)


def gaze_stream(
    t_ns: NDArray[np.int64],
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    *,
    reasons: dict[str, Bools],
    size_px: tuple[int, int] | None,
    confidence: NDArray[np.float64] | None = None,
    part: NDArray[np.int64] | None = None,
    extra: dict[str, NDArray[np.generic]] | None = None,
    findings: list[Finding],
) -> Stream:
    """Return the gaze stream of a recording, in time order and with a reason for every sample.

    Parameters
    ----------
    t_ns : ndarray of int64, shape (n,)
        Times, ns.
    x_px, y_px : ndarray of float, shape (n,)
        Gaze in the scene image; kept also where the sample is not valid.
    reasons : dict of str to ndarray of bool, shape (n,)
        Why samples are not valid; an earlier entry wins. Samples without coordinates are "no_data" before
        all, those outside of the image "out_of_image" after all.
    size_px : tuple of int, optional
        Width and height of the scene image.
    confidence : ndarray of float, shape (n,), optional
        0 to 1.
    part : ndarray of int64, shape (n,), optional
        Part of the recording; None: there is only one.
    extra : dict of str to ndarray, optional
        Further columns.
    findings : list of Finding
        What was found while reading; carried over.

    Returns
    -------
    Stream
        Table by the contract `GAZE`.
    """
    reason: NDArray[np.int64] = np.full(len(t_ns), REASONS.index("ok"), dtype=np.int64)
    ordered = {"no_data": ~(np.isfinite(x_px) & np.isfinite(y_px)), **reasons}
    ordered["out_of_image"] = outside_image(x_px, y_px, size_px)
    for name, mask in reversed(ordered.items()):
        reason[mask] = REASONS.index(name)
    table = pd.DataFrame(
        {
            "t_ns": t_ns,
            "x_px": x_px,
            "y_px": y_px,
            "valid": reason == REASONS.index("ok"),
            "reason": pd.Categorical.from_codes(reason, dtype=pd.CategoricalDtype(list(REASONS))),
            "confidence": np.full(len(t_ns), np.nan) if confidence is None else confidence,
            "part": np.zeros(len(t_ns), dtype=np.int64) if part is None else part,
            **(extra or {}),
        },
        copy=False,  # an hour of it is large
    )
    table, more = in_time_order(table, "gaze")
    if size_px is None:
        more.append(
            Finding(
                "warning",
                "gaze",
                "image_size",
                "the size of the scene image is not known; no sample was tested",
            )
        )
    if len(table) == 0:
        more.append(Finding("problem", "gaze", "no_rows", "there is not one gaze sample"))
    gaps_found = gap_findings(table["t_ns"].to_numpy(), "gaze", table["part"].to_numpy())
    return Stream(table, (*findings, *more, *gaps_found))


def frame_table(
    t_ns: NDArray[np.int64],
    *,
    filler: Bools | None = None,
    video: NDArray[np.int64] | None = None,
    index: NDArray[np.int64] | None = None,
    part: NDArray[np.int64] | None = None,
    has_video: bool = True,
) -> pd.DataFrame:
    """Return a table by the contract `FRAMES`.

    Parameters
    ----------
    t_ns : ndarray of int64, shape (n,)
        Ascending times, ns.
    filler : ndarray of bool, shape (n,), optional
        Pictures put in by the vendor.
    video, index : ndarray of int64, shape (n,), optional
        Where the picture lies, -1 for none.
    part : ndarray of int64, shape (n,), optional
        Part of the recording; None: there is only one.
    has_video : bool, default True
        False: the recording came without its video, so that a missing picture is no gap.
    """
    video = np.full(len(t_ns), -1, dtype=np.int64) if video is None else video
    index = np.full(len(t_ns), -1, dtype=np.int64) if index is None else index
    kind = np.full(len(t_ns), "real", dtype=object)
    if filler is not None:
        kind[filler] = "filler"
    if has_video:
        kind[index < 0] = "gap"
    return pd.DataFrame(
        {
            "t_ns": t_ns,
            "kind": categorical(kind, FRAME_KINDS),
            "part": np.zeros(len(t_ns), dtype=np.int64) if part is None else part,
            "video": video,
            "index": index,
        }
    )
